//! What is logged within a call, as the events of its span.

use std::borrow::Cow;
use std::fmt::Debug;

use opentelemetry::{KeyValue, Value, trace};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::export::now;
use super::trace_context::CallContext;

/// What a message is called among an event's fields.
const MESSAGE: &str = "message";

/// Adds events to the span of the call that the task is answering. Those within a span below it are
/// that span's.
pub(super) struct CallEvents;

impl<S: Subscriber + for<'l> LookupSpan<'l>> Layer<S> for CallEvents {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if context.event_span(event).is_some() {
            return;
        }
        CallContext::current(|call| {
            if let Some(span) = call.span() {
                // Before the span is written on: a value that is formatted may log, too.
                let event = exported(event);
                span.found().add(event);
            }
        });
    }
}

fn exported(event: &Event<'_>) -> trace::Event {
    let mut fields = Fields::default();
    event.record(&mut fields);
    let message = fields.message.map(Cow::Owned);
    let name = message.unwrap_or(event.metadata().name().into());
    trace::Event::new(name, now(), fields.attributes, 0)
}

#[derive(Default)]
struct Fields {
    message: Option<String>,
    attributes: Vec<KeyValue>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.attributes.push(KeyValue::new(field.name(), value));
    }
}

impl Visit for Fields {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match i64::try_from(value) {
            Ok(value) => self.put(field, value),
            Err(_) => self.put(field, value.to_string()),
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == MESSAGE {
            self.message = Some(value.to_owned());
        } else {
            self.put(field, value.to_owned());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}
