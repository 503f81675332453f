//! What a series holds: a count, a level or a histogram.

use std::fmt::Debug;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::Instrument;
use super::reading::{Bucket, Distribution, Exemplar, Value};

/// What can be measured into and read.
pub trait Measurable: Debug + Send + Sync + 'static {
    /// One that nothing was measured into.
    fn new(instrument: &Instrument) -> Self;

    /// As it is now.
    fn read(&self) -> Value;
}

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
    fn new(_: &Instrument) -> Self {
        Self::default()
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
    found: Mutex<Distribution>,
}

impl Histogram {
    /// A value and, where it leads to a trace, what to remember of that.
    pub fn observe(&self, value: f64, exemplar: Option<Exemplar>) {
        let number = self.bounds.partition_point(|bound| *bound < value);
        // Whole whenever a panic may come: nothing below has one.
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.sum += value;
        if let Some(bucket) = found.buckets.get_mut(number) {
            bucket.count += 1;
            bucket.exemplar = exemplar.or(bucket.exemplar);
        }
    }
}

impl Measurable for Histogram {
    fn new(instrument: &Instrument) -> Self {
        let bounds = instrument.buckets;
        Self {
            bounds,
            found: Mutex::new(Distribution {
                sum: 0.0,
                buckets: vec![Bucket::default(); bounds.len() + 1],
            }),
        }
    }

    fn read(&self) -> Value {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        Value::Distribution(found.clone())
    }
}
