//! Lets no call reach its handler before its decision is on the audit file.
//!
//! Below the decision, which it enters; above everything that does something for the caller. What
//! it guarantees: if a handler ran, an entry that allowed it is on the file. "On the file" is what
//! the kernel has taken: a process that is killed leaves it, a machine that loses power may not.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use auth_interceptor::Caller;
use http::{Request, Response};
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};

use super::{Audit, is_entered};
use crate::refusal::Refusal;

/// Puts [`AuditGate`] in front of a service.
#[derive(Clone, Debug)]
pub struct AuditGateLayer(Arc<Audit>);

impl AuditGateLayer {
    /// A gate, where the trail is required; none where calls go on without it.
    #[must_use]
    pub fn new(audit: &Arc<Audit>) -> Option<Self> {
        audit.trail().is_required().then(|| Self(Arc::clone(audit)))
    }
}

impl<S> Layer<S> for AuditGateLayer {
    type Service = AuditGate<S>;

    fn layer(&self, inner: S) -> AuditGate<S> {
        AuditGate {
            inner,
            audit: Arc::clone(&self.0),
        }
    }
}

/// See [`AuditGateLayer`].
#[derive(Clone, Debug)]
pub struct AuditGate<S> {
    inner: S,
    audit: Arc<Audit>,
}

impl<S, B> Service<Request<B>> for AuditGate<S>
where
    S: Service<Request<B>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The ready service is the one to call; a clone of it has not been polled ready.
        let clone = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, clone);
        let caller = request.extensions().get::<Caller>();
        let decided = caller.map(|caller| caller.admission().decided());
        let entry = decided
            .filter(is_entered)
            .map(|decided| self.audit.decision(&decided));
        let Some(entry) = entry else {
            return Box::pin(ready.call(request));
        };
        let trail = self.audit.trail().clone();
        Box::pin(async move {
            if trail.keep(entry).await {
                return ready.call(request).await;
            }
            Ok(Status::from(Refusal::audit_unavailable()).into_http())
        })
    }
}
