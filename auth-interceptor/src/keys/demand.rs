//! What unknown key ids may cost: one read per cooldown, whoever asks and however often.
//!
//! Pure bookkeeping over times that are passed in. The timer's reads are not charged here, so that
//! an attacker's key ids spend no budget but this one.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::authority::KeySettings;
use crate::claims::TokenVersion;

const MAX_ABSENT: usize = 1_000;

/// A key id in the document for one token version.
pub(super) type AskedKey = (TokenVersion, Box<str>);

/// The budget of reads that unknown key ids cause.
pub(super) struct Demand {
    cooldown: Duration,
    longest_absence: Duration,
    last_read: Option<Instant>,
    /// The authority asked to be left alone until then.
    not_before: Option<Instant>,
    absent: HashMap<AskedKey, Absence>,
}

/// A key id that a read did not bring. It waits one cooldown, so that a key which reaches the
/// authority's replicas late is found; each further miss doubles the wait, so that a client with a
/// stale token leaves the budget to others.
struct Absence {
    until: Instant,
    wait: Duration,
}

impl Demand {
    pub(super) fn new(settings: &KeySettings) -> Self {
        Self {
            cooldown: settings.unknown_kid_cooldown,
            longest_absence: settings.refresh.max(settings.unknown_kid_cooldown),
            last_read: None,
            not_before: None,
            absent: HashMap::new(),
        }
    }

    /// Whether a read may be made for the key now. If so, the budget is spent: the cooldown runs
    /// from here, whatever becomes of the read.
    pub(super) fn charge(&mut self, key: &AskedKey, now: Instant) -> bool {
        let absent = self
            .absent
            .get(key)
            .is_some_and(|absence| now < absence.until);
        if absent || self.left(now).is_some() {
            return false;
        }
        self.last_read = Some(now);
        true
    }

    /// How long no unknown key id can cause a read.
    pub(super) fn left(&self, now: Instant) -> Option<Duration> {
        let cooling = self.last_read.and_then(|read| {
            self.cooldown
                .checked_sub(now.saturating_duration_since(read))
        });
        let left_alone = self
            .not_before
            .map(|until| until.saturating_duration_since(now));
        cooling.max(left_alone).filter(|left| !left.is_zero())
    }

    /// The authority asked to be left alone, or (`None`) no longer does.
    pub(super) fn leave_alone_until(&mut self, until: Option<Instant>) {
        self.not_before = until;
    }

    /// A read made for the key did not bring it.
    pub(super) fn remember_absent(&mut self, key: AskedKey, now: Instant) {
        if self.absent.len() >= MAX_ABSENT {
            self.absent.retain(|_, absence| now < absence.until);
        }
        let wait = self.absent.get(&key).map_or(self.cooldown, |absence| {
            absence.wait.saturating_mul(2).min(self.longest_absence)
        });
        if self.absent.len() < MAX_ABSENT || self.absent.contains_key(&key) {
            let until = now + wait;
            self.absent.insert(key, Absence { until, wait });
        }
    }

    /// The keys are others than before: what they lack is to be found out anew.
    pub(super) fn forget_absent(&mut self) {
        self.absent.clear();
    }

    /// An administrator asks for a fresh start.
    pub(super) fn reset(&mut self) {
        self.last_read = None;
        self.not_before = None;
        self.absent.clear();
    }
}
