//! What a service may add to the requests of its own that this crate sends: the trace that they are
//! of, for those who may know it.

use std::fmt;

use http::HeaderMap;

/// Names the current trace to the receivers of requests.
pub trait Propagate: fmt::Debug + Send + Sync + 'static {
    /// What to add to a request to this host, sent within the current span.
    fn headers(&self, host: &str, port: u16) -> HeaderMap;
}

/// Names it to nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unpropagated;

impl Propagate for Unpropagated {
    fn headers(&self, _: &str, _: u16) -> HeaderMap {
        HeaderMap::new()
    }
}
