//! One entry: a flat object of the keys that [`names`](crate::telemetry::names) lists for audits.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use auth_interceptor::{Admission, DecidedCall, TokenId, Verdict};
use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use opentelemetry::{SpanId, TraceFlags, TraceId};
use uuid::Uuid;

use crate::telemetry::call_span::Work;
use crate::telemetry::identity::UserIdentity;
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
    call: Option<Call>,
    allowed: Option<(Admission, Arc<UserIdentity>)>,
    kept: Vec<(&'static str, Kept)>,
}

/// The call, or the job's run, that an entry belongs to.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) trace: TraceId,
    /// The call's own span; invalid where none is exported.
    pub(super) span: SpanId,
    pub(super) flags: TraceFlags,
    pub(super) work: Work,
}

/// What a key says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'e> {
    Text(&'e str),
    Number(u32),
}

/// A value that was given to an entry.
#[derive(Clone, Debug)]
enum Kept {
    Text(Cow<'static, str>),
    Number(u32),
}

impl Entry {
    pub(super) fn new(event: Event, since_epoch: Duration) -> Self {
        Self {
            event,
            since_epoch,
            call: None,
            allowed: None,
            kept: Vec::new(),
        }
    }

    pub(super) fn within(&mut self, call: Call) {
        self.call = Some(call);
    }

    /// The decision that it is about. Of a call that was let through, what it says is left to
    /// whoever writes the entry: to look it up takes time.
    pub(super) fn decided(&mut self, decided: &DecidedCall<'_>, users: &Arc<UserIdentity>) {
        match decided.verdict() {
            Verdict::Allowed(admission) => {
                self.allowed = Some((admission.clone(), Arc::clone(users)));
            }
            Verdict::Denied(_) => {
                decision(decided, users, &mut |key, text| {
                    self.text(key, text.to_owned());
                });
            }
        }
    }

    pub(super) fn text(&mut self, key: &'static str, text: impl Into<Cow<'static, str>>) {
        self.kept.push((key, Kept::Text(text.into())));
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
        self.kept.push((key, Kept::Number(number)));
    }

    pub(super) fn event(&self) -> Event {
        self.event
    }

    pub(super) fn since_epoch(&self) -> Duration {
        self.since_epoch
    }

    pub(super) fn call(&self) -> Option<&Call> {
        self.call.as_ref()
    }

    /// Tells `say` of each key and value beyond its event, time and trace.
    pub(super) fn each(&self, say: &mut impl FnMut(&'static str, Value<'_>)) {
        match self.call.as_ref().map(|call| &call.work) {
            Some(Work::Call(method)) => {
                let method = method.as_ref();
                let method = method.map_or(names::OTHER, |method| method.method());
                say(names::RPC_METHOD, Value::Text(method));
            }
            Some(Work::Job(id)) => {
                let mut buffer = Uuid::encode_buffer();
                let id = id.hyphenated().encode_lower(&mut buffer);
                say(names::JOB_ID, Value::Text(id));
            }
            None => {}
        }
        if let Some((admission, users)) = &self.allowed {
            decision(&admission.decided(), users, &mut |key, text| {
                say(key, Value::Text(text));
            });
        }
        for (key, kept) in &self.kept {
            let value = match kept {
                Kept::Text(text) => Value::Text(text),
                Kept::Number(number) => Value::Number(*number),
            };
            say(key, value);
        }
    }

    /// Appends it as a line. Its keys are written as they are: a serializer would look through
    /// each for what is to be escaped, and none has any.
    pub(super) fn write(&self, line: &mut Vec<u8>) {
        line.extend_from_slice(b"{\"time\":\"");
        self.write_time(line);
        line.extend_from_slice(b"\",\"event\":\"");
        line.extend_from_slice(self.event.as_str().as_bytes());
        line.push(b'"');
        if let Some(Call { trace, .. }) = &self.call {
            // 16 bytes in lower-case hexadecimal, as a UUID without its hyphens is.
            let trace = Uuid::from_bytes(trace.to_bytes());
            let mut buffer = Uuid::encode_buffer();
            write_key(names::TRACE_ID, line);
            write_text(trace.simple().encode_lower(&mut buffer), line);
        }
        self.each(&mut |key, value| {
            write_key(key, line);
            match value {
                Value::Text(text) => write_text(text, line),
                Value::Number(number) => line.extend_from_slice(number.to_string().as_bytes()),
            }
        });
        line.extend_from_slice(b"}\n");
    }

    /// RFC 3339, in UTC. A time that cannot be written, which no clock tells, is left empty.
    fn write_time(&self, line: &mut Vec<u8>) {
        const MICROSECONDS: DateTimePrinter = DateTimePrinter::new().precision(Some(6));
        let since_epoch = jiff::SignedDuration::try_from(self.since_epoch);
        let time = since_epoch
            .ok()
            .and_then(|elapsed| Timestamp::from_duration(elapsed).ok());
        if let Some(time) = time {
            // Memory takes whatever it is given.
            let _ = MICROSECONDS.print_timestamp(&time, line);
        }
    }
}

fn write_key(key: &'static str, line: &mut Vec<u8>) {
    line.extend_from_slice(b",\"");
    line.extend_from_slice(key.as_bytes());
    line.extend_from_slice(b"\":");
}

/// Most texts are ids and words, which are their own JSON. One look at all bytes is cheaper than a
/// serializer's at each.
fn write_text(text: &str, line: &mut Vec<u8>) {
    let is_escaped = |byte: u8| u8::from((byte < b' ') | (byte == b'"') | (byte == b'\\'));
    if text.bytes().fold(0, |any, byte| any | is_escaped(byte)) != 0 {
        // Memory takes whatever it is given, and any text can be escaped.
        let _ = serde_json::to_writer(line, text);
    } else {
        line.push(b'"');
        line.extend_from_slice(text.as_bytes());
        line.push(b'"');
    }
}

/// Tells `say` of each key and text of a decision: what it was, and about whom.
fn decision(
    decided: &DecidedCall<'_>,
    users: &UserIdentity,
    say: &mut impl FnMut(&'static str, &str),
) {
    say(names::AUTH_OUTCOME, decided.outcome().as_str());
    if let Some(error) = decided.error() {
        say(names::AUTH_REASON, error.reason());
    }
    say(names::TOKEN_KIND, decided.token_kind());
    if let Some(tenant) = decided.tenant() {
        let mut buffer = Uuid::encode_buffer();
        let tenant = tenant.as_uuid();
        say(
            names::TENANT_ID,
            tenant.hyphenated().encode_lower(&mut buffer),
        );
    }
    if let Some(client) = decided.client() {
        say(names::CLIENT_APP_ID, client);
    }
    match decided.token_id() {
        Some(TokenId::Claim(id)) => say(names::TOKEN_UTI, id),
        Some(id @ TokenId::Digest(_)) => say(names::TOKEN_UTI, &id.to_string()),
        None => {}
    }
    if let Some(user) = decided.claims().and_then(|claims| users.of(claims)) {
        say(user.key, &user.value);
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
        entry.within(Call {
            trace: TraceId::from(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c),
            span: SpanId::INVALID,
            flags: TraceFlags::default(),
            work: Work::Call(None),
        });
        entry.text(names::TOKEN_UTI, "two\nlines \"quoted\"");
        entry.text_if(names::AUTH_REASON, None::<String>);
        entry.number(names::AUTHORITY_AADSTS, 50_076);
        let mut text = Vec::new();
        entry.write(&mut text);
        assert_eq!(
            String::from_utf8(text).unwrap(),
            concat!(
                r#"{"time":"2023-11-14T22:13:20.123456Z","event":"decision","trace_id":"0af7651916cd43dd8448eb211c80319c","rpc.method":"_OTHER","selvedge.token.uti":"two\nlines \"quoted\"","selvedge.authority.aadsts":50076}"#,
                "\n"
            )
        );
    }
}
