//! `GET /workspaces`: where a person has a role, a page at a time.

use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use serde_json::{Value, json};
use uuid::Uuid;

use super::caller;
use super::error::FabricError;
use super::inventory::WorkspaceAbout;
use super::workspace::WorkspaceRole;
use crate::authority::Authority;

const SCOPES: [&str; 2] = ["Workspace.Read.All", "Workspace.ReadWrite.All"];

pub(super) async fn list(
    State(authority): State<Arc<Authority>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, FabricError> {
    let user = caller::person(&authority, &headers, &SCOPES)?;
    let asked = Asked::parse(query.as_deref().unwrap_or_default())?;
    let fabric = authority.fabric.state();
    let mut workspaces = fabric.inventory.workspaces_of(&user);
    let page_size = fabric.workspace_page_size;
    drop(fabric);

    // A page begins after an id, so workspaces that come and go neither repeat nor hide others.
    workspaces.retain(|(about, role)| asked.includes(about, *role));
    let more = workspaces.len() > page_size;
    workspaces.truncate(page_size);
    let value: Vec<Value> = workspaces.iter().map(|(about, _)| view(about)).collect();
    let mut body = json!({ "value": value });
    if let (true, Some((last, _)), Some(members)) = (more, workspaces.last(), body.as_object_mut())
    {
        let token = token_after(&last.id);
        let uri = asked.uri(&authority.origin, &token);
        members.insert("continuationToken".to_owned(), json!(token));
        members.insert("continuationUri".to_owned(), json!(uri));
    }
    Ok(Json(body).into_response())
}

fn view(about: &WorkspaceAbout) -> Value {
    let mut view = json!({
        "id": about.id,
        "displayName": about.name,
        "description": about.description,
        "type": about.kind,
    });
    if let (Some(capacity), Some(members)) = (&about.capacity, view.as_object_mut()) {
        members.insert("capacityId".to_owned(), json!(capacity));
    }
    view
}

/// The query.
#[derive(Default)]
struct Asked {
    /// All when empty.
    roles: Vec<WorkspaceRole>,
    spelled_roles: String,
    /// The last id of the page before.
    after: Option<String>,
}

impl Asked {
    fn parse(query: &str) -> Result<Self, FabricError> {
        let mut asked = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "roles" => {
                    asked.roles = value
                        .split(',')
                        .map(|role| WorkspaceRole::named(role.trim()))
                        .collect::<Option<_>>()
                        .ok_or_else(|| {
                            FabricError::invalid_parameter("The parameter roles names no role")
                        })?;
                    asked.spelled_roles = value.into_owned();
                }
                "continuationToken" => {
                    asked.after = Some(id_before(&value).ok_or_else(|| {
                        FabricError::invalid_parameter("The continuation token is not valid")
                    })?);
                }
                _ => {}
            }
        }
        Ok(asked)
    }

    fn includes(&self, about: &WorkspaceAbout, role: WorkspaceRole) -> bool {
        (self.roles.is_empty() || self.roles.contains(&role))
            && self.after.as_ref().is_none_or(|after| about.id > *after)
    }

    fn uri(&self, origin: &str, token: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if !self.spelled_roles.is_empty() {
            query.append_pair("roles", &self.spelled_roles);
        }
        query.append_pair("continuationToken", token);
        format!("{origin}{}/workspaces?{}", super::PREFIX, query.finish())
    }
}

/// Base64 with its padding, which only survives a query when it is encoded: as Fabric's.
fn token_after(id: &str) -> String {
    Uuid::try_parse(id).map_or_else(|_| STANDARD.encode(id), |id| STANDARD.encode(id.as_bytes()))
}

fn id_before(token: &str) -> Option<String> {
    let bytes = STANDARD.decode(token).ok()?;
    Some(Uuid::from_slice(&bytes).ok()?.to_string())
}
