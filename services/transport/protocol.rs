//! Refuses what is not gRPC: in HTTP's own terms, because such a client reads no trailers, or by a
//! gRPC status in the headers where its sender looks for one there.

use std::task::{Context, Poll};

use futures_util::future::{Either, Ready, ready};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version, header};
use tonic::body::Body;
use tower::{Layer, Service};

use crate::call;
use crate::refusal::Refusal;

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
/// (gRPC over HTTP/2, section "Requests"). To gRPC-web clients either would be UNKNOWN, so that they
/// are told in a status, as whoever sends `application/grpc` over HTTP/1.1 is.
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
        match refused(&request) {
            None => Either::Left(self.inner.call(request)),
            Some(refusal) => Either::Right(ready(Ok(refusal))),
        }
    }
}

/// The protocol that a request's headers name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// `application/grpc`, of any format.
    Grpc,
    /// `application/grpc-web`, of any format, or nothing known from a client that calls itself one.
    GrpcWeb,
    /// None that ends in a gRPC status.
    Other,
}

impl Protocol {
    /// What is named by `content-type`, or else by `x-grpc-web`.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let media_type = headers.get(header::CONTENT_TYPE);
        let media_type = media_type.map(HeaderValue::as_bytes).unwrap_or_default();
        match after(media_type, b"application/grpc") {
            // Formats and parameters; not whatever else begins alike.
            Some([] | [b'+' | b';' | b' ', ..]) => Self::Grpc,
            Some(rest)
                if matches!(
                    after(rest, b"-web"),
                    Some([] | [b'+' | b'-' | b';' | b' ', ..])
                ) =>
            {
                Self::GrpcWeb
            }
            _ if headers.contains_key("x-grpc-web") => Self::GrpcWeb,
            _ => Self::Other,
        }
    }
}

/// What follows `prefix`, whose case does not matter (RFC 9110 section 8.3.1).
fn after<'t>(text: &'t [u8], prefix: &[u8]) -> Option<&'t [u8]> {
    let (begin, rest) = text.split_at_checked(prefix.len())?;
    begin.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// The refusal of what is not gRPC, in terms that its sender reads.
fn refused<B>(request: &Request<B>) -> Option<Response<Body>> {
    let is_post = request.method() == Method::POST;
    match Protocol::of(request.headers()) {
        // What of gRPC-web is served comes here as gRPC.
        Protocol::GrpcWeb if is_post => Some(in_grpc(Refusal::payload_encoding_unsupported())),
        Protocol::GrpcWeb => Some(in_grpc(Refusal::method_not_found())),
        // A page can send it, and cannot read trailers.
        Protocol::Grpc if request.version() < Version::HTTP_2 => {
            Some(in_grpc(Refusal::payload_encoding_unsupported()))
        }
        _ if !is_post => Some(in_http(StatusCode::METHOD_NOT_ALLOWED)),
        Protocol::Grpc if takes_trailers(request) => None,
        Protocol::Grpc | Protocol::Other => Some(in_http(StatusCode::UNSUPPORTED_MEDIA_TYPE)),
    }
}

fn in_grpc(refusal: Refusal) -> Response<Body> {
    call::status(refusal).into_http()
}

fn in_http(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response
            .headers_mut()
            .insert(header::ALLOW, HeaderValue::from_static("POST"));
    }
    response
}

fn takes_trailers<B>(request: &Request<B>) -> bool {
    request
        .headers()
        .get(header::TE)
        .is_some_and(|value| value.as_bytes() == b"trailers")
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, header};

    use super::Protocol;

    #[test]
    fn a_protocol_is_named_by_its_media_type_or_by_its_client() {
        for (media_type, alone, marked) in [
            ("application/grpc", Protocol::Grpc, Protocol::Grpc),
            ("Application/GRPC+proto", Protocol::Grpc, Protocol::Grpc),
            ("application/grpc; a=b", Protocol::Grpc, Protocol::Grpc),
            ("application/grpc-web", Protocol::GrpcWeb, Protocol::GrpcWeb),
            (
                "application/grpc-web+json",
                Protocol::GrpcWeb,
                Protocol::GrpcWeb,
            ),
            (
                "application/grpc-web-text+foo",
                Protocol::GrpcWeb,
                Protocol::GrpcWeb,
            ),
            ("application/grpc-webs", Protocol::Other, Protocol::GrpcWeb),
            ("application/grpcx", Protocol::Other, Protocol::GrpcWeb),
            ("text/plain", Protocol::Other, Protocol::GrpcWeb),
            ("", Protocol::Other, Protocol::GrpcWeb),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, media_type.parse().unwrap());
            assert_eq!(Protocol::of(&headers), alone, "{media_type}");
            headers.insert("x-grpc-web", "1".parse().unwrap());
            assert_eq!(Protocol::of(&headers), marked, "{media_type}");
        }
    }
}
