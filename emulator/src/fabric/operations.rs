//! Long-running operations: started by a 202, asked for until they end, then fetched.
//!
//! An operation belongs to the person who started it; for everybody else it does not exist.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::json;

use super::error::FabricError;
use super::inventory::ItemAbout;
use super::{caller, guid, items, timestamp, warehouses};
use crate::authority::Authority;
use crate::random;
use crate::resource::User;

const OPERATION_ID: HeaderName = HeaderName::from_static("x-ms-operation-id");
/// Seconds an operation is remembered.
const LIFETIME: u64 = 24 * 3600;

/// An operation under way, or ended.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    /// Who started it.
    pub(super) user: User,
    /// What it makes.
    pub(super) item: ItemAbout,
    pub(super) created: u64,
    /// Seconds between questions.
    pub(super) retry_after: u64,
    /// How many more questions find it running.
    pub(super) polls: u32,
    /// The error code it ends with.
    pub(super) failure: Option<String>,
    /// When it was found to have ended.
    pub(super) ended: Option<u64>,
}

/// What a question finds.
enum Found {
    Running,
    Succeeded,
    Failed(String),
}

impl Operation {
    /// Answers one more question.
    fn ask(&mut self, now: u64) -> Found {
        if let Some(left) = self.polls.checked_sub(1) {
            self.polls = left;
            return Found::Running;
        }
        self.ended.get_or_insert(now);
        match &self.failure {
            Some(error_code) => Found::Failed(error_code.clone()),
            None => Found::Succeeded,
        }
    }
}

/// The 202 of an operation that begins.
pub(super) fn begin(authority: &Authority, operation: Operation) -> Response {
    let id = random::guid();
    let location = address(authority, &id);
    let retry_after = operation.retry_after;
    let expires = authority.clock.now().saturating_add(LIFETIME);
    authority
        .fabric
        .operations
        .insert(id.clone(), operation, expires);
    let mut response = StatusCode::ACCEPTED.into_response();
    let headers = response.headers_mut();
    for (name, value) in [(header::LOCATION, location), (OPERATION_ID, id)] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    headers.insert(header::RETRY_AFTER, retry_after.into());
    response
}

/// `GET /operations/{id}`.
pub(super) async fn status(
    State(authority): State<Arc<Authority>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, FabricError> {
    let user = caller::person(&authority, &headers, &warehouses::SCOPES)?;
    let id = guid(&id)?;
    let now = authority.clock.now();
    let (found, operation) = of(&authority, &id, &user, |operation| {
        (operation.ask(now), operation.clone())
    })?;
    let (status, percent) = match &found {
        Found::Running => ("Running", 50),
        Found::Succeeded => ("Succeeded", 100),
        Found::Failed(_) => ("Failed", 100),
    };
    let mut body = json!({
        "status": status,
        "createdTimeUtc": timestamp(operation.created),
        "lastUpdatedTimeUtc": timestamp(operation.ended.unwrap_or(now)),
        "percentComplete": percent,
    });
    if let (Found::Failed(code), Some(members)) = (&found, body.as_object_mut()) {
        let error = json!({ "errorCode": code, "message": "The operation failed as scripted" });
        members.insert("error".to_owned(), error);
    }
    let mut response = Json(body).into_response();
    let headers = response.headers_mut();
    match found {
        Found::Running => {
            headers.insert(header::RETRY_AFTER, operation.retry_after.into());
        }
        Found::Succeeded => {
            let result = format!("{}/result", address(&authority, &id));
            if let Ok(result) = HeaderValue::try_from(result) {
                headers.insert(header::LOCATION, result);
            }
        }
        Found::Failed(_) => {}
    }
    if let Ok(id) = HeaderValue::try_from(id) {
        headers.insert(OPERATION_ID, id);
    }
    Ok(response)
}

/// `GET /operations/{id}/result`.
pub(super) async fn result(
    State(authority): State<Arc<Authority>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, FabricError> {
    let user = caller::person(&authority, &headers, &warehouses::SCOPES)?;
    let id = guid(&id)?;
    let operation = of(&authority, &id, &user, |operation| operation.clone())?;
    if operation.ended.is_some() && operation.failure.is_none() {
        Ok(Json(items::view(&operation.item)).into_response())
    } else {
        Err(FabricError::operation_has_no_result())
    }
}

fn address(authority: &Authority, id: &str) -> String {
    format!("{}{}/operations/{id}", authority.origin, super::PREFIX)
}

/// Reads or changes the operation, when it is the person's.
fn of<T>(
    authority: &Authority,
    id: &str,
    user: &User,
    act: impl FnOnce(&mut Operation) -> T,
) -> Result<T, FabricError> {
    let now = authority.clock.now();
    authority
        .fabric
        .operations
        .change(id, now, |operation, alive| {
            (alive && operation.user == *user).then(|| act(operation))
        })
        .flatten()
        .ok_or_else(FabricError::operation_not_found)
}
