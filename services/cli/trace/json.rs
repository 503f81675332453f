//! A trace for a program: one JSON document with all that the files say, and the same conclusions as
//! the text's.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::Found;
use super::printable::printable_json;
use super::spans::Span;
use super::text::moment;
use super::verdict;

pub(super) fn write(out: &mut impl Write, found: &Found) -> io::Result<()> {
    let spans = found.tree.spans(&found.spans);
    let spans: Vec<Value> = spans.map(|(depth, span)| of_span(depth, span)).collect();
    let failures: Vec<Value> = verdict::failures(found)
        .iter()
        .map(|failure| {
            json!({
                "span_id": hex(&failure.span.id),
                "method": failure.span.name,
                "reason": failure.name,
                "status": failure.status(),
                "who_must_act": failure.actor(),
                "what_to_do": failure.explanation(),
            })
        })
        .collect();
    let support: Vec<Value> = verdict::support(found)
        .iter()
        .map(|support| {
            json!({
                "correlation_id": support.correlation_id,
                "error": support.error,
                "suberror": support.suberror,
                "aadsts": support.aadsts,
                "time": moment(support.time),
            })
        })
        .collect();
    let document = json!({
        "trace_id": found.id.to_string(),
        "spans": spans,
        "spans_are_cut": found.spans.are_cut,
        "failures": failures,
        "support": support,
        "audit": found.audit.all(),
    });
    let text = serde_json::to_string_pretty(&document)?;
    writeln!(out, "{}", printable_json(&text))
}

fn of_span(depth: usize, span: &Span) -> Value {
    let events: Vec<Value> = span
        .events
        .iter()
        .map(|event| {
            json!({
                "name": event.name,
                "time": moment(event.time),
                "attributes": event.attributes,
            })
        })
        .collect();
    json!({
        "span_id": hex(&span.id),
        "parent_span_id": hex(&span.parent),
        "depth": depth,
        "name": span.name,
        "kind": span.kind,
        "service": span.service,
        "start": moment(span.start),
        "duration_ns": span.nanoseconds(),
        "failed": span.has_failed(),
        "attributes": span.attributes,
        "events": events,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
