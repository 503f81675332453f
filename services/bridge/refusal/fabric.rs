//! Fabric's `ErrorResponse` on the wire, in either of its two spellings.
//!
//! Fabric's swagger has lower camel case and names; its stock front end reads upper camel case and
//! numbers. So a setting decides, for each generation of the workload API.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::contracts::control::v1::{
    ErrorExtendedInformation, ErrorResponse, ErrorSource, NameValuePair,
};

/// How the members of an `ErrorResponse` are spelt.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Casing {
    /// `ErrorCode`, and the source as a number.
    Pascal,
    /// `errorCode`, and the source as a name.
    Camel,
}

impl Casing {
    /// `name`, which is in lower camel case, as this spells it.
    pub(in crate::bridge) fn spell(self, name: &str) -> String {
        let mut characters = name.chars();
        match (self, characters.next()) {
            (Self::Pascal, Some(first)) => {
                first.to_ascii_uppercase().to_string() + characters.as_str()
            }
            _ => name.to_owned(),
        }
    }

    fn source(self, source: ErrorSource) -> Value {
        let (name, number) = match source {
            ErrorSource::System | ErrorSource::Unspecified => ("System", 0),
            ErrorSource::User => ("User", 1),
            ErrorSource::External => ("External", 2),
        };
        match self {
            Self::Pascal => number.into(),
            Self::Camel => name.into(),
        }
    }

    fn object<const N: usize>(self, members: [(&str, Value); N]) -> Value {
        let members = members.map(|(name, value)| (self.spell(name), value));
        Value::Object(Map::from_iter(members))
    }
}

/// The body of a refusal.
pub(super) fn body(response: &ErrorResponse, casing: Casing) -> Value {
    let details = response.more_details.iter();
    casing.object([
        ("errorCode", json!(response.error_code)),
        ("message", json!(response.message)),
        ("messageParameters", json!(response.message_parameters)),
        ("source", casing.source(response.source())),
        ("isPermanent", json!(response.is_permanent)),
        (
            "moreDetails",
            details.map(|detail| information(detail, casing)).collect(),
        ),
    ])
}

fn information(detail: &ErrorExtendedInformation, casing: Casing) -> Value {
    let parameters = detail.additional_parameters.iter();
    casing.object([
        ("errorCode", json!(detail.error_code)),
        ("message", json!(detail.message)),
        ("messageParameters", json!(detail.message_parameters)),
        (
            "additionalParameters",
            parameters
                .map(|parameter| pair(parameter, casing))
                .collect(),
        ),
    ])
}

fn pair(parameter: &NameValuePair, casing: Casing) -> Value {
    casing.object([
        ("name", json!(parameter.name)),
        ("value", json!(parameter.value)),
    ])
}
