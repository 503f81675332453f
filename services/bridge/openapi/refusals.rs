//! What a call can be refused with: a response for each HTTP status, in each form.

mod body;

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::reference;
use super::schemas::Schemas;
use crate::bridge::refusal::{Form, REASON, TRACE_ID, http_status};
use crate::bridge::routes::{BodyField, Route};
use crate::config::ErrorCasing;
use crate::refusal::{Reason, code, reason_name};

/// The responses that operations refer to so far.
#[derive(Default)]
pub(super) struct Refusals {
    used: BTreeMap<String, (Form, StatusCode)>,
}

impl Refusals {
    /// The refusals of `route`, whose comment is `comment`, by status.
    pub(super) fn of(&mut self, route: &Route, comment: &str, form: Form) -> Map<String, Value> {
        let takes_body = route.body != BodyField::None;
        let named: BTreeSet<StatusCode> = comment
            .split(|character: char| !character.is_ascii_uppercase() && character != '_')
            .filter_map(|word| Reason::from_str_name(&format!("REASON_{word}")))
            .map(|reason| http_status(code(reason), Some(reason), form))
            .collect();
        let statuses: BTreeSet<StatusCode> = reasons()
            .map(|reason| http_status(code(reason), Some(reason), form))
            .filter(|status| match *status {
                // What only some methods can run into is in their comments.
                StatusCode::CONFLICT | StatusCode::INSUFFICIENT_STORAGE => named.contains(status),
                StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNSUPPORTED_MEDIA_TYPE => takes_body,
                _ => true,
            })
            .collect();
        statuses
            .into_iter()
            .map(|status| {
                let name = component(form, status);
                let response = reference("responses", &name);
                self.used.insert(name, (form, status));
                (status.as_str().to_owned(), response)
            })
            .collect()
    }

    /// The components: the responses, and the headers that they refer to.
    pub(super) fn components(self, schemas: &mut Schemas<'_>) -> (Value, Value) {
        let responses: Map<String, Value> = self
            .used
            .into_iter()
            .map(|(name, (form, status))| {
                let schema = body::schema(form, schemas);
                (name, response(form, status, &schema))
            })
            .collect();
        (responses.into(), headers())
    }
}

fn reasons() -> impl Iterator<Item = Reason> {
    (1..).map_while(|number| Reason::try_from(number).ok())
}

fn component(form: Form, status: StatusCode) -> String {
    let name = match form {
        Form::Status => "Refusal",
        Form::Fabric(ErrorCasing::Camel) => "FabricRefusal",
        Form::Fabric(ErrorCasing::Pascal) => "FabricPascalRefusal",
    };
    format!("{name}{}", status.as_u16())
}

fn response(form: Form, status: StatusCode, schema: &Value) -> Value {
    let reasons: BTreeSet<&str> = reasons()
        .filter(|reason| http_status(code(*reason), Some(*reason), form) == status)
        .map(reason_name)
        .collect();
    let reasons: Vec<&str> = reasons.into_iter().collect();
    let mut headers = json!({
        REASON.as_str(): reference("headers", "Reason"),
        TRACE_ID.as_str(): reference("headers", "TraceId"),
    });
    if let Value::Object(headers) = &mut headers {
        if matches!(status.as_u16(), 400 | 401 | 403 | 431) {
            headers.insert(
                "www-authenticate".to_owned(),
                reference("headers", "Challenge"),
            );
        }
        if matches!(status.as_u16(), 401 | 429 | 503) {
            headers.insert("retry-after".to_owned(), reference("headers", "RetryAfter"));
        }
    }
    json!({
        "description": format!("Refused, for one of the reasons {}.", reasons.join(", ")),
        "headers": headers,
        "content": {"application/json": {"schema": schema}},
    })
}

fn headers() -> Value {
    let names: Vec<&str> = reasons().map(reason_name).collect();
    json!({
        "Reason": {
            "description": "Why the call was refused.",
            "required": true,
            "schema": {"type": "string", "enum": names},
        },
        "TraceId": {
            "description": "What an operator finds the call by.",
            "schema": {"type": "string"},
        },
        "Challenge": {
            "description": "What the caller has to prove (RFC 6750 section 3), or the claims that the \
                authority demands.",
            "schema": {"type": "string"},
        },
        "RetryAfter": {
            "description": "After how many seconds the call may be repeated.",
            "schema": {"type": "integer", "minimum": 0},
        },
    })
}
