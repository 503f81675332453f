//! Pages that a listener answers itself, to `GET` alone and without a token, in front of the services:
//! what they show is written anew for each request, and never kept.

use std::fmt;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::Either;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use tonic::body::Body;
use tower::{Layer, Service};

/// What a page says at the moment.
#[derive(Clone, Debug)]
pub struct Page {
    /// The status.
    pub status: StatusCode,
    /// What the text is.
    pub content_type: HeaderValue,
    /// The text.
    pub text: String,
}

/// What writes a page.
pub type WritesPage = dyn Fn() -> Page + Send + Sync;

/// The pages of a listener, by path.
#[derive(Clone, Default)]
pub struct PagesLayer(Arc<[(&'static str, Box<WritesPage>)]>);

impl PagesLayer {
    /// Answers these paths.
    pub fn new(pages: Vec<(&'static str, Box<WritesPage>)>) -> Self {
        Self(pages.into())
    }

    fn find(&self, path: &str) -> Option<&WritesPage> {
        let found = self.0.iter().find(|(at, _)| *at == path);
        found.map(|(_, page)| &**page)
    }
}

impl fmt::Debug for PagesLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths = self.0.iter().map(|(path, _)| path);
        f.debug_list().entries(paths).finish()
    }
}

impl<S> Layer<S> for PagesLayer {
    type Service = Pages<S>;

    fn layer(&self, inner: S) -> Pages<S> {
        Pages {
            inner,
            layer: self.clone(),
        }
    }
}

/// Answers its own paths, and leaves all else to `S`.
#[derive(Clone, Debug)]
pub struct Pages<S> {
    inner: S,
    layer: PagesLayer,
}

impl<S, B> Service<Request<B>> for Pages<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<S::Future, Ready<Result<Response<Body>, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Some(page) = self.layer.find(request.uri().path()) else {
            return Either::Left(self.inner.call(request));
        };
        let response = if request.method() == Method::GET {
            shown(page())
        } else {
            let mut refused = Response::new(Body::empty());
            *refused.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            let allow = HeaderValue::from_static("GET");
            refused.headers_mut().insert(header::ALLOW, allow);
            refused
        };
        Either::Right(ready(Ok(response)))
    }
}

fn shown(page: Page) -> Response<Body> {
    let mut response = Response::new(Body::new(http_body_util::Full::from(page.text)));
    *response.status_mut() = page.status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, page.content_type);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
