//! Where traces go, and which.

use std::path::Path;

use super::{MINIMAL, parse};
use crate::telemetry::export::{ExportSettings, OtlpProtocol, Ratio};
use crate::telemetry::propagation::TrustInbound;

#[test]
fn traces_are_exported_where_a_collector_is_named() {
    let export = |more: &str| {
        let text = format!("{MINIMAL}\n[telemetry]\n{more}");
        parse(&text).map(|settings| settings.telemetry.export)
    };
    assert!(export("").unwrap().is_none());
    let named = "otlp_endpoint = \"http://127.0.0.1:4318\"\n";
    let exported = export(&format!(
        "{named}otlp_protocol = \"http\"\nsample_ratio = 0.25"
    ));
    let exported = exported.unwrap().unwrap();
    let protocol = |exported: ExportSettings| exported.collector.map(|one| one.protocol);
    assert_eq!(exported.sample_ratio, Ratio::new(0.25).unwrap());
    assert_eq!(protocol(exported), Some(OtlpProtocol::Http));
    let exported = export(named).unwrap().unwrap();
    assert_eq!(exported.span_file, None);
    assert_eq!(protocol(exported), Some(OtlpProtocol::Grpc));
    let exported = export("span_file = \"spans.jsonl\"").unwrap().unwrap();
    assert!(exported.collector.is_none());
    assert_eq!(exported.span_file.unwrap(), Path::new("spans.jsonl"));
    let settings = parse(&format!("{MINIMAL}\n[telemetry]\n{named}")).unwrap();
    assert_eq!(settings.telemetry.metrics_interval.as_secs(), 60);
    for wrong in [
        "sample_ratio = 1.5",
        "sample_ratio = 2",
        "sample_ratio = \"half\"",
        "metrics_interval = \"0s\"",
        "otlp_protocol = \"json\"",
        "otlp_endpoint = \"127.0.0.1:4317\"",
        "otlp_endpoint = \"http://user:secret@127.0.0.1:4317\"",
        "otlp_endpoint = \"http://127.0.0.1:4317?key=secret\"",
    ] {
        let error = export(wrong).unwrap_err().to_string();
        assert!(
            error.contains("telemetry.") && !error.contains("secret"),
            "{error}"
        );
    }
}

#[test]
fn whose_traces_go_on_here_and_who_learns_of_ours_is_a_choice() {
    let telemetry = |more: &str| {
        let text = format!("{MINIMAL}\n[telemetry]\n{more}");
        parse(&text).map(|settings| settings.telemetry)
    };
    for (written, expected) in [
        ("\"auto\"", TrustInbound::Auto),
        ("\"true\"", TrustInbound::All),
        ("true", TrustInbound::All),
        ("false", TrustInbound::Nobody),
    ] {
        let settings = telemetry(&format!("trust_inbound = {written}")).unwrap();
        assert_eq!(settings.trust_inbound, expected, "{written}");
    }
    let hosts = r#"propagate_to = ["login.microsoftonline.com", "localhost:8443"]"#;
    assert!(telemetry(hosts).is_ok());
    for wrong in [
        "trust_inbound = \"grpc\"",
        r#"propagate_to = ["https://login.microsoftonline.com"]"#,
        r#"propagate_to = ["user:secret@login.microsoftonline.com"]"#,
    ] {
        let error = telemetry(wrong).unwrap_err().to_string();
        assert!(
            error.contains("telemetry.") && !error.contains("secret"),
            "{error}"
        );
    }
}
