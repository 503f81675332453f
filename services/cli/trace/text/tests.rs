//! What a person is shown, of spans as files hold them.

use opentelemetry::trace::TraceId;

use super::super::audit::AuditEntries;
use super::super::spans::Spans;
use super::super::tree::Tree;
use super::*;

const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn shown(spans: &[&str], audit: &[&str], colour: bool) -> String {
    let id = TraceId::from_hex(ID).unwrap();
    let (mut read, mut entries) = (Spans::of(id), AuditEntries::of(id));
    for span in spans {
        let line = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{span}]}}]}}]}}"#);
        read.read(&line);
    }
    audit.iter().for_each(|line| entries.read(line));
    let tree = Tree::of(&read);
    let found = Found {
        id,
        spans: read,
        tree,
        audit: entries,
    };
    let mut out = Vec::new();
    write(&mut out, &found, colour).unwrap();
    String::from_utf8(out).unwrap()
}

fn span(id: u8, parent: u8, name: &str, attributes: &[(&str, &str)]) -> String {
    let attributes: Vec<_> = attributes
        .iter()
        .map(|(key, value)| {
            let value = serde_json::Value::from(*value);
            format!(r#"{{"key":"{key}","value":{{"stringValue":{value}}}}}"#)
        })
        .collect();
    let name = serde_json::Value::from(name);
    let start = 1_795_000_000_000_000_000_u64 + u64::from(id) * 1_000_000;
    let end = start + 1_500_000;
    // A server's, and what it asks of others below it.
    let kind = if parent == 0 { 2 } else { 3 };
    format!(
        r#"{{"traceId":"{ID}","spanId":"{id:016x}","parentSpanId":"{parent:016x}","name":{name},"kind":{kind},
        "startTimeUnixNano":"{start}","endTimeUnixNano":"{end}","attributes":[{}]}}"#,
        attributes.join(",")
    )
    .replace('\n', "")
}

#[test]
fn a_refused_exchange_is_told_from_the_call_to_the_authority() {
    let call = span(
        1,
        0,
        "a.B/C",
        &[
            ("rpc.response.status_code", "PERMISSION_DENIED"),
            ("error.type", "PERMISSION_DENIED"),
            ("selvedge.refusal.reason", "CONSENT_REQUIRED"),
            ("selvedge.tenant.id", "contoso"),
        ],
    );
    let request = span(
        2,
        1,
        "sts.token",
        &[
            ("error.type", "invalid_grant"),
            ("selvedge.authority.error", "invalid_grant"),
            ("selvedge.authority.aadsts", "65001"),
            ("selvedge.authority.correlation_id", "2f6c"),
        ],
    );
    let audit = format!(
        r#"{{"time":"2026-11-18T00:00:00Z","event":"exchange","trace_id":"{ID}","selvedge.auth.reason":"CONSENT_REQUIRED"}}"#
    );
    let elsewhere = audit
        .replace(ID, &format!("5{ID}"))
        .replace("exchange", "other");
    assert_eq!(
        shown(&[&request, &call], &[&audit, &elsewhere], false),
        "\
Trace 4bf92f3577b34da6a3ce929d0e0e4736  2026-11-18T11:06:40.001Z

✗ a.B/C  1.50 ms  PERMISSION_DENIED  CONSENT_REQUIRED
    tenant contoso
✗   sts.token  1.50 ms  invalid_grant
      authority's error invalid_grant, AADSTS 65001, correlation id 2f6c

Failed:        CONSENT_REQUIRED (PERMISSION_DENIED)
What to do:    The user or an administrator has yet to consent to what the service needs downstream; \
AuthChallenge holds the scopes. The user acts, then a tenant administrator.
Who must act:  the user
For support:   the authority's correlation id 2f6c, AADSTS65001, invalid_grant, at 2026-11-18T11:06:40.002Z
Audit:         2026-11-18T00:00:00Z exchange  selvedge.auth.reason=CONSENT_REQUIRED
"
    );
}

#[test]
fn a_call_that_did_not_fail_is_said_to_have_not() {
    let call = span(1, 0, "a.B/C", &[("rpc.response.status_code", "OK")]);
    let text = shown(&[&call], &[], true);
    assert!(
        text.ends_with("\n  a.B/C  1.50 ms  OK\n\nThe call did not fail.\n"),
        "{text}"
    );
}

#[test]
fn nothing_in_a_file_reaches_the_terminal_but_as_text() {
    let hostile = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}\r";
    let parts = [
        ("selvedge.refusal.reason", hostile),
        ("rpc.response.status_code", hostile),
        ("selvedge.tenant.id", hostile),
        ("selvedge.authority.error", hostile),
    ];
    let call = span(1, 2, hostile, &parts);
    let other = span(2, 1, hostile, &parts);
    let hostile = serde_json::Value::from(hostile);
    let audit = format!(r#"{{"trace_id":"{ID}","time":{hostile},{hostile}:{hostile}}}"#);
    let text = shown(&[&call, &other], &[&audit], false);
    let obeyed = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!text.contains(obeyed), "{text:?}");
    assert!(text.contains("\\u{1b}"));
}

#[test]
fn only_a_terminal_is_given_colour() {
    let call = span(1, 0, "a.B/C", &[("error.type", "INTERNAL")]);
    assert!(shown(&[&call], &[], true).contains("\u{1b}[31m✗\u{1b}[0m a.B/C"));
    assert!(!shown(&[&call], &[], false).contains('\u{1b}'));
}
