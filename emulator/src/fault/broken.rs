//! A body that ends in the middle: the connection breaks before the document is whole.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::{Interval, interval};

const BEGINNING: &[u8] = br#"{"token_type":"Bearer","expires_in":35"#;

/// Promises more bytes than it sends, and fails a moment later: a reset at once would overtake
/// what was sent.
pub(super) struct Broken {
    pace: Interval,
    sent: bool,
}

impl Broken {
    pub(super) fn new() -> Self {
        Self {
            pace: interval(Duration::from_millis(50)),
            sent: false,
        }
    }
}

impl http_body::Body for Broken {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        std::task::ready!(self.pace.poll_tick(context));
        if self.sent {
            return Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into())));
        }
        self.sent = true;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(BEGINNING)))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(2 * BEGINNING.len() as u64)
    }
}
