//! Where traces and audit entries go, and which; how users are named in them.

use std::path::Path;

use super::{MINIMAL, parse};
use crate::telemetry::audit::{AuditSettings, OnFailure};
use crate::telemetry::collector::OtlpProtocol;
use crate::telemetry::export::{ExportSettings, Ratio};
use crate::telemetry::identity::UserNaming;
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

#[test]
fn audit_entries_go_to_what_is_named_and_calls_depend_on_a_file_alone() {
    let audit = |more: &str| {
        let text = format!("{MINIMAL}\n[telemetry]\n{more}");
        parse(&text).map(|settings| settings.telemetry.audit)
    };
    let AuditSettings {
        file,
        collector,
        on_failure,
    } = audit("").unwrap();
    assert!(file.is_none() && collector.is_none());
    assert_eq!(on_failure, OnFailure::Count);
    // A collector for traces alone gets no entries.
    let traces = "otlp_endpoint = \"http://127.0.0.1:4317\"\n";
    assert!(audit(traces).unwrap().collector.is_none());
    let both = format!(
        "{traces}audit_otlp = true\naudit_file = \"audit.jsonl\"\naudit_on_failure = \"refuse\""
    );
    let both = audit(&both).unwrap();
    assert_eq!(both.file.unwrap(), Path::new("audit.jsonl"));
    assert_eq!(both.collector.unwrap().endpoint, "http://127.0.0.1:4317");
    assert_eq!(both.on_failure, OnFailure::Refuse);

    let on_collector = format!("{traces}audit_otlp = true\naudit_on_failure = \"refuse\"");
    for (wrong, key) in [
        ("audit_otlp = true", "telemetry.otlp_endpoint"),
        (
            "audit_otlp = true\nspan_file = \"spans.jsonl\"",
            "telemetry.otlp_endpoint",
        ),
        ("audit_otlp = \"yes\"", "telemetry.audit_otlp"),
        ("audit_on_failure = \"refuse\"", "telemetry.audit_file"),
        (&on_collector, "telemetry.audit_file"),
        (
            "audit_on_failure = \"ignore\"",
            "telemetry.audit_on_failure",
        ),
        ("audit_file = true", "telemetry.audit_file"),
    ] {
        let error = audit(wrong).unwrap_err().to_string();
        assert!(error.starts_with(key), "{wrong}: {error}");
    }
}

#[test]
fn users_are_named_by_a_hash_unless_by_their_object_id() {
    let users = |more: &str| {
        let text = format!("{MINIMAL}\n[telemetry]\n{more}");
        parse(&text).map(|settings| settings.telemetry.users)
    };
    let hash = |file: Option<&str>| UserNaming::Hash {
        key_file: file.map(Into::into),
    };
    let key_file = "user_hash_key_file = \"hash.key\"";
    let chosen = format!("user_identity = \"hash\"\n{key_file}");
    for (written, expected) in [
        ("", hash(None)),
        (key_file, hash(Some("hash.key"))),
        (&chosen, hash(Some("hash.key"))),
        ("user_identity = \"object_id\"", UserNaming::ObjectId),
    ] {
        assert_eq!(users(written).unwrap(), expected, "{written}");
    }
    let contradiction = format!("user_identity = \"object_id\"\n{key_file}");
    for (wrong, key) in [
        (contradiction.as_str(), "telemetry.user_hash_key_file"),
        ("user_identity = \"name\"", "telemetry.user_identity"),
        ("user_hash_key_file = 1", "telemetry.user_hash_key_file"),
    ] {
        let error = users(wrong).unwrap_err().to_string();
        assert!(error.starts_with(key), "{wrong}: {error}");
    }
}
