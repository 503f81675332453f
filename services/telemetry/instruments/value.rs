//! What a series holds: a count, a level or a histogram.

use std::fmt::Debug;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use super::Instrument;
use super::reading::{Bucket, Distribution, Exemplar, Value};

/// What can be measured into and read.
pub trait Measurable: Debug + Send + Sync + 'static {
    /// What it takes at once.
    type Measurement: Debug + Send;

    /// One that nothing was measured into.
    fn new(instrument: &Instrument) -> Self;

    /// Takes a measurement in.
    fn record(&mut self, measurement: Self::Measurement);

    /// As it is now.
    fn read(&self) -> Value;
}

/// One more.
#[derive(Clone, Copy, Debug)]
pub struct Once;

/// Counts, and never goes down.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn add_one(&self) {
        self.add(1);
    }

    /// So many more.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Measurable for Counter {
    type Measurement = Once;

    fn new(_: &Instrument) -> Self {
        Self::default()
    }

    fn record(&mut self, Once: Once) {
        self.add_one();
    }

    fn read(&self) -> Value {
        Value::Count(self.count())
    }
}

/// How many there are of something that comes and goes.
#[derive(Debug, Default)]
pub struct Level(AtomicI64);

impl Level {
    /// One has come.
    pub fn up(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// One has gone.
    pub fn down(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// How many there are.
    #[must_use]
    pub fn level(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Sorts values into the buckets of its instrument.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [f64],
    found: Distribution,
}

/// A value and, where it leads to a trace, what to remember of that.
#[derive(Clone, Copy, Debug)]
pub struct Observed {
    /// The value.
    pub value: f64,
    /// What leads to the trace.
    pub exemplar: Option<Exemplar>,
}

impl Observed {
    /// How long something took.
    #[must_use]
    pub fn seconds(duration: Duration, exemplar: Option<Exemplar>) -> Self {
        Self {
            value: duration.as_secs_f64(),
            exemplar,
        }
    }
}

impl Measurable for Histogram {
    type Measurement = Observed;

    fn new(instrument: &Instrument) -> Self {
        let bounds = instrument.buckets;
        Self {
            bounds,
            found: Distribution {
                sum: 0.0,
                buckets: vec![Bucket::default(); bounds.len() + 1],
            },
        }
    }

    fn record(&mut self, Observed { value, exemplar }: Observed) {
        let number = self.bounds.partition_point(|bound| *bound < value);
        self.found.sum += value;
        if let Some(bucket) = self.found.buckets.get_mut(number) {
            bucket.count += 1;
            bucket.exemplar = exemplar.or(bucket.exemplar);
        }
    }

    fn read(&self) -> Value {
        Value::Distribution(self.found.clone())
    }
}
