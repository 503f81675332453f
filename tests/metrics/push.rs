//! The metrics as a collector is sent them, over real sockets.

mod receiver;

use std::time::Duration;

use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use selvedge::telemetry::collector::{CollectorSettings, OtlpProtocol};
use selvedge::telemetry::export::Ratio;
use selvedge::telemetry::instruments::{ALL, Kind};
use selvedge::telemetry::metrics::push::PushSettings;

use self::receiver::{Pushed, Receiver};
use super::open_metrics::Page;
use super::{run, text};
use crate::exchange::Exchanging;
use crate::support::{Setup, eventually};

fn pushing_to(endpoint: &str, protocol: OtlpProtocol) -> Setup {
    Setup {
        push: Some(PushSettings {
            collector: CollectorSettings {
                endpoint: endpoint.to_owned(),
                protocol,
            },
            interval: Duration::from_millis(50),
        }),
        ..Setup::default()
    }
}

#[tokio::test]
async fn a_collector_is_sent_what_a_scraper_reads() {
    for protocol in [OtlpProtocol::Grpc, OtlpProtocol::Http] {
        let receiver = Receiver::start(protocol).await;
        let exchanging = Exchanging::with(pushing_to(&receiver.url, protocol)).await;
        let traces = run(&exchanging).await;
        let all_calls = |pushed: &Pushed| pushed.calls() == 8;
        let pushed = receiver.until(all_calls).await;
        assert_eq!(pushed.resource["service.name"], "selvedge");

        let page = Page::read(&text(&exchanging).await);
        for metric in &pushed.metrics {
            let table = ALL.iter().find(|one| one.name == metric.name);
            let instrument = table.unwrap_or_else(|| panic!("{} is listed", metric.name));
            let family = &page.families[&instrument.family_name()];
            assert!(!family.samples.is_empty(), "{}", metric.name);
            let kind = match metric.data.as_ref().unwrap() {
                Data::Sum(sum) => {
                    assert!(sum.is_monotonic);
                    Kind::Counter
                }
                Data::Gauge(_) => Kind::Gauge,
                Data::Histogram(_) => Kind::Histogram,
                _ => panic!("{} is of no kind of ours", metric.name),
            };
            assert_eq!(kind, instrument.kind, "{}", metric.name);
        }
        let missing = ALL.iter().filter(|one| {
            let shown = !page.families[&one.family_name()].samples.is_empty();
            shown && pushed.metrics.iter().all(|metric| metric.name != one.name)
        });
        let missing: Vec<_> = missing.map(|one| one.name).collect();
        // Counted since.
        assert!(
            missing
                .iter()
                .all(|name| *name == "selvedge.jobs.unfinished"),
            "{missing:?}"
        );

        let decisions: i64 = pushed
            .numbers("selvedge.auth.decisions")
            .filter_map(|point| match point.value? {
                Value::AsInt(count) => Some(count),
                Value::AsDouble(_) => None,
            })
            .sum();
        assert_eq!(decisions, 8);
        let points = pushed.histogram("rpc.server.call.duration");
        let exemplars: Vec<_> = points.iter().flat_map(|point| &point.exemplars).collect();
        assert!(!exemplars.is_empty());
        for exemplar in exemplars {
            let trace: u128 = u128::from_be_bytes(exemplar.trace_id.as_slice().try_into().unwrap());
            assert!(traces.contains(&format!("{trace:032x}")), "{exemplar:?}");
            assert!(exemplar.time_unix_nano > 0);
        }
        for point in points {
            assert_eq!(point.bucket_counts.len(), point.explicit_bounds.len() + 1);
            assert_eq!(point.bucket_counts.iter().sum::<u64>(), point.count);
            assert!(point.start_time_unix_nano <= point.time_unix_nano);
        }
    }
}

#[tokio::test]
async fn a_collector_that_is_not_there_costs_no_call_and_is_seen() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let exchanging = Exchanging::with(pushing_to(&url, OtlpProtocol::Grpc)).await;
    run(&exchanging).await;
    let lost = [("error_type", "refused")];
    let exported = "otel_sdk_exporter_metric_data_point_exported_total";
    eventually("lost points are counted", async || {
        Page::read(&text(&exchanging).await).sum(exported, &lost) > 0.0
    })
    .await;
}

#[tokio::test]
async fn exemplars_lead_only_to_traces_that_are_exported() {
    let setup = Setup {
        traces: Ratio::new(0.0).unwrap(),
        ..Setup::default()
    };
    let exchanging = Exchanging::with(setup).await;
    run(&exchanging).await;
    let page = Page::read(&text(&exchanging).await);
    let samples = &page.families["rpc_server_call_duration_seconds"].samples;
    let of = |status: &str| {
        let is = |labels: &std::collections::BTreeMap<String, String>| {
            labels
                .get("rpc_response_status_code")
                .is_some_and(|has| has == status)
        };
        samples
            .iter()
            .filter(|one| is(&one.labels))
            .filter(|one| one.exemplar.is_some())
            .count()
    };
    assert_eq!(of("OK"), 0);
    assert!(of("UNAUTHENTICATED") > 0);
}
