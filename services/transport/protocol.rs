//! Refuses what is not gRPC, in HTTP's own terms: such a client reads no trailers.

use std::task::{Context, Poll};

use futures_util::future::{Either, Ready, ready};
use http::{Method, Request, Response, StatusCode, header};
use tonic::body::Body;
use tower::{Layer, Service};

/// Puts [`GrpcOnly`] in front of a service.
#[derive(Clone, Copy, Debug, Default)]
pub struct GrpcOnlyLayer;

impl<S> Layer<S> for GrpcOnlyLayer {
    type Service = GrpcOnly<S>;

    fn layer(&self, inner: S) -> GrpcOnly<S> {
        GrpcOnly { inner }
    }
}

/// Answers 405 to methods other than POST, and 415 to content that is not `application/grpc` or comes
/// without `te: trailers`: such a client, or a proxy before it, would never see how a call ended
/// (gRPC over HTTP/2, section "Requests").
#[derive(Clone, Debug)]
pub struct GrpcOnly<S> {
    inner: S,
}

impl<S, B> Service<Request<B>> for GrpcOnly<S>
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
        let refused = if request.method() != Method::POST {
            Some(StatusCode::METHOD_NOT_ALLOWED)
        } else if !is_grpc(&request) || !takes_trailers(&request) {
            Some(StatusCode::UNSUPPORTED_MEDIA_TYPE)
        } else {
            None
        };
        let Some(status) = refused else {
            return Either::Left(self.inner.call(request));
        };
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        if status == StatusCode::METHOD_NOT_ALLOWED {
            response
                .headers_mut()
                .insert(header::ALLOW, header::HeaderValue::from_static("POST"));
        }
        Either::Right(ready(Ok(response)))
    }
}

fn is_grpc<B>(request: &Request<B>) -> bool {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let subtype = content_type.and_then(|value| value.as_bytes().strip_prefix(b"application/grpc"));
    match subtype {
        Some([]) => true,
        // `application/grpc+proto` and parameters; not `application/grpc-web`.
        Some([b'+' | b';', ..]) => true,
        Some(_) | None => false,
    }
}

fn takes_trailers<B>(request: &Request<B>) -> bool {
    request
        .headers()
        .get(header::TE)
        .is_some_and(|value| value.as_bytes() == b"trailers")
}
