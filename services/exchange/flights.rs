//! Single flight: what many want at once is fetched once, by a task of its own.
//!
//! The task belongs to nobody who waits for it. A waiter that goes away, the first included, takes
//! nothing from the others, and comes back to what the task has brought.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tracing::Instrument as _;

use crate::telemetry::trace_context::CallContext;

/// The tasks under way, by what they bring, bounded in number.
pub(super) struct Flights<K, V> {
    under_way: Mutex<HashMap<K, watch::Receiver<Option<V>>>>,
    limit: usize,
}

/// One task, waited for.
pub(super) struct Flight<V> {
    /// Whether somebody else had started it.
    pub(super) joined: bool,
    outcome: watch::Receiver<Option<V>>,
}

/// What asking for a flight comes to.
pub(super) enum Boarding<V> {
    /// There is one to wait for.
    Flight(Flight<V>),
    /// None is needed: the answer has come in while the caller was asking.
    Landed(V),
    /// More are under way than may be.
    Full,
}

impl<K, V> Flights<K, V>
where
    K: Copy + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            under_way: Mutex::default(),
            limit,
        })
    }

    /// How many are under way.
    pub(super) fn under_way(&self) -> usize {
        self.lock().len()
    }

    /// The flight under way, if there is one.
    pub(super) fn find(&self, key: &K) -> Option<Flight<V>> {
        let under_way = self.lock();
        let outcome = under_way.get(key)?.clone();
        Some(Flight {
            joined: true,
            outcome,
        })
    }

    /// Joins the flight under way or starts one.
    ///
    /// `landed` is asked while no flight can start or end: a task that has remembered its answer
    /// before it ends is never started again for it.
    pub(super) fn board<F>(
        self: &Arc<Self>,
        key: K,
        landed: impl FnOnce() -> Option<V>,
        start: impl FnOnce() -> F,
    ) -> Boarding<V>
    where
        F: Future<Output = V> + Send + 'static,
    {
        let mut under_way = self.lock();
        if let Some(outcome) = under_way.get(&key) {
            return Boarding::Flight(Flight {
                joined: true,
                outcome: outcome.clone(),
            });
        }
        if let Some(value) = landed() {
            return Boarding::Landed(value);
        }
        if under_way.len() >= self.limit {
            return Boarding::Full;
        }
        let (sender, outcome) = watch::channel(None);
        under_way.insert(key, outcome.clone());
        drop(under_way);

        let landing = Landing {
            flights: Arc::clone(self),
            key,
        };
        let work = start();
        let task = async move {
            let value = work.await;
            // Nobody may join from here on; who has joined is told.
            drop(landing);
            sender.send_replace(Some(value));
        };
        tokio::spawn(CallContext::carry(task).in_current_span());
        Boarding::Flight(Flight {
            joined: false,
            outcome,
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<K, watch::Receiver<Option<V>>>> {
        // A map is whole between any two statements that hold the lock.
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V: Clone> Flight<V> {
    /// What the task brings; none if it ended without, which only the end of the process makes it.
    pub(super) async fn outcome(mut self) -> Option<V> {
        let outcome = self.outcome.wait_for(Option::is_some).await.ok()?;
        outcome.clone()
    }
}

/// Takes a flight off the list, however its task ends.
struct Landing<K, V>
where
    K: Copy + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    flights: Arc<Flights<K, V>>,
    key: K,
}

impl<K, V> Drop for Landing<K, V>
where
    K: Copy + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    fn drop(&mut self) {
        self.flights.lock().remove(&self.key);
    }
}

impl<K, V> fmt::Debug for Flights<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flights")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
