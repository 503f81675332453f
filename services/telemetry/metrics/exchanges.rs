//! What came of an exchange, in labels.

use super::labels::Exchange;
use crate::exchange::{ExchangeError, ExchangeReport, RefusalClass};

pub(super) fn labels(report: &ExchangeReport<'_>) -> Exchange {
    Exchange {
        outcome: report.error.map_or("ok", outcome),
        authority_error: match report.error {
            Some(ExchangeError::Refused(refusal)) => Some(refusal.error),
            _ => None,
        },
        cache: report.source.as_str(),
    }
}

/// Everything that can come of one.
pub(super) const OUTCOMES: [&str; 11] = [
    "ok",
    "not_allowed",
    "credential",
    "unavailable",
    "timeout",
    "invalid_response",
    "overloaded",
    "user",
    "configuration",
    "throttled",
    "loop",
];

/// The labels of an exchange that the authority was asked for and did not refuse by a word.
pub(super) fn unanswered(outcome: &'static str) -> Exchange {
    Exchange {
        outcome,
        authority_error: None,
        cache: "miss",
    }
}

/// Who has to act, and for what: alerts leave out what only the user can mend.
pub(in crate::telemetry) fn outcome(error: &ExchangeError) -> &'static str {
    match error {
        ExchangeError::AppOnlyUnsupported
        | ExchangeError::ReceiverNotAllowed { .. }
        | ExchangeError::ScopeNotAllowed { .. } => "not_allowed",
        ExchangeError::CredentialUnusable { .. } => "credential",
        ExchangeError::AuthorityUnavailable { .. } => "unavailable",
        ExchangeError::AuthorityTimeout { .. } => "timeout",
        ExchangeError::AuthorityResponseInvalid { .. } => "invalid_response",
        ExchangeError::Overloaded { .. } => "overloaded",
        ExchangeError::Refused(refusal) => match refusal.class {
            RefusalClass::Consent
            | RefusalClass::Interaction
            | RefusalClass::Blocked
            | RefusalClass::SubjectRejected => "user",
            RefusalClass::ClientCredential => "credential",
            RefusalClass::ClientUnauthorized
            | RefusalClass::ScopeInvalid
            | RefusalClass::ResourceInvalid => "configuration",
            RefusalClass::Throttled => "throttled",
            RefusalClass::Loop => "loop",
        },
    }
}
