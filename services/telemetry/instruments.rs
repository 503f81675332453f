//! Every instrument that the service measures with: the one table of names, kinds, units, labels
//! and buckets, which dashboards, alerts and tests are held to.
//!
//! Nothing that a stranger writes can be a label: see [`labels`]. How many series an instrument may
//! have is bounded all the same: see [`Family`]. What was measured is read in one form,
//! [`reading`], whoever it is for.

mod family;
pub mod labels;
pub mod reading;
mod table;
#[cfg(test)]
mod tests;
mod value;

pub use self::family::{Family, SERIES};
pub use self::table::*;
pub use self::value::{Counter, Histogram, Level, Measurable, Observed, Once};

/// What an instrument is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Counts what happens, and only grows.
    Counter,
    /// A value as it is when it is read.
    Gauge,
    /// How values are distributed over buckets.
    Histogram,
}

/// What an instrument counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Seconds: `s`.
    Seconds,
    /// Things of one kind, which the name names.
    Count,
}

/// One instrument.
#[derive(Clone, Copy, Debug)]
pub struct Instrument {
    /// OpenTelemetry's spelling, with dots.
    pub name: &'static str,
    /// What it is read as.
    pub kind: Kind,
    /// What it counts in.
    pub measure: Measure,
    /// What it says, as a sentence without its full stop.
    pub meaning: &'static str,
    /// The keys of its labels, in OpenTelemetry's spelling.
    pub labels: &'static [&'static str],
    /// The upper bounds of its buckets; none where it is no histogram.
    pub buckets: &'static [f64],
    /// Whether its buckets name the trace of a call that fell into them.
    pub exemplars: bool,
}

impl Instrument {
    const fn new(
        name: &'static str,
        kind: Kind,
        measure: Measure,
        meaning: &'static str,
        labels: &'static [&'static str],
    ) -> Self {
        Self {
            name,
            kind,
            measure,
            meaning,
            labels,
            buckets: &[],
            exemplars: false,
        }
    }

    const fn buckets(mut self, buckets: &'static [f64]) -> Self {
        self.buckets = buckets;
        self
    }

    const fn exemplars(mut self) -> Self {
        self.exemplars = true;
        self
    }

    /// The name that its family has in OpenMetrics: with the unit at the end. Samples of counters add
    /// `_total` to it, and those of histograms `_bucket`, `_count` and `_sum`.
    #[must_use]
    pub fn family_name(&self) -> String {
        let stem = spelled(self.name);
        match self.unit() {
            None => stem,
            Some(unit) => format!("{stem}_{unit}"),
        }
    }

    /// OpenMetrics' unit, where it has one.
    #[must_use]
    pub fn unit(&self) -> Option<&'static str> {
        match self.measure {
            Measure::Seconds => Some("seconds"),
            Measure::Count => None,
        }
    }
}

/// A name or key of OpenTelemetry in OpenMetrics' spelling, which has no dots.
#[must_use]
pub fn spelled(name: &str) -> String {
    name.replace('.', "_")
}
