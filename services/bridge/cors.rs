//! Which web pages may call, and what they may send and read (Fetch Standard, section 3.2).
//!
//! A page of an origin that is not listed is told nothing, in no header. Its calls are not refused
//! for that: a page cannot send `authorization` to an origin that does not allow it to, nor a
//! gRPC-web content type, so all it reaches is what anybody may call, and the browser keeps the answer
//! from it. No cookie is ever a credential here, so pages are not allowed to send any.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::TryFutureExt as _;
use futures_util::future::{Either, MapOk};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use tonic::body::Body;
use tower::{Layer, Service};
use tower_http::cors;

use super::refusal::{REASON, TRACE_ID};

/// The verbs of the REST routes; gRPC-web has POST alone.
static METHODS: [Method; 6] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
];

/// What a page may send, besides what the Fetch Standard lets every page send.
static SENT: [HeaderName; 9] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    // gRPC-web clients: what they are, and how long they wait (PROTOCOL-WEB, gRPC over HTTP/2).
    HeaderName::from_static("x-grpc-web"),
    HeaderName::from_static("x-user-agent"),
    HeaderName::from_static("grpc-timeout"),
    // The page's trace (W3C Trace Context).
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
    // The user has acted since a refusal: our own.
    HeaderName::from_static("selvedge-retry"),
    // Fabric's front ends name their requests.
    HeaderName::from_static("x-ms-client-request-id"),
];

/// What a page may read, besides what the Fetch Standard lets every page read.
static READ: [HeaderName; 8] = [
    // A refusal over gRPC-web is headers and nothing else (gRPC over HTTP/2, "Trailers-Only").
    HeaderName::from_static("grpc-status"),
    HeaderName::from_static("grpc-message"),
    HeaderName::from_static("grpc-status-details-bin"),
    header::WWW_AUTHENTICATE,
    header::RETRY_AFTER,
    REASON,
    TRACE_ID,
    // What a proxy before us calls the request.
    HeaderName::from_static("x-request-id"),
];

/// How long a browser need not ask again: the most that Chromium believes.
const MAX_AGE: Duration = Duration::from_secs(2 * 60 * 60);

/// Puts [`Cors`] in front of everything else.
#[derive(Clone, Debug)]
pub struct CorsLayer {
    origins: Arc<[HeaderValue]>,
    headers: cors::CorsLayer,
}

impl CorsLayer {
    /// For pages of these origins, each as browsers write it; none where there are none.
    #[must_use]
    pub fn new(origins: &[String]) -> Option<Self> {
        let values = origins.iter().map(|origin| HeaderValue::from_str(origin));
        // An asterisk is no origin: each has to be named.
        let origins: Vec<HeaderValue> = values.flatten().filter(|origin| origin != "*").collect();
        let headers = cors::CorsLayer::new()
            .allow_origin(origins.clone())
            .allow_methods(METHODS.clone())
            .allow_headers(SENT.clone())
            .expose_headers(READ.clone())
            .max_age(MAX_AGE)
            .vary([header::ORIGIN]);
        (!origins.is_empty()).then(|| Self {
            origins: origins.into(),
            headers,
        })
    }
}

impl<S> Layer<S> for CorsLayer {
    type Service = Cors<S>;

    fn layer(&self, inner: S) -> Cors<S> {
        Cors {
            origins: Arc::clone(&self.origins),
            inner: self.headers.layer(inner),
        }
    }
}

/// Answers preflights of listed origins itself, and tells pages of those origins, and no others, that
/// they may read an answer. tower-http's layer alone would answer every OPTIONS, and tell everybody
/// what a listed origin may do.
#[derive(Clone, Debug)]
pub struct Cors<S> {
    origins: Arc<[HeaderValue]>,
    inner: cors::Cors<S>,
}

type Finish = fn(Response<Body>) -> Response<Body>;

impl<S> Service<Request<Body>> for Cors<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<MapOk<cors::ResponseFuture<S::Future>, Finish>, MapOk<S::Future, Finish>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let is_options = request.method() == Method::OPTIONS;
        // OPTIONS for its own sake is no preflight, though tower-http takes it for one.
        if !is_listed(&self.origins, &request) || (is_options && !is_preflight(&request)) {
            let answer = self.inner.get_mut().call(request);
            return Either::Right(answer.map_ok(varying));
        }
        let finish: Finish = if is_options {
            no_content
        } else {
            std::convert::identity
        };
        Either::Left(self.inner.call(request).map_ok(finish))
    }
}

fn is_preflight(request: &Request<Body>) -> bool {
    let headers = request.headers();
    headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// Whether the request names one origin, and that one is listed, byte for byte.
fn is_listed(origins: &[HeaderValue], request: &Request<Body>) -> bool {
    let mut named = request.headers().get_all(header::ORIGIN).iter();
    match (named.next(), named.next()) {
        (Some(origin), None) => origins.contains(origin),
        _ => false,
    }
}

fn no_content(mut response: Response<Body>) -> Response<Body> {
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// No cache may give this answer to a page of another origin.
fn varying(mut response: Response<Body>) -> Response<Body> {
    let origin = HeaderValue::from_static("origin");
    response.headers_mut().append(header::VARY, origin);
    response
}
