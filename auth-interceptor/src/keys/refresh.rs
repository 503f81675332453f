//! The background task of an authority's keys: it alone reads documents, one read at a time.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tracing::{Instrument, Span};

use super::authority_keys::{KeySource, Loaded, Shared};
use super::demand::AskedKey;
use super::error::KeyReadError;
use super::fetch::{Fetcher, Reading, Seen};
use super::report::Report;
use super::schedule::Schedule;
use super::snapshot::KeySnapshot;
use crate::authority::KeySettings;
use crate::observer::{KeyRead, KeyReadOutcome, Observer};

/// Reads an authority's keys at the start, by the timer and on demand.
pub(super) struct Refresh {
    report: Report,
    observer: Arc<dyn Observer>,
    authority: Box<str>,
    fetcher: Fetcher,
    shared: Arc<Shared>,
    schedule: Schedule,
    last_known_good: Duration,
    usable: watch::Sender<bool>,
    /// The number of the last finished read.
    finished: watch::Sender<u64>,
}

/// What a read is made for.
pub(super) enum Trigger {
    Start,
    Timer,
    UnknownKid(AskedKey),
    Flush,
}

impl Trigger {
    /// The value of `selvedge.jwks.trigger`.
    pub(super) fn as_str(&self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Timer => "timer",
            Self::UnknownKid(_) => "unknown_kid",
            Self::Flush => "flush",
        }
    }
}

impl Refresh {
    pub(super) fn new(
        authority: &str,
        fetcher: Fetcher,
        shared: Arc<Shared>,
        settings: &KeySettings,
        observer: Arc<dyn Observer>,
        usable: watch::Sender<bool>,
        finished: watch::Sender<u64>,
    ) -> Self {
        Self {
            report: Report::new(authority),
            observer,
            authority: authority.into(),
            fetcher,
            shared,
            schedule: Schedule::new(settings.refresh),
            last_known_good: settings.last_known_good,
            usable,
            finished,
        }
    }

    /// Runs until it is aborted.
    pub(super) async fn run(mut self) {
        let mut trigger = Trigger::Start;
        loop {
            self.read_once(&trigger).await;
            trigger = self.next_trigger().await;
        }
    }

    /// One read, in a span that ends with it.
    async fn read_once(&mut self, trigger: &Trigger) {
        let span = self.report.span(self.fetcher.sources(), trigger);
        self.read(trigger, &span).instrument(span.clone()).await;
    }

    async fn next_trigger(&self) -> Trigger {
        loop {
            let next_read = {
                let mut desk = self.shared.desk();
                let due = if std::mem::take(&mut desk.flush) {
                    // A key that was asked for meanwhile is answered by the same read.
                    desk.asked = None;
                    Some(Trigger::Flush)
                } else if let Some(key) = desk.asked.take() {
                    Some(Trigger::UnknownKid(key))
                } else if desk.next_read <= Instant::now() {
                    Some(Trigger::Timer)
                } else {
                    None
                };
                if let Some(trigger) = due {
                    desk.reading = true;
                    desk.started += 1;
                    return trigger;
                }
                desk.next_read
            };
            tokio::select! {
                () = self.shared.wake.notified() => {}
                () = sleep_until(next_read) => {}
                () = self.keys_expire() => self.withdraw_health(),
            }
        }
    }

    /// Completes when the last good keys have become too old to serve.
    async fn keys_expire(&self) {
        match self.shared.loaded() {
            Some(loaded) if *self.usable.borrow() => {
                let left = self
                    .last_known_good
                    .saturating_sub(loaded.read_at.elapsed());
                tokio::time::sleep(left).await;
            }
            _ => std::future::pending().await,
        }
    }

    fn withdraw_health(&self) {
        if self.shared.current().is_none() && self.set_usable(false) {
            self.report.expired();
        }
    }

    /// Says whether that is a change.
    fn set_usable(&self, now: bool) -> bool {
        self.usable
            .send_if_modified(|usable| std::mem::replace(usable, now) != now)
    }

    async fn read(&mut self, trigger: &Trigger, span: &Span) {
        let Reading { outcome, seen } = self.fetcher.read().await;
        let read_at = Instant::now();
        let (changed, error) = match outcome {
            Ok(snapshot) => (self.install(snapshot, read_at), None),
            Err(error) => (false, Some(error)),
        };
        self.report_outcome(span, trigger, error, seen);
        let read = self.settle(trigger, changed, error, seen, read_at);
        self.withdraw_health();
        self.finished.send_replace(read);
    }

    /// Puts the new keys in the place of the old ones, and says whether they differ.
    fn install(&self, mut snapshot: KeySnapshot, read_at: Instant) -> bool {
        let previous = self.shared.loaded();
        let changed = previous
            .as_ref()
            .is_none_or(|previous| snapshot.succeed(&previous.snapshot));
        self.report.refused_keys(&snapshot, previous.as_deref());
        if changed {
            self.report.changed(&snapshot);
        }
        self.shared.install(Loaded {
            snapshot: Arc::new(snapshot),
            read_at,
        });
        self.set_usable(true);
        changed
    }

    fn report_outcome(
        &self,
        span: &Span,
        trigger: &Trigger,
        error: Option<KeyReadError>,
        seen: Seen,
    ) {
        let source = match (error, self.shared.current()) {
            (None, _) => KeySource::Fetch,
            (Some(_), Some(_)) => KeySource::LastKnownGood,
            (Some(_), None) => KeySource::Missing,
        };
        let previous = self.shared.desk().last_error;
        self.report.outcome(span, seen, source, error, previous);
        self.observer.keys_read(&KeyRead {
            authority: &self.authority,
            trigger: trigger.as_str(),
            outcome: match error {
                None => KeyReadOutcome::Read,
                Some(error) if error.is_rejection() => KeyReadOutcome::Refused,
                Some(_) => KeyReadOutcome::Unavailable,
            },
            error_type: error.map(KeyReadError::error_type),
        });
    }

    /// Sets the next read and what may be asked for until then; returns the read's number.
    fn settle(
        &mut self,
        trigger: &Trigger,
        changed: bool,
        error: Option<KeyReadError>,
        seen: Seen,
        now: Instant,
    ) -> u64 {
        let current = self.shared.current();
        let wait = match error {
            None => self.schedule.after_success(jitter()),
            Some(_) => self
                .schedule
                .after_failure(current.is_some(), seen.retry_after, jitter()),
        };
        let mut desk = self.shared.desk();
        if changed {
            desk.demand.forget_absent();
        }
        if let (Trigger::UnknownKid(key), None, Some(current)) = (trigger, error, current) {
            let (version, kid) = key;
            if current.find(*version, kid).is_none() {
                desk.demand.remember_absent(key.clone(), now);
            }
        }
        desk.demand
            .leave_alone_until(error.and(seen.retry_after).map(|asked| now + asked));
        desk.next_read = now + wait;
        desk.last_error = error;
        self.shared
            .is_failing
            .store(error.is_some(), Ordering::Relaxed);
        if let Some(date) = seen.date {
            desk.date = Some((date, now));
        }
        desk.reading = false;
        desk.started
    }
}

/// Without randomness there is no jitter, which only means that instances read at the same time.
fn jitter() -> u8 {
    let mut byte = [0];
    match aws_lc_rs::rand::fill(&mut byte) {
        Ok(()) => u8::from_be_bytes(byte),
        Err(_) => 0,
    }
}
