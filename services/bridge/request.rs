//! A REST request as the gRPC request that it stands for.
//!
//! Its body is not read until the service behind the layer chain asks for a message, which it does
//! only for calls that were let through.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use http::{HeaderValue, Request, Uri, header};
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt as _, StreamBody};
use prost_reflect::{DynamicMessage, Value};
use tonic::Status;
use tonic::body::Body;

use super::binding::Binding;
use super::forward::grpc;
use super::frame::frame;
use super::json::{JsonMapping, Unreadable};
use super::routes::{BodyField, Route};
use crate::call::status;
use crate::refusal::Refusal;
use crate::telemetry::trace_context::OtherFace;

/// How many bytes of a streamed body go into one message at most.
const PIECE_BYTES: usize = 64 * 1024;

/// What a REST request is turned into a call with.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) route: Arc<Route>,
    pub(super) mapping: Arc<JsonMapping>,
    /// The largest JSON body.
    pub(super) message_bytes: usize,
}

impl Call {
    /// The call that `request` is.
    pub(super) fn of(self, request: Request<Body>) -> Request<Body> {
        let (mut parts, body) = request.into_parts();
        // The messages are the bridge's own, and never compressed.
        parts.headers.remove("grpc-encoding");
        let content = Content {
            encoding: parts.headers.get(header::CONTENT_ENCODING).cloned(),
            media_type: parts.headers.get(header::CONTENT_TYPE).cloned(),
            uri: parts.uri.clone(),
            body,
            call: self,
        };
        let uri = content.call.route.grpc_uri.clone();
        parts.extensions.insert(OtherFace {
            http_route: Some(Arc::clone(&content.call.route.path)),
        });
        let body = if content.call.route.takes_bytes() {
            lazy(content.pieces())
        } else {
            lazy(stream::once(Box::pin(content.message())))
        };
        grpc(Request::from_parts(parts, body), uri)
    }
}

fn lazy(messages: impl Stream<Item = Result<Bytes, Status>> + Send + 'static) -> Body {
    use futures_util::StreamExt as _;
    Body::new(StreamBody::new(
        messages.map(|message| message.map(Frame::data)),
    ))
}

/// The request's content, not yet read.
struct Content {
    encoding: Option<HeaderValue>,
    media_type: Option<HeaderValue>,
    uri: Uri,
    body: Body,
    call: Call,
}

impl Content {
    fn binding(&self) -> Binding<'_> {
        Binding {
            route: &self.call.route,
            mapping: &self.call.mapping,
            uri: &self.uri,
        }
    }

    /// The one message of a request that is JSON, or has no body.
    async fn message(mut self) -> Result<Bytes, Status> {
        let request = if self.call.route.body == BodyField::None {
            self.binding().without_body().map_err(status)?
        } else {
            self.require("application/json")?;
            let body = self.read().await?;
            if self.media_type.is_none() && !body.is_empty() {
                return Err(status(Refusal::payload_encoding_unsupported()));
            }
            self.binding()
                .with_body(&body)
                .map_err(|error| match error {
                    Unreadable::Malformed => status(Refusal::payload_malformed()),
                    Unreadable::Field(violation) => status(violation),
                })?
        };
        frame(&request)
    }

    /// The messages of a request whose body is bytes: first what path and query bind, then a piece
    /// of the body each.
    fn pieces(self) -> impl Stream<Item = Result<Bytes, Status>> + Send + 'static {
        let pieces = Pieces {
            content: self,
            is_begun: false,
            left: Bytes::new(),
        };
        Box::pin(stream::try_unfold(pieces, |mut pieces| async move {
            let next = pieces.next().await?;
            Ok(next.map(|message| (message, pieces)))
        }))
    }

    fn require(&self, media_type: &str) -> Result<(), Status> {
        let is_plain = self
            .encoding
            .as_ref()
            .is_none_or(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity"));
        let is_right = self.media_type.as_ref().is_none_or(|sent| {
            let essence = sent.as_bytes().split(|byte| *byte == b';').next();
            essence
                .unwrap_or_default()
                .trim_ascii()
                .eq_ignore_ascii_case(media_type.as_bytes())
        });
        if is_plain && is_right {
            Ok(())
        } else {
            Err(status(Refusal::payload_encoding_unsupported()))
        }
    }

    /// The whole body, as long as it is no longer than a message may be.
    async fn read(&mut self) -> Result<Bytes, Status> {
        let limit = self.call.message_bytes;
        let too_large = || status(Refusal::payload_too_large(limit));
        if self.body.size_hint().lower() > u64::try_from(limit).unwrap_or(u64::MAX) {
            return Err(too_large());
        }
        let mut read = bytes::BytesMut::new();
        while let Some(data) = self.data().await? {
            if read.len() + data.len() > limit {
                return Err(too_large());
            }
            read.extend_from_slice(&data);
        }
        Ok(read.freeze())
    }

    /// The next bytes of the body. One that breaks off is malformed, and never just shorter.
    async fn data(&mut self) -> Result<Option<Bytes>, Status> {
        loop {
            match self.body.frame().await {
                None => return Ok(None),
                Some(Err(_)) => return Err(status(Refusal::payload_malformed())),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if !data.is_empty() => return Ok(Some(data)),
                    Ok(_) | Err(_) => {}
                },
            }
        }
    }
}

/// A body of bytes on its way into messages.
struct Pieces {
    content: Content,
    is_begun: bool,
    /// What has come and is in no message yet.
    left: Bytes,
}

impl Pieces {
    async fn next(&mut self) -> Result<Option<Bytes>, Status> {
        if !std::mem::replace(&mut self.is_begun, true) {
            self.content.require("application/octet-stream")?;
            let first = self.content.binding().without_body().map_err(status)?;
            return frame(&first).map(Some);
        }
        if self.left.is_empty() {
            let Some(data) = self.content.data().await? else {
                return Ok(None);
            };
            self.left = data;
        }
        let most = PIECE_BYTES.min(self.content.call.message_bytes / 2).max(1);
        let piece = self.left.split_to(most.min(self.left.len()));
        let route = &self.content.call.route;
        let mut message = DynamicMessage::new(route.method.input());
        if let BodyField::Field(field) = &route.body {
            // The routes' table has made sure that the field is bytes.
            message
                .try_set_field(field, Value::Bytes(piece))
                .map_err(|_| status(Refusal::internal_fault()))?;
        }
        frame(&message).map(Some)
    }
}
