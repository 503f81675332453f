//! What may be watched of the requests that this service makes: each one, once it has ended. For
//! metrics, which are not known here.

use std::fmt;
use std::time::Instant;

pub use auth_interceptor::SentRequest;

/// Watches. Called where the request is made, so that it must neither wait nor panic.
pub trait RequestObserver: fmt::Debug + Send + Sync + 'static {
    /// A request has ended.
    fn requested(&self, request: &SentRequest<'_>) {
        let _ = request;
    }
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl RequestObserver for Unobserved {}

/// A request under way, which is told of when it is dropped. One of which nothing was said until
/// then was given up.
pub(crate) struct UnderWay<'a> {
    observer: &'a dyn RequestObserver,
    server: &'a str,
    method: &'static str,
    began: Instant,
    status: Option<u16>,
    error_type: Option<&'static str>,
}

impl<'a> UnderWay<'a> {
    pub(crate) fn begin(
        observer: &'a dyn RequestObserver,
        server: &'a str,
        method: &'static str,
    ) -> Self {
        Self {
            observer,
            server,
            method,
            began: Instant::now(),
            status: None,
            error_type: Some("cancelled"),
        }
    }

    /// The answer has begun.
    pub(crate) fn answered(&mut self, status: u16) {
        self.status = Some(status);
    }

    /// It has ended: with an answer to use or, for the reason given, without.
    pub(crate) fn ended(&mut self, error_type: Option<&'static str>) {
        self.error_type = error_type;
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.observer.requested(&SentRequest {
            server: self.server,
            method: self.method,
            duration: self.began.elapsed(),
            status: self.status,
            error_type: self.error_type,
        });
    }
}
