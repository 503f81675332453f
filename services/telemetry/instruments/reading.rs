//! What was measured, as it is at one moment: the form between what measures and what shows or
//! sends it.

use opentelemetry::trace::TraceId;

use super::Instrument;

/// An instrument and its series.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Which instrument.
    pub instrument: &'static Instrument,
    /// What it says; nothing where there is nothing to say yet.
    pub series: Vec<Series>,
}

/// What was measured under one set of labels.
#[derive(Clone, Debug)]
pub struct Series {
    /// Keys in OpenTelemetry's spelling, and values; of a key without a value, neither.
    pub labels: Vec<(&'static str, String)>,
    /// What was measured.
    pub value: Value,
}

/// A value, as the instrument's kind has it.
#[derive(Clone, Debug)]
pub enum Value {
    /// A counter's.
    Count(u64),
    /// A gauge's.
    Level(i64),
    /// A histogram's.
    Distribution(Distribution),
}

/// How values are distributed.
#[derive(Clone, Debug)]
pub struct Distribution {
    /// The sum of all values.
    pub sum: f64,
    /// By bucket; the last has no upper bound.
    pub buckets: Vec<Bucket>,
}

/// The values between one bound and the next.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bucket {
    /// How many there are.
    pub count: u64,
    /// The latest of them that leads to a trace.
    pub exemplar: Option<Exemplar>,
}

/// A value, and the trace of the call it was measured in.
#[derive(Clone, Copy, Debug)]
pub struct Exemplar {
    /// As replies carry it.
    pub trace_id: TraceId,
    /// The value.
    pub value: f64,
    /// When it was measured, in seconds since 1970.
    pub at: u64,
}

impl Reading {
    /// Of gauges and counters that are asked for, not recorded.
    pub fn of(
        instrument: &'static Instrument,
        series: impl IntoIterator<Item = (Vec<(&'static str, String)>, Value)>,
    ) -> Self {
        let series = series.into_iter();
        Self {
            instrument,
            series: series
                .map(|(labels, value)| Series { labels, value })
                .collect(),
        }
    }

    /// Of one that has no labels.
    #[must_use]
    pub fn alone(instrument: &'static Instrument, value: Value) -> Self {
        Self::of(instrument, [(Vec::new(), value)])
    }
}

impl Distribution {
    /// How many values there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.count).sum()
    }
}
