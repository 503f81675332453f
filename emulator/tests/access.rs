//! Access tokens for the emulated APIs, and requests that carry them.

use emulator::{TokenRequest, seed};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;

use crate::support::Harness;

/// A user's token for Fabric, as the workload gets it.
pub(crate) fn for_fabric(upn: &str, scopes: &[&str]) -> TokenRequest {
    TokenRequest::delegated(upn, seed::FABRIC_CLIENT_ID)
        .client(seed::WORKLOAD_CLIENT_ID)
        .scopes(scopes.iter().copied())
}

/// A user's token for OneLake.
pub(crate) fn for_storage(upn: &str) -> TokenRequest {
    TokenRequest::delegated(upn, seed::STORAGE_URI)
        .client(seed::WORKLOAD_CLIENT_ID)
        .scopes([seed::STORAGE_SCOPE])
}

/// The workload's own token for Fabric.
pub(crate) fn for_fabric_as_workload() -> TokenRequest {
    TokenRequest::app_only(seed::WORKLOAD_CLIENT_ID, seed::FABRIC_CLIENT_ID)
        .tenant(seed::CONTOSO_TENANT_ID)
}

impl Harness {
    /// A request below Fabric's address.
    pub(crate) fn fabric(
        &self,
        method: Method,
        path: &str,
        token: &TokenRequest,
    ) -> RequestBuilder {
        let url = format!("{}{path}", self.emulator.fabric_url());
        self.http
            .request(method, url)
            .bearer_auth(self.emulator.issue(token))
    }

    /// A request below OneLake's address, with the body and the length of it that it needs.
    pub(crate) fn onelake(
        &self,
        method: Method,
        path: &str,
        token: &TokenRequest,
        body: impl Into<reqwest::Body>,
    ) -> RequestBuilder {
        let url = format!("{}{path}", self.emulator.onelake_url());
        self.http
            .request(method, url)
            .bearer_auth(self.emulator.issue(token))
            .body(body)
    }
}

pub(crate) async fn sent(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let body = response.text().await.unwrap();
    (status, serde_json::from_str(&body).unwrap_or(Value::Null))
}

pub(crate) fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers()[name].to_str().unwrap()
}
