//! Fabric's `ErrorResponse` on the wire, in either of its two spellings.
//!
//! Fabric's swagger has lower camel case and names; its stock front end reads upper camel case and
//! numbers. So a setting decides, for each generation of the workload API.

use serde_json::{Map, Value, json};

use crate::config::ErrorCasing;
use crate::contracts::control::v1::{
    ErrorExtendedInformation, ErrorResponse, ErrorSource, NameValuePair,
};

/// The body of a refusal.
pub(super) fn body(response: &ErrorResponse, casing: ErrorCasing) -> Value {
    let details = response.more_details.iter();
    object(
        casing,
        [
            ("errorCode", json!(response.error_code)),
            ("message", json!(response.message)),
            ("messageParameters", json!(response.message_parameters)),
            ("source", source(response.source(), casing)),
            ("isPermanent", json!(response.is_permanent)),
            (
                "moreDetails",
                details.map(|detail| information(detail, casing)).collect(),
            ),
        ],
    )
}

fn information(detail: &ErrorExtendedInformation, casing: ErrorCasing) -> Value {
    let parameters = detail.additional_parameters.iter();
    object(
        casing,
        [
            ("errorCode", json!(detail.error_code)),
            ("message", json!(detail.message)),
            ("messageParameters", json!(detail.message_parameters)),
            (
                "additionalParameters",
                parameters
                    .map(|parameter| pair(parameter, casing))
                    .collect(),
            ),
        ],
    )
}

fn pair(parameter: &NameValuePair, casing: ErrorCasing) -> Value {
    object(
        casing,
        [
            ("name", json!(parameter.name)),
            ("value", json!(parameter.value)),
        ],
    )
}

fn object<const N: usize>(casing: ErrorCasing, members: [(&str, Value); N]) -> Value {
    let members = members.map(|(name, value)| (spelled(name, casing), value));
    Value::Object(Map::from_iter(members))
}

/// `name`, which is in lower camel case, in this casing.
pub(in crate::bridge) fn spelled(name: &str, casing: ErrorCasing) -> String {
    let mut characters = name.chars();
    match (casing, characters.next()) {
        (ErrorCasing::Pascal, Some(first)) => {
            first.to_ascii_uppercase().to_string() + characters.as_str()
        }
        _ => name.to_owned(),
    }
}

/// Who caused the refusal: in lower camel case by name, in upper camel case by number.
pub(in crate::bridge) fn source(source: ErrorSource, casing: ErrorCasing) -> Value {
    let (name, number) = match source {
        ErrorSource::System | ErrorSource::Unspecified => ("System", 0),
        ErrorSource::User => ("User", 1),
        ErrorSource::External => ("External", 2),
    };
    match casing {
        ErrorCasing::Pascal => number.into(),
        ErrorCasing::Camel => name.into(),
    }
}
