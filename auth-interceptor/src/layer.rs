//! The tower layer that decides every call before its body is read.
//!
//! It must stand in front of a router: the policy is found by the very path that the router
//! matches, and what is not found there is refused before any credential is looked at.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderMap, HeaderName, Request, Response, header};
use pin_project_lite::pin_project;
use tokio::time::Sleep;
use tonic::body::Body;
use tower::{Layer, Service};

use crate::authenticator::{Authenticator, Decision};
use crate::caller::Caller;
use crate::claims::CLOCK_SKEW_SECONDS;
use crate::error::{AuthError, TokenRole};
use crate::expiry::ExpiringBody;
use crate::observer::{DecidedCall, Verdict};
use crate::policy::{MethodPolicy, ServedPolicies};
use crate::refusal::{Denial, Refuse};
use crate::tenant_header;

/// Metadata that a handler must never see: the credentials, and what intermediaries use to assert
/// an identity. None of it is believed; what Fabric says of the tenant, once it has proved itself, a
/// handler learns from [`Caller::tenant`].
static STRIPPED: [HeaderName; 9] = [
    header::AUTHORIZATION,
    header::COOKIE,
    HeaderName::from_static("authorization-bin"),
    HeaderName::from_static("x-authorization"),
    HeaderName::from_static("x-ms-client-principal"),
    HeaderName::from_static("x-ms-client-principal-id"),
    HeaderName::from_static("x-tenant-id"),
    tenant_header::NAME,
    HeaderName::from_static("x-user-oid"),
];

/// That the decision has refused a call, and has told the log why. In the extensions of its response,
/// so that whoever logs what else is refused does not log it again.
#[derive(Clone, Copy, Debug)]
pub struct Denied;

/// Puts [`Auth`] in front of a service.
#[derive(Clone)]
pub struct AuthLayer {
    shared: Arc<Shared>,
}

struct Shared {
    authenticator: Arc<Authenticator>,
    policies: ServedPolicies,
    refuse: Arc<dyn Refuse>,
}

impl AuthLayer {
    /// Enforces `policies`, the very ones of the routes behind it (see
    /// [`GuardedServices::into_parts`](crate::GuardedServices::into_parts)).
    #[must_use]
    pub fn new(
        authenticator: Arc<Authenticator>,
        policies: ServedPolicies,
        refuse: Arc<dyn Refuse>,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                authenticator,
                policies,
                refuse,
            }),
        }
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = Auth<S>;

    fn layer(&self, inner: S) -> Auth<S> {
        Auth {
            inner,
            shared: Arc::clone(&self.shared),
        }
    }
}

/// Lets a call through to `S` only as the method's policy demands, with a verified [`Caller`] in
/// its extensions.
#[derive(Clone)]
pub struct Auth<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S, B> Service<Request<B>> for Auth<S>
where
    S: Service<Request<B>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = ResponseFuture<S, B>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let shared = &self.shared;
        let Some(method) = shared.policies.method(request.uri()) else {
            return ResponseFuture::refused(
                shared.answer(None, &Denial::new(AuthError::MethodNotFound)),
            );
        };
        // The ready service is the one to call; a clone of it has not been polled ready.
        let clone = self.inner.clone();
        let ready = std::mem::replace(&mut self.inner, clone);
        match shared.authenticator.decide(method, request.headers()) {
            Decision::Allow(caller) => shared.forward(caller, ready, request),
            Decision::Refuse(denial) => {
                ResponseFuture::refused(shared.answer(Some(method), &denial))
            }
            Decision::NeedsKey(wanted, _) => {
                let shared = Arc::clone(shared);
                let method = Arc::clone(method);
                let headers = std::mem::take(request.headers_mut());
                let decide = Box::pin(async move {
                    let decided = shared
                        .authenticator
                        .decide_after_learning(&wanted, &method, &headers)
                        .await
                        .map_err(|denial| shared.answer(Some(&method), &denial));
                    (headers, decided)
                });
                ResponseFuture {
                    state: State::Deciding {
                        decide,
                        call: Some((ready, request, Arc::clone(&self.shared))),
                    },
                }
            }
        }
    }
}

impl Shared {
    /// Hands the request to the service, with the caller in it and the credentials out of it.
    fn forward<S, B>(
        &self,
        caller: Caller,
        mut inner: S,
        mut request: Request<B>,
    ) -> ResponseFuture<S, B>
    where
        S: Service<Request<B>, Response = Response<Body>>,
    {
        self.tell(&caller.admission.decided());
        for name in &STRIPPED {
            request.headers_mut().remove(name);
        }
        let lifetime = self.lifetime(&caller);
        request.extensions_mut().insert(caller);
        ResponseFuture {
            state: State::Calling {
                call: inner.call(request),
                expiry: lifetime.map(|lifetime| {
                    let refuse = Arc::clone(&self.refuse);
                    Expiry {
                        sleep: Box::pin(tokio::time::sleep(lifetime.left)),
                        lifetime,
                        refuse,
                    }
                }),
            },
        }
    }

    /// How long a stream may last: until the first `exp` of its tokens, plus the skew.
    fn lifetime(&self, caller: &Caller) -> Option<Lifetime> {
        let expires_at = caller
            .expires_at()
            .filter(|_| caller.admission.method.streaming)?;
        let now = self.authenticator.clock().now();
        let left = Duration::from_secs(
            expires_at
                .saturating_add(CLOCK_SKEW_SECONDS)
                .saturating_sub(now),
        );
        Some(Lifetime { expires_at, left })
    }

    /// Says what was decided to who watches, and to the log: a call that is let through and one that
    /// is not have the same fields.
    fn tell(&self, decided: &DecidedCall<'_>) {
        self.authenticator.observer().decided(decided);
        let method = decided.method().map_or("_OTHER", |method| method.method());
        if decided.error().is_none() {
            tracing::debug!(
                selvedge.auth.outcome = decided.outcome().as_str(),
                rpc.method = method,
                selvedge.scope.required = decided.required(),
                selvedge.token.kind = decided.token_kind(),
                selvedge.token.version = decided.token_version(),
                selvedge.token.uti = decided.token_id().map(display),
                selvedge.tenant.id = decided.tenant().map(display),
                selvedge.client_app.id = decided.client(),
                "selvedge.auth.allowed"
            );
        } else {
            tracing::info!(
                selvedge.auth.outcome = decided.outcome().as_str(),
                selvedge.auth.reason = decided.error().map(AuthError::reason),
                rpc.method = method,
                selvedge.scope.required = decided.required(),
                selvedge.token.kind = decided.token_kind(),
                selvedge.token.version = decided.token_version(),
                selvedge.token.role = decided.token_role().map(TokenRole::as_str),
                selvedge.token.uti = decided.token_id().map(display),
                selvedge.tenant.id = decided.tenant().map(display),
                selvedge.client_app.id = decided.client(),
                selvedge.jwks.age_s = decided.keys_age().map(|age| age.as_secs()),
                "selvedge.auth.denied"
            );
        }
    }

    fn answer(&self, method: Option<&Arc<MethodPolicy>>, denial: &Denial) -> Response<Body> {
        let known = denial.known.keys_age;
        self.tell(&DecidedCall {
            method,
            verdict: Verdict::Denied(denial),
            keys_age: known.or_else(|| self.authenticator.oldest_keys_age()),
        });
        let mut response = self.refuse.refuse(denial).into_http();
        response.extensions_mut().insert(Denied);
        response
    }
}

/// When a stream's token stops counting.
#[derive(Clone, Copy)]
struct Lifetime {
    expires_at: u64,
    left: Duration,
}

/// The end of a stream, waited for beside the stream.
pub(crate) struct Expiry {
    sleep: Pin<Box<Sleep>>,
    lifetime: Lifetime,
    refuse: Arc<dyn Refuse>,
}

impl Expiry {
    /// Ready with the refusal once the token has expired.
    pub(crate) fn poll_expired(&mut self, context: &mut Context<'_>) -> Poll<tonic::Status> {
        std::task::ready!(self.sleep.as_mut().poll(context));
        let Lifetime { expires_at, .. } = self.lifetime;
        let now = expires_at.saturating_add(CLOCK_SKEW_SECONDS);
        let denial = Denial::new(AuthError::TokenExpired {
            expired_at: expires_at,
            now,
        });
        Poll::Ready(self.refuse.refuse(&denial))
    }
}

type Decided = (HeaderMap, Result<Caller, Response<Body>>);

pin_project! {
    /// The response of the service, or a refusal.
    pub struct ResponseFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S, B, S::Future>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, B, F> {
        Refused {
            response: Option<Response<Body>>,
        },
        Deciding {
            decide: Pin<Box<dyn Future<Output = Decided> + Send>>,
            call: Option<(S, Request<B>, Arc<Shared>)>,
        },
        Calling {
            #[pin]
            call: F,
            expiry: Option<Expiry>,
        },
    }
}

impl<S, B> ResponseFuture<S, B>
where
    S: Service<Request<B>>,
{
    fn refused(response: Response<Body>) -> Self {
        Self {
            state: State::Refused {
                response: Some(response),
            },
        }
    }
}

impl<S, B> Future for ResponseFuture<S, B>
where
    S: Service<Request<B>, Response = Response<Body>>,
{
    type Output = Result<Response<Body>, S::Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let mut this = self.as_mut().project();
            let next = match this.state.as_mut().project() {
                StateProjection::Refused { response } => {
                    // Polled again after it was ready, which no caller may do: nothing to give.
                    return response
                        .take()
                        .map_or(Poll::Pending, |response| Poll::Ready(Ok(response)));
                }
                StateProjection::Calling { call, expiry } => {
                    if let Poll::Ready(answer) = call.poll(context) {
                        let expiry = expiry.take();
                        return Poll::Ready(answer.map(|response| match expiry {
                            None => response,
                            Some(expiry) => {
                                response.map(|body| Body::new(ExpiringBody::new(body, expiry)))
                            }
                        }));
                    }
                    return match expiry.as_mut().map(|expiry| expiry.poll_expired(context)) {
                        Some(Poll::Ready(status)) => Poll::Ready(Ok(status.into_http())),
                        Some(Poll::Pending) | None => Poll::Pending,
                    };
                }
                StateProjection::Deciding { decide, call } => {
                    let (headers, decided) = std::task::ready!(decide.as_mut().poll(context));
                    match (decided, call.take()) {
                        (Ok(caller), Some((inner, mut request, shared))) => {
                            *request.headers_mut() = headers;
                            shared.forward(caller, inner, request).state
                        }
                        (Err(response), _) => State::Refused {
                            response: Some(response),
                        },
                        (Ok(_), None) => State::Refused { response: None },
                    }
                }
            };
            this.state.set(next);
        }
    }
}
