//! The table is what it says, and no instrument outgrows its bound.

use std::collections::BTreeSet;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

use super::{ALL, AUTH_DECISIONS, Family, KEY_AGE, KEYS, Kind, SERIES, SERVER_DURATION, spelled};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Number {
    number: usize,
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
fn labels_without_room_share_one_series_and_are_counted() {
    let mut registry = Registry::default();
    let overflows = Counter::default();
    let family: Family<Number, Counter> = Family::register(
        &mut registry,
        &AUTH_DECISIONS,
        Counter::default,
        overflows.clone(),
    );
    for number in 0..2 * SERIES {
        family.measure(Number { number }, |counter| {
            counter.inc();
        });
    }
    // One that has its place keeps it.
    family.measure(Number { number: 7 }, |counter| {
        counter.inc();
    });
    let mut page = String::new();
    encode(&mut page, &registry).unwrap();
    let samples: Vec<&str> = page.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(samples.len(), SERIES);
    let expected = SERIES + 1;
    let overflow =
        format!(r#"selvedge_auth_decisions_total{{otel_metric_overflow="true"}} {expected}"#);
    assert!(samples.contains(&overflow.as_str()), "{page}");
    assert!(samples.contains(&r#"selvedge_auth_decisions_total{number="7"} 2"#));
    assert_eq!(overflows.get(), expected as u64);
}
