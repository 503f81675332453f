//! What came of an exchange, in labels.

use super::labels::Exchange;
use crate::exchange::{AnswerSource, ExchangeError, LongRunningError, RefusalClass};
use crate::store::StoreError;

/// `outcome` and `source`, with what the authority said where `error` is its answer.
pub(super) fn labels(
    outcome: &'static str,
    error: Option<&ExchangeError>,
    source: AnswerSource,
) -> Exchange {
    Exchange {
        outcome,
        authority_error: match error {
            Some(ExchangeError::Refused(refusal)) => Some(refusal.error),
            _ => None,
        },
        cache: source.as_str(),
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

/// The same of work that outlives its call.
pub(in crate::telemetry) fn long_running_outcome(error: &LongRunningError) -> &'static str {
    match error {
        LongRunningError::Exchange(error) => outcome(error),
        // What the work acted with is gone: its user begins new work.
        LongRunningError::Store(StoreError::NotFound) => "user",
        LongRunningError::Store(_) => "unavailable",
        LongRunningError::Sealed(_) | LongRunningError::NoKeys => "configuration",
    }
}
