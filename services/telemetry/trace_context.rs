//! The identity of a call in traces: a trace id that every reply carries, and the span that every
//! event of the call belongs to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use auth_interceptor::{MethodPolicy, ServedPolicies};
use http::Request;
use opentelemetry::Context as SpanContext;
use opentelemetry::trace::{TraceContextExt as _, TraceId};
use opentelemetry_sdk::trace::{IdGenerator as _, RandomIdGenerator};
use tokio::task::futures::TaskLocalFuture;
use tower::{Layer, Service};
use tracing::field::{Empty, display};
use tracing::instrument::Instrumented;
use tracing::{Instrument as _, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::propagation::{Inbound, TrustInbound};
use super::{log_line, names};
use crate::transport::listener::PeerAddress;
use crate::transport::protocol::Protocol;

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

    /// The W3C trace id: that of the trace that the call continues, or a new one.
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

/// That a request came as another protocol than the gRPC that it has become. In its extensions.
#[derive(Clone, Debug, Default)]
pub struct OtherFace {
    /// The template of the path that a REST request was for.
    pub http_route: Option<Arc<str>>,
}

/// Gives each call its [`CallContext`] and its span.
#[derive(Clone)]
pub struct TraceContextLayer {
    served: ServedPolicies,
    trust_inbound: TrustInbound,
    listening: Option<Listening>,
}

/// Where calls are listened for.
#[derive(Clone)]
struct Listening {
    address: Arc<str>,
    port: u16,
}

impl TraceContextLayer {
    /// `served` says which paths are methods; `trust_inbound`, whose traces are continued.
    #[must_use]
    pub fn new(served: ServedPolicies, trust_inbound: TrustInbound) -> Self {
        Self {
            served,
            trust_inbound,
            listening: None,
        }
    }

    /// The same, of calls that come in at `address`.
    #[must_use]
    pub fn listening_at(self, address: Option<SocketAddr>) -> Self {
        let listening = address.map(|address| Listening {
            address: address.ip().to_string().into(),
            port: address.port(),
        });
        Self { listening, ..self }
    }

    /// The span of a call, with what is known before anything has looked at it.
    fn span<B>(&self, request: &Request<B>, method: Option<&MethodPolicy>) -> Span {
        let listening = self.listening.as_ref();
        let peer = request.extensions().get::<PeerAddress>();
        let face = request.extensions().get::<OtherFace>();
        let span = tracing::info_span!(
            "rpc",
            trace_id = Empty,
            otel.name = method.map_or(names::SPAN_OTHER_CALL, MethodPolicy::method),
            otel.kind = "server",
            otel.status_code = Empty,
            rpc.system.name = "grpc",
            rpc.method = method.map_or(OTHER, MethodPolicy::method),
            rpc.method_original = Empty,
            rpc.response.status_code = Empty,
            error.type = Empty,
            http.route = face.and_then(|face| face.http_route.as_deref()),
            server.address = listening.map(|listening| &*listening.address),
            server.port = listening.map(|listening| listening.port),
            network.peer.address = peer.map(|peer| display(peer.0.ip())),
            selvedge.scope.required = method
                .map(MethodPolicy::required)
                .filter(|required| !required.is_empty()),
            selvedge.auth.outcome = Empty,
            selvedge.auth.reason = Empty,
            selvedge.tenant.id = Empty,
            selvedge.client_app.id = Empty,
            selvedge.token.version = Empty,
            selvedge.token.kind = Empty,
            selvedge.token.role = Empty,
            selvedge.token.uti = Empty,
            user.hash = Empty,
            user.id = Empty,
            selvedge.jwks.age_s = Empty,
            selvedge.jwks.source = Empty,
            selvedge.verdict_cache = Empty,
            selvedge.exchange.cache = Empty,
            selvedge.exchange.resource = Empty,
            selvedge.authority.name = Empty,
            selvedge.authority.error = Empty,
            selvedge.authority.suberror = Empty,
            selvedge.authority.aadsts = Empty,
            selvedge.authority.correlation_id = Empty,
            selvedge.refusal.reason = Empty,
        );
        if method.is_none() && !span.is_disabled() {
            let path = request.uri().path();
            let asked: String = path.chars().skip(1).take(PATH_CHARACTERS).collect();
            span.record(
                names::RPC_METHOD_ORIGINAL,
                &*asked.escape_default().to_string(),
            );
        }
        span
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
        let is_grpc = request.extensions().get::<OtherFace>().is_none()
            && Protocol::of(request.headers()) == Protocol::Grpc;
        let trust = self.layer.trust_inbound;
        let inbound = trust.inbound(request.headers_mut(), is_grpc);
        let method = self.layer.served.method(request.uri()).cloned();
        let span = self.layer.span(&request, method.as_deref());
        let mut continued = None;
        match &inbound {
            Some(Inbound::Continued(caller)) => {
                continued = Some(caller);
                // Refused only where nothing is exported, and there is no parent to have.
                let _ = span.set_parent(caller.clone());
            }
            Some(Inbound::Linked(caller)) => span.add_link(caller.span().span_context().clone()),
            None => {}
        }
        let call = CallContext {
            trace_id: trace_id(&span, continued),
            method,
            span,
        };
        call.span.record(names::TRACE_ID, display(call.trace_id));
        log_line::keep_ids(&call);
        request.extensions_mut().insert(call.clone());
        let span = call.span.clone();
        // Within the call, as what the layers below decide at once belongs to it too.
        let future = CALL.sync_scope(call.clone(), || span.in_scope(|| self.inner.call(request)));
        CALL.scope(call, future.instrument(span))
    }
}

/// The trace id that the span is exported with; of a span that is not, that of the trace that it
/// continues, or a new one.
fn trace_id(span: &Span, continued: Option<&SpanContext>) -> TraceId {
    let exported = span.context();
    let of = |context: &SpanContext| {
        let context = context.span().span_context().clone();
        context.is_valid().then(|| context.trace_id())
    };
    of(&exported)
        .or_else(|| continued.and_then(of))
        .unwrap_or_else(|| RandomIdGenerator::default().new_trace_id())
}
