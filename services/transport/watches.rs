//! Bounds the streams that anybody may open without a token: health watches never end of
//! themselves, so their number per peer is capped and a drain ends them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{Either, Ready, ready};
use http::{HeaderMap, Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};

use super::drain::Drain;
use super::listener::PeerAddress;
use crate::refusal::Refusal;

const WATCH: &str = "/grpc.health.v1.Health/Watch";

/// In the extensions of a reply to one who has too many watches open.
#[derive(Clone, Copy, Debug)]
pub struct TurnedAway;

/// Puts [`Watches`] in front of a service.
#[derive(Clone, Debug)]
pub struct WatchesLayer {
    open: Open,
    per_peer: usize,
    drain: Drain,
}

impl WatchesLayer {
    /// Lets each peer hold `per_peer` watches at a time.
    #[must_use]
    pub fn new(per_peer: usize, drain: Drain) -> Self {
        Self {
            open: Open::default(),
            per_peer,
            drain,
        }
    }
}

impl<S> Layer<S> for WatchesLayer {
    type Service = Watches<S>;

    fn layer(&self, inner: S) -> Watches<S> {
        Watches {
            inner,
            layer: self.clone(),
        }
    }
}

/// See [`WatchesLayer`].
#[derive(Clone, Debug)]
pub struct Watches<S> {
    inner: S,
    layer: WatchesLayer,
}

impl<S, B> Service<Request<B>> for Watches<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<
        S::Future,
        Either<
            Ready<Result<Response<Body>, S::Error>>,
            Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>,
        >,
    >;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if request.uri().path() != WATCH {
            return Either::Left(self.inner.call(request));
        }
        let peer = request
            .extensions()
            .get()
            .map(|PeerAddress(address)| address.ip());
        let Some(place) = self.layer.open.take_place(peer, self.layer.per_peer) else {
            let refusal = Refusal::overloaded(Duration::from_secs(10));
            let mut response = Status::from(refusal).into_http();
            response.extensions_mut().insert(TurnedAway);
            return Either::Right(Either::Left(ready(Ok(response))));
        };
        let drain = self.layer.drain.clone();
        let call = self.inner.call(request);
        Either::Right(Either::Right(Box::pin(async move {
            let response = call.await?;
            Ok(response.map(|inner| {
                Body::new(WatchBody {
                    inner,
                    drained: Some(Box::pin(drain.begun_owned())),
                    _place: place,
                })
            }))
        })))
    }
}

/// The watches that are open, by peer; a peer without one is not remembered.
#[derive(Clone, Debug, Default)]
struct Open(Arc<Mutex<HashMap<Option<IpAddr>, usize>>>);

impl Open {
    fn take_place(&self, peer: Option<IpAddr>, limit: usize) -> Option<Place> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(peer).or_default();
        if *count >= limit {
            return None;
        }
        *count += 1;
        Some(Place {
            open: self.clone(),
            peer,
        })
    }
}

/// A place that is given back when the stream is dropped.
struct Place {
    open: Open,
    peer: Option<IpAddr>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.open.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.peer);
            }
        }
    }
}

pin_project! {
    struct WatchBody {
        #[pin]
        inner: Body,
        drained: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
        _place: Place,
    }
}

impl HttpBody for WatchBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.project();
        let Some(drained) = this.drained else {
            return Poll::Ready(None);
        };
        // What the stream has to say comes first: a watcher learns NOT_SERVING before the end.
        if let Poll::Ready(frame) = this.inner.poll_frame(context) {
            return Poll::Ready(frame);
        }
        std::task::ready!(drained.as_mut().poll(context));
        *this.drained = None;
        let mut trailers = HeaderMap::new();
        let status = Status::from(Refusal::shutting_down());
        Poll::Ready(Some(
            status
                .add_header(&mut trailers)
                .map(|()| Frame::trailers(trailers)),
        ))
    }

    fn is_end_stream(&self) -> bool {
        self.drained.is_none() || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
