//! A trace for a person: the call as a tree, its failed parts marked, and what to do.

use std::io::{self, Write};

use serde_json::Value;

use super::Found;
use super::printable::printable;
use super::spans::{Attributes, Event, Span, spelled};
use super::verdict::{self, Failure, Support};
use crate::telemetry::names;

#[cfg(test)]
mod tests;

/// How deep spans are indented.
const DEEPEST: usize = 12;
/// The events that are shown of one span.
const EVENTS: usize = 16;
const FAILED: &str = "✗";

/// What is shown of a span beside name, duration and status, in this order; the rest is for machines.
const TELLING: &[(&str, &str)] = &[
    (names::RPC_METHOD_ORIGINAL, "asked for"),
    (names::JOB_ID, "job"),
    (names::TENANT_ID, "tenant"),
    (names::CLIENT_APP_ID, "client app"),
    (names::TOKEN_KIND, "token"),
    (names::TOKEN_ROLE, "token role"),
    (names::SCOPE_REQUIRED, "requires"),
    (names::VERDICT_CACHE, "verdict cache"),
    (names::JWKS_SOURCE, "keys from"),
    (names::JWKS_AGE, "key age in seconds"),
    (names::JWKS_KID_KNOWN, "key known"),
    (names::REGISTRATION_NAME, "registration"),
    (names::EXCHANGE_CACHE, "exchange"),
    (names::EXCHANGE_RESOURCE, "for"),
    (names::AUTHORITY_NAME, "authority"),
    (names::AUTHORITY_ERROR, "authority's error"),
    (names::AUTHORITY_SUBERROR, "suberror"),
    (names::AUTHORITY_AADSTS, "AADSTS"),
    (names::AUTHORITY_CORRELATION_ID, "correlation id"),
    (names::HTTP_REQUEST_METHOD, "HTTP"),
    (names::URL_TEMPLATE, "path"),
    (names::HTTP_RESPONSE_STATUS_CODE, "answer"),
    (names::HTTP_REQUEST_RESEND_COUNT, "resends"),
    (names::FABRIC_REQUEST_ID, "Fabric's request id"),
    (names::AZURE_SERVICE_REQUEST_ID, "OneLake's request id"),
    (names::DB_QUERY_SUMMARY, "query"),
    (names::DB_RESPONSE_STATUS_CODE, "database code"),
    (names::REFUSAL_METADATA, "told"),
];

pub(super) fn write(out: &mut impl Write, found: &Found, colour: bool) -> io::Result<()> {
    let first = found.spans.all().iter().map(|span| span.start).min();
    let begun = first.map(moment).unwrap_or_default();
    writeln!(out, "Trace {}  {begun}\n", found.id)?;
    for (depth, span) in found.tree.spans(&found.spans) {
        write_span(out, depth, span, colour)?;
    }
    if found.spans.are_cut {
        writeln!(out, "  … there are more spans than are shown")?;
    }
    if found.spans.is_empty() {
        writeln!(out, "No span of it is at hand; the audit trail knows it.")?;
    }
    writeln!(out)?;
    let failures = verdict::failures(found);
    if failures.is_empty() && !found.spans.is_empty() {
        writeln!(out, "The call did not fail.")?;
    }
    for failure in &failures {
        write_failure(out, failure)?;
    }
    for support in verdict::support(found) {
        writeln!(out, "For support:   {}", for_support(&support))?;
    }
    for entry in found.audit.all() {
        let shown = entry
            .iter()
            .filter(|(key, _)| !matches!(key.as_str(), "time" | "event" | names::TRACE_ID))
            .map(|(key, value)| format!("{key}={}", spelled(value)));
        let shown: Vec<_> = shown.collect();
        let known = |key| entry.get(key).map(spelled).unwrap_or_default();
        let line = format!("{} {}  {}", known("time"), known("event"), shown.join(" "));
        writeln!(out, "Audit:         {}", printable(&line))?;
    }
    Ok(())
}

fn write_span(out: &mut impl Write, depth: usize, span: &Span, colour: bool) -> io::Result<()> {
    let indent = "  ".repeat(depth.min(DEEPEST));
    let mark = mark(span.has_failed(), colour);
    let mut line = format!(
        "{mark} {indent}{}  {}",
        printable(&span.name),
        duration(span.nanoseconds())
    );
    let status = span.text(names::RPC_RESPONSE_STATUS_CODE);
    let error = span
        .text(names::ERROR_TYPE)
        .filter(|error| status != Some(error));
    for part in [status, error, span.reason()].into_iter().flatten() {
        line.push_str("  ");
        line.push_str(&printable(part));
    }
    writeln!(out, "{line}")?;
    let about = telling(&span.attributes, |_, _| true);
    if !about.is_empty() {
        writeln!(out, "  {indent}  {about}")?;
    }
    for event in span.events.iter().take(EVENTS) {
        write_event(out, &indent, span, event, colour)?;
    }
    if span.events.len() > EVENTS {
        writeln!(
            out,
            "  {indent}  … {} more events",
            span.events.len() - EVENTS
        )?;
    }
    Ok(())
}

fn write_event(
    out: &mut impl Write,
    indent: &str,
    span: &Span,
    event: &Event,
    colour: bool,
) -> io::Result<()> {
    let reasons = [names::AUTH_REASON, names::REFUSAL_REASON];
    let reason = reasons.iter().find_map(|key| event.attributes.get(*key));
    let mark = mark(reason.is_some(), colour);
    let after = duration(event.time.saturating_sub(span.start));
    let name = printable(&event.name);
    let reason = reason.map(|reason| format!("  {}", printable(&spelled(reason))));
    // The call's own span has said who called.
    let about = telling(&event.attributes, |key, value| {
        span.attributes.get(key) != Some(value)
    });
    let line = format!(
        "{mark} {indent}  after {after}: {name}{}  {about}",
        reason.unwrap_or_default()
    );
    writeln!(out, "{}", line.trim_end())
}

fn write_failure(out: &mut impl Write, failure: &Failure<'_>) -> io::Result<()> {
    let name = printable(failure.name);
    match failure.status() {
        Some(status) if status != failure.name => {
            writeln!(out, "Failed:        {name} ({})", printable(status))?;
        }
        _ => writeln!(out, "Failed:        {name}")?,
    }
    if let Some(explanation) = failure.explanation() {
        writeln!(out, "What to do:    {explanation}")?;
    }
    if let Some(actor) = failure.actor() {
        writeln!(out, "Who must act:  {actor}")?;
    }
    Ok(())
}

fn for_support(support: &Support<'_>) -> String {
    let mut parts = Vec::new();
    if let Some(id) = support.correlation_id {
        parts.push(format!("the authority's correlation id {}", printable(id)));
    }
    if let Some(number) = &support.aadsts {
        parts.push(format!("AADSTS{}", printable(number)));
    }
    parts.extend(support.error.map(printable));
    parts.extend(support.suberror.map(printable));
    parts.push(format!("at {}", moment(support.time)));
    parts.join(", ")
}

fn telling(attributes: &Attributes, is_new: impl Fn(&str, &Value) -> bool) -> String {
    let known = TELLING.iter().filter_map(|(key, label)| {
        let value = attributes.get(*key).filter(|value| is_new(key, value))?;
        Some(format!("{label} {}", printable(&spelled(value))))
    });
    known.collect::<Vec<_>>().join(", ")
}

fn mark(failed: bool, colour: bool) -> String {
    match (failed, colour) {
        (false, _) => " ".to_owned(),
        (true, false) => FAILED.to_owned(),
        (true, true) => format!("\u{1b}[31m{FAILED}\u{1b}[0m"),
    }
}

/// A duration to three digits or so.
fn duration(nanoseconds: u64) -> String {
    // Precise enough to be read: f64 holds 53 bits.
    let milliseconds = nanoseconds as f64 / 1e6;
    if milliseconds >= 10_000.0 {
        format!("{:.1} s", milliseconds / 1e3)
    } else if milliseconds >= 100.0 {
        format!("{milliseconds:.0} ms")
    } else {
        format!("{milliseconds:.2} ms")
    }
}

/// A time to the millisecond, as support asks for it; nothing for none that can be.
pub(super) fn moment(nanoseconds: u64) -> String {
    jiff::Timestamp::from_nanosecond(nanoseconds.into())
        .map_or_else(|_| String::new(), |time| format!("{time:.3}"))
}
