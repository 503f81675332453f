//! The series of one instrument: one for each set of labels, and no more than [`SERIES`].

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use foldhash::fast::RandomState;

use super::labels::Labels;
use super::reading::{Reading, Series};
use super::{Counter, Instrument, Measurable};
use crate::telemetry::names::OTEL_METRIC_OVERFLOW;

/// How many series an instrument may have, the one for overflow included.
pub const SERIES: usize = 2_000;

/// The series of an instrument with labels `L`, each an `M`.
///
/// What comes with labels that there is no room for goes into one series of its own, as
/// OpenTelemetry's SDKs do it, and is counted: sums stay right, and memory bounded.
#[derive(Debug)]
pub struct Family<L, M> {
    instrument: &'static Instrument,
    /// Labels are ours, so that nobody can choose them to collide: a fast hash will do.
    series: RwLock<HashMap<L, M, RandomState>>,
    overflow: M,
    overflows: Counter,
}

impl<L: Labels, M: Measurable> Family<L, M> {
    /// The series of `instrument`: none yet.
    #[must_use]
    pub fn new(instrument: &'static Instrument) -> Self {
        Self {
            instrument,
            series: RwLock::default(),
            overflow: M::new(instrument),
            overflows: Counter::default(),
        }
    }

    /// Measures with the series of `labels`, or with the overflow's.
    pub fn measure(&self, labels: L, measure: impl FnOnce(&M)) {
        if let Some(known) = self.series().get(&labels) {
            measure(known);
            return;
        }
        // A map is whole whenever a panic may come.
        let mut series = self.series.write().unwrap_or_else(PoisonError::into_inner);
        // Another may have added the same series since.
        if series.len() + 1 < SERIES || series.contains_key(&labels) {
            let found = series.entry(labels);
            measure(found.or_insert_with(|| M::new(self.instrument)));
        } else {
            drop(series);
            self.overflows.add_one();
            measure(&self.overflow);
        }
    }

    /// Every series as it is now.
    #[must_use]
    pub fn read(&self) -> Reading {
        let series = self.series();
        let mut found: Vec<Series> = series
            .iter()
            .map(|(labels, measured)| Series {
                labels: labels.list(),
                value: measured.read(),
            })
            .collect();
        drop(series);
        if self.overflows() > 0 {
            found.push(Series {
                labels: vec![(OTEL_METRIC_OVERFLOW, "true".to_owned())],
                value: self.overflow.read(),
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
        self.overflows.count()
    }

    fn series(&self) -> RwLockReadGuard<'_, HashMap<L, M, RandomState>> {
        self.series.read().unwrap_or_else(PoisonError::into_inner)
    }
}
