//! Readings as a request of OTLP: every series, cumulative since the start, with exemplars.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyKind;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Exemplar, Gauge, Histogram, HistogramDataPoint, Metric,
    NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, exemplar, number_data_point,
};

use crate::telemetry::instruments::reading::{self, Distribution, Reading, Value};
use crate::telemetry::instruments::{Instrument, Kind, Measure};
use crate::telemetry::{names, otlp};

/// Between which moments, in seconds since 1970, the values of a request were measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) from: u64,
    pub(super) until: u64,
}

/// All of `readings`, as measured in `span`.
pub(super) fn request(readings: &[Reading], span: Span) -> ExportMetricsServiceRequest {
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(otlp::resource()),
            scope_metrics: vec![ScopeMetrics {
                scope: Some(otlp::scope()),
                metrics: readings
                    .iter()
                    .filter(|reading| !reading.series.is_empty())
                    .map(|reading| metric(reading, span))
                    .collect(),
                schema_url: names::SCHEMA_URL.to_owned(),
            }],
            schema_url: names::SCHEMA_URL.to_owned(),
        }],
    }
}

fn metric(reading: &Reading, span: Span) -> Metric {
    let Reading { instrument, series } = reading;
    let temporality = AggregationTemporality::Cumulative as i32;
    let numbers = || {
        let points = series.iter().filter_map(|one| {
            let value = match one.value {
                Value::Count(count) => i64::try_from(count).unwrap_or(i64::MAX),
                Value::Level(level) => level,
                Value::Distribution(_) => return None,
            };
            Some(NumberDataPoint {
                attributes: attributes(&one.labels),
                start_time_unix_nano: nanos(span.from),
                time_unix_nano: nanos(span.until),
                value: Some(number_data_point::Value::AsInt(value)),
                ..Default::default()
            })
        });
        points.collect()
    };
    let data = match instrument.kind {
        Kind::Counter => Data::Sum(Sum {
            data_points: numbers(),
            aggregation_temporality: temporality,
            is_monotonic: true,
        }),
        Kind::Gauge => Data::Gauge(Gauge {
            data_points: numbers(),
        }),
        Kind::Histogram => Data::Histogram(Histogram {
            data_points: series
                .iter()
                .filter_map(|one| match &one.value {
                    Value::Distribution(found) => Some(HistogramDataPoint {
                        attributes: attributes(&one.labels),
                        ..distribution(instrument, found, span)
                    }),
                    Value::Count(_) | Value::Level(_) => None,
                })
                .collect(),
            aggregation_temporality: temporality,
        }),
    };
    Metric {
        name: instrument.name.to_owned(),
        description: instrument.meaning.to_owned(),
        unit: match instrument.measure {
            Measure::Seconds => "s".to_owned(),
            Measure::Count => "1".to_owned(),
        },
        data: Some(data),
        ..Default::default()
    }
}

fn distribution(instrument: &Instrument, found: &Distribution, span: Span) -> HistogramDataPoint {
    let exemplars = found.buckets.iter().filter_map(|bucket| bucket.exemplar);
    HistogramDataPoint {
        start_time_unix_nano: nanos(span.from),
        time_unix_nano: nanos(span.until),
        count: found.count(),
        sum: Some(found.sum),
        bucket_counts: found.buckets.iter().map(|bucket| bucket.count).collect(),
        explicit_bounds: instrument.buckets.to_vec(),
        exemplars: exemplars.map(exemplar).collect(),
        ..Default::default()
    }
}

fn exemplar(exemplar: reading::Exemplar) -> Exemplar {
    Exemplar {
        time_unix_nano: nanos(exemplar.at),
        trace_id: exemplar.trace_id.to_bytes().to_vec(),
        value: Some(exemplar::Value::AsDouble(exemplar.value)),
        ..Default::default()
    }
}

fn attributes(labels: &[(&'static str, String)]) -> Vec<KeyValue> {
    let labels = labels.iter();
    labels
        .map(|(key, value)| otlp::attribute(key, AnyKind::StringValue(value.clone())))
        .collect()
}

fn nanos(seconds: u64) -> u64 {
    seconds.saturating_mul(1_000_000_000)
}
