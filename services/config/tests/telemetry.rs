//! Where traces go, and which.

use super::{MINIMAL, parse};
use crate::telemetry::export::{OtlpProtocol, Ratio};

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
    assert_eq!(exported.protocol, OtlpProtocol::Http);
    assert_eq!(exported.sample_ratio, Ratio::new(0.25).unwrap());
    assert_eq!(export(named).unwrap().unwrap().protocol, OtlpProtocol::Grpc);
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
