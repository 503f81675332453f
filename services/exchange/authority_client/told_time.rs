//! The time that an authority's answers tell: an assertion or token is refused where the clocks of
//! both sides are too far apart.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use auth_interceptor::{Clock, UnixSeconds};
use http::HeaderMap;
use http::header::DATE;
use tokio::time::Instant;

/// How far two clocks are apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockSkew {
    /// How far the authority's is ahead of this machine's.
    pub seconds: i64,
    /// The time since the authority told its own.
    pub told: Duration,
}

/// The time of the latest answer that told one.
#[derive(Debug, Default)]
pub(super) struct ToldTime(Mutex<Option<(UnixSeconds, Instant)>>);

impl ToldTime {
    pub(super) fn note(&self, headers: &HeaderMap) {
        let date = headers.get(DATE).and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| httpdate::parse_http_date(date).ok());
        let Some(since) = date.and_then(|date| date.duration_since(UNIX_EPOCH).ok()) else {
            return;
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((since.as_secs(), Instant::now()));
    }

    pub(super) fn skew(&self, clock: &Clock) -> Option<ClockSkew> {
        let (date, at) = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        let told = at.elapsed();
        let authority = date.saturating_add(told.as_secs());
        let seconds = authority.checked_signed_diff(clock.now())?;
        Some(ClockSkew { seconds, told })
    }
}
