//! How long calls take: the layer around all that answers them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Request, Response, StatusCode};
use http_body::{Body as HttpBody, Frame, SizeHint};
use opentelemetry::trace::TraceId;
use pin_project_lite::pin_project;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Layer, Service};

use super::{Metrics, Shed};
use crate::telemetry::instruments::labels::ServedMethod;
use crate::telemetry::trace_context::CallContext;
use crate::transport::watches::TurnedAway;

/// Puts [`Measure`] around a service.
#[derive(Clone)]
pub struct MeasureLayer(Arc<Metrics>);

impl MeasureLayer {
    /// It must stand below the layer that gives calls their [`CallContext`], which says what is
    /// called, and above all that refuses.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self(metrics)
    }
}

impl<S> Layer<S> for MeasureLayer {
    type Service = Measure<S>;

    fn layer(&self, inner: S) -> Measure<S> {
        Measure {
            inner,
            metrics: Arc::clone(&self.0),
        }
    }
}

/// Measures each call once, from its headers to its status: one whose caller goes away before is
/// CANCELLED. What is answered without a status was no call.
#[derive(Clone)]
pub struct Measure<S> {
    inner: S,
    metrics: Arc<Metrics>,
}

impl<S, B> Service<Request<B>> for Measure<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = MeasuredAnswer<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let call = request.extensions().get::<CallContext>();
        let trace_id = call.map(CallContext::trace_id);
        let method = call.and_then(CallContext::served);
        let is_streaming = method.is_some_and(|method| method.is_streaming());
        let under_way = UnderWay {
            metrics: Arc::clone(&self.metrics),
            method: Some(ServedMethod::from(method)),
            is_streaming,
            trace_id,
            began: call.map_or_else(Instant::now, CallContext::began),
        };
        under_way.metrics.active(is_streaming).up();
        MeasuredAnswer {
            inner: self.inner.call(request),
            under_way: Some(under_way),
        }
    }
}

pin_project! {
    /// Measures a call when it is answered; a stream's answer only begins it.
    pub struct MeasuredAnswer<F> {
        #[pin]
        inner: F,
        // None once it is answered.
        under_way: Option<UnderWay>,
    }
}

impl<F, E> Future for MeasuredAnswer<F>
where
    F: Future<Output = Result<Response<Body>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let answer = std::task::ready!(this.inner.poll(context));
        Poll::Ready(match (answer, this.under_way.take()) {
            (Ok(response), Some(under_way)) => Ok(under_way.answered(response)),
            (answer, _) => answer,
        })
    }
}

static GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

fn code_in(headers: &HeaderMap) -> Option<Code> {
    let code = headers.get(&GRPC_STATUS)?;
    Some(Code::from_bytes(code.as_bytes()))
}

/// A call that has no status yet.
struct UnderWay {
    metrics: Arc<Metrics>,
    /// None once it is measured.
    method: Option<ServedMethod>,
    is_streaming: bool,
    trace_id: Option<TraceId>,
    began: Instant,
}

impl UnderWay {
    fn answered(mut self, response: Response<Body>) -> Response<Body> {
        if response.extensions().get::<TurnedAway>().is_some() {
            self.metrics.shed(Shed::Watches);
        }
        // Before a body, there is no status to look for.
        let is_whole = response.body().is_end_stream();
        if let Some(code) = is_whole.then(|| code_in(response.headers())).flatten() {
            self.ended(code);
        } else if response.status() != StatusCode::OK {
            self.dismiss();
        } else if self.is_streaming {
            let under_way = self;
            return response.map(|inner| Body::new(MeasuredBody { inner, under_way }));
        } else {
            // A message is ready: its status follows at once, in the trailers.
            self.ended(Code::Ok);
        }
        response
    }

    /// It was no call.
    fn dismiss(&mut self) {
        if self.method.take().is_some() {
            self.metrics.active(self.is_streaming).down();
        }
    }

    fn ended(&mut self, code: Code) {
        if let Some(method) = self.method.take() {
            let duration = self.began.elapsed();
            self.metrics.active(self.is_streaming).down();
            self.metrics.called(method, code, duration, self.trace_id);
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.ended(Code::Cancelled);
    }
}

pin_project! {
    /// Measures a stream when its trailers come.
    struct MeasuredBody {
        #[pin]
        inner: Body,
        under_way: UnderWay,
    }
}

impl HttpBody for MeasuredBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.project();
        let frame = std::task::ready!(this.inner.poll_frame(context));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(code) = frame.trailers_ref().and_then(code_in) {
                    this.under_way.ended(code);
                }
            }
            Some(Err(status)) => this.under_way.ended(status.code()),
            None => {}
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
