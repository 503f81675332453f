//! Errors in Entra's shape: one type, one constructor, all nine members.
//!
//! `error`, `error_description` (`AADSTSnnnnn: …`), `error_codes`, `timestamp`, `trace_id`,
//! `correlation_id`, `error_uri`, `suberror`, `claims`. Descriptions are fixed sentences that
//! never repeat what the caller sent, and never hold a word by which MSAL classifies errors.

mod access;
mod catalogue;
mod user_assertion;

use std::borrow::Cow;

use axum::Json;
use axum::extract::RawQuery;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::form::Form;
use super::pages;
use crate::authority::Authority;
use crate::fault::ScriptedError;
use crate::random;

/// What went wrong, before a request's ids are added.
#[derive(Clone, Debug)]
pub(crate) struct AuthorityError(Box<Content>);

#[derive(Clone, Debug)]
struct Content {
    status: StatusCode,
    error: Cow<'static, str>,
    /// The first one leads the description.
    codes: Vec<u32>,
    message: String,
    suberror: Option<Cow<'static, str>>,
    claims: Option<String>,
    retry_after: Option<u64>,
}

/// The ids that make an error traceable.
#[derive(Clone, Debug)]
pub(crate) struct RequestIds {
    pub(crate) trace: String,
    pub(crate) correlation: String,
}

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-request-id");

impl RequestIds {
    /// A new trace id, and the client's own correlation id when it is a GUID.
    pub(crate) fn of(headers: &HeaderMap, asked: Option<&str>) -> Self {
        let header = headers
            .get("client-request-id")
            .and_then(|value| value.to_str().ok());
        let correlation = header
            .or(asked)
            .and_then(|id| uuid::Uuid::try_parse(id).ok())
            .map_or_else(random::guid, |id| id.to_string());
        Self {
            trace: random::guid(),
            correlation,
        }
    }
}

impl AuthorityError {
    fn new(error: &'static str, code: u32, message: impl Into<String>) -> Self {
        Self(Box::new(Content {
            status: if error == "invalid_client" {
                StatusCode::UNAUTHORIZED
            } else {
                StatusCode::BAD_REQUEST
            },
            error: error.into(),
            codes: vec![code],
            message: message.into(),
            suberror: None,
            claims: None,
            retry_after: None,
        }))
    }

    fn suberror(mut self, suberror: &'static str) -> Self {
        self.0.suberror = Some(suberror.into());
        self
    }

    /// Adds the challenge that a new sign-in has to meet.
    fn claims(mut self, claims: String) -> Self {
        self.0.claims = Some(claims);
        self
    }

    /// Adds a second, more particular number.
    fn also(mut self, code: u32) -> Self {
        self.0.codes.push(code);
        self
    }

    /// The error that a test scripted, whatever it says.
    pub(crate) fn scripted(scripted: &ScriptedError) -> Self {
        Self(Box::new(Content {
            status: StatusCode::from_u16(scripted.status).unwrap_or(StatusCode::BAD_REQUEST),
            error: scripted.error.clone().into(),
            codes: scripted.codes.clone(),
            message: "The authority was told to refuse.".to_owned(),
            suberror: scripted.suberror.clone().map(Into::into),
            claims: scripted.claims.clone(),
            retry_after: scripted.retry_after,
        }))
    }

    /// The error as the authorize endpoint names it: there is no grant yet that could be invalid.
    pub(crate) fn at_authorize(mut self) -> Self {
        if self.0.error == "invalid_grant" {
            self.0.error = match self.0.suberror.as_deref() {
                Some("consent_required") => "consent_required".into(),
                _ => "interaction_required".into(),
            };
        }
        self
    }

    /// The members in the order Entra writes them.
    pub(crate) fn members(
        &self,
        authority: &Authority,
        ids: &RequestIds,
    ) -> Vec<(&'static str, Value)> {
        let timestamp = timestamp(authority.clock.now());
        let description = format!(
            "{} Trace ID: {} Correlation ID: {} Timestamp: {timestamp}",
            self.sentence(),
            ids.trace,
            ids.correlation,
        );
        let mut members = vec![
            ("error", json!(self.0.error)),
            ("error_description", json!(description)),
            ("error_codes", json!(self.0.codes)),
            ("timestamp", json!(timestamp)),
            ("trace_id", json!(ids.trace)),
            ("correlation_id", json!(ids.correlation)),
            (
                "error_uri",
                json!(format!("{}/error?code={}", authority.origin, self.code())),
            ),
        ];
        if let Some(suberror) = &self.0.suberror {
            members.push(("suberror", json!(suberror)));
        }
        if let Some(claims) = &self.0.claims {
            members.push(("claims", json!(claims)));
        }
        members
    }

    /// The answer of the token endpoint and of documents.
    pub(crate) fn response(&self, authority: &Authority, ids: &RequestIds) -> Response {
        let members: serde_json::Map<String, Value> = self
            .members(authority, ids)
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        let mut response = (self.0.status, Json(Value::Object(members))).into_response();
        if let Ok(trace) = HeaderValue::try_from(&ids.trace) {
            response.headers_mut().insert(REQUEST_ID, trace);
        }
        if let Some(seconds) = self.0.retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }

    /// What a page tells a person.
    pub(crate) fn sentence(&self) -> String {
        format!("AADSTS{}: {}", self.code(), self.0.message)
    }

    fn code(&self) -> u32 {
        self.0.codes.first().copied().unwrap_or_default()
    }
}

/// `GET /error?code=`: where `error_uri` leads.
pub(super) async fn page(RawQuery(query): RawQuery) -> Response {
    let form = Form::parse(query.unwrap_or_default().as_bytes());
    match form.text("code").and_then(|code| code.parse::<u32>().ok()) {
        Some(code) => pages::message(
            &format!("AADSTS{code}"),
            "The emulator uses Entra's numbers: Microsoft's reference of AADSTS error codes \
             explains them.",
        ),
        None => pages::refusal("There is no such error."),
    }
}

/// Entra's format: `2026-11-22 02:21:41Z`.
fn timestamp(now: u64) -> String {
    i64::try_from(now)
        .ok()
        .and_then(|now| jiff::Timestamp::from_second(now).ok())
        .map_or_else(String::new, |now| {
            now.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
        })
}
