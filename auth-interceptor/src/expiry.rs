//! A response stream that ends when its token does.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;
use tonic::Status;
use tonic::body::Body;

use crate::layer::Expiry;

pin_project! {
    /// Passes a body on until the caller's token expires, then ends it with trailers that say so.
    pub(crate) struct ExpiringBody {
        #[pin]
        inner: Body,
        expiry: Option<Expiry>,
    }
}

impl ExpiringBody {
    pub(crate) fn new(inner: Body, expiry: Expiry) -> Self {
        Self {
            inner,
            expiry: Some(expiry),
        }
    }
}

impl HttpBody for ExpiringBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.project();
        let Some(expiry) = this.expiry else {
            // The trailers of the expired stream are out.
            return Poll::Ready(None);
        };
        if let Poll::Ready(status) = expiry.poll_expired(context) {
            *this.expiry = None;
            let mut trailers = HeaderMap::new();
            return Poll::Ready(Some(
                status
                    .add_header(&mut trailers)
                    .map(|()| Frame::trailers(trailers)),
            ));
        }
        this.inner.poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.expiry.is_none() || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
