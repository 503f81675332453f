//! Refusals as HTTP responses, in every form.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, RETRY_AFTER, WWW_AUTHENTICATE};
use http_body::Body as _;
use prost::Message as _;
use serde_json::{Value, json};
use tonic::body::Body;
use tonic::{Code, Status};
use tonic_types::pb;

use super::{Form, REASON, TRACE_ID, http_status, response};
use crate::call::CallError;
use crate::config::ErrorCasing;
use crate::refusal::{AuthChallenge, Reason, Refusal, any, code, reason_name};

const CAMEL: Form = Form::Fabric(ErrorCasing::Camel);
const PASCAL: Form = Form::Fabric(ErrorCasing::Pascal);

/// A refusal for missing consent, complete as it leaves the layers.
fn consent_required() -> Status {
    let info = pb::ErrorInfo {
        reason: "CONSENT_REQUIRED".to_owned(),
        domain: "selvedge".to_owned(),
        metadata: [("aadsts".to_owned(), "65001".to_owned())].into(),
    };
    let challenge = AuthChallenge {
        additional_scopes_to_consent: vec!["api://a/x".to_owned(), "api://a/y".to_owned()],
        retryable: true,
        ..Default::default()
    };
    let request = pb::RequestInfo {
        request_id: "0af7651916cd43dd8448eb211c80319c".to_owned(),
        ..Default::default()
    };
    let rich = pb::Status {
        code: Code::PermissionDenied.into(),
        message: "consent is missing (AADSTS65001)".to_owned(),
        details: vec![
            any("google.rpc.ErrorInfo", &info),
            any("selvedge.refusal.v1.AuthChallenge", &challenge),
            any("google.rpc.RequestInfo", &request),
        ],
    };
    let mut status = Status::with_details(
        Code::PermissionDenied,
        rich.message.clone(),
        rich.encode_to_vec().into(),
    );
    let challenge = r#"Bearer realm="t", error="insufficient_scope""#;
    status
        .metadata_mut()
        .insert("www-authenticate", challenge.parse().unwrap());
    status
}

/// The one frame of a body that was at hand.
async fn read(mut body: Body) -> Bytes {
    let frame = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await;
    frame.unwrap().unwrap().into_data().unwrap()
}

async fn rendered(status: &Status, form: Form) -> (StatusCode, HeaderMap, Value) {
    let (parts, body) = response(status, form).into_parts();
    assert!(body.size_hint().exact().is_some(), "its length is known");
    let body = serde_json::from_slice(&read(body).await).unwrap();
    (parts.status, parts.headers, body)
}

#[tokio::test]
async fn fabric_gets_its_error_response_in_either_spelling() {
    let (status, _, camel) = rendered(&consent_required(), CAMEL).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        camel,
        json!({
            "errorCode": "AuthUIRequired",
            "message": "consent is missing (AADSTS65001)",
            "messageParameters": [],
            "source": "System",
            "isPermanent": false,
            "moreDetails": [
                {
                    "errorCode": "CONSENT_REQUIRED",
                    "message": "Interaction required",
                    "messageParameters": [],
                    "additionalParameters": [
                        {"name": "additionalScopesToConsent", "value": "api://a/x, api://a/y"},
                    ],
                },
                {
                    "errorCode": "CONSENT_REQUIRED",
                    "message": "consent is missing (AADSTS65001)",
                    "messageParameters": [],
                    "additionalParameters": [
                        {"name": "aadsts", "value": "65001"},
                        {"name": "requestId", "value": "0af7651916cd43dd8448eb211c80319c"},
                    ],
                },
            ],
        })
    );

    let (status, _, pascal) = rendered(&consent_required(), PASCAL).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(pascal["ErrorCode"], "AuthUIRequired");
    assert_eq!(pascal["Source"], 0);
    assert_eq!(pascal["IsPermanent"], false);
    let parameters = &pascal["MoreDetails"][0]["AdditionalParameters"];
    assert_eq!(
        parameters,
        &json!([{"Name": "additionalScopesToConsent", "Value": "api://a/x, api://a/y"}])
    );
}

#[tokio::test]
async fn others_get_the_status_with_its_details_as_json() {
    let (status, _, body) = rendered(&consent_required(), Form::Status).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(
        body,
        json!({
            "error": {
                "code": 403,
                "status": "PERMISSION_DENIED",
                "message": "consent is missing (AADSTS65001)",
                "details": [
                    {
                        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                        "reason": "CONSENT_REQUIRED",
                        "domain": "selvedge",
                        "metadata": {"aadsts": "65001"},
                    },
                    {
                        "@type": "type.googleapis.com/selvedge.refusal.v1.AuthChallenge",
                        "additionalScopesToConsent": ["api://a/x", "api://a/y"],
                        "retryable": true,
                    },
                    {
                        "@type": "type.googleapis.com/google.rpc.RequestInfo",
                        "requestId": "0af7651916cd43dd8448eb211c80319c",
                    },
                ],
            }
        })
    );
}

#[tokio::test]
async fn headers_say_what_a_client_acts_on_without_the_body() {
    for form in [CAMEL, PASCAL, Form::Status] {
        let (_, headers, _) = rendered(&consent_required(), form).await;
        assert_eq!(headers[CONTENT_TYPE], "application/json");
        assert_eq!(headers[CACHE_CONTROL], "no-store");
        assert_eq!(headers[REASON], "CONSENT_REQUIRED");
        assert_eq!(headers[TRACE_ID], "0af7651916cd43dd8448eb211c80319c");
        let challenge = r#"Bearer realm="t", error="insufficient_scope""#;
        assert_eq!(headers[WWW_AUTHENTICATE], challenge);
        assert!(!headers.contains_key(RETRY_AFTER));
    }
    for (delay, seconds) in [(1_000, "1"), (1_001, "2"), (0, "0")] {
        let refusal = Refusal::overloaded(Duration::from_millis(delay));
        let (status, headers, _) = rendered(&refusal.into(), Form::Status).await;
        assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(headers[RETRY_AFTER], seconds);
    }
}

#[tokio::test]
async fn a_status_that_no_refusal_made_is_json_too() {
    for status in [
        Status::unknown("who knows"),
        Status::with_details(Code::Unknown, "who knows", vec![0xff, 0xff].into()),
    ] {
        for form in [CAMEL, PASCAL, Form::Status] {
            let (status, headers, body) = rendered(&status, form).await;
            assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
            assert!(!headers.contains_key(REASON));
            assert!(body.is_object());
        }
    }
}

#[tokio::test]
async fn a_bad_field_is_named_in_the_details() {
    let error = CallError::Field {
        field: "page_size".to_owned(),
        expected: "0 to 1000",
    };
    let status = Refusal::from(error).into();
    let (http_status, _, body) = rendered(&status, Form::Status).await;
    assert_eq!(http_status, StatusCode::BAD_REQUEST);
    let violation = &body["error"]["details"][1]["fieldViolations"][0];
    assert_eq!(violation["field"], "page_size");
    assert_eq!(violation["description"], "0 to 1000");
}

#[test]
fn a_reason_says_more_than_its_code_where_http_has_a_status_for_it() {
    for (reason, status, on_fabrics_form) in [
        (Reason::CredentialsMissing, 401, 401),
        (Reason::AuthHeaderMalformed, 400, 400),
        (Reason::AuthHeaderDuplicated, 400, 400),
        (Reason::TokenTooLarge, 431, 431),
        (Reason::ScopeMissing, 403, 403),
        (Reason::TenantHeaderInvalid, 400, 400),
        (Reason::MethodNotFound, 404, 404),
        (Reason::SigningKeysUnavailable, 503, 503),
        (Reason::ConsentRequired, 403, 401),
        (Reason::InteractionRequired, 401, 401),
        (Reason::BlockedByPolicy, 403, 403),
        (Reason::ClientCredentialInvalid, 500, 500),
        (Reason::ClientUnauthorized, 400, 400),
        (Reason::AuthorityThrottled, 429, 429),
        (Reason::AuthorityTimeout, 503, 503),
        (Reason::AuthorityResponseInvalid, 502, 502),
        (Reason::StoreUnavailable, 503, 503),
        (Reason::StoreConflict, 409, 409),
        (Reason::StoreFull, 507, 507),
        (Reason::JobStateConflict, 409, 409),
        (Reason::JobFailed, 400, 400),
        (Reason::IdempotencyConflict, 409, 409),
        (Reason::PayloadTooLarge, 413, 413),
        (Reason::PayloadMalformed, 400, 400),
        (Reason::PayloadEncodingUnsupported, 415, 415),
        (Reason::DeadlineExceeded, 504, 504),
        (Reason::InternalFault, 500, 500),
    ] {
        let name = reason_name(reason);
        let found = http_status(code(reason), Some(reason), Form::Status);
        assert_eq!(found.as_u16(), status, "{name}");
        let found = http_status(code(reason), Some(reason), CAMEL);
        assert_eq!(found.as_u16(), on_fabrics_form, "{name}");
    }
}

#[test]
fn no_reason_looks_like_a_success() {
    for number in 0.. {
        let Ok(reason) = Reason::try_from(number) else {
            break;
        };
        for form in [CAMEL, PASCAL, Form::Status] {
            let status = http_status(code(reason), Some(reason), form);
            assert!(
                status.is_client_error() || status.is_server_error(),
                "{}",
                reason_name(reason)
            );
        }
    }
}
