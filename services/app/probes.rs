//! `GET /livez` and `GET /readyz` on the administration listener, for orchestrators that do not speak
//! gRPC. The first says that the process answers, whatever is amiss around it: restarting it would
//! mend nothing of that.

use std::sync::Arc;

use http::{HeaderValue, StatusCode};

use super::readiness::{Check, Readiness};
use crate::transport::drain::Drain;
use crate::transport::pages::Page;

/// Where liveness is.
pub(super) const LIVE: &str = "/livez";
/// Where readiness is.
pub(super) const READY: &str = "/readyz";

const JSON: HeaderValue = HeaderValue::from_static("application/json");

pub(super) fn live() -> Page {
    Page {
        status: StatusCode::OK,
        content_type: JSON,
        text: r#"{"live":true}"#.to_owned(),
    }
}

/// Names each check, so that whoever asks need not look into the log.
pub(super) fn ready(readiness: &Arc<Readiness>, drain: &Drain) -> Page {
    let passed = readiness.passed();
    let ready = passed.all() && !drain.has_begun();
    let checks = Check::ALL.map(|check| (check.as_str(), passed.passes(check)));
    let checks: serde_json::Map<_, _> = checks
        .into_iter()
        .map(|(name, passes)| (name.to_owned(), passes.into()))
        .collect();
    let text = serde_json::json!({ "ready": ready, "checks": checks });
    Page {
        status: if ready {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        },
        content_type: JSON,
        text: text.to_string(),
    }
}
