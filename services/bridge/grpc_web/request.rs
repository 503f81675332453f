//! The body of a gRPC-web request as that of a gRPC request, while it comes.
//!
//! A request has messages and nothing else: a frame that is compressed, holds trailers or ends too
//! early is malformed. (PROTOCOL-WEB leaves compression to HTTP.)

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame};
use tonic::Status;
use tonic::body::Body;

use super::Form;
use super::text::TextDecoder;
use crate::call::status;
use crate::refusal::Refusal;

/// The flag of a frame and the four bytes of its length.
const PREFIX_BYTES: u8 = 5;

/// What came is no body of messages.
struct Malformed;

/// See the module.
pub(super) struct RequestBody {
    inner: Body,
    reader: Reader,
    is_over: bool,
}

impl RequestBody {
    /// Reads `inner`, which is written in this form.
    pub(super) fn new(inner: Body, form: Form) -> Self {
        Self {
            inner,
            reader: Reader {
                text: (form == Form::Text).then(TextDecoder::default),
                frames: Frames::default(),
            },
            is_over: false,
        }
    }

    fn poll_data(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Malformed>> {
        loop {
            let frame = match ready!(Pin::new(&mut self.inner).poll_frame(context)) {
                None => return Poll::Ready(self.reader.end().map(|()| None)),
                // A body that breaks off is never just shorter.
                Some(Err(_)) => return Poll::Ready(Err(Malformed)),
                Some(Ok(frame)) => frame,
            };
            // Trailers of HTTP mean nothing here.
            let Ok(piece) = frame.into_data() else {
                continue;
            };
            let data = self.reader.read(piece);
            if !matches!(&data, Ok(data) if data.is_empty()) {
                return Poll::Ready(data.map(Some));
            }
        }
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let data = ready!(self.poll_data(context));
        self.is_over = !matches!(data, Ok(Some(_)));
        Poll::Ready(match data {
            Ok(data) => data.map(|data| Ok(Frame::data(data))),
            Err(Malformed) => Some(Err(status(Refusal::payload_malformed()))),
        })
    }
}

struct Reader {
    text: Option<TextDecoder>,
    frames: Frames,
}

impl Reader {
    fn read(&mut self, piece: Bytes) -> Result<Bytes, Malformed> {
        let data = match &mut self.text {
            None => piece,
            Some(decoder) => decoder.decode(&piece).map_err(|_| Malformed)?.into(),
        };
        self.frames.follow(&data)?;
        Ok(data)
    }

    fn end(&self) -> Result<(), Malformed> {
        let text_may_end = self.text.as_ref().is_none_or(TextDecoder::may_end);
        if text_may_end && self.frames.may_end() {
            Ok(())
        } else {
            Err(Malformed)
        }
    }
}

/// Where in the frames of a body its reader is.
#[derive(Default)]
struct Frames {
    /// How much of the frame's prefix has come.
    prefix: u8,
    /// The length that the prefix states, as far as it has come.
    length: u32,
    /// How much of the message has yet to come.
    missing: u32,
}

impl Frames {
    fn follow(&mut self, mut data: &[u8]) -> Result<(), Malformed> {
        while let [byte, rest @ ..] = data {
            if self.missing > 0 {
                let came = u32::try_from(data.len()).unwrap_or(u32::MAX);
                let taken = came.min(self.missing);
                self.missing -= taken;
                data = usize::try_from(taken)
                    .ok()
                    .and_then(|taken| data.get(taken..))
                    .unwrap_or_default();
                continue;
            }
            // The one flag of a message that is not compressed; the top bit marks trailers.
            if self.prefix == 0 && *byte != 0 {
                return Err(Malformed);
            }
            self.length = self.length << 8 | u32::from(*byte);
            self.prefix += 1;
            if self.prefix == PREFIX_BYTES {
                self.prefix = 0;
                self.missing = std::mem::take(&mut self.length);
            }
            data = rest;
        }
        Ok(())
    }

    fn may_end(&self) -> bool {
        self.prefix == 0 && self.missing == 0
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use bytes::Bytes;
    use futures_util::stream;
    use http::HeaderMap;
    use http_body::Frame;
    use http_body_util::{BodyExt as _, StreamBody};
    use proptest::collection::vec;
    use proptest::prelude::*;
    use tonic::body::Body;
    use tonic::{Code, Status};

    use super::{Form, RequestBody};

    /// What the service reads of a body that arrives in these frames of HTTP.
    async fn read(form: Form, frames: Vec<Frame<Bytes>>) -> Result<Bytes, Status> {
        let frames = frames.into_iter().map(Ok::<_, Infallible>);
        let body = Body::new(StreamBody::new(stream::iter(frames)));
        let whole = RequestBody::new(body, form).collect().await?;
        assert!(whole.trailers().is_none());
        Ok(whole.to_bytes())
    }

    fn read_pieces(form: Form, pieces: &[&[u8]]) -> Result<Bytes, Status> {
        let data = |piece: &&[u8]| Frame::data(Bytes::copy_from_slice(piece));
        let frames = pieces.iter().map(data).collect();
        futures_util::FutureExt::now_or_never(read(form, frames)).unwrap()
    }

    fn framed(messages: &[Vec<u8>]) -> Vec<u8> {
        let frame = |message: &Vec<u8>| {
            let length = u32::try_from(message.len()).unwrap().to_be_bytes();
            [&[0], &length[..], message].concat()
        };
        messages.iter().flat_map(frame).collect()
    }

    proptest! {
        #[test]
        fn frames_arrive_as_they_were_sent_however_they_are_written_and_cut(
            messages in vec(vec(any::<u8>(), 0..300), 0..5),
            at in any::<[prop::sample::Index; 3]>(),
        ) {
            let sent = framed(&messages);
            let flushed: String = sent.chunks(7).map(|part| STANDARD.encode(part)).collect();
            for (form, body) in [(Form::Binary, sent.clone()), (Form::Text, flushed.into_bytes())] {
                let mut cuts = at.map(|at| at.index(body.len() + 1));
                cuts.sort_unstable();
                let [a, b, c] = cuts;
                let pieces = [&body[..a], &body[a..b], &body[b..c], &body[c..]];
                prop_assert_eq!(&read_pieces(form, &pieces).unwrap(), &sent);
            }
        }
    }

    #[test]
    fn what_is_not_whole_messages_is_malformed() {
        for body in [
            b"\x80\0\0\0\x0fgrpc-status:0\r\n".as_slice(),
            b"\0\0\0\0\0\x80\0\0\0\x0fgrpc-status:0\r\n",
            b"\x81\0\0\0\0",
            b"\x01\0\0\0\0",
            b"\x02\0\0\0\0",
            b"\0\0\0\0",
            b"\0",
            b"\0\0\0\0\x02a",
            b"\0\0\0\0\x01a\0",
            b"\0\xff\xff\xff\xffa",
        ] {
            let text = STANDARD.encode(body);
            for (form, body) in [(Form::Binary, body), (Form::Text, text.as_bytes())] {
                let error = read_pieces(form, &[body]).unwrap_err();
                assert_eq!(error.code(), Code::InvalidArgument, "{body:?}");
            }
        }
    }

    #[tokio::test]
    async fn trailers_of_http_are_passed_over() {
        let frames = vec![
            Frame::data(Bytes::from_static(b"\0\0\0\0\x01a")),
            Frame::trailers(HeaderMap::new()),
        ];
        let read = read(Form::Binary, frames).await.unwrap();
        assert_eq!(read, b"\0\0\0\0\x01a".as_slice());
    }
}
