//! The table is what it says, and no instrument outgrows its bound.

use std::collections::BTreeSet;

use super::labels::Labels;
use super::reading::{Exemplar, Value};
use super::{
    ALL, AUTH_DECISIONS, Counter, Family, Histogram, KEY_AGE, KEYS, Kind, Measurable as _,
    Observed, Once, SERIES, SERVER_DURATION, VALIDATE_DURATION, spelled,
};
use crate::telemetry::names::{Place, may_appear};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Number(usize);

impl Labels for Number {
    fn list(&self) -> Vec<(&'static str, String)> {
        vec![("number", self.0.to_string())]
    }
}

#[test]
fn names_are_those_of_opentelemetry_with_underscores_and_the_unit() {
    assert_eq!(
        spelled("rpc.response.status_code"),
        "rpc_response_status_code"
    );
    for (instrument, name) in [
        (SERVER_DURATION, "rpc_server_call_duration_seconds"),
        (AUTH_DECISIONS, "selvedge_auth_decisions"),
        (KEY_AGE, "selvedge_jwks_age_seconds"),
        (KEYS, "selvedge_jwks_keys"),
    ] {
        assert_eq!(instrument.family_name(), name);
    }
}

#[test]
fn each_instrument_has_a_name_of_its_own_and_buckets_where_it_is_a_histogram() {
    let names: BTreeSet<String> = ALL.iter().map(|one| one.family_name()).collect();
    assert_eq!(names.len(), ALL.len());
    for instrument in ALL {
        let is_histogram = instrument.kind == Kind::Histogram;
        assert_eq!(
            !instrument.buckets.is_empty(),
            is_histogram,
            "{instrument:?}"
        );
        assert!(is_histogram || !instrument.exemplars, "{instrument:?}");
        assert!(instrument.buckets.is_sorted(), "{instrument:?}");
        assert!(!instrument.meaning.ends_with('.'), "{instrument:?}");
    }
}

#[test]
fn every_label_is_an_attribute_that_metrics_may_have() {
    for instrument in ALL {
        for key in instrument.labels {
            assert!(may_appear(key, Place::Metric), "{}: {key}", instrument.name);
        }
    }
}

#[test]
fn labels_without_room_share_one_series_and_are_counted() {
    let family: Family<Number, Counter> = Family::new(&AUTH_DECISIONS);
    for number in 0..2 * SERIES {
        family.measure(Number(number), Once);
    }
    // One that has its place keeps it.
    family.measure(Number(7), Once);
    let series = family.read().series;
    assert_eq!(series.len(), SERIES);
    let count = |key: &'static str, value: &str| {
        let labels = vec![(key, value.to_owned())];
        let found = series.iter().find(|one| one.labels == labels);
        match found.unwrap().value {
            Value::Count(count) => count,
            _ => panic!("a counter counts"),
        }
    };
    let expected = SERIES as u64 + 1;
    assert_eq!(count("otel.metric.overflow", "true"), expected);
    assert_eq!(count("number", "7"), 2);
    assert_eq!(family.overflows(), expected);
}

#[test]
fn what_threads_measure_is_all_there_whenever_it_is_read() {
    const EACH: usize = 1_000;
    let family: Family<Number, Counter> = Family::new(&AUTH_DECISIONS);
    let count = || match family.read().series.first().map(|one| &one.value) {
        None => 0,
        Some(Value::Count(count)) => *count,
        Some(_) => panic!("a counter counts"),
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for done in 0..EACH {
                    family.measure(Number(0), Once);
                    assert!(count() > done as u64);
                }
            });
        }
    });
    assert_eq!(count(), 4 * EACH as u64);
}

#[test]
fn a_value_at_a_bound_is_below_it_and_a_later_exemplar_replaces_an_earlier_one() {
    let mut histogram = Histogram::new(&VALIDATE_DURATION);
    let bounds = VALIDATE_DURATION.buckets;
    let exemplar = |id: u128| Exemplar {
        trace_id: id.into(),
        value: bounds[0],
        at: 0,
    };
    histogram.record(Observed {
        value: bounds[0],
        exemplar: Some(exemplar(1)),
    });
    histogram.record(Observed {
        value: bounds[0],
        exemplar: Some(exemplar(2)),
    });
    histogram.record(Observed {
        value: bounds[0],
        exemplar: None,
    });
    histogram.record(Observed {
        value: 2.0 * bounds[bounds.len() - 1],
        exemplar: None,
    });
    let Value::Distribution(found) = histogram.read() else {
        panic!("a histogram distributes");
    };
    assert_eq!(found.count(), 4);
    assert_eq!(found.buckets[0].count, 3);
    assert_eq!(found.buckets[0].exemplar.unwrap().trace_id, 2.into());
    assert_eq!(found.buckets[bounds.len()].count, 1);
}
