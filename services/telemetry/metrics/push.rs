//! The metrics pushed to a collector, by OTLP over gRPC or HTTP.
//!
//! What is sent is what a scraper would read at the same moment. Every value counts from the start,
//! so that a push that fails loses nothing but its moment; nothing is kept for it or tried again.

use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::{Measured, otlp};
use crate::telemetry::collector::{Answer, Collector, CollectorError, CollectorSettings};

/// Where metrics are pushed to, and how often.
#[derive(Clone, Debug)]
pub struct PushSettings {
    /// The collector.
    pub collector: CollectorSettings,
    /// How long after one push the next begins.
    pub interval: Duration,
}

/// Pushes one service's metrics.
#[derive(Debug)]
pub struct Push {
    collector: Collector,
    interval: Duration,
}

impl Push {
    /// Makes ready to push. Needs a tokio runtime; the collector need not be there.
    ///
    /// # Errors
    ///
    /// See [`CollectorError`].
    pub fn new(settings: &PushSettings) -> Result<Self, CollectorError> {
        Ok(Self {
            collector: Collector::new(&settings.collector)?,
            interval: settings.interval,
        })
    }

    /// Pushes again and again until `stop`, and then once more.
    pub async fn run(self, measured: Measured, stop: CancellationToken) {
        let mut turns = tokio::time::interval(self.interval);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut failing = false;
        loop {
            let stopped = tokio::select! {
                _ = turns.tick() => false,
                () = stop.cancelled() => true,
            };
            let taken = self.push(&measured).await;
            if std::mem::replace(&mut failing, !taken) == taken {
                report(failing);
            }
            if stopped {
                return;
            }
        }
    }

    /// Whether the collector took it.
    async fn push(&self, measured: &Measured) -> bool {
        let readings = measured.read();
        let series = readings.iter().map(|reading| reading.series.len()).sum();
        let request = otlp::request(&readings, measured.metrics.span());
        let answer = self.collector.ask(&request, series).await;
        let lost = match answer {
            Answer::Taken { rejected } => rejected,
            Answer::Refused | Answer::NotNow { .. } => series,
        };
        measured.pushed((series - lost) as u64, lost as u64);
        matches!(answer, Answer::Taken { .. })
    }
}

fn report(failing: bool) {
    if failing {
        tracing::warn!("the collector does not take metrics");
    } else {
        tracing::info!("the collector takes metrics again");
    }
}

impl Measured {
    fn pushed(&self, taken: u64, lost: u64) {
        self.metrics.points_taken.add(taken);
        self.metrics.points_lost.add(lost);
    }
}
