//! The outermost layer: what is a REST request goes inward as a gRPC request, and everything else as
//! it came.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::Either;
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use http_body::Body as _;
use http_body_util::Full;
use tonic::body::Body;
use tower::{Layer, Service};

use super::forward::grpc;
use super::matching::{Found, segments};
use super::refusal::Form;
use super::request::Call;
use super::response::{Answer, refused};
use super::routes::Route;
use super::{Bridge, DOCUMENT_PATH, PREFIX};

/// A method that no contract has and no service serves: what is refused as this one is refused as
/// every unknown method is.
static UNKNOWN_METHOD: &str = "/selvedge.rest.v1.Unknown/Unknown";

/// Puts [`Rest`] in front of the layer chain.
#[derive(Clone)]
pub struct RestLayer(Arc<Bridge>);

impl RestLayer {
    /// The REST face that `bridge` makes.
    #[must_use]
    pub fn new(bridge: Arc<Bridge>) -> Self {
        Self(bridge)
    }
}

impl<S> Layer<S> for RestLayer {
    type Service = Rest<S>;

    fn layer(&self, inner: S) -> Rest<S> {
        Rest {
            inner,
            bridge: Arc::clone(&self.0),
        }
    }
}

/// Answers requests below `/workload` by calls to `S`, which decides about them as about any other.
#[derive(Clone)]
pub struct Rest<S> {
    inner: S,
    bridge: Arc<Bridge>,
}

impl<S> Service<Request<Body>> for Rest<S>
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future =
        Either<S::Future, Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if !is_rest(request.uri()) {
            return Either::Left(self.inner.call(request));
        }
        let bridge = Arc::clone(&self.bridge);
        // The ready service is the one to call; a clone of it has not been polled ready.
        let clone = self.inner.clone();
        let ready = std::mem::replace(&mut self.inner, clone);
        Either::Right(Box::pin(async move { bridge.answer(ready, request).await }))
    }
}

/// No gRPC path is one of these: it begins with a service's full name.
fn is_rest(uri: &Uri) -> bool {
    uri.path()
        .strip_prefix(PREFIX)
        .is_some_and(|below| below.is_empty() || below.starts_with('/'))
}

impl Bridge {
    async fn answer<S>(&self, inner: S, request: Request<Body>) -> Result<Response<Body>, S::Error>
    where
        S: Service<Request<Body>, Response = Response<Body>>,
    {
        // HEAD is GET without the answer's body (RFC 9110 section 9.3.2).
        let is_head = request.method() == Method::HEAD;
        let verb = if is_head {
            Method::GET
        } else {
            request.method().clone()
        };
        let response = if request.uri().path() != DOCUMENT_PATH {
            self.answer_route(inner, &verb, request).await?
        } else if verb == Method::GET {
            self.document()
        } else {
            disallow(refuse(inner, Form::Status, request).await?, &[Method::GET])
        };
        Ok(if is_head {
            bodiless(response)
        } else {
            response
        })
    }

    async fn answer_route<S>(
        &self,
        inner: S,
        verb: &Method,
        request: Request<Body>,
    ) -> Result<Response<Body>, S::Error>
    where
        S: Service<Request<Body>, Response = Response<Body>>,
    {
        match self.tree.find(verb, &segments(request.uri().path())) {
            Found::Route(route) => self.call(inner, route, request).await,
            Found::OtherVerbs(allowed, route) => {
                let form = self.casings.form(route.error_form);
                Ok(disallow(refuse(inner, form, request).await?, &allowed))
            }
            Found::Nothing => refuse(inner, Form::Status, request).await,
        }
    }

    async fn call<S>(
        &self,
        mut inner: S,
        route: Arc<Route>,
        request: Request<Body>,
    ) -> Result<Response<Body>, S::Error>
    where
        S: Service<Request<Body>, Response = Response<Body>>,
    {
        let call = Call {
            route: Arc::clone(&route),
            mapping: Arc::clone(&self.mapping),
            message_bytes: self.message_bytes,
        };
        let response = inner.call(call.of(request)).await?;
        let answer = Answer {
            route: &route,
            mapping: &self.mapping,
            form: self.casings.form(route.error_form),
        };
        Ok(answer.of(response).await)
    }

    /// What the REST face takes and answers. It says no more than the contracts, so anybody may know.
    fn document(&self) -> Response<Body> {
        let mut response = Response::new(Body::new(Full::from(self.document.clone())));
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response
    }
}

/// Refuses a request without a route as the chain refuses an unknown method.
async fn refuse<S>(
    mut inner: S,
    form: Form,
    request: Request<Body>,
) -> Result<Response<Body>, S::Error>
where
    S: Service<Request<Body>, Response = Response<Body>>,
{
    let unknown = grpc(request, Uri::from_static(UNKNOWN_METHOD));
    let response = inner.call(unknown).await?;
    Ok(refused(&response, form).unwrap_or(response))
}

/// The response without its body, whose length it still states where it is known.
fn bodiless(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact() {
        parts.headers.insert(header::CONTENT_LENGTH, length.into());
    }
    Response::from_parts(parts, Body::empty())
}

/// Says of a refusal, where it is that of an unknown method, that the path has other verbs.
fn disallow(mut refusal: Response<Body>, allowed: &[Method]) -> Response<Body> {
    if refusal.status() == StatusCode::NOT_FOUND {
        *refusal.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        refusal.headers_mut().insert(header::ALLOW, allow(allowed));
    }
    refusal
}

fn allow(verbs: &[Method]) -> HeaderValue {
    let mut names: Vec<&str> = verbs.iter().map(Method::as_str).collect();
    if verbs.contains(&Method::GET) {
        names.push(Method::HEAD.as_str());
    }
    HeaderValue::from_str(&names.join(", ")).unwrap_or(HeaderValue::from_static(""))
}
