//! Reading a token endpoint's error response (RFC 6749 section 5.2, with Entra's members).

use http::HeaderMap;
use serde::Deserialize;
use serde_json::Value;

use super::classification::{Meaning, Signs, classify};
use super::defect::Defect;
use crate::exchange::ClaimsRequest;

/// The most numbers that are kept.
const MAX_CODES: usize = 8;
/// The longest suberror or id that is kept, in bytes.
const MAX_ID: usize = 128;

/// The values of `error` that mean something: RFC 6749 section 5.2, RFC 8707 section 2, OpenID
/// Connect Core section 3.1.2.6, and Entra's own.
const ERRORS: &[&str] = &[
    "consent_required",
    "interaction_required",
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_resource",
    "invalid_scope",
    "invalid_target",
    "login_required",
    "server_error",
    "temporarily_unavailable",
    "unauthorized_client",
    "unsupported_grant_type",
];
/// Stands for every other value: what is counted and logged by it stays a closed set.
const OTHER_ERROR: &str = "_OTHER";

/// An error response, bounded, and what it means.
#[derive(Debug)]
pub(super) struct ErrorResponse {
    pub(super) meaning: Meaning,
    pub(super) error: &'static str,
    pub(super) suberror: Option<Box<str>>,
    pub(super) codes: Vec<u32>,
    pub(super) claims: Option<ClaimsRequest>,
    pub(super) correlation_id: Option<Box<str>>,
    pub(super) trace_id: Option<Box<str>>,
}

#[derive(Default, Deserialize)]
struct Body {
    error: Option<String>,
    suberror: Option<Value>,
    error_codes: Option<Value>,
    claims: Option<String>,
    correlation_id: Option<Value>,
    trace_id: Option<Value>,
}

/// Reads the body of an answer whose status is an error.
pub(super) fn error_response(
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<ErrorResponse, Defect> {
    // Overload and outages are told by the status alone: what stands in front of an authority
    // then answers with pages of its own.
    let decided = status == 429 || status >= 500;
    let body = match serde_json::from_slice::<Body>(body) {
        Ok(body) if body.error.is_some() || decided => body,
        Err(_) if decided => Body::default(),
        _ => return Err(Defect::Malformed),
    };
    let error = body.error.as_deref().unwrap_or_default();
    let claims = match body.claims.as_deref() {
        None | Some("") => None,
        _ if decided => None,
        Some(claims) => match ClaimsRequest::parse(claims) {
            Ok(claims) => Some(claims),
            // Without its claims the refusal would send the user on an errand without an end.
            Err(_) => return Err(Defect::Claims),
        },
    };
    let suberror = body.suberror.as_ref().and_then(visible);
    let codes = body.error_codes.as_ref().map(codes).unwrap_or_default();
    let meaning = classify(Signs {
        status,
        error,
        suberror: suberror.as_deref(),
        has_claims: claims.is_some(),
        codes: &codes,
    });
    Ok(ErrorResponse {
        meaning,
        error: ERRORS
            .iter()
            .find(|known| **known == error)
            .unwrap_or(&OTHER_ERROR),
        suberror,
        codes,
        claims,
        correlation_id: body.correlation_id.as_ref().and_then(visible),
        trace_id: body
            .trace_id
            .as_ref()
            .and_then(visible)
            .or_else(|| bounded(headers.get("x-ms-request-id")?.to_str().ok()?)),
    })
}

/// A diagnostic: where it is not what it should be, there is none.
fn visible(value: &Value) -> Option<Box<str>> {
    value.as_str().and_then(bounded)
}

fn bounded(text: &str) -> Option<Box<str>> {
    let fits = (1..=MAX_ID).contains(&text.len());
    (fits && text.bytes().all(|byte| byte.is_ascii_graphic())).then(|| text.into())
}

fn codes(value: &Value) -> Vec<u32> {
    let codes = value.as_array().map(Vec::as_slice).unwrap_or_default();
    codes
        .iter()
        .filter_map(|code| code.as_u64()?.try_into().ok())
        .take(MAX_CODES)
        .collect()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::super::classification::Meaning;
    use super::super::defect::Defect;
    use super::{ErrorResponse, error_response};
    use crate::exchange::RefusalClass;

    fn read(status: u16, body: &str) -> Result<ErrorResponse, Defect> {
        error_response(status, &HeaderMap::new(), body.as_bytes())
    }

    #[test]
    fn nothing_that_entra_says_is_lost() {
        let claims = r#"{"access_token":{"capolids":{"essential":true,"values":["ç \u0041"]}}}"#;
        let body = serde_json::json!({
            "error": "interaction_required",
            "error_description": "AADSTS50076: Due to a configuration change…",
            "error_codes": [50076],
            "timestamp": "2026-01-01 00:00:00Z",
            "trace_id": "3d2b64e9-e98a-4b8a-9a4c-3a1f5b1c0a00",
            "correlation_id": "9f0e4a5c-1111-4222-8333-444455556666",
            "error_uri": "https://login.example/error?code=50076",
            "suberror": "basic_action",
            "claims": claims,
        });
        let read = read(400, &body.to_string()).unwrap();
        assert_eq!(read.meaning, Meaning::Refusal(RefusalClass::Interaction));
        assert_eq!(read.error, "interaction_required");
        assert_eq!(read.suberror.as_deref(), Some("basic_action"));
        assert_eq!(read.codes, [50076]);
        assert_eq!(read.claims.unwrap().as_str(), claims);
        assert_eq!(
            read.correlation_id.as_deref(),
            Some("9f0e4a5c-1111-4222-8333-444455556666")
        );
        assert_eq!(
            read.trace_id.as_deref(),
            Some("3d2b64e9-e98a-4b8a-9a4c-3a1f5b1c0a00")
        );
    }

    #[test]
    fn the_trace_id_may_be_in_the_header_alone() {
        let mut headers = HeaderMap::new();
        headers.insert("x-ms-request-id", HeaderValue::from_static("id-1"));
        let read = error_response(400, &headers, br#"{"error":"invalid_grant"}"#).unwrap();
        assert_eq!(read.trace_id.as_deref(), Some("id-1"));
    }

    #[test]
    fn what_an_authority_can_grow_is_bounded() {
        let many: Vec<u32> = (1..=100).collect();
        let body = serde_json::json!({
            "error": "e".repeat(10_000),
            "suberror": "s".repeat(129),
            "error_codes": many,
            "correlation_id": "line\nbreak",
            "trace_id": { "not": "text" },
        });
        let read = read(400, &body.to_string()).unwrap();
        assert_eq!(read.error, "_OTHER");
        assert_eq!(read.suberror, None);
        assert_eq!(read.codes, [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(read.correlation_id, None);
        assert_eq!(read.trace_id, None);
    }

    #[test]
    fn odd_numbers_are_no_numbers() {
        let body = r#"{"error":"invalid_grant","error_codes":["50076",-1,1.5,4294967296,53003]}"#;
        assert_eq!(read(400, body).unwrap().codes, [53003]);
        let body = r#"{"error":"invalid_grant","error_codes":"50076"}"#;
        assert!(read(400, body).unwrap().codes.is_empty());
    }

    #[test]
    fn claims_that_no_front_end_could_use_are_refused() {
        let large = serde_json::json!({
            "error": "interaction_required",
            "claims": format!("{{\"a\":\"{}\"}}", "x".repeat(8 * 1024)),
        });
        for body in [
            large.to_string().as_str(),
            r#"{"error":"interaction_required","claims":"[]"}"#,
            r#"{"error":"interaction_required","claims":"{"}"#,
        ] {
            assert_eq!(read(400, body).err(), Some(Defect::Claims), "{body:.60}");
        }
        let none = r#"{"error":"interaction_required","claims":""}"#;
        assert_eq!(read(400, none).unwrap().claims, None);
    }

    #[test]
    fn an_error_without_its_name_makes_no_sense() {
        for body in [
            "",
            "{}",
            "[]",
            "<html>",
            r#"{"error":null}"#,
            r#"{"error":1}"#,
            r#"{"error":"invalid_grant","error":"invalid_client"}"#,
            r#"{"error":"interaction_required","claims":{"access_token":{}}}"#,
        ] {
            assert_eq!(read(400, body).err(), Some(Defect::Malformed), "{body}");
        }
    }

    #[test]
    fn an_outage_needs_no_body() {
        for body in ["", "<html>", r#"{"error":"x","claims":"{"}"#] {
            assert_eq!(read(503, body).unwrap().meaning, Meaning::Unavailable);
            assert_eq!(
                read(429, body).unwrap().meaning,
                Meaning::Refusal(RefusalClass::Throttled)
            );
        }
    }
}
