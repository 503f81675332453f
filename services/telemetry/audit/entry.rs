//! One entry: a flat object of the keys that [`names`](crate::telemetry::names) lists for audits.

use std::borrow::Cow;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use auth_interceptor::{AuthError, Caller, DecidedCall, MethodPolicy, TokenId, Verdict};
use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use opentelemetry::{SpanId, TraceFlags, TraceId};

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
    allowed: Option<(Caller, Arc<UserIdentity>)>,
    values: Vec<(&'static str, Value<'static>)>,
}

/// The call that an entry belongs to.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) trace: TraceId,
    /// The call's own span; invalid where none is exported.
    pub(super) span: SpanId,
    pub(super) flags: TraceFlags,
    /// None where what is called is not served.
    pub(super) method: Option<Arc<MethodPolicy>>,
}

/// What a key says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value<'e> {
    Text(Cow<'e, str>),
    Number(u32),
}

impl Entry {
    pub(super) fn new(event: Event, since_epoch: Duration) -> Self {
        Self {
            event,
            since_epoch,
            call: None,
            allowed: None,
            values: Vec::new(),
        }
    }

    pub(super) fn within(&mut self, call: Call) {
        self.call = Some(call);
    }

    /// The decision that it is about. Of a call that was let through, what it says is left to
    /// whoever writes the entry: it is known from the caller, without their token.
    pub(super) fn decided(&mut self, decided: &DecidedCall<'_>, users: &Arc<UserIdentity>) {
        match decided.verdict() {
            Verdict::Allowed(caller) => {
                self.allowed = Some((caller.without_token(), Arc::clone(users)));
            }
            Verdict::Denied(_) => {
                let values = decision(decided, users);
                let owned = values.into_iter().map(|(key, value)| (key, value.owned()));
                self.values.extend(owned);
            }
        }
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

    pub(super) fn call(&self) -> Option<&Call> {
        self.call.as_ref()
    }

    /// What it says beyond its event, time and trace.
    pub(super) fn values(&self) -> Vec<(&'static str, Value<'_>)> {
        let mut values = Vec::with_capacity(12);
        if let Some(Call { method, .. }) = &self.call {
            let method = method.as_ref();
            let method = method.map_or(names::OTHER, |method| method.method());
            values.push((names::RPC_METHOD, Value::Text(method.into())));
        }
        if let Some((caller, users)) = &self.allowed {
            values.extend(decision(&caller.decided(), users));
        }
        let own = self.values.iter();
        values.extend(own.map(|(key, value)| (*key, value.borrowed())));
        values
    }

    /// Appends it as a line.
    ///
    /// # Errors
    ///
    /// It cannot be one, which no text and no number makes it; then nothing is appended.
    pub(super) fn write(&self, text: &mut Vec<u8>) -> io::Result<()> {
        let begun = text.len();
        let written = self.write_members(text);
        if written.is_err() {
            text.truncate(begun);
        }
        written
    }

    /// A serializer would escape each key anew; none needs it.
    fn write_members(&self, text: &mut Vec<u8>) -> io::Result<()> {
        text.extend_from_slice(b"{\"time\":\"");
        self.write_time(text);
        write!(text, "\",\"event\":\"{}\"", self.event.as_str())?;
        if let Some(Call { trace, .. }) = &self.call {
            write!(text, ",\"{}\":\"{trace}\"", names::TRACE_ID)?;
        }
        for (key, value) in self.values() {
            text.extend_from_slice(b",\"");
            text.extend_from_slice(key.as_bytes());
            text.extend_from_slice(b"\":");
            match value {
                Value::Text(value) => serde_json::to_writer(&mut *text, &value)?,
                Value::Number(value) => serde_json::to_writer(&mut *text, &value)?,
            }
        }
        text.extend_from_slice(b"}\n");
        Ok(())
    }

    /// RFC 3339, in UTC. A time that cannot be written, which no clock tells, is left empty.
    fn write_time(&self, text: &mut Vec<u8>) {
        const MICROSECONDS: DateTimePrinter = DateTimePrinter::new().precision(Some(6));
        let since_epoch = jiff::SignedDuration::try_from(self.since_epoch);
        let time = since_epoch
            .ok()
            .and_then(|elapsed| Timestamp::from_duration(elapsed).ok());
        if let Some(time) = time {
            // Memory takes whatever it is given.
            let _ = MICROSECONDS.print_timestamp(&time, text);
        }
    }
}

impl Value<'_> {
    fn owned(self) -> Value<'static> {
        match self {
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Self::Number(number) => Value::Number(number),
        }
    }

    fn borrowed(&self) -> Value<'_> {
        match self {
            Self::Text(text) => Value::Text(Cow::Borrowed(text)),
            Self::Number(number) => Value::Number(*number),
        }
    }
}

/// What a decision says: what it was, and about whom.
fn decision<'d>(decided: &DecidedCall<'d>, users: &UserIdentity) -> Vec<(&'static str, Value<'d>)> {
    let mut values = Vec::with_capacity(7);
    let mut put = |key: &'static str, text: Option<Cow<'d, str>>| {
        values.extend(text.map(|text| (key, Value::Text(text))));
    };
    put(names::AUTH_OUTCOME, Some(decided.outcome().as_str().into()));
    let reason = decided.error().map(AuthError::reason);
    put(names::AUTH_REASON, reason.map(Into::into));
    put(names::TOKEN_KIND, Some(decided.token_kind().into()));
    let tenant = decided.tenant().map(|tenant| tenant.to_string());
    put(names::TENANT_ID, tenant.map(Into::into));
    put(names::CLIENT_APP_ID, decided.client().map(Into::into));
    let token_id = decided.token_id().map(|id| match id {
        TokenId::Claim(id) => id.into(),
        TokenId::Digest(_) => id.to_string().into(),
    });
    put(names::TOKEN_UTI, token_id);
    if let Some(user) = decided.claims().and_then(|claims| users.of(claims)) {
        put(user.key, Some(user.value.to_string().into()));
    }
    values
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
            method: None,
        });
        entry.text(names::TOKEN_UTI, "two\nlines \"quoted\"");
        entry.text_if(names::AUTH_REASON, None::<String>);
        entry.number(names::AUTHORITY_AADSTS, 50_076);
        let mut text = Vec::new();
        entry.write(&mut text).unwrap();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            concat!(
                r#"{"time":"2023-11-14T22:13:20.123456Z","event":"decision","trace_id":"0af7651916cd43dd8448eb211c80319c","rpc.method":"_OTHER","selvedge.token.uti":"two\nlines \"quoted\"","selvedge.authority.aadsts":50076}"#,
                "\n"
            )
        );
    }
}
