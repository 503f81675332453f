//! A circuit per authority and tenant: nobody waits for an authority that mostly fails.
//!
//! Only an authority that does not answer counts as failing: connect errors, timeouts and 5xx. A
//! refusal is an answer. A circuit that is open lets one call through every so often, and closes
//! with the first that is answered.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use auth_interceptor::TenantId;
use tokio::time::Instant;

/// How far back outcomes count, in buckets of a second.
const WINDOW: usize = 10;
/// Fewer outcomes than this say nothing.
const FEWEST: u32 = 20;
/// How long an open circuit waits between two calls.
const PROBE_EVERY: Duration = Duration::from_secs(5);
/// How many circuits there may be. Tenants are allow-listed, so that this is for mistakes.
const MOST: usize = 4_096;

/// Whom a circuit stands for.
pub(super) type Line = (Arc<str>, TenantId);

/// The circuits, by authority and tenant.
#[derive(Debug)]
pub(super) struct Circuits {
    began: Instant,
    circuits: Mutex<HashMap<Line, Circuit>>,
}

/// The right to make one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// As any other.
    Usual,
    /// The one that tries whether the authority answers again.
    Probe,
}

impl Circuits {
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            circuits: Mutex::default(),
        }
    }

    /// Lets a call through, or says when the next one is.
    pub(super) fn admit(&self, line: &Line) -> Result<Admission, Duration> {
        let now = Instant::now();
        let mut circuits = self.lock();
        let Some(next_probe) = circuits
            .get_mut(line)
            .and_then(|circuit| circuit.next_probe.as_mut())
        else {
            return Ok(Admission::Usual);
        };
        if now < *next_probe {
            return Err(*next_probe - now);
        }
        *next_probe = now + PROBE_EVERY;
        Ok(Admission::Probe)
    }

    /// Notes how the call went.
    pub(super) fn record(&self, line: &Line, admission: Admission, answered: bool) {
        let now = Instant::now();
        let second = now.duration_since(self.began).as_secs();
        let mut circuits = self.lock();
        if admission == Admission::Probe {
            if answered && circuits.remove(line).is_some() {
                tracing::info!(
                    selvedge.authority.name = %line.0,
                    selvedge.tenant.id = %line.1,
                    "authority answers again"
                );
            }
            return;
        }
        if circuits.len() >= MOST && !circuits.contains_key(line) {
            circuits.retain(|_, circuit| circuit.matters(second));
            if circuits.len() >= MOST {
                return;
            }
        }
        let circuit = circuits.entry(line.clone()).or_default();
        circuit.count(second, answered);
        if circuit.next_probe.is_none() && circuit.mostly_fails(second) {
            circuit.next_probe = Some(now + PROBE_EVERY);
            tracing::error!(
                selvedge.authority.name = %line.0,
                selvedge.tenant.id = %line.1,
                "authority mostly fails; it is asked once in a while from now on"
            );
        }
    }

    /// The authority of each circuit that is open.
    pub(super) fn open(&self) -> Vec<Arc<str>> {
        let circuits = self.lock();
        let open = circuits
            .iter()
            .filter(|(_, circuit)| circuit.next_probe.is_some());
        open.map(|((authority, _), _)| Arc::clone(authority))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Line, Circuit>> {
        // A circuit is whole between any two statements that hold the lock.
        self.circuits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
struct Circuit {
    buckets: [Bucket; WINDOW],
    /// Set while the circuit is open.
    next_probe: Option<Instant>,
}

/// The outcomes of one second.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    second: u64,
    answered: u32,
    failed: u32,
}

impl Bucket {
    fn has_any(&self) -> bool {
        self.answered > 0 || self.failed > 0
    }
}

impl Circuit {
    fn count(&mut self, second: u64, answered: bool) {
        let place = usize::try_from(second % WINDOW as u64).unwrap_or_default();
        let Some(bucket) = self.buckets.get_mut(place) else {
            return;
        };
        if bucket.second != second {
            *bucket = Bucket {
                second,
                ..Bucket::default()
            };
        }
        let counter = if answered {
            &mut bucket.answered
        } else {
            &mut bucket.failed
        };
        *counter = counter.saturating_add(1);
    }

    fn recent(&self, second: u64) -> impl Iterator<Item = &Bucket> {
        self.buckets
            .iter()
            .filter(move |bucket| second.saturating_sub(bucket.second) < WINDOW as u64)
    }

    fn mostly_fails(&self, second: u64) -> bool {
        let failed: u32 = self.recent(second).map(|bucket| bucket.failed).sum();
        let answered: u32 = self.recent(second).map(|bucket| bucket.answered).sum();
        failed + answered >= FEWEST && failed >= answered
    }

    fn matters(&self, second: u64) -> bool {
        self.next_probe.is_some() || self.recent(second).any(|bucket| bucket.has_any())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::advance;

    use super::{Admission, Circuits, Line, MOST};

    fn line(number: u128) -> Line {
        let tenant = uuid::Uuid::from_u128(number).to_string();
        ("entra".into(), tenant.parse().unwrap())
    }

    fn record(circuits: &Circuits, line: &Line, answered: usize, failed: usize) {
        for number in 0..answered + failed {
            circuits.record(line, Admission::Usual, number < answered);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn half_of_twenty_open_it_and_nineteen_do_not() {
        let circuits = Circuits::new();
        record(&circuits, &line(1), 0, 19);
        assert_eq!(circuits.admit(&line(1)), Ok(Admission::Usual));
        record(&circuits, &line(1), 0, 1);
        assert_eq!(circuits.admit(&line(1)), Err(Duration::from_secs(5)));

        record(&circuits, &line(2), 11, 10);
        assert_eq!(circuits.admit(&line(2)), Ok(Admission::Usual));
    }

    #[tokio::test(start_paused = true)]
    async fn what_failed_long_ago_does_not_count() {
        let circuits = Circuits::new();
        record(&circuits, &line(1), 0, 15);
        advance(Duration::from_secs(10)).await;
        record(&circuits, &line(1), 0, 15);
        assert_eq!(circuits.admit(&line(1)), Ok(Admission::Usual));
    }

    #[tokio::test(start_paused = true)]
    async fn an_open_circuit_lets_one_call_through_every_five_seconds() {
        let circuits = Circuits::new();
        record(&circuits, &line(1), 0, 20);
        for _ in 0..3 {
            advance(Duration::from_secs(5)).await;
            assert_eq!(circuits.admit(&line(1)), Ok(Admission::Probe));
            assert_eq!(circuits.admit(&line(1)), Err(Duration::from_secs(5)));
            circuits.record(&line(1), Admission::Probe, false);
        }
        // A late answer to a call from before says nothing; the probe's does.
        circuits.record(&line(1), Admission::Usual, true);
        assert!(circuits.admit(&line(1)).is_err());
        circuits.record(&line(1), Admission::Probe, true);
        assert_eq!(circuits.admit(&line(1)), Ok(Admission::Usual));
        record(&circuits, &line(1), 0, 1);
        assert_eq!(circuits.admit(&line(1)), Ok(Admission::Usual));
    }

    #[tokio::test(start_paused = true)]
    async fn tenants_and_authorities_fail_apart_and_are_bounded() {
        let circuits = Circuits::new();
        record(&circuits, &line(1), 0, 20);
        assert_eq!(circuits.admit(&line(2)), Ok(Admission::Usual));
        assert_eq!(
            circuits.admit(&("other".into(), line(1).1)),
            Ok(Admission::Usual)
        );
        for number in 0..2 * MOST as u128 {
            record(&circuits, &line(number), 0, 1);
        }
        assert_eq!(circuits.lock().len(), MOST);
        assert!(circuits.admit(&line(1)).is_err());
        advance(Duration::from_secs(10)).await;
        record(&circuits, &line(MOST as u128 * 3), 0, 1);
        assert_eq!(circuits.lock().len(), 2);
    }
}
