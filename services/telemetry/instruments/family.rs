//! The series of one instrument: one for each set of labels, and no more than [`SERIES`].

use std::fmt::{self, Debug};
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use prometheus_client::encoding::{
    EncodeLabel as _, EncodeLabelSet, EncodeMetric, LabelSetEncoder,
};
use prometheus_client::metrics::TypedMetric;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family;
use prometheus_client::registry::Registry;

use super::{Instrument, spelled};

/// How many series an instrument may have, the one for overflow included.
pub const SERIES: usize = 2_000;

/// The series of an instrument with labels `L`, each an `M`.
///
/// What comes with labels that there is no room for goes into one series of its own, as
/// OpenTelemetry's SDKs do it, and is counted: sums stay right, and memory bounded.
#[derive(Debug)]
pub struct Family<L, M> {
    series: family::Family<Series<L>, M, fn() -> M>,
    /// How many there are, the overflow's left out. Held while one is added, so that two at once
    /// cannot pass the bound.
    held: Mutex<usize>,
    overflows: Counter,
}

/// Which series.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Series<L> {
    Of(L),
    Overflow,
}

impl<L: EncodeLabelSet> EncodeLabelSet for Series<L> {
    fn encode(&self, encoder: &mut LabelSetEncoder) -> fmt::Result {
        match self {
            Self::Of(labels) => labels.encode(encoder),
            Self::Overflow => ("otel_metric_overflow", "true").encode(encoder.encode_label()),
        }
    }
}

impl<L, M> Family<L, M>
where
    L: Clone + Debug + EncodeLabelSet + Eq + Hash + Send + Sync + 'static,
    M: Debug + EncodeMetric + Send + Sync + TypedMetric + Clone + 'static,
{
    /// The series of `instrument`, to be read from `registry`. `make` makes an empty one;
    /// `overflows` counts what found no room.
    pub fn register(
        registry: &mut Registry,
        instrument: &Instrument,
        make: fn() -> M,
        overflows: Counter,
    ) -> Self {
        let series = family::Family::new_with_constructor(make);
        let (name, meaning) = (spelled(instrument.name), instrument.meaning);
        match instrument.unit() {
            None => registry.register(name, meaning, series.clone()),
            Some(unit) => registry.register_with_unit(name, meaning, unit, series.clone()),
        }
        Self {
            series,
            held: Mutex::default(),
            overflows,
        }
    }

    /// Measures with the series of `labels`, or with the overflow's.
    pub fn measure(&self, labels: L, measure: impl FnOnce(&M)) {
        let series = Series::Of(labels);
        if let Some(known) = self.series.get(&series) {
            measure(&known);
            return;
        }
        // A number is whole whenever a panic may come.
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        // Another may have added the same series since.
        let is_known = self.series.get(&series).is_some();
        let has_room = is_known || *held + 1 < SERIES;
        if has_room && !is_known {
            *held += 1;
        }
        let found = if has_room { series } else { Series::Overflow };
        let found = self.series.get_or_create_owned(&found);
        drop(held);
        if !has_room {
            self.overflows.inc();
        }
        measure(&found);
    }
}
