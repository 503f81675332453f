//! The wall clock as a parameter: validators take `now`, and only [`Clock::system`] reads the time.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted (RFC 7519 `NumericDate`).
pub type UnixSeconds = u64;

/// A source of the current wall-clock time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Duration + Send + Sync>);

impl Clock {
    /// The machine's clock. A time before 1970 reads as 0, at which every token is not yet valid.
    #[must_use]
    pub fn system() -> Self {
        Self(Arc::new(|| {
            #[expect(
                clippy::disallowed_methods,
                reason = "the one place that reads the wall clock"
            )]
            let now = std::time::SystemTime::now();
            now.duration_since(std::time::UNIX_EPOCH)
                .unwrap_or_default()
        }))
    }

    /// A clock that a test or an emulator moves.
    #[must_use]
    pub fn from_fn(now: impl Fn() -> UnixSeconds + Send + Sync + 'static) -> Self {
        Self(Arc::new(move || Duration::from_secs(now())))
    }

    /// The current time.
    #[must_use]
    pub fn now(&self) -> UnixSeconds {
        self.since_epoch().as_secs()
    }

    /// The time since 1970-01-01T00:00:00Z, as finely as the clock tells it: for records, while
    /// decisions go by [`Clock::now`].
    #[must_use]
    pub fn since_epoch(&self) -> Duration {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
