//! The body of a refusal, in each form.

use serde_json::{Map, Value, json};

use crate::bridge::openapi::reference;
use crate::bridge::openapi::schemas::{Members, Schemas};
use crate::bridge::refusal::{Form, source, spelled};
use crate::config::ErrorCasing;
use crate::contracts::control::v1::ErrorSource;

/// The messages that `google.rpc.Status.details` may hold.
const DETAILS: [&str; 6] = [
    "google.rpc.ErrorInfo",
    "selvedge.refusal.v1.AuthChallenge",
    "google.rpc.RetryInfo",
    "google.rpc.Help",
    "google.rpc.BadRequest",
    "google.rpc.RequestInfo",
];

/// The messages of Fabric's form, and what the first always has.
const ERROR_RESPONSE: [&str; 3] = ["ErrorResponse", "ErrorExtendedInformation", "NameValuePair"];
const ALWAYS: [&str; 3] = ["errorCode", "message", "source"];

/// The schema of the body.
pub(super) fn schema(form: Form, schemas: &mut Schemas<'_>) -> Value {
    match form {
        Form::Status => status(schemas),
        Form::Fabric(casing) => {
            let camel = schemas.named("selvedge.control.v1.ErrorResponse", Members::Any);
            schemas.require("ErrorResponse", &ALWAYS);
            match casing {
                ErrorCasing::Camel => camel,
                ErrorCasing::Pascal => pascal(schemas),
            }
        }
    }
}

fn status(schemas: &mut Schemas<'_>) -> Value {
    let details = DETAILS.map(|name| {
        let message = schemas.named(name, Members::Any);
        let typed = json!({
            "type": "object",
            "properties": {"@type": {"const": format!("type.googleapis.com/{name}")}},
            "required": ["@type"],
        });
        json!({"allOf": [typed, message]})
    });
    schemas.add(
        "Refusal",
        json!({
            "type": "object",
            "description": "A refusal: `google.rpc.Status` as Google's REST APIs write it (AIP-193).",
            "properties": {
                "error": {
                    "type": "object",
                    "properties": {
                        "code": {"type": "integer", "description": "The HTTP status."},
                        "status": {"type": "string", "description": "The gRPC code."},
                        "message": {"type": "string", "description": "For developers."},
                        "details": {"type": "array", "items": {"oneOf": details}},
                    },
                    "required": ["code", "status", "message", "details"],
                },
            },
            "required": ["error"],
        }),
    )
}

/// Adds the messages of an `ErrorResponse` in upper camel case.
fn pascal(schemas: &mut Schemas<'_>) -> Value {
    for name in ERROR_RESPONSE {
        if let Some(camel) = schemas.component(name).cloned() {
            schemas.add(&pascal_name(name), respelled(camel));
        }
    }
    reference("schemas", &pascal_name("ErrorResponse"))
}

fn pascal_name(name: &str) -> String {
    format!("{name}Pascal")
}

/// The schema of one of the messages, with its members spelled in upper camel case.
fn respelled(mut schema: Value) -> Value {
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        for member in required {
            *member = respelled_name(member.as_str().unwrap_or_default()).into();
        }
    }
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        let members = std::mem::take(properties).into_iter();
        *properties = Map::from_iter(members.map(|(name, schema)| match name.as_str() {
            "source" => (respelled_name(&name), numbered_source()),
            _ => (respelled_name(&name), referring_to_pascal(schema)),
        }));
    }
    schema
}

fn respelled_name(name: &str) -> String {
    spelled(name, ErrorCasing::Pascal)
}

/// A list of another of the messages, as a list of that message in upper camel case.
fn referring_to_pascal(mut schema: Value) -> Value {
    let referred = schema.pointer("/items/$ref").and_then(Value::as_str);
    let name = referred.and_then(|it| it.rsplit('/').next());
    if let Some(items) = name.map(|name| reference("schemas", &pascal_name(name)))
        && let Value::Object(schema) = &mut schema
    {
        schema.insert("items".to_owned(), items);
    }
    schema
}

fn numbered_source() -> Value {
    let sources = [
        ErrorSource::System,
        ErrorSource::User,
        ErrorSource::External,
    ];
    let numbers = sources.map(|it| source(it, ErrorCasing::Pascal));
    json!({
        "type": "integer",
        "enum": numbers.to_vec(),
        "description": "Who caused it: the workload itself, the user, or something that the workload \
            depends on, or its caller.",
        "readOnly": true,
    })
}
