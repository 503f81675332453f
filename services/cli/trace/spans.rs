//! The spans of one trace, out of lines of OTLP as JSON.

use std::collections::{BTreeMap, HashSet};

use opentelemetry::trace::TraceId;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1 as otlp;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use serde_json::Value;

use crate::telemetry::names;

/// The spans that are kept of one trace.
const MOST: usize = 5_000;
/// The events, and the attributes of each, that are kept of one span.
const MOST_OF_A_SPAN: usize = 128;
/// The longest value that is kept, in characters.
const LONGEST_VALUE: usize = 4_096;

/// The spans of one trace, in the order in which they were written.
#[derive(Debug)]
pub(super) struct Spans {
    id: TraceId,
    spans: Vec<Span>,
    seen: HashSet<Vec<u8>>,
    /// Whether there were more than are kept.
    pub(super) are_cut: bool,
}

pub(super) type Attributes = BTreeMap<String, Value>;

/// A span as it was written.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) id: Vec<u8>,
    pub(super) parent: Vec<u8>,
    pub(super) name: String,
    pub(super) kind: &'static str,
    /// Nanoseconds since 1970.
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) is_error: bool,
    pub(super) attributes: Attributes,
    pub(super) events: Vec<Event>,
    pub(super) service: Option<String>,
}

/// Something that happened within a span.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) name: String,
    pub(super) time: u64,
    pub(super) attributes: Attributes,
}

impl Spans {
    pub(super) fn of(id: TraceId) -> Self {
        Self {
            id,
            spans: Vec::new(),
            seen: HashSet::new(),
            are_cut: false,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    pub(super) fn all(&self) -> &[Span] {
        &self.spans
    }

    /// Takes in the spans of a line. A line that is none of OTLP's holds none.
    pub(super) fn read(&mut self, line: &str) {
        let Ok(request) = serde_json::from_str::<ExportTraceServiceRequest>(line) else {
            return;
        };
        for resource in request.resource_spans {
            let about = attributes(resource.resource.unwrap_or_default().attributes);
            let service = text(&about, names::SERVICE_NAME).map(str::to_owned);
            let scopes = resource.scope_spans.into_iter();
            for span in scopes.flat_map(|scope| scope.spans) {
                if span.trace_id == self.id.to_bytes() {
                    self.take(span, service.clone());
                }
            }
        }
    }

    fn take(&mut self, span: otlp::Span, service: Option<String>) {
        if self.spans.len() == MOST {
            self.are_cut = true;
        } else if self.seen.insert(span.span_id.clone()) {
            self.spans.push(Span::new(span, service));
        }
    }
}

impl Span {
    fn new(span: otlp::Span, service: Option<String>) -> Self {
        let kind = match span.kind() {
            SpanKind::Server => "server",
            SpanKind::Client => "client",
            SpanKind::Producer => "producer",
            SpanKind::Consumer => "consumer",
            SpanKind::Internal | SpanKind::Unspecified => "internal",
        };
        let status = span.status.map(|status| status.code());
        let events = span.events.into_iter().take(MOST_OF_A_SPAN);
        Self {
            kind,
            is_error: status == Some(StatusCode::Error),
            id: span.span_id,
            parent: span.parent_span_id,
            name: span.name,
            start: span.start_time_unix_nano,
            end: span.end_time_unix_nano,
            attributes: attributes(span.attributes),
            events: events
                .map(|event| Event {
                    name: event.name,
                    time: event.time_unix_nano,
                    attributes: attributes(event.attributes),
                })
                .collect(),
            service,
        }
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        text(&self.attributes, key)
    }

    /// Whether what it stands for went wrong.
    pub(super) fn has_failed(&self) -> bool {
        self.is_error || self.attributes.contains_key(names::ERROR_TYPE) || self.reason().is_some()
    }

    /// The reason for which its call was refused.
    pub(super) fn reason(&self) -> Option<&str> {
        self.text(names::REFUSAL_REASON)
            .or_else(|| self.text(names::AUTH_REASON))
    }

    pub(super) fn nanoseconds(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }
}

pub(super) fn text<'a>(attributes: &'a Attributes, key: &str) -> Option<&'a str> {
    attributes.get(key).and_then(Value::as_str)
}

fn attributes(pairs: Vec<KeyValue>) -> Attributes {
    let pairs = pairs.into_iter().take(MOST_OF_A_SPAN);
    pairs
        .filter_map(|pair| Some((cut(pair.key), value(pair.value?)?)))
        .collect()
}

/// Of compound values, which the service writes none of, nothing.
fn value(value: AnyValue) -> Option<Value> {
    match value.value? {
        any_value::Value::StringValue(text) => Some(cut(text).into()),
        any_value::Value::BoolValue(flag) => Some(flag.into()),
        any_value::Value::IntValue(number) => Some(number.into()),
        any_value::Value::DoubleValue(number) => Some(number.into()),
        _ => None,
    }
}

fn cut(text: String) -> String {
    match text.char_indices().nth(LONGEST_VALUE) {
        None => text,
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned(),
    }
}

/// A value as a person reads it.
pub(super) fn spelled(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn read(lines: &[&str]) -> Spans {
        let mut spans = Spans::of(TraceId::from_hex(ID).unwrap());
        lines.iter().for_each(|line| spans.read(line));
        spans
    }

    /// A line as a collector writes it, which leaves out what is unset.
    fn line(span: &str) -> String {
        format!(
            r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"selvedge"}}}}]}},"scopeSpans":[{{"scope":{{}},"spans":[{span}]}}]}}]}}"#
        )
    }

    #[test]
    fn the_spans_of_the_trace_are_read_from_what_a_collector_writes() {
        let of = |trace: &str, span: &str| {
            line(&format!(
                r#"{{"traceId":"{trace}","spanId":"{span}","name":"a","kind":2,"startTimeUnixNano":"1000","endTimeUnixNano":"3000","attributes":[{{"key":"error.type","value":{{"stringValue":"INTERNAL"}}}},{{"key":"n","value":{{"intValue":"7"}}}},{{"key":"none","value":{{}}}}],"status":{{"code":2}}}}"#
            ))
        };
        let other = ID.replace('4', "5");
        let lines = [
            of(ID, "00f067aa0ba902b7"),
            of(&other, "00f067aa0ba902b8"),
            of(ID, "00f067aa0ba902b7"),
        ];
        let spans = read(&lines.each_ref().map(String::as_str));
        let [span] = spans.all() else {
            panic!("one span, once: {spans:?}");
        };
        assert_eq!(
            (span.name.as_str(), span.kind, span.nanoseconds()),
            ("a", "server", 2_000)
        );
        assert!(span.has_failed() && span.is_error);
        assert_eq!(span.attributes["n"], 7);
        assert_eq!(span.service.as_deref(), Some("selvedge"));
    }

    #[test]
    fn lines_that_are_no_spans_hold_none() {
        let deep = format!("{}{ID}{}", "[".repeat(10_000), "]".repeat(10_000));
        let strange = line(&format!(r#"{{"traceId":"{ID}","spanId":7}}"#));
        let odd = line(r#"{"traceId":"4bf","spanId":"zz"}"#);
        let lines = [
            "",
            ID,
            "{}",
            "[]",
            "null",
            &deep,
            &strange,
            &odd,
            r#"{"resourceSpans":[{}]}"#,
        ];
        assert!(read(&lines).is_empty());
    }

    #[test]
    fn no_more_is_kept_than_a_person_could_read() {
        let long = "x".repeat(2 * LONGEST_VALUE);
        let attribute = format!(r#"{{"key":"k","value":{{"stringValue":"{long}"}}}}"#);
        let lines: Vec<_> = (0..=MOST)
            .map(|n| {
                line(&format!(
                    r#"{{"traceId":"{ID}","spanId":"{n:016x}","attributes":[{}]}}"#,
                    if n == 0 { &attribute } else { "" }
                ))
            })
            .collect();
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        let spans = read(&lines);
        assert!(spans.are_cut);
        assert_eq!(spans.all().len(), MOST);
        assert_eq!(spans.all()[0].text("k").unwrap().len(), LONGEST_VALUE);
    }
}
