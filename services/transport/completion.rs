//! Completes every refusal on its way out: whoever made it, the caller learns the method, the trace
//! id and a reason, and the log has one event of it.
//!
//! Handlers and layers below return a status with the details they know. tonic itself returns bare
//! ones, for messages that are too large or cannot be read; they become refusals here.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use auth_interceptor::Denied;
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;
use prost::Message as _;
use tonic::body::Body;
use tonic::{Code, Status};
use tonic_types::{ErrorInfo, StatusExt as _, pb};
use tower::{Layer, Service};

use crate::refusal::{self, Details, Refusal, Runbooks};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::trace_context::CallContext;

/// What every refusal says of its call, by these keys of its metadata.
const METHOD: &str = "method";
const TRACE_ID: &str = "traceId";

/// Puts [`Completion`] around a service.
#[derive(Clone, Debug)]
pub struct CompletionLayer {
    message_bytes: usize,
    runbooks: Option<Runbooks>,
    metrics: Option<Arc<Metrics>>,
}

impl CompletionLayer {
    /// `message_bytes` is the limit that the services below enforce on messages; `runbooks`, what
    /// refusals link to.
    #[must_use]
    pub fn new(message_bytes: usize, runbooks: Option<Runbooks>) -> Self {
        Self {
            message_bytes,
            runbooks,
            metrics: None,
        }
    }

    /// Counts what is refused.
    #[must_use]
    pub fn counting(mut self, metrics: Arc<Metrics>) -> Self {
        self.metrics = Some(metrics);
        self
    }
}

impl<S> Layer<S> for CompletionLayer {
    type Service = Completion<S>;

    fn layer(&self, inner: S) -> Completion<S> {
        Completion {
            inner,
            layer: self.clone(),
        }
    }
}

/// See [`CompletionLayer`].
#[derive(Clone, Debug)]
pub struct Completion<S> {
    inner: S,
    layer: CompletionLayer,
}

impl<S, B> Service<Request<B>> for Completion<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let call = request.extensions().get::<CallContext>().cloned();
        let layer = self.layer.clone();
        let future = AssertUnwindSafe(self.inner.call(request)).catch_unwind();
        Box::pin(async move {
            let mut response = match future.await {
                Ok(answer) => answer?,
                Err(panic) => {
                    report_panic(panic.as_ref());
                    Status::from(Refusal::internal_fault()).into_http()
                }
            };
            let Some(call) = call else {
                return Ok(response);
            };
            let is_denied = response.extensions_mut().remove::<Denied>().is_some();
            let completion = Complete {
                call,
                layer,
                is_denied,
            };
            if let Some(status) = response.extensions_mut().remove::<Status>() {
                completion.apply(&status, response.headers_mut());
            } else if response.status() == StatusCode::OK {
                // A status that follows a body is in its trailers; only streams fail there.
                completion.call.answered(Code::Ok, None);
                if completion.call.is_streaming() {
                    return Ok(
                        response.map(|inner| Body::new(CompletingBody { inner, completion }))
                    );
                }
            }
            Ok(response)
        })
    }
}

/// A panic's place is in the log by the panic hook; what it says may quote anything, so no more.
fn report_panic(panic: &(dyn Any + Send)) {
    let kind = if panic.is::<String>() || panic.is::<&str>() {
        "message"
    } else {
        "value"
    };
    tracing::error!(
        name: "rpc.server.call.exception",
        {
            exception.r#type = "panic",
            selvedge.panic.payload = kind
        },
        "a handler panicked",
    );
}

struct Complete {
    call: CallContext,
    layer: CompletionLayer,
    /// The decision has refused the call, and told the log why.
    is_denied: bool,
}

impl Complete {
    /// Rewrites `headers`, which carry `status`, as the complete refusal.
    fn apply(&self, status: &Status, headers: &mut HeaderMap) {
        let Some(complete) = self.complete(status) else {
            return;
        };
        let info = complete.get_details_error_info();
        let reason = info.as_ref().map(|info| &*info.reason);
        self.call.answered(complete.code(), reason);
        if !self.is_denied {
            report(complete.code(), info.as_ref());
        }
        let reason = Details::of(&complete).reason;
        if let (Some(metrics), Some(reason)) = (&self.layer.metrics, reason) {
            metrics.refused(reason);
        }
        // Every part is text that this process wrote; base64 and percent-encoding make it ASCII.
        if complete.add_header(headers).is_err() {
            tracing::error!("a refusal could not be written");
        }
    }

    fn complete(&self, status: &Status) -> Option<Status> {
        if status.code() == Code::Ok {
            return None;
        }
        let replaced;
        let status = if status.details().is_empty() {
            replaced = self.reasoned(status);
            &replaced
        } else {
            status
        };
        let mut details = pb::Status::decode(status.details()).ok()?;
        let mut page = None;
        for detail in &mut details.details {
            if detail.type_url.ends_with("/google.rpc.ErrorInfo")
                && let Ok(mut info) = pb::ErrorInfo::decode(detail.value.as_slice())
            {
                info.metadata
                    .insert(METHOD.to_owned(), self.call.method().to_owned());
                let trace_id = self.call.trace_id().to_string();
                info.metadata.insert(TRACE_ID.to_owned(), trace_id);
                page = self
                    .layer
                    .runbooks
                    .as_ref()
                    .and_then(|books| books.page(&info.reason));
                detail.value = info.encode_to_vec();
            }
        }
        if let Some(page) = page {
            add_link(&mut details.details, page);
        }
        details
            .details
            .push(refusal::request_info(self.call.trace_id()));
        Some(Status::with_details_and_metadata(
            status.code(),
            status.message(),
            details.encode_to_vec().into(),
            status.metadata().clone(),
        ))
    }

    /// What a bare status of tonic, or of a service that is not ours, stands for.
    fn reasoned(&self, status: &Status) -> Status {
        let refusal = match status.code() {
            Code::OutOfRange | Code::ResourceExhausted => {
                Refusal::payload_too_large(self.layer.message_bytes)
            }
            Code::Unimplemented => Refusal::payload_encoding_unsupported(),
            Code::Internal if status.message().contains("compressed-flag") => {
                Refusal::payload_frame_invalid()
            }
            Code::Internal | Code::InvalidArgument | Code::Unknown | Code::DataLoss => {
                Refusal::payload_malformed()
            }
            Code::NotFound => Refusal::resource_not_found(),
            Code::DeadlineExceeded => Refusal::deadline_exceeded(),
            Code::Unavailable => Refusal::shutting_down(),
            Code::Ok
            | Code::Cancelled
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::FailedPrecondition
            | Code::Aborted
            | Code::Unauthenticated => Refusal::internal_fault(),
        };
        refusal.into()
    }
}

/// Adds the link to a runbook's page, behind one that whoever is refused can follow.
fn add_link(details: &mut Vec<prost_types::Any>, page: String) {
    const HELP: &str = "google.rpc.Help";
    let at = details
        .iter()
        .position(|detail| detail.type_url.ends_with("/google.rpc.Help"));
    let mut help = at
        .map(|at| details.remove(at))
        .and_then(|help| pb::Help::decode(help.value.as_slice()).ok())
        .unwrap_or_default();
    help.links.push(pb::help::Link {
        description: Runbooks::DESCRIPTION.to_owned(),
        url: page,
    });
    details.push(refusal::any(HELP, &help));
}

/// Leaves the one event of a refusal in the log, under the call's trace. Nothing in it is more than
/// the caller learns, and a claims challenge, which is a detail of its own, is not in it.
fn report(code: Code, info: Option<&ErrorInfo>) {
    let reason = info.map(|info| &*info.reason);
    // The line says of what call it is.
    let metadata: BTreeMap<&str, &str> = info
        .into_iter()
        .flat_map(|info| &info.metadata)
        .map(|(key, value)| (&**key, &**value))
        .filter(|(key, _)| ![METHOD, TRACE_ID].contains(key))
        .collect();
    if code == Code::Internal {
        tracing::error!(
            selvedge.refusal.reason = reason,
            selvedge.refusal.metadata = ?metadata,
            "selvedge.call.refused"
        );
    } else {
        tracing::info!(
            selvedge.refusal.reason = reason,
            selvedge.refusal.metadata = ?metadata,
            "selvedge.call.refused"
        );
    }
}

pin_project! {
    /// Completes the refusal in a stream's trailers. The call lasts as long as its stream.
    struct CompletingBody {
        #[pin]
        inner: Body,
        completion: Complete,
    }
}

impl HttpBody for CompletingBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.project();
        let (inner, completion) = (this.inner, this.completion);
        completion.call.sync_scope(|| {
            let mut frame = std::task::ready!(inner.poll_frame(context));
            if let Some(Ok(frame)) = &mut frame
                && let Some(trailers) = frame.trailers_mut()
                && let Some(status) = Status::from_header_map(trailers)
            {
                completion.apply(&status, trailers);
            }
            Poll::Ready(frame)
        })
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
