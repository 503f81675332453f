//! Spans that never reached where they should have gone, by the place where they were lost.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts of lost spans since the start. What sampling leaves out is not lost.
#[derive(Debug, Default)]
pub struct Drops {
    held: AtomicU64,
    collector: Losses,
    span_file: Losses,
}

/// Where spans go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    Collector,
    SpanFile,
}

/// What was lost on the way to one destination.
#[derive(Debug, Default)]
pub(super) struct Losses {
    queued: AtomicU64,
    delivered: AtomicU64,
}

impl Drops {
    /// Spans of failed calls that had too many, or that came when too many calls were open.
    #[must_use]
    pub fn while_held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    /// Spans for which the collector's queue had no room: it is slower than the calls.
    #[must_use]
    pub fn while_queued(&self) -> u64 {
        self.collector.queued.load(Ordering::Relaxed)
    }

    /// Spans that the collector did not take.
    #[must_use]
    pub fn while_sent(&self) -> u64 {
        self.collector.delivered.load(Ordering::Relaxed)
    }

    /// Spans that are not in the span file: the disk is slower than the calls, or refuses.
    #[must_use]
    pub fn while_written(&self) -> u64 {
        let Losses { queued, delivered } = &self.span_file;
        queued.load(Ordering::Relaxed) + delivered.load(Ordering::Relaxed)
    }

    pub(super) fn count_held(&self, spans: usize) {
        add(&self.held, spans);
    }

    pub(super) fn on_the_way_to(&self, destination: Destination) -> &Losses {
        match destination {
            Destination::Collector => &self.collector,
            Destination::SpanFile => &self.span_file,
        }
    }
}

impl Losses {
    pub(super) fn count_queued(&self, spans: usize) {
        add(&self.queued, spans);
    }

    pub(super) fn count_delivered(&self, spans: usize) {
        add(&self.delivered, spans);
    }

    /// What the queue had no room for.
    pub(super) fn queued(&self) -> u64 {
        self.queued.load(Ordering::Relaxed)
    }
}

fn add(count: &AtomicU64, spans: usize) {
    count.fetch_add(spans as u64, Ordering::Relaxed);
}
