//! One request to a workload, before Fabric's headers are added.

use bytes::Bytes;
use http::Method;

/// A request to a workload. The client's typed calls make their own; a test makes any other.
///
/// ```
/// use emulator::WorkloadRequest;
///
/// let no_json = WorkloadRequest::new("POST", "/workspaces/w/items/t/i").with_body("{\"displayN");
/// # let _ = no_json;
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct WorkloadRequest {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) body: Option<Bytes>,
    pub(super) with_subject: bool,
    pub(super) with_tenant: bool,
}

impl WorkloadRequest {
    /// A request with a user's token to a path below the workload's base URL.
    pub fn new(method: impl Into<String>, path: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            path: path.into(),
            body: None,
            with_subject: true,
            with_tenant: true,
        }
    }

    /// With a body, which is said to be JSON whatever it is.
    pub fn with_body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Without a user's token: `subjectToken=""`.
    pub fn without_subject(mut self) -> Self {
        self.with_subject = false;
        self
    }

    /// Without the tenant header.
    pub fn without_tenant(mut self) -> Self {
        self.with_tenant = false;
        self
    }

    pub(super) fn get(path: String) -> Self {
        Self::new(Method::GET.as_str(), path)
    }

    pub(super) fn post(path: String) -> Self {
        Self::new(Method::POST.as_str(), path)
    }

    pub(super) fn patch(path: String) -> Self {
        Self::new(Method::PATCH.as_str(), path)
    }

    pub(super) fn delete(path: String) -> Self {
        Self::new(Method::DELETE.as_str(), path)
    }
}

/// Writes a JSON object whose members are JSON already: what a user gives as JSON reaches the
/// workload byte for byte.
#[derive(Debug, Default)]
pub(super) struct Object(Vec<String>);

impl Object {
    /// Adds a string, if there is one.
    pub(super) fn text(self, name: &str, value: Option<&str>) -> Self {
        let value = value.map(|value| serde_json::Value::from(value).to_string());
        self.json(name, value.as_deref())
    }

    /// Adds what is JSON already, if there is any.
    pub(super) fn json(mut self, name: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.0.push(format!(r#""{name}":{value}"#));
        }
        self
    }

    pub(super) fn write(self) -> String {
        format!("{{{}}}", self.0.join(","))
    }
}
