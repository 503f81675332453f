//! `GET /metrics`: the instruments as OpenMetrics text, for a scraper.
//!
//! For the administration listener alone. A scraper brings no token, as is usual: what is on the page
//! names methods, reasons and configured authorities, never a tenant, a client or a user, and whoever
//! reaches that listener is an administrator.

use std::fmt;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use futures_util::future::Either;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use tonic::body::Body;
use tower::{Layer, Service};

use super::Measured;

/// Where the page is.
pub const PATH: &str = "/metrics";

const CONTENT_TYPE: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// Puts [`Page`] in front of a service.
#[derive(Clone, Debug)]
pub struct PageLayer {
    measured: Measured,
}

impl PageLayer {
    /// Shows what was measured.
    #[must_use]
    pub fn new(measured: Measured) -> Self {
        Self { measured }
    }
}

impl<S> Layer<S> for PageLayer {
    type Service = Page<S>;

    fn layer(&self, inner: S) -> Page<S> {
        Page {
            inner,
            measured: self.measured.clone(),
        }
    }
}

/// Answers [`PATH`] itself, and leaves all else to `S`.
#[derive(Clone, Debug)]
pub struct Page<S> {
    inner: S,
    measured: Measured,
}

impl<S, B> Service<Request<B>> for Page<S>
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
        if request.uri().path() != PATH {
            return Either::Left(self.inner.call(request));
        }
        let response = if request.method() == Method::GET {
            self.measured.show()
        } else {
            let mut refused = without_body(StatusCode::METHOD_NOT_ALLOWED);
            let allow = HeaderValue::from_static("GET");
            refused.headers_mut().insert(header::ALLOW, allow);
            refused
        };
        Either::Right(ready(Ok(response)))
    }
}

impl Measured {
    fn show(&self) -> Response<Body> {
        let Ok(text) = self.text() else {
            tracing::error!("the metrics could not be written");
            return without_body(StatusCode::INTERNAL_SERVER_ERROR);
        };
        let mut response = Response::new(Body::new(http_body_util::Full::from(text)));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, CONTENT_TYPE);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }

    fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode_registry(&mut text, &self.metrics.registry)?;
        encode_registry(&mut text, self.state.registry())?;
        encode_eof(&mut text)?;
        Ok(text)
    }
}

fn without_body(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
