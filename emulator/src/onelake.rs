//! OneLake, by the operations of Azure Data Lake Storage's DFS endpoint that a workload uses.
//!
//! Appended bytes stay invisible until they are flushed at the exact length. Content lives on disk,
//! never in memory, so that a file of any size passes through.

mod address;
mod condition;
pub(crate) mod disk;
pub(crate) mod error;
mod list;
mod read;
mod scripting;
mod tree;
mod write;

use std::collections::HashMap;
use std::sync::{Arc, MutexGuard};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware;
use axum::response::Response;
use axum::routing::any;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use crate::authority::Authority;
use crate::directory::seed;
use crate::fabric::{Item, Workspace, WorkspaceRole};
use crate::fault::Endpoint;
use crate::locked::Locked;
use crate::random;
use crate::resource::scripted::scripted;
use crate::resource::{self, STORAGE, Speaker, User};
use crate::settings::StartError;
use address::Address;
use condition::Condition;
use disk::{Content, Disk};
use error::OneLakeError;
use scripting::Hold;
use tree::{Kind, Node, Tree};

pub use scripting::HeldFlush;

/// Where OneLake is mounted.
pub(crate) const PREFIX: &str = "/onelake";

const REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-request-id");
const VERSION: HeaderName = HeaderName::from_static("x-ms-version");

/// Paths on a page of a listing; a test of paging sets fewer.
const PAGE_SIZE: usize = 5000;

/// What OneLake keeps.
#[derive(Debug)]
pub(crate) struct OneLake {
    disk: Arc<Disk>,
    stored: Locked<Stored>,
}

/// What requests and scripts change.
#[derive(Debug)]
pub(crate) struct Stored {
    /// By item id.
    trees: HashMap<String, Tree>,
    /// How often each path was flushed, by item id and path.
    flushes: HashMap<(String, String), u64>,
    /// Holds the next flush back.
    held: Option<Hold>,
    pub(crate) page_size: usize,
}

impl OneLake {
    /// Writes what the seed holds to disk.
    pub(crate) fn new(disk: Disk, seeded: &[Workspace], now: u64) -> Result<Self, StartError> {
        let disk = Arc::new(disk);
        let items = seeded.iter().flat_map(|workspace| &workspace.items);
        let mut trees = HashMap::new();
        for item in items {
            if let Some(tree) = tree_of(item, &disk, now)? {
                trees.insert(item.id.clone(), tree);
            }
        }
        Ok(Self {
            disk,
            stored: Locked::new(Stored {
                trees,
                flushes: HashMap::new(),
                held: None,
                page_size: PAGE_SIZE,
            }),
        })
    }

    /// Gives a new item its folders.
    pub(crate) fn add_item(&self, item: &str, now: u64) {
        let trees = &mut self.stored().trees;
        trees
            .entry(item.to_owned())
            .or_insert_with(|| Tree::new(now));
    }

    /// Removes all that an item has.
    pub(crate) fn remove_item(&self, item: &str) {
        self.stored().trees.remove(item);
    }

    pub(crate) fn stored(&self) -> MutexGuard<'_, Stored> {
        self.stored.lock()
    }
}

impl Stored {
    fn tree(&self, item: &str) -> Result<&Tree, OneLakeError> {
        self.trees
            .get(item)
            .ok_or_else(OneLakeError::path_not_found)
    }

    fn count_flush(&mut self, item: &str, path: &str) {
        /// Paths made up on the spot are not counted without end.
        const CAPACITY: usize = 64 * 1024;

        let key = (item.to_owned(), path.to_owned());
        if let Some(count) = self.flushes.get_mut(&key) {
            *count += 1;
        } else if self.flushes.len() < CAPACITY {
            self.flushes.insert(key, 1);
        }
    }

    fn tree_mut(&mut self, item: &str) -> Result<&mut Tree, OneLakeError> {
        self.trees
            .get_mut(item)
            .ok_or_else(OneLakeError::path_not_found)
    }
}

fn tree_of(item: &Item, disk: &Arc<Disk>, now: u64) -> Result<Option<Tree>, StartError> {
    let Some(seeded) = &item.content else {
        return Ok(None);
    };
    let mut tree = Tree::new(now);
    for (path, bytes) in &seeded.files {
        let content = Content::with_bytes(disk.clone(), bytes).map_err(|_| StartError::Content)?;
        tree.put(
            path,
            Node::new(Kind::File(content), now),
            &Condition::Absent,
        )
        .map_err(|_| StartError::Content)?;
    }
    for path in &seeded.shortcuts {
        tree.put(path, Node::new(Kind::Shortcut, now), &Condition::Absent)
            .map_err(|_| StartError::Content)?;
    }
    Ok(Some(tree))
}

/// The routes under [`PREFIX`].
pub(crate) fn router(authority: &Arc<Authority>) -> Router<Arc<Authority>> {
    let routes = || scripted(authority, Endpoint::OneLake, any(answer));
    Router::new()
        .route("/{*path}", routes())
        .layer(middleware::map_response(with_request_id))
}

/// Every answer has an id, faults included.
async fn with_request_id(mut response: Response) -> Response {
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::try_from(random::guid()) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(VERSION, HeaderValue::from_static("2023-11-03"));
    response
}

/// A path within an item that the caller may use.
struct Target {
    item: String,
    path: String,
}

/// The parameters of a query.
struct Query(HashMap<String, String>);

impl Query {
    fn of(parts: &Parts) -> Self {
        let query = parts.uri.query().unwrap_or_default();
        Self(
            form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn flag(&self, name: &str) -> Result<bool, OneLakeError> {
        match self.get(name) {
            None => Ok(false),
            Some(value) if value.eq_ignore_ascii_case("true") => Ok(true),
            Some(value) if value.eq_ignore_ascii_case("false") => Ok(false),
            Some(_) => Err(OneLakeError::invalid_parameter()),
        }
    }
}

async fn answer(
    State(authority): State<Arc<Authority>>,
    request: Request,
) -> Result<Response, OneLakeError> {
    let (parts, body) = request.into_parts();
    let user = caller(&authority, &parts.headers)?;
    let query = Query::of(&parts);
    // Nesting has taken the mount point off.
    match Address::parse(parts.uri.path())? {
        Address::Workspace(workspace) => {
            if parts.method != Method::GET || query.get("resource") != Some("filesystem") {
                return Err(OneLakeError::unsupported_verb());
            }
            admit(&authority, &workspace, &user, WorkspaceRole::Viewer)?;
            list::list(&authority, &workspace, &query)
        }
        Address::Path {
            workspace,
            item,
            path,
        } => {
            let reads = matches!(parts.method, Method::GET | Method::HEAD);
            let role = if reads {
                WorkspaceRole::Viewer
            } else {
                WorkspaceRole::Contributor
            };
            admit(&authority, &workspace, &user, role)?;
            if authority
                .fabric
                .state()
                .inventory
                .item(&workspace, &item)
                .is_none()
            {
                return Err(OneLakeError::path_not_found());
            }
            at_path(&authority, &parts, &query, body, Target { item, path }).await
        }
    }
}

async fn at_path(
    authority: &Authority,
    parts: &Parts,
    query: &Query,
    body: Body,
    target: Target,
) -> Result<Response, OneLakeError> {
    let headers = &parts.headers;
    match parts.method {
        Method::GET => read::get(authority, &target, headers),
        Method::HEAD => read::head(authority, &target),
        Method::PUT => write::create(authority, &target, query, headers),
        Method::PATCH => match query.get("action") {
            Some("append") => write::append(authority, &target, query, headers, body).await,
            Some("flush") => write::flush(authority, &target, query, headers).await,
            Some(_) => Err(OneLakeError::unsupported_parameter()),
            None => Err(OneLakeError::missing_parameter()),
        },
        Method::DELETE => write::delete(authority, &target, query),
        _ => Err(OneLakeError::unsupported_verb()),
    }
}

/// The person who calls, by a token for storage.
fn caller(authority: &Authority, headers: &HeaderMap) -> Result<User, OneLakeError> {
    let token = authority.verify(resource::bearer(headers)?, &STORAGE)?;
    match token.speaker {
        Speaker::User { user, scopes }
            if scopes.iter().any(|scope| scope == seed::STORAGE_SCOPE) =>
        {
            Ok(user)
        }
        _ => Err(OneLakeError::not_permitted()),
    }
}

fn admit(
    authority: &Authority,
    workspace: &str,
    user: &User,
    role: WorkspaceRole,
) -> Result<(), OneLakeError> {
    let fabric = authority.fabric.state();
    fabric.inventory.workspace(workspace, user, role)?;
    Ok(())
}

/// `Content-Length`, which storage insists on.
fn content_length(headers: &HeaderMap) -> Result<u64, OneLakeError> {
    headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok())
        .and_then(|length| length.parse().ok())
        .ok_or_else(OneLakeError::length_required)
}

/// RFC 9110 section 5.6.7: `Sun, 22 Nov 2026 02:21:41 GMT`.
fn http_date(time: u64) -> String {
    i64::try_from(time)
        .ok()
        .and_then(|time| jiff::Timestamp::from_second(time).ok())
        .map_or_else(String::new, |time| {
            time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
        })
}

/// `ETag` and `Last-Modified` of a file or folder.
fn describe(headers: &mut HeaderMap, node: &Node) {
    let described = [
        (header::ETAG, node.entity_tag()),
        (header::LAST_MODIFIED, http_date(node.modified)),
    ];
    for (name, value) in described {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
}
