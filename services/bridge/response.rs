//! The answer of a call as the REST response that its route states.

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body::Frame;
use http_body_util::StreamBody;
use prost_reflect::{DynamicMessage, Value};
use tonic::body::Body;
use tonic::{Code, Status};

use super::frame::Messages;
use super::json::JsonMapping;
use super::refusal::{self, Form};
use super::routes::Route;
use crate::refusal::Refusal;

/// What describes the gRPC message and not the REST one.
static NOT_PASSED_ON: [HeaderName; 8] = [
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    HeaderName::from_static("grpc-encoding"),
    HeaderName::from_static("grpc-accept-encoding"),
    HeaderName::from_static("grpc-status"),
    HeaderName::from_static("grpc-message"),
];

/// Turns the answers of one route's calls into REST responses.
#[derive(Clone, Copy)]
pub(super) struct Answer<'a> {
    pub(super) route: &'a Route,
    pub(super) mapping: &'a JsonMapping,
    pub(super) form: Form,
}

impl Answer<'_> {
    /// The REST response for `response`, or for the refusal in it.
    pub(super) async fn of(self, response: Response<Body>) -> Response<Body> {
        if let Some(refused) = refused(&response, self.form) {
            return refused;
        }
        let (parts, body) = response.into_parts();
        let mut answer = match self.body(Messages::of(body)).await {
            Ok(answer) => answer,
            Err(status) => return refusal::response(&status, self.form),
        };
        *answer.status_mut() = self.route.success_status;
        pass_on(parts.headers, answer.headers_mut());
        answer
    }

    async fn body(self, mut messages: Messages) -> Result<Response<Body>, Status> {
        if self.route.gives_bytes() {
            return self.bytes(messages).await;
        }
        let message = messages.next().await?;
        // Only with its status is the message an answer.
        if messages.next().await?.is_some() {
            return Err(Refusal::internal_fault().into());
        }
        if self.route.empty_body {
            return Ok(Response::new(Body::empty()));
        }
        let json = self.json(message.unwrap_or_default())?;
        let mut answer = Response::new(Body::new(http_body_util::Full::from(json)));
        let json = HeaderValue::from_static("application/json");
        answer.headers_mut().insert(header::CONTENT_TYPE, json);
        Ok(answer)
    }

    fn json(self, message: Bytes) -> Result<Vec<u8>, Status> {
        let fault = || Status::from(Refusal::internal_fault());
        let message = self.decode(message)?;
        let written = match &self.route.response_body {
            Some(field) => self.mapping.write_field(message, field),
            None => self.mapping.write(message),
        };
        written.map_err(|_| {
            tracing::error!(
                rpc.method = self.route.method_name(),
                "an answer cannot be written as JSON"
            );
            fault()
        })
    }

    fn decode(self, message: Bytes) -> Result<DynamicMessage, Status> {
        DynamicMessage::decode(self.route.method.output(), message)
            .map_err(|_| Refusal::internal_fault().into())
    }

    /// A body of any length. What fails before the first byte is a refusal; later the body ends in
    /// an error, so that nobody takes a part for the whole.
    async fn bytes(self, mut messages: Messages) -> Result<Response<Body>, Status> {
        let field = self.route.response_body.clone();
        let output = self.route.method.output();
        let piece = move |message: Bytes| {
            let mut message = DynamicMessage::decode(output.clone(), message).ok()?;
            match message.take_field(field.as_ref()?) {
                Some(Value::Bytes(piece)) => Some(piece),
                _ => Some(Bytes::new()),
            }
        };
        // A call that has ended is asked for nothing more.
        let first = messages.next().await?;
        let begun = first.map(|first| (Some(first), messages));
        let pieces = stream::try_unfold(begun, move |begun| {
            let piece = piece.clone();
            async move {
                let Some((first, mut messages)) = begun else {
                    return Ok(None);
                };
                let next = match first {
                    Some(first) => Some(first),
                    None => messages.next().await?,
                };
                let Some(message) = next else {
                    return Ok(None);
                };
                let data = piece(message).ok_or_else(|| Status::from(Refusal::internal_fault()))?;
                Ok::<_, Status>(Some((Frame::data(data), Some((None, messages)))))
            }
        });
        let mut answer = Response::new(Body::new(StreamBody::new(Box::pin(pieces))));
        let headers = answer.headers_mut();
        let bytes = HeaderValue::from_static("application/octet-stream");
        headers.insert(header::CONTENT_TYPE, bytes);
        // What somebody has uploaded is never a page of this origin.
        let nosniff = HeaderValue::from_static("nosniff");
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
        Ok(answer)
    }
}

/// The refusal in a response that is one from its first byte on.
pub(super) fn refused(response: &Response<Body>, form: Form) -> Option<Response<Body>> {
    match Status::from_header_map(response.headers()) {
        Some(status) if status.code() != Code::Ok => Some(refusal::response(&status, form)),
        Some(_) => None,
        None if response.status() == StatusCode::OK => None,
        None => Some(refusal::response(&Refusal::internal_fault().into(), form)),
    }
}

fn pass_on(mut from: HeaderMap, to: &mut HeaderMap) {
    for name in &NOT_PASSED_ON {
        from.remove(name);
    }
    to.extend(from);
}
