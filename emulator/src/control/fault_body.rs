//! A fault as JSON.

use std::time::Duration;

use serde::Deserialize;

use crate::fault::{Fault, ScriptedError};

/// `{"status":{"code":503,"retry_after":5}}`, `"hang"`, `"slow_drip"`, `"break_off"`,
/// `{"body":{"text":"…","content_type":"text/html"}}`, `{"redirect_to":"…"}`,
/// `{"oversize":1000000}`, `{"delay_ms":250}`, `{"answer":{"code":400,"body":"{…}"}}`,
/// `{"claims_challenge":{"claims":"…"}}`,
/// `{"error_code":{"status":429,"error_code":"RequestBlocked","retry_after":55}}`,
/// `{"authority_error":{"status":400,"error":"invalid_grant","codes":[50196]}}`,
/// `{"next":{"requests":1,"fault":…}}`.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum FaultBody {
    Answer {
        code: u16,
        body: String,
        retry_after: Option<u64>,
    },
    AuthorityError {
        status: u16,
        error: String,
        codes: Vec<u32>,
        suberror: Option<String>,
        claims: Option<String>,
        retry_after: Option<u64>,
    },
    Body {
        text: String,
        content_type: String,
    },
    BreakOff,
    ClaimsChallenge {
        claims: String,
    },
    DelayMs(u64),
    ErrorCode {
        status: u16,
        error_code: String,
        retry_after: Option<u64>,
    },
    Hang,
    Next {
        requests: u64,
        fault: Box<FaultBody>,
    },
    Oversize(u64),
    RedirectTo(String),
    SlowDrip,
    Status {
        code: u16,
        retry_after: Option<u64>,
    },
}

impl From<FaultBody> for Fault {
    fn from(body: FaultBody) -> Self {
        match body {
            FaultBody::Answer {
                code,
                body,
                retry_after,
            } => Self::Answer {
                code,
                body,
                retry_after,
            },
            FaultBody::AuthorityError {
                status,
                error,
                codes,
                suberror,
                claims,
                retry_after,
            } => Self::AuthorityError(ScriptedError {
                status,
                error,
                codes,
                suberror,
                claims,
                retry_after,
            }),
            FaultBody::Body { text, content_type } => Self::Body {
                bytes: text.into_bytes(),
                content_type,
            },
            FaultBody::BreakOff => Self::BreakOff,
            FaultBody::ClaimsChallenge { claims } => Self::ClaimsChallenge { claims },
            FaultBody::DelayMs(millis) => Self::Delay(Duration::from_millis(millis)),
            FaultBody::ErrorCode {
                status,
                error_code,
                retry_after,
            } => Self::ErrorCode {
                status,
                error_code,
                retry_after,
            },
            FaultBody::Hang => Self::Hang,
            FaultBody::Next { requests, fault } => Self::Next {
                requests,
                fault: Box::new((*fault).into()),
            },
            FaultBody::Oversize(bytes) => Self::Oversize(bytes),
            FaultBody::RedirectTo(url) => Self::RedirectTo(url),
            FaultBody::SlowDrip => Self::SlowDrip,
            FaultBody::Status { code, retry_after } => Self::Status { code, retry_after },
        }
    }
}
