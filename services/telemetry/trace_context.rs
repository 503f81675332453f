//! The identity of a call in traces: a trace id that every reply carries, and a span that all of the
//! call is below.

use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use auth_interceptor::{MethodPolicy, ServedPolicies};
use http::Request;
use opentelemetry::Context as SpanContexts;
use opentelemetry::context::{FutureExt as _, WithContext};
use opentelemetry::trace::{SpanContext, TraceContextExt as _, TraceFlags, TraceId};
use opentelemetry_sdk::trace::{IdGenerator as _, RandomIdGenerator};
use tokio::task::futures::TaskLocalFuture;
use tonic::Code;
use tower::{Layer, Service};

use super::call_span::{Asked, CallSpan, CallSpans, Found, Listening, Work};
use super::export::Spans;
use super::identity::UserIdentity;
use super::names;
use super::propagation::{Inbound, TrustInbound};
use crate::transport::listener::PeerAddress;
use crate::transport::protocol::Protocol;

/// How much of a path that is no method's is kept.
const PATH_CHARACTERS: usize = 128;

tokio::task_local! {
    /// The call that the task is answering.
    static CALL: CallContext;
}

/// What a call is called, for its replies and its spans. In every request's extensions, and known to
/// the task that answers. The call's span lasts as long as this or a clone of it. A job's run is one
/// too, that no request has asked for.
#[derive(Clone, Debug)]
pub struct CallContext(Arc<Call>);

#[derive(Debug)]
struct Call {
    trace_id: TraceId,
    began: Instant,
    work: Work,
    /// None where no spans leave.
    span: Option<CallSpan>,
    /// What makes spans below the call's own its children.
    parent: SpanContexts,
}

/// What is done within a call.
pub type WithinCall<F> = TaskLocalFuture<CallContext, WithContext<F>>;

impl CallContext {
    /// One that begins, in the trace that it continues or in one of its own.
    pub(super) fn begin(
        leaving: Option<&Arc<CallSpans>>,
        work: Work,
        inbound: Option<Inbound>,
        asked: impl FnOnce() -> Asked,
    ) -> Self {
        let began = Instant::now();
        let continued = match &inbound {
            Some(Inbound::Continued(caller)) => Some(caller),
            Some(Inbound::Linked(_)) | None => None,
        };
        let ids = RandomIdGenerator::default();
        let trace_id = continued.map_or_else(|| ids.new_trace_id(), SpanContext::trace_id);
        let Some(leaving) = leaving else {
            return Self(Arc::new(Call {
                trace_id,
                began,
                work,
                span: None,
                parent: SpanContexts::new(),
            }));
        };
        let state = continued.map(|caller| caller.trace_state().clone());
        let context = SpanContext::new(
            trace_id,
            ids.new_span_id(),
            // Which traces leave is decided when a call has ended.
            TraceFlags::SAMPLED,
            false,
            state.unwrap_or_default(),
        );
        Self(Arc::new(Call {
            trace_id,
            began,
            parent: SpanContexts::new().with_remote_span_context(context.clone()),
            span: Some(CallSpan::begin(leaving, context, inbound, asked())),
            work,
        }))
    }

    /// What `read` takes of the call that the task is answering; none outside a call.
    pub fn current<T>(read: impl FnOnce(&Self) -> T) -> Option<T> {
        CALL.try_with(read).ok()
    }

    /// Whether the task is answering a call.
    #[must_use]
    pub fn is_current() -> bool {
        Self::current(|_| ()).is_some()
    }

    /// What another task is to do, as a part of the call that this one is answering, if it is.
    pub fn carry<F: Future>(work: F) -> impl Future<Output = F::Output> {
        let call = Self::current(Self::clone);
        async move {
            match call {
                Some(call) => call.scope(work).await,
                None => work.await,
            }
        }
    }

    /// `work` as a part of the call.
    pub fn scope<F: Future>(self, work: F) -> WithinCall<F> {
        let parent = self.0.parent.clone();
        CALL.scope(self, work.with_context(parent))
    }

    /// Does `work`, now, as a part of the call.
    pub fn sync_scope<T>(&self, work: impl FnOnce() -> T) -> T {
        let _attached = self.0.parent.clone().attach();
        CALL.sync_scope(self.clone(), work)
    }

    /// The W3C trace id: that of the trace that the call continues, or a new one.
    #[must_use]
    pub fn trace_id(&self) -> TraceId {
        self.0.trace_id
    }

    /// When it came in.
    pub(super) fn began(&self) -> Instant {
        self.0.began
    }

    /// The call's own span; none where no spans leave.
    pub(super) fn span(&self) -> Option<&CallSpan> {
        self.0.span.as_ref()
    }

    /// The ids of the call's own span; none where no spans leave.
    #[must_use]
    pub fn span_context(&self) -> Option<&SpanContext> {
        self.span().map(|span| &span.context)
    }

    /// A span has begun below the call's own, if that is of this trace: what is below is held until
    /// the call has ended.
    pub(super) fn hold(&self, trace: TraceId) {
        if let Some(span) = self.span().filter(|_| self.0.trace_id == trace) {
            span.hold();
        }
    }

    /// What is done.
    pub(super) fn work(&self) -> &Work {
        &self.0.work
    }

    /// The method; none for one that is not served.
    pub(super) fn served(&self) -> Option<&Arc<MethodPolicy>> {
        match &self.0.work {
            Work::Call(method) => method.as_ref(),
            Work::Job(_) => None,
        }
    }

    /// The method as `package.Service/Method`, or `_OTHER` for one that is not served, so that
    /// nothing a stranger writes becomes a name.
    #[must_use]
    pub fn method(&self) -> &str {
        self.served().map_or(names::OTHER, |method| method.method())
    }

    /// Whether the method streams in either direction.
    #[must_use]
    pub fn is_streaming(&self) -> bool {
        self.served().is_some_and(|method| method.is_streaming())
    }

    /// Says on the call's span how it was answered and, if it was refused, for what reason. A call
    /// that failed leaves, whatever is sampled.
    pub fn answered(&self, code: Code, reason: Option<&str>) {
        self.record(|found| found.answered(code, reason));
    }

    /// Says something on the call's span. `write` does not log: what is logged is said on it too.
    pub(super) fn record(&self, write: impl FnOnce(&mut Found)) {
        if let Some(span) = self.span() {
            write(&mut span.found());
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        // Most do not: to move them would cost more than to look.
        if let Some(span) = self.span.take_if(CallSpan::leaves) {
            span.leave(self.work.clone(), self.began);
        }
    }
}

/// That a request came as another protocol than the gRPC that it has become. In its extensions.
#[derive(Clone, Debug, Default)]
pub struct OtherFace {
    /// The template of the path that a REST request was for.
    pub http_route: Option<Arc<str>>,
}

/// Gives each call its [`CallContext`] and its span.
#[derive(Clone, Debug)]
pub struct TraceContextLayer {
    served: ServedPolicies,
    trust_inbound: TrustInbound,
    leaving: Option<Arc<CallSpans>>,
}

impl TraceContextLayer {
    /// `served` says which paths are methods; `trust_inbound`, whose traces are continued.
    #[must_use]
    pub fn new(served: ServedPolicies, trust_inbound: TrustInbound) -> Self {
        Self {
            served,
            trust_inbound,
            leaving: None,
        }
    }

    /// The same, with calls' spans left to `spans`, if there is anybody to leave them to: those of
    /// calls that come in at `address`, with users named by `users`.
    #[must_use]
    pub fn leaving_to(
        self,
        spans: Spans,
        users: Arc<UserIdentity>,
        address: Option<SocketAddr>,
    ) -> Self {
        let listening = address.map(|address| Listening {
            address: address.ip().to_string().into(),
            port: address.port(),
        });
        let leaving = CallSpans::leaving_to(spans, users, listening);
        Self { leaving, ..self }
    }

    fn call<B>(&self, request: &Request<B>, inbound: Option<Inbound>) -> CallContext {
        let method = self.served.method(request.uri()).cloned();
        let is_served = method.is_some();
        let leaving = self.leaving.as_ref();
        CallContext::begin(leaving, Work::Call(method), inbound, || {
            asked(request, is_served)
        })
    }
}

fn asked<B>(request: &Request<B>, is_served: bool) -> Asked {
    let original = (!is_served).then(|| {
        let path = request.uri().path();
        let asked: String = path.chars().skip(1).take(PATH_CHARACTERS).collect();
        asked.escape_default().to_string()
    });
    let face = request.extensions().get::<OtherFace>();
    let peer = request.extensions().get::<PeerAddress>();
    Asked {
        original,
        http_route: face.and_then(|face| face.http_route.clone()),
        peer: peer.map(|peer| peer.0.ip()),
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
    type Future = WithinCall<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let is_grpc = request.extensions().get::<OtherFace>().is_none()
            && Protocol::of(request.headers()) == Protocol::Grpc;
        let trust = self.layer.trust_inbound;
        let inbound = trust.inbound(request.headers_mut(), is_grpc);
        let call = self.layer.call(&request, inbound);
        request.extensions_mut().insert(call.clone());
        // What the layers below decide at once belongs to the call too.
        let answer = call.sync_scope(|| self.inner.call(request));
        call.scope(answer)
    }
}
