//! The series of one instrument: one for each set of labels, and no more than [`SERIES`].

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;

use super::labels::Labels;
use super::reading::{Reading, Series};
use super::{Instrument, Measurable};
use crate::telemetry::names::OTEL_METRIC_OVERFLOW;

/// How many series an instrument may have, the one for overflow included.
pub const SERIES: usize = 2_000;

/// How many measurements wait to be sorted into their series: so few that they leave the cache to the
/// calls.
const WAITING: usize = 16;

/// The series of an instrument with labels `L`, each an `M`.
///
/// Measurements are sorted into their series many at once, or when the series are read: a call that
/// sorted each of its own would fetch the code and the memory for it each time.
///
/// What comes with labels that there is no room for goes into one series of its own, as
/// OpenTelemetry's SDKs do it, and is counted: sums stay right, and memory bounded.
#[derive(Debug)]
pub struct Family<L, M: Measurable> {
    instrument: &'static Instrument,
    measured: Mutex<Measured<L, M>>,
}

#[derive(Debug)]
struct Measured<L, M: Measurable> {
    waiting: Vec<(L, M::Measurement)>,
    /// Labels are ours, so that nobody can choose them to collide: a fast hash will do.
    series: HashMap<L, M, RandomState>,
    overflow: M,
    overflows: u64,
}

impl<L: Labels, M: Measurable> Family<L, M> {
    /// The series of `instrument`: none yet.
    #[must_use]
    pub fn new(instrument: &'static Instrument) -> Self {
        Self {
            instrument,
            measured: Mutex::new(Measured {
                waiting: Vec::with_capacity(WAITING),
                series: HashMap::default(),
                overflow: M::new(instrument),
                overflows: 0,
            }),
        }
    }

    /// Has a series for `labels`, if there is room for it, before anything is measured.
    pub fn expect(&self, labels: L) {
        self.sorted().series_of(labels, self.instrument);
    }

    /// Measures with the series of `labels`, or with the overflow's.
    pub fn measure(&self, labels: L, measurement: M::Measurement) {
        let mut measured = self.measured();
        measured.waiting.push((labels, measurement));
        if measured.waiting.len() == WAITING {
            measured.sort(self.instrument);
        }
    }

    /// Every series as it is now.
    #[must_use]
    pub fn read(&self) -> Reading {
        let measured = self.sorted();
        let mut found: Vec<Series> = measured
            .series
            .iter()
            .map(|(labels, one)| Series {
                labels: labels.list(),
                value: one.read(),
            })
            .collect();
        if measured.overflows > 0 {
            found.push(Series {
                labels: vec![(OTEL_METRIC_OVERFLOW, "true".to_owned())],
                value: measured.overflow.read(),
            });
        }
        Reading {
            instrument: self.instrument,
            series: found,
        }
    }

    /// Which instrument's they are.
    #[must_use]
    pub fn instrument(&self) -> &'static Instrument {
        self.instrument
    }

    /// How many measurements found no room for their labels.
    #[must_use]
    pub fn overflows(&self) -> u64 {
        self.sorted().overflows
    }

    fn sorted(&self) -> MutexGuard<'_, Measured<L, M>> {
        let mut measured = self.measured();
        measured.sort(self.instrument);
        measured
    }

    /// What is in it is whole whenever a panic may come: at worst, measurements that were being sorted
    /// are lost.
    fn measured(&self) -> MutexGuard<'_, Measured<L, M>> {
        self.measured.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<L: Labels, M: Measurable> Measured<L, M> {
    fn sort(&mut self, instrument: &'static Instrument) {
        let mut waiting = std::mem::take(&mut self.waiting);
        for (labels, measurement) in waiting.drain(..) {
            match self.series_of(labels, instrument) {
                Some(series) => series.record(measurement),
                None => {
                    self.overflows += 1;
                    self.overflow.record(measurement);
                }
            }
        }
        self.waiting = waiting;
    }

    /// None where there is no room for it.
    fn series_of(&mut self, labels: L, instrument: &'static Instrument) -> Option<&mut M> {
        let has_room = self.series.len() + 1 < SERIES;
        match self.series.entry(labels) {
            Entry::Occupied(known) => Some(known.into_mut()),
            Entry::Vacant(place) => has_room.then(|| place.insert(M::new(instrument))),
        }
    }
}
