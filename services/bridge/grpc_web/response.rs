//! The body of a gRPC response as that of a gRPC-web response, while it comes.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{BufMut as _, Bytes, BytesMut};
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tonic::Status;
use tonic::body::Body;

use super::Form;

/// The flag of the frame that holds trailers.
const TRAILERS: u8 = 0x80;

/// See the module.
pub(super) struct ResponseBody {
    inner: Body,
    form: Form,
}

impl ResponseBody {
    /// Writes `inner` in this form.
    pub(super) fn new(inner: Body, form: Form) -> Self {
        Self { inner, form }
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = match ready!(Pin::new(&mut self.inner).poll_frame(context)) {
            Some(Ok(frame)) => frame,
            over => return Poll::Ready(over),
        };
        let data = match frame.into_data() {
            Ok(data) => data,
            Err(frame) => trailers(&frame.into_trailers().unwrap_or_default()),
        };
        // Padded wherever something is sent: no client has to wait for a quantum's end.
        let written = match self.form {
            Form::Binary => data,
            Form::Text => STANDARD.encode(data).into(),
        };
        Poll::Ready(Some(Ok(Frame::data(written))))
    }

    /// An empty body stays one: a refusal is all headers.
    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    /// Of any other, trailers and base64 make another length.
    fn size_hint(&self) -> SizeHint {
        if self.inner.is_end_stream() {
            SizeHint::with_exact(0)
        } else {
            SizeHint::default()
        }
    }
}

/// The last frame: trailers as HTTP/1.1 writes fields, without the empty line after them. No value
/// can hold a line break: HTTP's own type admits none.
fn trailers(trailers: &HeaderMap) -> Bytes {
    let mut lines = BytesMut::new();
    for (name, value) in trailers {
        lines.extend_from_slice(name.as_str().as_bytes());
        lines.put_u8(b':');
        lines.extend_from_slice(value.as_bytes());
        lines.extend_from_slice(b"\r\n");
    }
    let mut frame = BytesMut::with_capacity(lines.len() + 5);
    frame.put_u8(TRAILERS);
    // What a service says of itself is never 4 GiB long.
    frame.put_u32(u32::try_from(lines.len()).unwrap_or(u32::MAX));
    frame.extend_from_slice(&lines);
    frame.freeze()
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use tonic::Status;

    use super::trailers;

    #[test]
    fn trailers_are_lines_and_no_message_breaks_one() {
        let status = Status::unauthenticated("100%\r\nset-cookie: a=b\r\n\u{e4}");
        let mut fields = HeaderMap::new();
        status.add_header(&mut fields).unwrap();
        fields.append("www-authenticate", "Bearer".parse().unwrap());
        let frame = trailers(&fields);
        let (prefix, lines) = frame.split_at(5);
        let length = u8::try_from(lines.len()).unwrap();
        assert_eq!(prefix, [0x80, 0, 0, 0, length]);
        let lines: Vec<&str> = str::from_utf8(lines).unwrap().split("\r\n").collect();
        assert_eq!(
            lines,
            [
                "grpc-status:16",
                "grpc-message:100%25%0D%0Aset-cookie:%20a=b%0D%0A%C3%A4",
                "www-authenticate:Bearer",
                ""
            ]
        );
    }
}
