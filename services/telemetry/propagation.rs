//! W3C Trace Context on its way in and out (<https://www.w3.org/TR/trace-context-1/>).
//!
//! In: whose trace a call is of. A gRPC caller is a service like this one, whose trace goes on here.
//! What comes through a browser or by REST may say anything: such a call has a trace of its own,
//! with a link to the caller's. Which traces are exported is decided here, whatever the caller has
//! decided; `tracestate` is kept, `baggage` is not believed and goes no further.
//!
//! Out: a trace is named to the hosts that the configuration lists and to nobody else.

use std::str::FromStr;
use std::sync::Arc;

use auth_interceptor::Propagate;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue};
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::{SpanContext, TraceContextExt as _};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::export::Ratio;

#[cfg(test)]
mod tests;

const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";
const BAGGAGE: &str = "baggage";
/// The longest `tracestate` that is kept: what every system has to take (section 3.3.1.5).
const LONGEST_TRACESTATE: usize = 512;

/// Whose traces go on here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrustInbound {
    /// Those of gRPC callers.
    #[default]
    Auto,
    /// Those of all callers.
    All,
    /// Nobody's: every call has a trace of its own.
    Nobody,
}

/// How a call's span hangs together with its caller's.
#[derive(Clone, Debug)]
pub(super) enum Inbound {
    /// The call is a part of the caller's trace.
    Continued(SpanContext),
    /// The call has a trace of its own, with a link to the caller's.
    Linked(SpanContext),
}

impl TrustInbound {
    /// What the headers of a call say of its caller's span; `is_grpc` says whether it came as gRPC.
    /// No more of what they say of traces is left in them.
    pub(super) fn inbound(self, headers: &mut HeaderMap, is_grpc: bool) -> Option<Inbound> {
        headers.remove(BAGGAGE);
        let caller = callers_span(headers)?;
        let is_trusted = match self {
            Self::Auto => is_grpc,
            Self::All => true,
            Self::Nobody => false,
        };
        Some(if is_trusted {
            Inbound::Continued(caller)
        } else {
            Inbound::Linked(caller)
        })
    }
}

/// The caller's span, where there is one `traceparent` and it is well formed.
fn callers_span(headers: &mut HeaderMap) -> Option<SpanContext> {
    let mut parents = headers.get_all(TRACEPARENT).iter();
    parents.next()?;
    if parents.next().is_some() {
        return None;
    }
    let state = headers.get_all(TRACESTATE).iter();
    let state: Vec<&[u8]> = state.map(HeaderValue::as_bytes).collect();
    let state = HeaderValue::from_bytes(&state.join(&b','));
    match state {
        Ok(state) if (1..=LONGEST_TRACESTATE).contains(&state.len()) => {
            headers.insert(TRACESTATE, state);
        }
        _ => {
            headers.remove(TRACESTATE);
        }
    }
    let caller =
        TraceContextPropagator::new().extract_with_context(&Context::new(), &Headers(headers));
    let caller = caller.span().span_context().clone();
    caller.is_valid().then_some(caller)
}

struct Headers<'h>(&'h HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}

/// A host whose requests name the trace that they are of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    host: String,
    /// None: any.
    port: Option<u16>,
}

/// The text is not a host, or a host and a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a host, or a host and a port")]
pub struct NotAReceiver;

impl FromStr for Receiver {
    type Err = NotAReceiver;

    fn from_str(text: &str) -> Result<Self, NotAReceiver> {
        let authority: Authority = text.parse().map_err(|_| NotAReceiver)?;
        let rest = text.strip_prefix(authority.host()).ok_or(NotAReceiver)?;
        let port = match rest.strip_prefix(':') {
            Some(port) => Some(port.parse().map_err(|_| NotAReceiver)?),
            None if rest.is_empty() && !text.is_empty() => None,
            None => return Err(NotAReceiver),
        };
        Ok(Self {
            host: authority.host().to_ascii_lowercase(),
            port,
        })
    }
}

/// To whom traces are named.
#[derive(Clone, Debug)]
pub struct PropagateTo {
    receivers: Arc<[Receiver]>,
    ratio: Ratio,
}

impl PropagateTo {
    /// `receivers` and nobody else; they are told that the traces that `ratio` picks are sampled.
    #[must_use]
    pub fn new(receivers: &[Receiver], ratio: Ratio) -> Self {
        Self {
            receivers: receivers.into(),
            ratio,
        }
    }

    fn is_receiver(&self, host: &str, port: u16) -> bool {
        let named = |one: &Receiver| {
            one.host.eq_ignore_ascii_case(host) && one.port.is_none_or(|named| named == port)
        };
        self.receivers.iter().any(named)
    }
}

impl Propagate for PropagateTo {
    fn headers(&self, host: &str, port: u16) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if !self.is_receiver(host, port) {
            return headers;
        }
        let context = Span::current().context();
        let span = context.span();
        let span = span.span_context();
        if !span.is_valid() {
            return headers;
        }
        let trace = span.trace_id();
        let flags = u8::from(self.ratio.picks(trace));
        let parent = format!("00-{trace}-{}-{flags:02x}", span.span_id());
        if let Ok(parent) = HeaderValue::from_str(&parent) {
            headers.insert(TRACEPARENT, parent);
        }
        let state = span.trace_state().header();
        if !state.is_empty()
            && let Ok(state) = HeaderValue::from_str(&state)
        {
            headers.insert(TRACESTATE, state);
        }
        headers
    }
}
