//! The control routes by which Fabric is told to call a workload, for clients in other languages.
//!
//! An answer tells what the workload said: status, headers, body as text, and what Fabric and its
//! portal read of it. A call without an answer is status 502 with the reason; what Fabric itself
//! refuses is 409.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{post, put};
use axum::{Json, Router};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::done;
use crate::authority::Authority;
use crate::directory::seed;
use crate::fabric::workload::{
    DeleteType, Generation, HeaderVariant, ItemOrder, JobOrder, JobPolling, Speaking,
    WorkloadCallError, WorkloadClient, WorkloadError, WorkloadRegistration, WorkloadReply,
};
use crate::random;

pub(super) fn router() -> Router<Arc<Authority>> {
    Router::new()
        .route("/workloads", put(register))
        .route("/authorization", post(authorization))
        .route("/workload-items/{call}", post(item_call))
        .route("/workload-jobs/{call}", post(job_call))
        .route("/workload-endpoint", post(resolve_endpoint))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registration {
    base_url: String,
    generation: Generation,
    item_type: Option<String>,
    client_id: Option<String>,
}

async fn register(
    State(authority): State<Arc<Authority>>,
    Json(body): Json<Registration>,
) -> Result<Response, StatusCode> {
    let mut registration = WorkloadRegistration::new(body.base_url, body.generation);
    if let Some(item_type) = body.item_type {
        registration = registration.for_items_of(item_type);
    }
    if let Some(client_id) = body.client_id {
        registration = registration.of_application(client_id);
    }
    authority
        .fabric
        .workloads
        .register(registration)
        .map_err(|_| StatusCode::UNPROCESSABLE_ENTITY)?;
    Ok(done(true))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Authorization {
    upn: String,
    /// As Fabric sends it, when there is none.
    variant: Option<String>,
    tenant: Option<String>,
    client_id: Option<String>,
    #[serde(default)]
    stepped_up: bool,
}

/// Every header of a call but those of its body, as pairs: some variants have one twice.
async fn authorization(
    State(authority): State<Arc<Authority>>,
    Json(body): Json<Authorization>,
) -> Result<Response, StatusCode> {
    let variant = variant(body.variant.as_deref())?;
    let speaking = Speaking {
        upn: body.upn,
        tenant: body.tenant,
        client_id: body
            .client_id
            .unwrap_or_else(|| seed::WORKLOAD_CLIENT_ID.to_owned()),
        stepped_up: body.stepped_up,
        activity: random::guid(),
    };
    let headers = authority.fabric_headers(&speaking, variant, true);
    Ok(Json(json!({ "headers": pairs(&headers) })).into_response())
}

/// For whom Fabric calls, and how.
#[derive(Deserialize)]
struct Calling {
    generation: Generation,
    item_type: Option<String>,
    upn: String,
    tenant: Option<String>,
    variant: Option<String>,
    #[serde(default)]
    stepped_up: bool,
}

impl Calling {
    fn client(self, authority: Arc<Authority>) -> Result<WorkloadClient, StatusCode> {
        let variant = variant(self.variant.as_deref())?;
        let item_type = self.item_type.as_deref().unwrap_or(seed::ITEM_TYPE);
        let mut client = WorkloadClient::new(authority, item_type, self.generation, &self.upn)
            .ok_or(StatusCode::NOT_FOUND)?
            .with_header(variant);
        if let Some(tenant) = self.tenant {
            client = client.in_tenant(tenant);
        }
        if self.stepped_up {
            client = client.stepped_up();
        }
        Ok(client)
    }
}

#[derive(Deserialize)]
struct ItemCall {
    #[serde(flatten)]
    calling: Calling,
    workspace: String,
    item: String,
    display_name: Option<String>,
    description: Option<String>,
    payload: Option<String>,
    #[serde(default)]
    soft: bool,
}

async fn item_call(
    State(authority): State<Arc<Authority>>,
    Path(call): Path<String>,
    Json(body): Json<ItemCall>,
) -> Result<Response, StatusCode> {
    let client = body.calling.client(authority)?;
    let mut item = ItemOrder::new(body.workspace, body.item);
    if let Some(name) = body.display_name {
        item = item.named(name);
    }
    if let Some(description) = body.description {
        item = item.described(description);
    }
    if let Some(payload) = body.payload {
        item = item.with_payload(payload);
    }
    let kind = if body.soft {
        DeleteType::Soft
    } else {
        DeleteType::Hard
    };
    Ok(answer(match call.as_str() {
        "create" => client.create_item(&item).await,
        "update" => client.update_item(&item).await,
        "delete" => client.delete_item(&item, kind).await,
        "restore" => client.restore_item(&item).await,
        "payload" => client.item_payload(&item).await,
        _ => return Err(StatusCode::NOT_FOUND),
    }))
}

#[derive(Deserialize)]
struct JobCall {
    #[serde(flatten)]
    calling: Calling,
    workspace: String,
    item: String,
    job_type: String,
    /// A new one, when there is none.
    instance: Option<String>,
    invoke_type: Option<String>,
    payload: Option<String>,
    /// How often a run is polled at most.
    polls: Option<u32>,
}

async fn job_call(
    State(authority): State<Arc<Authority>>,
    Path(call): Path<String>,
    Json(body): Json<JobCall>,
) -> Result<Response, StatusCode> {
    let client = body.calling.client(authority)?;
    let item = ItemOrder::new(body.workspace, body.item);
    let mut job = JobOrder::new(&item, body.job_type);
    if let Some(instance) = body.instance {
        job = job.with_id(instance);
    }
    if let Some(invoke_type) = body.invoke_type {
        job = job.invoked_by(invoke_type);
    }
    if let Some(payload) = body.payload {
        job = job.with_payload(payload);
    }
    let reply = match call.as_str() {
        "create" => client.create_job(&job).await,
        "state" => client.job_state(&job).await,
        "cancel" => client.cancel_job(&job).await,
        "run" => {
            let polling = JobPolling::default();
            let polling = body.polls.map_or(polling, |polls| polling.at_most(polls));
            let run = client.run_job(&job, polling).await;
            run.map(|run| run.polled.unwrap_or(run.created))
        }
        _ => return Err(StatusCode::NOT_FOUND),
    };
    Ok(answer(reply))
}

#[derive(Deserialize)]
struct EndpointCall {
    #[serde(flatten)]
    calling: Calling,
    #[serde(default)]
    context: Vec<ContextProperty>,
}

#[derive(Deserialize)]
struct ContextProperty {
    name: String,
    value: String,
}

async fn resolve_endpoint(
    State(authority): State<Arc<Authority>>,
    Json(body): Json<EndpointCall>,
) -> Result<Response, StatusCode> {
    let client = body.calling.client(authority)?;
    let context: Vec<_> = body
        .context
        .iter()
        .map(|property| (property.name.as_str(), property.value.as_str()))
        .collect();
    Ok(answer(client.resolve_endpoint(&context).await))
}

fn answer(reply: Result<WorkloadReply, WorkloadCallError>) -> Response {
    match reply {
        Ok(reply) => Json(json!({
            "status": reply.status,
            "headers": pairs(&reply.headers),
            "body": String::from_utf8_lossy(&reply.body),
            "error": reply.error().as_ref().map(view),
            "portal_error": reply.portal_error(),
        }))
        .into_response(),
        Err(error) => {
            let status = match error {
                WorkloadCallError::Unreachable
                | WorkloadCallError::TimedOut
                | WorkloadCallError::BrokenAnswer => StatusCode::BAD_GATEWAY,
                _ => StatusCode::CONFLICT,
            };
            (status, Json(json!({ "reason": error.to_string() }))).into_response()
        }
    }
}

fn view(error: &WorkloadError) -> Value {
    let details = error.more_details.iter().map(|detail| {
        let parameters: serde_json::Map<String, Value> = detail
            .additional_parameters
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        json!({
            "error_code": detail.error_code,
            "message": detail.message,
            "additional_parameters": parameters,
        })
    });
    json!({
        "error_code": error.error_code,
        "message": error.message,
        "source": error.source,
        "is_permanent": error.is_permanent,
        "more_details": details.collect::<Vec<_>>(),
    })
}

fn pairs(headers: &HeaderMap) -> Vec<(&str, std::borrow::Cow<'_, str>)> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
        .collect()
}

fn variant(name: Option<&str>) -> Result<HeaderVariant, StatusCode> {
    match name {
        None => Ok(HeaderVariant::WellFormed),
        Some(name) => HeaderVariant::named(name).ok_or(StatusCode::UNPROCESSABLE_ENTITY),
    }
}
