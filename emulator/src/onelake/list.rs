//! Listing: what is in a directory of a workspace, a page at a time.
//!
//! Booleans and lengths are strings, and a boolean that is false is left out: as the real one
//! writes them.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::address::Address;
use super::error::OneLakeError;
use super::tree::{Kind, Node, Tree};
use super::{Query, Stored, http_date};
use crate::authority::Authority;

const CONTINUATION: HeaderName = HeaderName::from_static("x-ms-continuation");

/// `GET /{workspace}?resource=filesystem&directory=&recursive=`.
pub(super) fn list(
    authority: &Authority,
    workspace: &str,
    query: &Query,
) -> Result<Response, OneLakeError> {
    if query.get("recursive").is_none() {
        return Err(OneLakeError::missing_parameter());
    }
    let recursive = query.flag("recursive")?;
    let shortcuts = query.flag("getShortcutMetadata")?;
    let after = query.get("continuation").filter(|token| !token.is_empty());
    let after = after.map(path_before).transpose()?;

    let asked: Option<usize> = query
        .get("maxResults")
        .map(str::parse)
        .transpose()
        .map_err(|_| OneLakeError::invalid_parameter())?;
    let directory = Address::within(query.get("directory").unwrap_or_default())?;

    let items = authority.fabric.state().inventory.item_ids(workspace);
    let now = authority.clock.now();
    let stored = authority.onelake.stored();
    let page_size = asked.unwrap_or(stored.page_size).clamp(1, stored.page_size);
    let mut found = match directory {
        Some((item, folder)) if items.contains(&item) => {
            in_folder(stored.tree(&item)?, &item, &folder, recursive)?
        }
        Some(_) => return Err(OneLakeError::path_not_found()),
        None => in_workspace(&stored, &items, recursive, now),
    };
    drop(stored);
    if let Some(after) = after {
        found.retain(|(name, _)| *name > after);
    }
    Ok(page(found, page_size, shortcuts))
}

/// What is in a folder of an item; of a file, the file.
fn in_folder(
    tree: &Tree,
    item: &str,
    folder: &str,
    recursive: bool,
) -> Result<Vec<(String, Node)>, OneLakeError> {
    let mut depth = 0;
    if !folder.is_empty() {
        let node = tree.get(folder).ok_or_else(OneLakeError::path_not_found)?;
        if !node.is_folder() {
            return Ok(vec![(format!("{item}/{folder}"), node.clone())]);
        }
        depth = folder.len() + 1;
    }
    let listed = |path: &str| recursive || !path.split_at(depth).1.contains('/');
    Ok(tree
        .within(folder)
        .filter(|(path, _)| listed(path))
        .map(|(path, node)| (format!("{item}/{path}"), node.clone()))
        .collect())
}

/// The items of a workspace that have folders, with all that is in them when `recursive`.
fn in_workspace(
    stored: &Stored,
    items: &[String],
    recursive: bool,
    now: u64,
) -> Vec<(String, Node)> {
    let mut found = Vec::new();
    for item in items {
        let Ok(tree) = stored.tree(item) else {
            continue;
        };
        found.push((item.clone(), Node::new(Kind::Folder, now)));
        if recursive {
            let within = tree.within("");
            found.extend(within.map(|(path, node)| (format!("{item}/{path}"), node.clone())));
        }
    }
    found
}

fn page(mut found: Vec<(String, Node)>, page_size: usize, shortcuts: bool) -> Response {
    let more = found.len() > page_size;
    found.truncate(page_size);
    let paths: Vec<Value> = found
        .iter()
        .map(|(name, node)| view(name, node, shortcuts))
        .collect();
    let mut response = Json(json!({ "paths": paths })).into_response();
    if let (true, Some((last, _))) = (more, found.last())
        && let Ok(token) = HeaderValue::try_from(STANDARD.encode(last))
    {
        response.headers_mut().insert(CONTINUATION, token);
    }
    response
}

fn view(name: &str, node: &Node, shortcuts: bool) -> Value {
    let mut view = json!({
        "name": name,
        "contentLength": node.length().to_string(),
        "etag": node.etag,
        "lastModified": http_date(node.modified),
    });
    if let Some(members) = view.as_object_mut() {
        if node.is_folder() {
            members.insert("isDirectory".to_owned(), json!("true"));
        }
        if shortcuts && matches!(node.kind, Kind::Shortcut) {
            members.insert("isShortcut".to_owned(), json!("true"));
            members.insert("accountType".to_owned(), json!("ADLS"));
        }
    }
    view
}

fn path_before(token: &str) -> Result<String, OneLakeError> {
    STANDARD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(OneLakeError::invalid_parameter)
}
