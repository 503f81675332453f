//! The emulator's clock: the caller's time source plus a scripted offset.
//!
//! Everything the emulator dates (tokens, codes, errors) reads this clock, so a test that
//! advances it moves the whole authority at once. TLS certificates do not depend on it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A source of Unix seconds.
pub type Now = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Unix seconds as the emulator sees them.
pub(crate) struct Clock {
    now: Now,
    offset: AtomicI64,
}

impl Clock {
    pub(crate) fn new(now: Now) -> Self {
        Self {
            now,
            offset: AtomicI64::new(0),
        }
    }

    pub(crate) fn now(&self) -> u64 {
        (self.now)().saturating_add_signed(self.offset.load(Ordering::Relaxed))
    }

    /// Moves the clock; a negative number moves it back.
    pub(crate) fn advance(&self, seconds: i64) {
        self.offset.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock")
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}
