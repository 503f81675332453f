//! Spans on their way to the collector, counted: those that wait, and those that arrived. What was
//! lost, on whatever way, is in [`Drops`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::drops::{Destination, Drops};

/// What became of the spans that were to leave for the collector.
#[derive(Debug, Default)]
pub struct Flow {
    drops: Arc<Drops>,
    queued: AtomicU64,
    taken_out: AtomicU64,
    sent: AtomicU64,
}

impl Flow {
    /// Those that were lost, by the place.
    #[must_use]
    pub fn drops(&self) -> &Arc<Drops> {
        &self.drops
    }

    /// Spans that found room in the queue.
    #[must_use]
    pub fn queued(&self) -> u64 {
        self.queued.load(Ordering::Relaxed)
    }

    /// Spans that wait now.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        let taken_out = self.taken_out.load(Ordering::Acquire);
        self.queued().saturating_sub(taken_out)
    }

    /// Spans that the collector took.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    pub(super) fn count_queued(&self, to: Destination, spans: usize) {
        if to == Destination::Collector {
            self.queued.fetch_add(spans as u64, Ordering::Relaxed);
        }
    }

    pub(super) fn count_taken_out(&self, to: Destination, spans: usize) {
        if to == Destination::Collector {
            self.taken_out.fetch_add(spans as u64, Ordering::Release);
        }
    }

    pub(super) fn count_sent(&self, to: Destination, spans: usize) {
        if to == Destination::Collector {
            self.sent.fetch_add(spans as u64, Ordering::Relaxed);
        }
    }
}
