//! Spans that never reached a collector, by the place where they were lost.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts of lost spans since the start. What sampling leaves out is not lost.
#[derive(Debug, Default)]
pub struct Drops {
    held: AtomicU64,
    queued: AtomicU64,
    sent: AtomicU64,
}

impl Drops {
    /// Spans of calls that had too many, or that came when too many calls were open.
    #[must_use]
    pub fn while_held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    /// Spans for which the queue had no room: the collector is slower than the calls.
    #[must_use]
    pub fn while_queued(&self) -> u64 {
        self.queued.load(Ordering::Relaxed)
    }

    /// Spans that the collector did not take.
    #[must_use]
    pub fn while_sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    pub(super) fn count_held(&self, spans: usize) {
        add(&self.held, spans);
    }

    pub(super) fn count_queued(&self, spans: usize) {
        add(&self.queued, spans);
    }

    pub(super) fn count_sent(&self, spans: usize) {
        add(&self.sent, spans);
    }
}

fn add(count: &AtomicU64, spans: usize) {
    count.fetch_add(spans as u64, Ordering::Relaxed);
}
