//! What of a trace decides: which calls failed and why, and what an authority said.

use super::spans::Span;
use super::{Found, spans};
use crate::refusal::{self, Reason};
use crate::telemetry::names;

/// The failed calls of a trace that are explained.
const MOST: usize = 8;

/// A call that failed.
#[derive(Debug)]
pub(super) struct Failure<'s> {
    pub(super) span: &'s Span,
    /// What it failed with: a reason, or the class of its error.
    pub(super) name: &'s str,
    /// The reason, if it is one of the catalogue.
    pub(super) reason: Option<Reason>,
}

/// What an authority said of a request, as its support asks for it.
#[derive(Debug)]
pub(super) struct Support<'s> {
    pub(super) correlation_id: Option<&'s str>,
    pub(super) error: Option<&'s str>,
    pub(super) suberror: Option<&'s str>,
    pub(super) aadsts: Option<String>,
    /// Nanoseconds since 1970.
    pub(super) time: u64,
}

impl Failure<'_> {
    /// What the reason means and what to do about it.
    pub(super) fn explanation(&self) -> Option<String> {
        self.reason.map(refusal::explanation)
    }

    /// Who acts first.
    pub(super) fn actor(&self) -> Option<&'static str> {
        self.reason.map(refusal::actor)
    }

    /// The status that the call ended with.
    pub(super) fn status(&self) -> Option<&str> {
        self.span.text(names::RPC_RESPONSE_STATUS_CODE)
    }
}

/// The calls that failed, each for what it says itself; what failed below a call that did not is not
/// a failure of it.
pub(super) fn failures(found: &Found) -> Vec<Failure<'_>> {
    let in_order = found.tree.spans(&found.spans);
    let calls = in_order.filter(|(depth, span)| *depth == 0 || span.kind == "server");
    let failed = calls.filter(|(_, span)| span.has_failed());
    failed
        .map(|(_, span)| {
            let name = span
                .reason()
                .or_else(|| span.text(names::ERROR_TYPE))
                .unwrap_or("an error");
            Failure {
                span,
                name,
                reason: reason(name),
            }
        })
        .take(MOST)
        .collect()
}

/// What authorities refused, in its order.
pub(super) fn support(found: &Found) -> Vec<Support<'_>> {
    let spans = found.tree.spans(&found.spans).map(|(_, span)| span);
    let asked = spans.filter_map(|span| {
        let aadsts = span.attributes.get(names::AUTHORITY_AADSTS);
        let support = Support {
            correlation_id: span.text(names::AUTHORITY_CORRELATION_ID),
            error: span.text(names::AUTHORITY_ERROR),
            suberror: span.text(names::AUTHORITY_SUBERROR),
            aadsts: aadsts.map(spans::spelled),
            time: span.start,
        };
        let has_refused = support.error.is_some() || support.aadsts.is_some();
        (has_refused || (span.has_failed() && support.correlation_id.is_some())).then_some(support)
    });
    let mut asked: Vec<_> = asked.collect();
    // A call's own span repeats what the request's says.
    asked.sort_by_key(|support| (support.correlation_id, std::cmp::Reverse(support.time)));
    asked.dedup_by_key(|support| support.correlation_id);
    asked.sort_by_key(|support| support.time);
    asked.truncate(MOST);
    asked
}

/// The reason of a name in a file, which may hold any.
fn reason(name: &str) -> Option<Reason> {
    Reason::from_str_name(&format!("REASON_{name}")).filter(|reason| *reason != Reason::Unspecified)
}
