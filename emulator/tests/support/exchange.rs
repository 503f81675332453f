//! On-Behalf-Of requests of the workload, and the exact body of a refusal.

use emulator::{TokenRequest, seed};
use serde_json::{Value, json};

use super::Harness;

pub(crate) const FABRIC_READ: &str = "https://analysis.windows.net/powerbi/api/Workspace.Read.All";
pub(crate) const STORAGE: &str = "https://storage.azure.com/user_impersonation";
const CORRELATION: &str = "0b9f6c1e-57a3-4d2e-8f40-6c7d1e2a9b33";

pub(crate) fn user(upn: &str) -> TokenRequest {
    TokenRequest::delegated(upn, seed::WORKLOAD_CLIENT_ID).scopes(["data.read"])
}

/// Exchanges as the workload; an override with an empty value leaves the parameter out.
pub(crate) async fn exchange(
    harness: &Harness,
    assertion: &str,
    overrides: &[(&str, &str)],
) -> Value {
    exchange_at(harness, seed::CONTOSO_TENANT_ID, assertion, overrides).await
}

pub(crate) async fn exchange_at(
    harness: &Harness,
    tenant: &str,
    assertion: &str,
    overrides: &[(&str, &str)],
) -> Value {
    let mut form = vec![
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("requested_token_use", "on_behalf_of"),
        ("client_id", seed::WORKLOAD_CLIENT_ID),
        ("client_secret", seed::WORKLOAD_SECRET),
        ("assertion", assertion),
        ("scope", FABRIC_READ),
    ];
    form.retain(|(name, _)| overrides.iter().all(|(other, _)| other != name));
    form.extend(overrides.iter().filter(|(_, value)| !value.is_empty()));
    let response = harness
        .http
        .post(harness.url(&format!("/{tenant}/oauth2/v2.0/token")))
        .header("client-request-id", CORRELATION)
        .form(&form)
        .send()
        .await
        .unwrap();
    let status = response.status().as_u16();
    let request_id = response.headers()["x-ms-request-id"].clone();
    let mut body: Value = response.json().await.unwrap();
    if status != 200 {
        assert_eq!(body["trace_id"], request_id.to_str().unwrap());
    }
    body["status"] = json!(status);
    body
}

/// What Entra would answer, with the ids of this answer.
pub(crate) struct Expected<'a> {
    pub(crate) status: u16,
    pub(crate) error: &'a str,
    pub(crate) codes: &'a [u32],
    pub(crate) sentence: &'a str,
    pub(crate) suberror: Option<&'a str>,
    pub(crate) claims: Option<&'a str>,
}

#[track_caller]
pub(crate) fn assert_refused(harness: &Harness, body: &Value, expected: &Expected<'_>) {
    let trace = body["trace_id"].as_str().unwrap_or_default();
    let mut whole = json!({
        "status": expected.status,
        "error": expected.error,
        "error_description": format!(
            "AADSTS{}: {} Trace ID: {trace} Correlation ID: {CORRELATION} Timestamp: \
             2027-01-15 08:00:00Z",
            expected.codes[0], expected.sentence,
        ),
        "error_codes": expected.codes,
        "timestamp": "2027-01-15 08:00:00Z",
        "trace_id": trace,
        "correlation_id": CORRELATION,
        "error_uri": harness.url(&format!("/error?code={}", expected.codes[0])),
    });
    if let Some(suberror) = expected.suberror {
        whole["suberror"] = json!(suberror);
    }
    if let Some(claims) = expected.claims {
        whole["claims"] = json!(claims);
    }
    assert_eq!(*body, whole);
}
