//! A workload's refusal as Fabric and its front ends read it.
//!
//! Workloads spell the body in either of two ways, and front ends have to accept both: camelCase
//! with a textual source, or PascalCase with a number. The name of the claims parameter also has
//! two spellings, of which the stock front end knows the misspelt one.

use serde_json::{Value, json};

/// How the members of an error body are spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCasing {
    /// `errorCode`, and `source` as text.
    Camel,
    /// `ErrorCode`, and `Source` as a number.
    Pascal,
}

/// A workload's `ErrorResponse`, or the `errorDetails` of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkloadError {
    /// How it is spelled.
    pub casing: ErrorCasing,
    /// What kind of failure it is.
    pub error_code: String,
    /// What happened.
    pub message: String,
    /// Who caused it: `System`, `User` or `External`.
    pub source: String,
    /// Whether the same call will fail for ever.
    pub is_permanent: bool,
    /// More about it.
    pub more_details: Vec<WorkloadErrorDetail>,
}

/// More about a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkloadErrorDetail {
    /// What kind of detail it is.
    pub error_code: String,
    /// What it says.
    pub message: String,
    /// Data for programs, by name.
    pub additional_parameters: Vec<(String, String)>,
}

/// What Fabric's stock front end does about a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrontEndReaction {
    /// `acquireAccessToken({additionalScopesToConsent})`, then once more.
    Consent {
        /// The scopes to consent to.
        scopes: Vec<String>,
    },
    /// `acquireAccessToken({claimsForConditionalAccessPolicy})`, then once more.
    ConditionalAccess {
        /// The claims; the stock front end goes on without them too.
        claims: Option<String>,
    },
    /// A dialog with the message.
    Dialog,
}

impl ErrorCasing {
    fn spell(self, name: &str) -> String {
        let mut letters = name.chars();
        match (self, letters.next()) {
            (Self::Pascal, Some(first)) => first.to_uppercase().chain(letters).collect(),
            _ => name.to_owned(),
        }
    }

    fn text(self, object: &Value, name: &str) -> Option<String> {
        let value = object.get(self.spell(name))?;
        value.as_str().map(str::to_owned)
    }

    fn list(self, object: &Value, name: &str) -> Vec<Value> {
        let value = object.get(self.spell(name)).and_then(Value::as_array);
        value.cloned().unwrap_or_default()
    }

    fn source(self, object: &Value) -> Option<String> {
        let source = object.get(self.spell("source"))?;
        match (self, source.as_u64()) {
            (Self::Camel, _) => source.as_str().map(str::to_owned),
            (Self::Pascal, Some(0)) => Some("System".to_owned()),
            (Self::Pascal, Some(1)) => Some("User".to_owned()),
            (Self::Pascal, Some(2)) => Some("External".to_owned()),
            (Self::Pascal, _) => None,
        }
    }
}

impl WorkloadError {
    /// Reads a body; `None` when it lacks a member that the contract requires, or when its two
    /// spellings are mixed.
    pub(super) fn read(body: &Value) -> Option<Self> {
        let pascal = body.get("ErrorCode").is_some();
        let casing = if pascal {
            ErrorCasing::Pascal
        } else {
            ErrorCasing::Camel
        };
        let permanent = body.get(casing.spell("isPermanent"));
        Some(Self {
            casing,
            error_code: casing.text(body, "errorCode")?,
            message: casing.text(body, "message")?,
            source: casing.source(body)?,
            is_permanent: permanent.and_then(Value::as_bool).unwrap_or_default(),
            more_details: casing
                .list(body, "moreDetails")
                .iter()
                .map(|detail| WorkloadErrorDetail::read(casing, detail))
                .collect::<Option<_>>()?,
        })
    }

    /// What the stock front end would do, were it to read this spelling.
    #[must_use]
    pub fn reaction(&self) -> FrontEndReaction {
        if self.error_code != "AuthUIRequired" {
            return FrontEndReaction::Dialog;
        }
        if self.message.contains("AADSTS65001") {
            let scopes = self.parameter("additionalScopesToConsent");
            let scopes = scopes.unwrap_or_default().split(", ");
            let scopes = scopes.filter(|scope| !scope.is_empty());
            return FrontEndReaction::Consent {
                scopes: scopes.map(str::to_owned).collect(),
            };
        }
        // The misspelling is the stock front end's own.
        let claims = self.parameter("claimsForCondtionalAccessPolicy");
        FrontEndReaction::ConditionalAccess {
            claims: claims.map(str::to_owned),
        }
    }

    /// A parameter of the first detail, where front ends look.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let parameters = &self.more_details.first()?.additional_parameters;
        let found = parameters.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl WorkloadErrorDetail {
    fn read(casing: ErrorCasing, detail: &Value) -> Option<Self> {
        let parameters = casing.list(detail, "additionalParameters");
        // A parameter without a value says nothing.
        let parameters = parameters.iter().filter_map(|parameter| {
            let value = casing.text(parameter, "value")?;
            Some((casing.text(parameter, "name")?, value))
        });
        Some(Self {
            error_code: casing.text(detail, "errorCode")?,
            message: casing.text(detail, "message")?,
            additional_parameters: parameters.collect(),
        })
    }
}

/// The error that Fabric answers its portal with: the workload's body, as text, within its own.
pub(super) fn as_the_portal_sees_it(body: &[u8]) -> Value {
    const CODE: &str = "FabricExternalWorkloadError";
    /// In the place of a body that is not there, or is not JSON.
    const UNEXPECTED: &str = r#"{"source":"External","errorCode":"UnexpectedExternalWorkloadError","message":null,"moreDetails":null}"#;

    let usable = serde_json::from_slice::<Value>(body)
        .ok()
        .filter(Value::is_object)
        .and_then(|_| std::str::from_utf8(body).ok());
    json!({
        "error": {
            "code": CODE,
            "pbi.error": {
                "code": CODE,
                "parameters": { "ErrorResponse": usable.unwrap_or(UNEXPECTED) },
                "exceptionCulprit": 1,
            },
        },
    })
}
