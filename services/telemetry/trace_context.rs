//! The identity of a call in traces: a trace id that every reply carries, and the span that every
//! event of the call belongs to.

use std::sync::Arc;
use std::task::{Context, Poll};

use auth_interceptor::{MethodPolicy, ServedPolicies};
use http::{HeaderMap, Request};
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::{TraceContextExt as _, TraceId};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{IdGenerator as _, RandomIdGenerator};
use tokio::task::futures::TaskLocalFuture;
use tower::{Layer, Service};
use tracing::instrument::Instrumented;
use tracing::{Instrument as _, Span, field};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::names;

/// What a method that is not served is called.
const OTHER: &str = "_OTHER";
/// How much of a path that is no method's is kept.
const PATH_CHARACTERS: usize = 128;

tokio::task_local! {
    /// The call that the task is answering.
    static CALL: CallContext;
}

/// What a call is called, for its replies and its spans. In every request's extensions, and known to
/// the task that answers.
#[derive(Clone, Debug)]
pub struct CallContext {
    trace_id: TraceId,
    method: Option<Arc<MethodPolicy>>,
    span: Span,
}

impl CallContext {
    /// What `read` takes of the call that the task is answering; none outside a call.
    pub fn current<T>(read: impl FnOnce(&Self) -> T) -> Option<T> {
        CALL.try_with(read).ok()
    }

    /// The call's own span.
    #[must_use]
    pub fn span(&self) -> &Span {
        &self.span
    }

    /// The W3C trace id: the caller's, or a new one.
    #[must_use]
    pub fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// The method as `package.Service/Method`, or `_OTHER` for one that is not served, so that
    /// nothing a stranger writes becomes a name.
    #[must_use]
    pub fn method(&self) -> &str {
        self.method.as_ref().map_or(OTHER, |method| method.method())
    }

    /// Whether the method streams in either direction.
    #[must_use]
    pub fn is_streaming(&self) -> bool {
        self.method
            .as_ref()
            .is_some_and(|method| method.is_streaming())
    }
}

/// Gives each call its [`CallContext`] and its span.
#[derive(Clone)]
pub struct TraceContextLayer {
    served: ServedPolicies,
    trust_inbound: bool,
}

impl TraceContextLayer {
    /// `served` says which paths are methods; `trust_inbound`, whether a caller's trace is
    /// continued.
    #[must_use]
    pub fn new(served: ServedPolicies, trust_inbound: bool) -> Self {
        Self {
            served,
            trust_inbound,
        }
    }
}

impl<S> Layer<S> for TraceContextLayer {
    type Service = TraceContext<S>;

    fn layer(&self, inner: S) -> TraceContext<S> {
        TraceContext {
            inner,
            layer: self.clone(),
        }
    }
}

/// See [`TraceContextLayer`].
#[derive(Clone)]
pub struct TraceContext<S> {
    inner: S,
    layer: TraceContextLayer,
}

impl<S, B> Service<Request<B>> for TraceContext<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = TaskLocalFuture<CallContext, Instrumented<S::Future>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let inbound = if self.layer.trust_inbound {
            inbound_context(request.headers())
        } else {
            None
        };
        let method = self.layer.served.method(request.uri()).cloned();
        let span = call_span(method.as_deref(), request.uri().path());
        if let Some(parent) = &inbound {
            // Refused only where nothing is exported, and there is no parent to have.
            let _ = span.set_parent(parent.clone());
        }
        let call = CallContext {
            trace_id: trace_id(&span, inbound.as_ref()),
            method,
            span,
        };
        call.span
            .record(names::TRACE_ID, field::display(call.trace_id));
        request.extensions_mut().insert(call.clone());
        let span = call.span.clone();
        // Within the call, as what the layers below decide at once belongs to it too.
        let future = CALL.sync_scope(call.clone(), || span.in_scope(|| self.inner.call(request)));
        CALL.scope(call, future.instrument(span))
    }
}

/// The span of a call, with what is known before anything has looked at it.
fn call_span(method: Option<&MethodPolicy>, path: &str) -> Span {
    let span = tracing::info_span!(
        "rpc",
        trace_id = field::Empty,
        otel.name = method.map_or(names::SPAN_OTHER_CALL, MethodPolicy::method),
        otel.kind = "server",
        otel.status_code = field::Empty,
        rpc.system.name = "grpc",
        rpc.method = method.map_or(OTHER, MethodPolicy::method),
        rpc.method_original = field::Empty,
        rpc.response.status_code = field::Empty,
        error.type = field::Empty,
        selvedge.auth.outcome = field::Empty,
        selvedge.auth.reason = field::Empty,
        selvedge.token.kind = field::Empty,
        selvedge.tenant.id = field::Empty,
        selvedge.client_app.id = field::Empty,
        selvedge.jwks.age_s = field::Empty,
        selvedge.jwks.source = field::Empty,
        selvedge.exchange.cache = field::Empty,
        selvedge.refusal.reason = field::Empty,
    );
    if method.is_none() {
        let asked: String = path.chars().skip(1).take(PATH_CHARACTERS).collect();
        span.record(
            names::RPC_METHOD_ORIGINAL,
            &*asked.escape_default().to_string(),
        );
    }
    span
}

/// The trace id that the span is exported with; of a span that is not, the caller's or a new one.
fn trace_id(span: &Span, inbound: Option<&opentelemetry::Context>) -> TraceId {
    let exported = span.context();
    let of = |context: &opentelemetry::Context| {
        let context = context.span().span_context().clone();
        context.is_valid().then(|| context.trace_id())
    };
    of(&exported)
        .or_else(|| inbound.and_then(of))
        .unwrap_or_else(|| RandomIdGenerator::default().new_trace_id())
}

/// The caller's span, where its `traceparent` is well formed (W3C Trace Context section 3.2).
fn inbound_context(headers: &HeaderMap) -> Option<opentelemetry::Context> {
    headers.get("traceparent")?;
    let context = TraceContextPropagator::new()
        .extract_with_context(&opentelemetry::Context::new(), &Headers(headers));
    let well_formed = context.span().span_context().is_valid();
    well_formed.then_some(context)
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
