//! The gRPC-web face: gRPC for callers that see neither HTTP/2 frames nor trailers, which is what a
//! page in a browser is (PROTOCOL-WEB of the gRPC project).
//!
//! Messages are framed as gRPC frames them, the trailers are a last frame of the body, and the text
//! form is base64 of all that. So a call is translated while it flows, message by message, and a
//! refusal without a message stays what gRPC makes of it: headers. What asks for gRPC-web and is not
//! served, a format or a verb, goes on as it came and is refused further in, in terms that a
//! gRPC-web client reads.

mod request;
mod response;
mod text;

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::Either;
use http::{HeaderMap, HeaderValue, Method, Request, Response, header};
use tonic::body::Body;
use tower::{Layer, Service};

use self::request::RequestBody;
use self::response::ResponseBody;
use super::forward::grpc;
use crate::transport::protocol::Protocol;

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// The frames themselves.
    Binary,
    /// The frames in base64, for clients that read a body as text while it comes.
    Text,
}

impl Form {
    /// The form that a media type names, whatever its parameters; none for messages that are not
    /// Protocol Buffers, which are the only ones served.
    fn named(media_type: &[u8]) -> Option<Self> {
        let essence = media_type.split(|byte| *byte == b';').next()?.trim_ascii();
        let is = |name: &str| essence.eq_ignore_ascii_case(name.as_bytes());
        if is("application/grpc-web") || is("application/grpc-web+proto") {
            Some(Self::Binary)
        } else if is("application/grpc-web-text") || is("application/grpc-web-text+proto") {
            Some(Self::Text)
        } else {
            None
        }
    }

    /// The form of the request's body.
    fn sent(headers: &HeaderMap) -> Option<Self> {
        Self::named(headers.get(header::CONTENT_TYPE)?.as_bytes())
    }

    /// The first form that the caller names as acceptable.
    fn accepted(headers: &HeaderMap) -> Option<Self> {
        let values = headers.get_all(header::ACCEPT).iter();
        let mut types = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
        types.find_map(Self::named)
    }

    fn media_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Binary => "application/grpc-web+proto",
            Self::Text => "application/grpc-web-text+proto",
        })
    }
}

/// Puts [`GrpcWeb`] in front of the layer chain.
#[derive(Clone, Copy, Debug)]
pub struct GrpcWebLayer;

impl<S> Layer<S> for GrpcWebLayer {
    type Service = GrpcWeb<S>;

    fn layer(&self, inner: S) -> GrpcWeb<S> {
        GrpcWeb { inner }
    }
}

/// Answers gRPC-web calls, over any version of HTTP, by gRPC calls to `S`; all else goes to `S` as it
/// came.
#[derive(Clone, Debug)]
pub struct GrpcWeb<S> {
    inner: S,
}

impl<S> Service<Request<Body>> for GrpcWeb<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future =
        Either<S::Future, Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let headers = request.headers();
        if Protocol::of(headers) != Protocol::GrpcWeb {
            return Either::Left(self.inner.call(request));
        }
        let sent = Form::sent(headers);
        // An answer takes the form of its question where nothing else is asked for.
        let answered = Form::accepted(headers).or(sent).unwrap_or(Form::Binary);
        let call = self.inner.call(match sent {
            Some(form) if request.method() == Method::POST => translated(request, form),
            _ => request,
        });
        Either::Right(Box::pin(async move {
            call.await.map(|response| answer(response, answered))
        }))
    }
}

/// The gRPC call that a gRPC-web request is.
fn translated(request: Request<Body>, form: Form) -> Request<Body> {
    let uri = request.uri().clone();
    grpc(request, uri).map(|body| Body::new(RequestBody::new(body, form)))
}

/// The gRPC-web response for a call's answer.
fn answer(response: Response<Body>, form: Form) -> Response<Body> {
    let (parts, body) = response.into_parts();
    let mut answer = Response::new(Body::new(ResponseBody::new(body, form)));
    *answer.status_mut() = parts.status;
    *answer.headers_mut() = parts.headers;
    answer
        .headers_mut()
        .insert(header::CONTENT_TYPE, form.media_type());
    answer
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, header};

    use super::Form;

    #[test]
    fn a_form_is_named_by_its_media_type_whatever_the_parameters() {
        for (media_type, form) in [
            ("application/grpc-web", Some(Form::Binary)),
            ("application/grpc-web+proto", Some(Form::Binary)),
            ("Application/gRPC-Web+Proto", Some(Form::Binary)),
            ("application/grpc-web ; charset=utf-8", Some(Form::Binary)),
            ("application/grpc-web-text", Some(Form::Text)),
            ("application/grpc-web-text+proto;a=b", Some(Form::Text)),
            ("application/grpc-web+json", None),
            ("application/grpc-web-text+foo", None),
            ("application/grpc-webs", None),
            ("application/grpc", None),
            ("", None),
        ] {
            assert_eq!(Form::named(media_type.as_bytes()), form, "{media_type}");
        }
    }

    #[test]
    fn the_first_form_that_is_acceptable_is_taken() {
        for (accept, form) in [
            ("application/grpc-web-text", Some(Form::Text)),
            (
                "text/html, application/grpc-web-text;q=0.5",
                Some(Form::Text),
            ),
            ("application/grpc-web+proto,*/*", Some(Form::Binary)),
            ("*/*", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().unwrap());
            assert_eq!(Form::accepted(&headers), form, "{accept}");
        }
    }
}
