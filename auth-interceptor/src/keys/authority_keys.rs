//! The keys of one authority as callers see them: the last good set, and a bounded way to ask for
//! a newer one.
//!
//! Looking at keys takes no lock and waits for nobody. Only a caller with an unknown key id ever
//! waits, for a read that a background task makes and that outlives the caller.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::MAX_KID;
use super::demand::{AskedKey, Demand};
use super::error::{KeyReadError, KeysStartError};
use super::fetch::Fetcher;
use super::refresh::Refresh;
use super::snapshot::KeySnapshot;
use crate::authority::{Authority, KeySettings};
use crate::claims::TokenVersion;
use crate::clock::UnixSeconds;
use crate::observer::{KeyOrigin, Observer};
use crate::propagate::Propagate;

/// What a caller is told to wait at least.
const SHORTEST_RETRY_AFTER: Duration = Duration::from_secs(1);

/// The signing keys of one authority, kept fresh while this lives.
pub(crate) struct AuthorityKeys {
    shared: Arc<Shared>,
    usable: watch::Receiver<bool>,
    /// The number of the last finished read.
    pub(super) finished: watch::Receiver<u64>,
    task: AbortHandle,
}

/// What came of asking for a key that the current snapshot lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Learned {
    /// The current snapshot has the key now.
    Known,
    /// It has not: the authority was asked and does not publish it, cannot be read, or may not be
    /// asked yet ([`AuthorityKeys::cooldown_left`]).
    Unknown,
}

/// The state of an authority's keys, for health and operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyStatus {
    pub(crate) source: KeySource,
    pub(crate) keys: usize,
    pub(crate) age: Option<Duration>,
    /// Why the latest read failed; none if it did not.
    pub(crate) last_error: Option<KeyReadError>,
}

/// Where the current keys are from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeySource {
    /// The latest read.
    Fetch,
    /// An earlier read: later ones failed.
    LastKnownGood,
    /// There are none.
    Missing,
}

impl KeySource {
    /// The value of `selvedge.jwks.source` after a read.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Fetch => "fetch",
            Self::LastKnownGood => "lkg",
            Self::Missing => "none",
        }
    }
}

impl AuthorityKeys {
    /// Starts to read the authority's keys, in a task that ends when this is dropped. Must be
    /// called within a tokio runtime.
    pub(crate) fn start(
        authority: &Authority,
        settings: &KeySettings,
        observer: &Arc<dyn Observer>,
        propagate: &Arc<dyn Propagate>,
    ) -> Result<Arc<Self>, KeysStartError> {
        let fetcher = Fetcher::new(authority, Arc::clone(observer), Arc::clone(propagate))?;
        let shared = Arc::new(Shared {
            loaded: ArcSwapOption::empty(),
            last_known_good: settings.last_known_good,
            is_failing: AtomicBool::new(false),
            desk: Mutex::new(Desk {
                demand: Demand::new(settings),
                reading: true,
                started: 1,
                asked: None,
                flush: false,
                next_read: Instant::now(),
                last_error: None,
                date: None,
            }),
            wake: Notify::new(),
        });
        let (usable_sender, usable) = watch::channel(false);
        let (finished_sender, finished) = watch::channel(0);
        let refresh = Refresh::new(
            &authority.name,
            fetcher,
            Arc::clone(&shared),
            settings,
            Arc::clone(observer),
            usable_sender,
            finished_sender,
        );
        let task = tokio::spawn(refresh.run()).abort_handle();
        Ok(Arc::new(Self {
            shared,
            usable,
            finished,
            task,
        }))
    }

    /// The last good keys; none before the first, and none that are older than the cap.
    pub(crate) fn current(&self) -> Option<Arc<KeySnapshot>> {
        self.shared.current()
    }

    /// Whether there are keys to decide by. What was verified with keys that are past the cap now
    /// stands no longer either.
    pub(crate) fn is_usable(&self) -> bool {
        self.shared.with_current(|_| ()).is_some()
    }

    /// Where keys that are at hand come from.
    pub(crate) fn origin(&self) -> KeyOrigin {
        if self.shared.is_failing.load(Ordering::Relaxed) {
            KeyOrigin::LastKnownGood
        } else {
            KeyOrigin::Cache
        }
    }

    /// The time since the last good read, however long ago.
    pub(crate) fn age(&self) -> Option<Duration> {
        self.shared.loaded().map(|loaded| loaded.read_at.elapsed())
    }

    /// When calls that find no keys at all should try again.
    pub(crate) fn retry_after(&self) -> Duration {
        let next_read = self.shared.desk().next_read;
        next_read
            .saturating_duration_since(Instant::now())
            .max(SHORTEST_RETRY_AFTER)
    }

    /// How long no unknown key id can cause a read.
    pub(crate) fn cooldown_left(&self) -> Option<Duration> {
        self.shared.desk().demand.left(Instant::now())
    }

    /// Looks for a key that the current snapshot lacks: joins the read under way, or causes one if
    /// the budget allows. Whoever waits can stop waiting without harm to others.
    pub(crate) async fn learn(&self, version: TokenVersion, kid: &str) -> Learned {
        if kid.is_empty() || kid.len() > MAX_KID {
            return Learned::Unknown;
        }
        let key: AskedKey = (version, kid.into());
        loop {
            let mut finished = self.finished.clone();
            finished.mark_unchanged();
            match self.shared.ask(&key) {
                Answer::Known => return Learned::Known,
                Answer::Unknown => return Learned::Unknown,
                Answer::Wait => {}
            }
            if finished.changed().await.is_err() {
                return Learned::Unknown;
            }
        }
    }

    /// Reads the keys now, past every cooldown, and returns when that read is done: for an
    /// administrator who knows that the authority's keys have changed.
    pub(crate) async fn refresh_now(&self) -> KeyStatus {
        let mut finished = self.finished.clone();
        let awaited = self.shared.demand_flush();
        // An error means that the task has ended: there is nothing to wait for.
        let _ = finished.wait_for(|read| *read >= awaited).await;
        self.status()
    }

    /// Whether there are keys to serve with, and each change of that.
    pub(crate) fn subscribe(&self) -> watch::Receiver<bool> {
        self.usable.clone()
    }

    /// The state of the keys.
    pub(crate) fn status(&self) -> KeyStatus {
        let last_error = self.shared.desk().last_error;
        let current = self.shared.current();
        KeyStatus {
            source: match (&current, last_error) {
                (None, _) => KeySource::Missing,
                (Some(_), None) => KeySource::Fetch,
                (Some(_), Some(_)) => KeySource::LastKnownGood,
            },
            keys: current.map_or(0, |snapshot| snapshot.len()),
            age: self.age(),
            last_error,
        }
    }

    /// How far the authority's clock is ahead of `now`, by the latest answer that told its time, and
    /// how long ago that came.
    pub(crate) fn skew_seconds(&self, now: UnixSeconds) -> Option<(i64, Duration)> {
        let (date, at) = self.shared.desk().date?;
        let told = at.elapsed();
        let authority = date.saturating_add(told.as_secs());
        Some((authority.checked_signed_diff(now)?, told))
    }
}

impl Drop for AuthorityKeys {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for AuthorityKeys {
    /// Without the key ids, some of which strangers chose.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorityKeys")
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

/// What the callers and the background task share.
pub(super) struct Shared {
    loaded: ArcSwapOption<Loaded>,
    last_known_good: Duration,
    /// Whether the latest read failed: what the desk knows, for those who take no lock.
    pub(super) is_failing: AtomicBool,
    desk: Mutex<Desk>,
    /// Tells the task that something was asked for.
    pub(super) wake: Notify,
}

/// A snapshot and when it was read.
pub(super) struct Loaded {
    pub(super) snapshot: Arc<KeySnapshot>,
    pub(super) read_at: Instant,
}

/// Where callers with unknown key ids and the task meet.
pub(super) struct Desk {
    pub(super) demand: Demand,
    /// Whether a read is under way or about to be.
    pub(super) reading: bool,
    /// The number of the latest read.
    pub(super) started: u64,
    /// The key that the next read is for.
    pub(super) asked: Option<AskedKey>,
    /// An administrator asked for a read.
    pub(super) flush: bool,
    pub(super) next_read: Instant,
    pub(super) last_error: Option<KeyReadError>,
    /// The authority's clock, and when it was read.
    pub(super) date: Option<(UnixSeconds, Instant)>,
}

enum Answer {
    Known,
    Unknown,
    Wait,
}

impl Shared {
    pub(super) fn desk(&self) -> MutexGuard<'_, Desk> {
        // Every change to the desk is complete at each step: a panic elsewhere cannot tear it.
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last good keys, of whatever age.
    pub(super) fn loaded(&self) -> Option<Arc<Loaded>> {
        self.loaded.load_full()
    }

    pub(super) fn install(&self, loaded: Loaded) {
        self.loaded.store(Some(Arc::new(loaded)));
    }

    pub(super) fn current(&self) -> Option<Arc<KeySnapshot>> {
        self.with_current(Arc::clone)
    }

    fn with_current<T>(&self, read: impl FnOnce(&Arc<KeySnapshot>) -> T) -> Option<T> {
        let loaded = self.loaded.load();
        loaded
            .as_ref()
            .filter(|loaded| loaded.read_at.elapsed() < self.last_known_good)
            .map(|loaded| read(&loaded.snapshot))
    }

    /// Decides under the lock, so that of any number of callers one causes a read and the others
    /// join it; the task installs new keys before it says, under the lock, that it is done.
    fn ask(&self, key: &AskedKey) -> Answer {
        let mut desk = self.desk();
        let (version, kid) = key;
        let current = self.current();
        if current
            .as_ref()
            .is_some_and(|snapshot| snapshot.find(*version, kid).is_some())
        {
            return Answer::Known;
        }
        if desk.reading {
            return Answer::Wait;
        }
        // Without any keys the timer reads again at once, and tokens have no say in it.
        if current.is_none() || !desk.demand.charge(key, Instant::now()) {
            return Answer::Unknown;
        }
        desk.reading = true;
        desk.asked = Some(key.clone());
        drop(desk);
        self.wake.notify_one();
        Answer::Wait
    }

    /// Asks for a read that begins from now on, and returns its number.
    fn demand_flush(&self) -> u64 {
        let mut desk = self.desk();
        desk.flush = true;
        desk.demand.reset();
        let awaited = desk.started + 1;
        drop(desk);
        self.wake.notify_one();
        awaited
    }
}
