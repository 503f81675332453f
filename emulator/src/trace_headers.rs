//! What requests said of the traces that they were of, so that a test can tell who was told of a
//! trace and who was not.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header;

use crate::authority::Authority;
use crate::locked::Locked;

/// How many requests are remembered: the latest.
const CAPACITY: usize = 1024;

/// A request, and what it said of its trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceHeaders {
    /// The host that was called, with its port.
    pub host: String,
    /// The path that was called.
    pub path: String,
    /// `traceparent`.
    pub traceparent: Option<String>,
    /// `tracestate`.
    pub tracestate: Option<String>,
    /// `baggage`.
    pub baggage: Option<String>,
}

/// The latest requests.
#[derive(Debug, Default)]
pub(crate) struct Traced(Locked<VecDeque<TraceHeaders>>);

impl Traced {
    pub(crate) fn requests(&self) -> Vec<TraceHeaders> {
        self.0.lock().iter().cloned().collect()
    }

    fn note(&self, request: TraceHeaders) {
        let mut requests = self.0.lock();
        if requests.len() == CAPACITY {
            requests.pop_front();
        }
        requests.push_back(request);
    }
}

impl TraceHeaders {
    fn of(request: &Request) -> Self {
        let header = |name: &str| {
            let value = request.headers().get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        let named = request.uri().authority().map(ToString::to_string);
        Self {
            host: named
                .or_else(|| header(header::HOST.as_str()))
                .unwrap_or_default(),
            path: request.uri().path().to_owned(),
            traceparent: header("traceparent"),
            tracestate: header("tracestate"),
            baggage: header("baggage"),
        }
    }
}

/// Notes every request on its way to its route.
pub(crate) async fn note(
    State(authority): State<Arc<Authority>>,
    request: Request,
    next: Next,
) -> Response {
    authority.traced.note(TraceHeaders::of(&request));
    next.run(request).await
}
