//! Who runs the jobs: as many at once as are configured, in every process on the store.
//!
//! # What is promised
//!
//! - A job that was accepted ends, whichever process dies in between: its row is its place in the
//!   queue. Work whose process has died is taken up when its lease ends.
//! - One works on a job at a time. A lease that is not renewed in time is lost, also by a process
//!   that merely stood still; then what it did is dropped, and the store takes its word for nothing.
//! - A round's file becomes visible once. No lease holds between a look at it and a request that
//!   reaches OneLake, so every request that shows or empties the file names the version that it is
//!   for: what a process sends that stood still in between, however late, is refused.
//! - Nothing is tried for ever: not a job that never comes to an end of any kind, not one whose
//!   time is over.

use std::sync::Arc;
use std::time::Duration;

use auth_interceptor::UnixSeconds;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Jobs;
use super::error::RunError;
use super::export;
use super::order::{Order, RUN_TIME};
use crate::downstream::{Downstream, DownstreamError, OnBehalfOf};
use crate::exchange::{ExchangeError, LongRunningError, LongRunningSession, RefusalClass};
use crate::store::{ClaimedJob, JobFailure, Lease, Settlement, StoreError, Term};
use crate::telemetry::job_runs::JobRuns;

/// How often an idle worker looks for what other processes have left.
const LOOKING: Duration = Duration::from_secs(1);
/// How often a job may be claimed without coming further.
const MAX_ATTEMPTS: u32 = 10;
/// The longest pause before another attempt, in seconds.
const MAX_PAUSE: u64 = 60;

/// How many work, and how long their word counts.
#[derive(Clone, Copy, Debug)]
pub struct WorkerSettings {
    /// Jobs that are worked on at once; none: this process works on none.
    pub workers: usize,
    /// How long a job stays with a process that does not renew its lease.
    pub lease: Duration,
}

impl Default for WorkerSettings {
    fn default() -> Self {
        Self {
            workers: 4,
            lease: Duration::from_secs(15),
        }
    }
}

/// The workers of this process.
#[derive(Clone, Debug)]
pub struct Workers {
    jobs: Arc<Jobs>,
    downstream: Arc<Downstream>,
    settings: WorkerSettings,
    runs: JobRuns,
    /// How a failure is told to whoever asks for the job. Asked for within its run.
    told: fn(&RunError) -> JobFailure,
}

impl Workers {
    /// Workers that run what `jobs` takes, and call `downstream` for it.
    #[must_use]
    pub fn new(
        jobs: Arc<Jobs>,
        downstream: Arc<Downstream>,
        settings: WorkerSettings,
        runs: JobRuns,
        told: fn(&RunError) -> JobFailure,
    ) -> Self {
        Self {
            jobs,
            downstream,
            settings,
            runs,
            told,
        }
    }

    /// Works until `stop`; then hands over what is under way and ends.
    pub async fn run(self, stop: CancellationToken) {
        let places = Arc::new(Semaphore::new(self.settings.workers));
        // Dropped with this future: nobody works on for a service that is gone.
        let mut at_work = JoinSet::new();
        while let Some(place) = free(&places, &stop).await {
            while at_work.try_join_next().is_some() {}
            match self.claim().await {
                Ok(Some(job)) => {
                    let (worker, stop) = (self.clone(), stop.clone());
                    at_work.spawn(async move { worker.work(job, place, stop).await });
                }
                // What went wrong is in the log, by the store.
                Ok(None) | Err(_) => {
                    drop(place);
                    tokio::select! {
                        () = stop.cancelled() => break,
                        () = self.jobs.ordered.notified() => {}
                        () = tokio::time::sleep(LOOKING) => {}
                    }
                }
            }
        }
        at_work.join_all().await;
    }

    async fn claim(&self) -> Result<Option<ClaimedJob>, StoreError> {
        let now = self.jobs.clock.now();
        let until = self.end_of_lease(now);
        self.jobs.store.claim_job(Term { now, until }).await
    }

    fn end_of_lease(&self, now: UnixSeconds) -> UnixSeconds {
        now.saturating_add(self.settings.lease.as_secs())
    }

    /// Works on one job for as long as it is this process's. Whatever is dropped here can be done
    /// again: nothing counts before it is flushed or settled.
    async fn work(self, job: ClaimedJob, _place: OwnedSemaphorePermit, stop: CancellationToken) {
        let run = self.runs.begin(job.address.job_id, &job.order.owner);
        run.scope(self.work_within(job, stop)).await;
    }

    async fn work_within(&self, job: ClaimedJob, stop: CancellationToken) {
        let settlement = tokio::select! {
            // In this order: a process that stood still asks after its lease before it goes on.
            biased;
            () = self.lost(&job.lease) => return,
            () = stop.cancelled() => Settlement::HandOver,
            settlement = self.settlement(&job) => settlement,
        };
        let now = self.jobs.clock.now();
        let ended = matches!(settlement, Settlement::Completed | Settlement::Failed(_));
        let settled = self.jobs.store.settle_job(&job.lease, settlement, now);
        if settled.await.is_ok() && ended {
            tracing::info!(selvedge.job.id = %job.address.job_id, "selvedge.job.ended");
        }
    }

    /// Renews the lease as long as that goes; ready once it is lost.
    async fn lost(&self, lease: &Lease) {
        let mut held_until = Instant::now() + self.settings.lease;
        loop {
            tokio::time::sleep(self.settings.lease / 3).await;
            if Instant::now() >= held_until {
                return;
            }
            let until = self.end_of_lease(self.jobs.clock.now());
            let asked_at = Instant::now();
            match self.jobs.store.renew_lease(lease, until).await {
                Ok(()) => held_until = asked_at + self.settings.lease,
                // Cancelled, or another's.
                Err(StoreError::Conflict) => return,
                Err(_) => {}
            }
        }
    }

    /// Does the job's next round, and says how to let go of it.
    async fn settlement(&self, job: &ClaimedJob) -> Settlement {
        let begun = self.jobs.clock.now();
        let done = if begun.saturating_sub(job.create_time) > RUN_TIME.as_secs() {
            Err(RunError::TimeOver)
        } else if job.attempts > MAX_ATTEMPTS {
            Err(RunError::GivenUp)
        } else {
            self.round(job).await
        };
        let now = self.jobs.clock.now();
        let error = match done {
            Ok(Some(pause)) => {
                return Settlement::NextRound {
                    at: now.saturating_add(pause),
                };
            }
            Ok(None) => return Settlement::Completed,
            Err(error) => error,
        };
        // Said of every run that fails, also where the job is tried again.
        let failure = (self.told)(&error);
        if let Some(pause) = pause(&error, job.attempts) {
            return Settlement::TryAgain {
                at: now.saturating_add(pause),
            };
        }
        tracing::info!(
            selvedge.job.id = %job.address.job_id,
            error = &error as &dyn std::error::Error,
            "selvedge.job.failed"
        );
        Settlement::Failed(failure)
    }

    /// Does the job's next round; how long to wait for another one, if there is one.
    async fn round(&self, job: &ClaimedJob) -> Result<Option<u64>, RunError> {
        let order = Order::read(&job.address, &job.order.payload)?;
        let session = LongRunningSession {
            owner: job.order.owner.clone(),
            registration: job.session.registration.clone(),
            id: job.session.id,
        };
        let exchange = Arc::clone(&self.jobs.exchange);
        let on_behalf_of = OnBehalfOf::for_long_running(exchange, session);
        let store = &*self.jobs.store;
        export::round(store, &self.downstream, &on_behalf_of, job, &order).await?;
        Ok(order.pause(job.progress.rounds.saturating_add(1)))
    }
}

/// A place for another job, unless the work is to stop.
async fn free(places: &Arc<Semaphore>, stop: &CancellationToken) -> Option<OwnedSemaphorePermit> {
    tokio::select! {
        biased;
        () = stop.cancelled() => None,
        place = Arc::clone(places).acquire_owned() => place.ok(),
    }
}

/// How many seconds to wait before what failed so is tried again; none: it fails for good.
fn pause(error: &RunError, attempts: u32) -> Option<u64> {
    if attempts >= MAX_ATTEMPTS {
        return None;
    }
    let doubled = 1_u64.checked_shl(attempts.saturating_sub(1));
    let mut pause = doubled.unwrap_or(MAX_PAUSE).min(MAX_PAUSE);
    // Somebody else got there: perhaps all is done, which a look tells at once.
    if matches!(error, RunError::Downstream(DownstreamError::Overtaken(_))) {
        pause = pause.saturating_sub(1);
    }
    wait(error).map(|wait| wait.as_secs().clamp(pause, MAX_PAUSE))
}

/// How long whoever failed asks to be left alone, if waiting can help at all.
fn wait(error: &RunError) -> Option<Duration> {
    match error {
        RunError::Order(_) | RunError::GivenUp | RunError::TimeOver => None,
        RunError::Store(error) => unavailable(*error),
        RunError::Downstream(error) => match error {
            DownstreamError::Throttled { retry_after, .. }
            | DownstreamError::Unavailable { retry_after, .. } => Some(*retry_after),
            DownstreamError::Overtaken(_) => Some(Duration::ZERO),
            DownstreamError::Exchange(error) => wait_of_exchange(error),
            DownstreamError::LongRunning(LongRunningError::Store(error)) => unavailable(*error),
            _ => None,
        },
    }
}

fn unavailable(error: StoreError) -> Option<Duration> {
    matches!(error, StoreError::Unavailable | StoreError::Conflict).then_some(Duration::ZERO)
}

fn wait_of_exchange(error: &ExchangeError) -> Option<Duration> {
    match error {
        ExchangeError::AuthorityUnavailable { retry_after, .. }
        | ExchangeError::AuthorityTimeout { retry_after, .. }
        | ExchangeError::Overloaded { retry_after } => Some(*retry_after),
        ExchangeError::Refused(refusal)
            if matches!(refusal.class, RefusalClass::Throttled | RefusalClass::Loop) =>
        {
            Some(
                refusal
                    .retry_after
                    .unwrap_or(Duration::from_secs(MAX_PAUSE)),
            )
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::downstream::FailedCall;

    #[test]
    fn what_may_pass_is_tried_again_later_and_later_but_not_for_ever() {
        let down = RunError::Store(StoreError::Unavailable);
        let pauses: Vec<_> = (1..=MAX_ATTEMPTS)
            .map(|attempt| pause(&down, attempt))
            .collect();
        let seconds = [1, 2, 4, 8, 16, 32, 60, 60, 60];
        assert_eq!(pauses[..9], seconds.map(Some));
        assert_eq!(pauses[9], None);
    }

    #[test]
    fn who_was_overtaken_looks_again_at_once() {
        let overtaken = RunError::Downstream(DownstreamError::Overtaken(FailedCall {
            resource: "https://storage.azure.com",
            error_code: Some("ConditionNotMet".into()),
            request_id: None,
        }));
        let pauses = [1, 2, 3].map(|attempt| pause(&overtaken, attempt));
        assert_eq!(pauses, [0, 1, 3].map(Some));
    }

    #[test]
    fn what_waiting_does_not_mend_fails_at_once() {
        let ended = LongRunningError::Store(StoreError::NotFound);
        for error in [
            RunError::TimeOver,
            RunError::GivenUp,
            RunError::Store(StoreError::Corrupt),
            RunError::Downstream(DownstreamError::LongRunning(LongRunningError::NoKeys)),
            RunError::Downstream(DownstreamError::LongRunning(ended)),
        ] {
            assert_eq!(pause(&error, 1), None, "{error}");
        }
    }
}
