//! One entry: a flat object of the keys that [`names`](crate::telemetry::names) lists for audits.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;
use opentelemetry::{SpanId, TraceFlags, TraceId};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

use crate::telemetry::names;

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A call was let through or refused.
    Decision,
    /// A token was exchanged, or was not.
    Exchange,
    /// An administrator's order was carried out, or was not.
    Order,
}

impl Event {
    /// What it is called in the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::Exchange => "exchange",
            Self::Order => "order",
        }
    }

    /// What it is called in a collector, among other services' events.
    pub(super) fn full_name(self) -> &'static str {
        match self {
            Self::Decision => names::EVENT_AUDIT_DECISION,
            Self::Exchange => names::EVENT_AUDIT_EXCHANGE,
            Self::Order => names::EVENT_AUDIT_ORDER,
        }
    }
}

/// An entry of the audit trail. As JSON, it is a line of the file.
#[derive(Clone, Debug)]
pub struct Entry {
    event: Event,
    since_epoch: Duration,
    trace: Option<Trace>,
    values: Vec<(&'static str, Value)>,
}

/// The call that an entry belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trace {
    pub(super) id: TraceId,
    /// The call's own span; invalid where none is exported.
    pub(super) span: SpanId,
    pub(super) flags: TraceFlags,
}

/// What a key says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Text(Cow<'static, str>),
    Number(u32),
}

impl Entry {
    pub(super) fn new(event: Event, since_epoch: Duration) -> Self {
        Self {
            event,
            since_epoch,
            trace: None,
            // As many as most have.
            values: Vec::with_capacity(10),
        }
    }

    pub(super) fn within(&mut self, trace: Trace) {
        self.trace = Some(trace);
    }

    pub(super) fn text(&mut self, key: &'static str, text: impl Into<Cow<'static, str>>) {
        self.values.push((key, Value::Text(text.into())));
    }

    pub(super) fn text_if<T: Into<Cow<'static, str>>>(
        &mut self,
        key: &'static str,
        text: Option<T>,
    ) {
        if let Some(text) = text {
            self.text(key, text);
        }
    }

    pub(super) fn number(&mut self, key: &'static str, number: u32) {
        self.values.push((key, Value::Number(number)));
    }

    pub(super) fn event(&self) -> Event {
        self.event
    }

    pub(super) fn since_epoch(&self) -> Duration {
        self.since_epoch
    }

    pub(super) fn trace(&self) -> Option<Trace> {
        self.trace
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &(&'static str, Value)> {
        self.values.iter()
    }

    /// RFC 3339, in UTC. A time that cannot be written, which no clock tells, is left empty.
    fn time(&self) -> String {
        let since_epoch = jiff::SignedDuration::try_from(self.since_epoch);
        since_epoch
            .ok()
            .and_then(|elapsed| Timestamp::from_duration(elapsed).ok())
            .map_or_else(String::new, |time| format!("{time:.6}"))
    }
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut line = serializer.serialize_map(None)?;
        line.serialize_entry("time", &self.time())?;
        line.serialize_entry("event", self.event.as_str())?;
        if let Some(trace) = self.trace {
            line.serialize_entry(names::TRACE_ID, &trace.id.to_string())?;
        }
        for (key, value) in &self.values {
            match value {
                Value::Text(text) => line.serialize_entry(key, text)?,
                Value::Number(number) => line.serialize_entry(key, number)?,
            }
        }
        line.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_a_flat_object_in_one_line_whatever_it_holds() {
        let mut entry = Entry::new(
            Event::Decision,
            Duration::from_micros(1_700_000_000_123_456),
        );
        entry.within(Trace {
            id: TraceId::from(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c),
            span: SpanId::INVALID,
            flags: TraceFlags::default(),
        });
        entry.text(names::TOKEN_UTI, "two\nlines \"quoted\"");
        entry.text_if(names::AUTH_REASON, None::<String>);
        entry.number(names::AUTHORITY_AADSTS, 50_076);
        assert_eq!(
            serde_json::to_string(&entry).unwrap(),
            r#"{"time":"2023-11-14T22:13:20.123456Z","event":"decision","trace_id":"0af7651916cd43dd8448eb211c80319c","selvedge.token.uti":"two\nlines \"quoted\"","selvedge.authority.aadsts":50076}"#
        );
    }
}
