//! Now, by two clocks: the wall clock, which a token's `exp` is written by, and the monotonic one,
//! which nobody can set. What is remembered has to stand by both.

use std::time::Duration;

use auth_interceptor::{Clock, UnixSeconds};
use tokio::time::Instant;

/// One moment by both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) wall: UnixSeconds,
    pub(super) instant: Instant,
}

impl Moment {
    pub(super) fn now(clock: &Clock) -> Self {
        Self {
            wall: clock.now(),
            instant: Instant::now(),
        }
    }
}

/// From when to when something counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Life {
    since: UnixSeconds,
    until: UnixSeconds,
    /// The same end by the clock that nobody can set.
    deadline: Instant,
}

impl Life {
    /// Begins at `since` and lasts that long.
    pub(super) fn new(since: Moment, lasts: Duration) -> Self {
        Self {
            since: since.wall,
            until: since.wall.saturating_add(lasts.as_secs()),
            deadline: since.instant + lasts,
        }
    }

    /// A wall clock that was set back tells nothing about age: the life is over.
    pub(super) fn stands(&self, now: Moment) -> bool {
        (self.since..=self.until).contains(&now.wall) && now.instant <= self.deadline
    }

    /// When it ends at the latest.
    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Life, Moment};

    #[test]
    fn a_life_ends_by_whichever_clock_says_so_first() {
        let start = Instant::now();
        let at = |wall, seconds| Moment {
            wall,
            instant: start + Duration::from_secs(seconds),
        };
        let life = Life::new(at(1_000, 0), Duration::from_secs(60));
        assert!(life.stands(at(1_000, 0)));
        assert!(life.stands(at(1_060, 60)));
        // The wall clock jumped forward, stood still, or was set back.
        assert!(!life.stands(at(1_061, 1)));
        assert!(!life.stands(at(1_000, 61)));
        assert!(!life.stands(at(999, 1)));
        assert!(!life.stands(at(0, 30)));
    }
}
