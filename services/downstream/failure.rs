//! What an answer other than success means.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::challenge;
use super::error::{DownstreamError, FailedCall};
use super::scopes::STORAGE;
use crate::exchange::ClaimsRequest;
use crate::retry_after::retry_after;

/// The longest error code or request id that is passed on.
const MAX_WORD: usize = 64;
/// The pause that is asked for where a throttling API names none.
const THROTTLED: Duration = Duration::from_secs(5);
/// The pause that is asked for where a failing API names none.
pub(super) const UNAVAILABLE: Duration = Duration::from_secs(1);
/// The codes of OneLake that say that a file is not as its writer has left it. Conditions are
/// refused by the first two; appends take none, so that theirs say it by the position alone.
const OVERTAKEN: [&str; 4] = [
    "ConditionNotMet",
    "PathAlreadyExists",
    "InvalidAppendPosition",
    "InvalidFlushPosition",
];

/// Why one attempt came to nothing.
pub(super) enum Failure {
    /// The token was rejected, perhaps for want of these claims.
    Unauthorized {
        call: FailedCall,
        claims: Option<ClaimsRequest>,
    },
    /// There was no answer, or one of a server at fault; the pause is the one that it asked for.
    Unavailable {
        call: FailedCall,
        retry_after: Option<Duration>,
    },
    /// Another attempt would change nothing.
    Final(DownstreamError),
}

impl Failure {
    /// No answer.
    pub(super) fn unanswered(resource: &'static str) -> Self {
        Self::Unavailable {
            call: FailedCall {
                resource,
                error_code: None,
                request_id: None,
            },
            retry_after: None,
        }
    }

    /// An answer whose status is not one of success. Total: every status means something.
    pub(super) fn of(
        resource: &'static str,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Self {
        let call = failed_call(resource, headers, body);
        match status {
            StatusCode::UNAUTHORIZED => Self::Unauthorized {
                call,
                claims: challenge::claims(headers),
            },
            StatusCode::FORBIDDEN => Self::Final(DownstreamError::Forbidden(call)),
            StatusCode::NOT_FOUND => Self::Final(DownstreamError::NotFound(call)),
            StatusCode::TOO_MANY_REQUESTS => Self::Final(DownstreamError::Throttled {
                call,
                retry_after: retry_after(headers, None).unwrap_or(THROTTLED),
            }),
            status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
                Self::Unavailable {
                    call,
                    retry_after: retry_after(headers, None),
                }
            }
            status if status.is_client_error() && is_overtaken(&call) => {
                Self::Final(DownstreamError::Overtaken(call))
            }
            status if status.is_client_error() => Self::Final(DownstreamError::Rejected(call)),
            _ => Self::Final(DownstreamError::ResponseInvalid(call)),
        }
    }
}

fn is_overtaken(call: &FailedCall) -> bool {
    let code = call.error_code.as_deref();
    call.resource == STORAGE && code.is_some_and(|code| OVERTAKEN.contains(&code))
}

/// What an answer says of itself. Fabric has its words in the body and in headers, OneLake in
/// others; what is not a plain word is left out.
pub(super) fn failed_call(resource: &'static str, headers: &HeaderMap, body: &[u8]) -> FailedCall {
    let header = |name: &str| word(headers.get(name)?.to_str().ok()?);
    let document: Option<Value> = serde_json::from_slice(body).ok();
    let member = |path: &str| word(document.as_ref()?.pointer(path)?.as_str()?);
    FailedCall {
        resource,
        error_code: header("x-ms-public-api-error-code")
            .or_else(|| header("x-ms-error-code"))
            .or_else(|| member("/errorCode"))
            .or_else(|| member("/error/code")),
        request_id: header("requestid")
            .or_else(|| header("x-ms-request-id"))
            .or_else(|| member("/requestId")),
    }
}

/// A word that can be shown: a code or an id, and no sentence.
pub(super) fn word(text: &str) -> Option<Box<str>> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    ((1..=MAX_WORD).contains(&text.len()) && text.bytes().all(is_plain)).then(|| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(headers: &[(&'static str, &str)], body: &str) -> (Option<String>, Option<String>) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        let call = failed_call("r", &map, body.as_bytes());
        (
            call.error_code.map(String::from),
            call.request_id.map(String::from),
        )
    }

    #[test]
    fn codes_and_ids_are_read_from_where_each_api_puts_them() {
        let expected = (Some("Code_1".to_owned()), Some("id-1".to_owned()));
        for (headers, body) in [
            (
                vec![],
                r#"{"errorCode":"Code_1","message":"m","requestId":"id-1"}"#,
            ),
            (
                vec![
                    ("x-ms-public-api-error-code", "Code_1"),
                    ("requestid", "id-1"),
                ],
                r#"{"errorCode":"Other","requestId":"other"}"#,
            ),
            (
                vec![("x-ms-error-code", "Code_1"), ("x-ms-request-id", "id-1")],
                "<html>",
            ),
            (
                vec![("x-ms-request-id", "id-1")],
                r#"{"error":{"code":"Code_1","message":"m"}}"#,
            ),
        ] {
            assert_eq!(words(&headers, body), expected, "{body}");
        }
    }

    #[test]
    fn sentences_and_nonsense_are_left_out() {
        let long = "x".repeat(65);
        let body = format!(r#"{{"errorCode":"{long}","requestId":"a b"}}"#);
        for body in [&*body, r#"{"errorCode":7,"requestId":null}"#, "", "[]", "{"] {
            assert_eq!(
                words(&[("requestid", "eyJ a=")], body),
                (None, None),
                "{body}"
            );
        }
    }
}
