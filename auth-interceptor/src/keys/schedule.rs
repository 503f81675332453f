//! When keys are read again without anyone asking.

use std::time::Duration;

/// The first wait after a failure, and the only one while there are no keys to serve with.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(60);
/// Settings cannot make the task spin.
const SHORTEST_WAIT: Duration = Duration::from_millis(10);

/// The waits between reads: jitter only ever shortens one, so that each is an upper bound.
#[derive(Debug)]
pub(super) struct Schedule {
    refresh: Duration,
    retry: Duration,
}

impl Schedule {
    pub(super) fn new(refresh: Duration) -> Self {
        Self {
            refresh,
            retry: FIRST_RETRY,
        }
    }

    /// The wait while all is well. `jitter` is drawn evenly from 0 to 255.
    pub(super) fn after_success(&mut self, jitter: u8) -> Duration {
        self.retry = FIRST_RETRY;
        shortened(self.refresh, jitter)
    }

    /// The wait after a failure: 1 s doubling to a minute while old keys serve. Without any keys
    /// every call fails, so it stays at 1 s, to be back soon after the authority is. What the
    /// authority asks for is never undercut.
    pub(super) fn after_failure(
        &mut self,
        has_keys: bool,
        retry_after: Option<Duration>,
        jitter: u8,
    ) -> Duration {
        let longest = LONGEST_RETRY.min(self.refresh);
        let wait = if has_keys { self.retry } else { FIRST_RETRY }.min(longest);
        self.retry = if has_keys { wait * 2 } else { FIRST_RETRY };
        shortened(wait, jitter).max(retry_after.unwrap_or_default())
    }
}

/// Takes off up to a tenth.
fn shortened(wait: Duration, jitter: u8) -> Duration {
    let tenth = wait / 10;
    let taken = tenth / u32::from(u8::MAX) * u32::from(jitter);
    wait.saturating_sub(taken).max(SHORTEST_WAIT)
}
