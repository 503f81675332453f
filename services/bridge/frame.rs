//! Messages in gRPC's framing (gRPC over HTTP/2, "Length-Prefixed-Message"), never compressed: the
//! bridge and the services are one process.

use bytes::{BufMut as _, Bytes, BytesMut};
use http_body_util::BodyExt as _;
use prost::Message as _;
use prost_reflect::DynamicMessage;
use tonic::body::Body;
use tonic::{Code, Status};

use crate::refusal::Refusal;

/// The flag that says whether a message is compressed, and the four bytes of its length.
const PREFIX_BYTES: usize = 5;

/// `message` in its frame.
pub(super) fn frame(message: &DynamicMessage) -> Result<Bytes, Status> {
    let length = message.encoded_len();
    let written =
        u32::try_from(length).map_err(|_| Refusal::payload_too_large(u32::MAX as usize))?;
    let mut frame = BytesMut::with_capacity(PREFIX_BYTES + length);
    frame.put_u8(0);
    frame.put_u32(written);
    message.encode_raw(&mut frame);
    Ok(frame.freeze())
}

/// The messages of a response, and how the call ended.
pub(super) struct Messages {
    body: Body,
    received: BytesMut,
}

impl Messages {
    /// Reads them from `body`, as far as they are asked for.
    pub(super) fn of(body: Body) -> Self {
        Self {
            body,
            received: BytesMut::new(),
        }
    }

    /// The next message; `None` once the call has ended well.
    ///
    /// # Errors
    ///
    /// The status that the call ended with.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Status> {
        loop {
            if let Some(message) = self.take_message() {
                return Ok(Some(message));
            }
            let frame = match self.body.frame().await {
                Some(frame) => frame?,
                // A call that says nothing of its end has not ended well.
                None => return Err(Refusal::internal_fault().into()),
            };
            match frame.into_data() {
                Ok(data) => self.received.extend_from_slice(&data),
                Err(frame) => {
                    let status = frame
                        .trailers_ref()
                        .and_then(Status::from_header_map)
                        .unwrap_or_else(|| Refusal::internal_fault().into());
                    return match status.code() {
                        Code::Ok => Ok(None),
                        _ => Err(status),
                    };
                }
            }
        }
    }

    fn take_message(&mut self) -> Option<Bytes> {
        let length = match *self.received {
            [_, a, b, c, d, ..] => usize::try_from(u32::from_be_bytes([a, b, c, d])).ok()?,
            _ => return None,
        };
        let end = PREFIX_BYTES.checked_add(length)?;
        if self.received.len() < end {
            return None;
        }
        let mut frame = self.received.split_to(end);
        Some(frame.split_off(PREFIX_BYTES).freeze())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use bytes::Bytes;
    use futures_util::stream;
    use http_body::Frame;
    use http_body_util::StreamBody;
    use tonic::body::Body;
    use tonic::{Code, Status};

    use super::Messages;

    fn messages(frames: Vec<Frame<Bytes>>) -> Messages {
        let frames = frames.into_iter().map(Ok::<_, Infallible>);
        Messages::of(Body::new(StreamBody::new(stream::iter(frames))))
    }

    fn data(bytes: &'static [u8]) -> Frame<Bytes> {
        Frame::data(Bytes::from_static(bytes))
    }

    fn trailers(status: Status) -> Frame<Bytes> {
        let mut trailers = http::HeaderMap::new();
        status.add_header(&mut trailers).unwrap();
        Frame::trailers(trailers)
    }

    #[tokio::test]
    async fn messages_are_read_however_they_are_cut() {
        let cut = vec![
            data(b"\0\0\0"),
            data(b"\0\x03on"),
            data(b"e\0\0\0\0\0\0\0\0\0\x03two"),
            trailers(Status::new(Code::Ok, "")),
        ];
        let mut messages = messages(cut);
        for message in ["one", "", "two"] {
            assert_eq!(messages.next().await.unwrap().unwrap(), message);
        }
        assert_eq!(messages.next().await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_call_that_fails_after_a_message_or_says_nothing_of_its_end_has_failed() {
        let first = || data(b"\0\0\0\0\x03one");
        for (frames, code) in [
            (
                vec![first(), trailers(Status::unavailable(""))],
                Code::Unavailable,
            ),
            (vec![first()], Code::Internal),
            (vec![first(), data(b"\0\0\0\0\x05cut")], Code::Internal),
            (
                vec![first(), Frame::trailers(http::HeaderMap::new())],
                Code::Internal,
            ),
        ] {
            let mut messages = messages(frames);
            assert_eq!(messages.next().await.unwrap().unwrap(), "one");
            assert_eq!(messages.next().await.unwrap_err().code(), code);
        }
    }
}
