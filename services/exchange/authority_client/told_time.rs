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

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    /// Sunday, 6 November 1994, 08:49:37 GMT.
    const DATED: u64 = 784_111_777;

    fn answer(date: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(DATE, HeaderValue::from_static(date))])
    }

    #[test]
    fn an_answer_tells_how_far_the_clocks_are_apart_until_the_next_does() {
        let told = ToldTime::default();
        let ours = |now: u64| told.skew(&Clock::from_fn(move || now));
        assert_eq!(ours(DATED), None);
        told.note(&answer("Sun, 06 Nov 1994 08:49:37 GMT"));
        assert_eq!(ours(DATED - 40).unwrap().seconds, 40);
        assert_eq!(ours(DATED + 40).unwrap().seconds, -40);
        told.note(&answer("no date"));
        told.note(&HeaderMap::new());
        assert_eq!(ours(DATED).unwrap().seconds, 0);
        told.note(&answer("Sun, 06 Nov 1994 08:49:39 GMT"));
        assert_eq!(ours(DATED).unwrap().seconds, 2);
    }
}
