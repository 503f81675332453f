//! What is believed of callers' headers, and who is a receiver.

use super::*;

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(*name, value.parse().unwrap());
    }
    headers
}

#[test]
fn grpc_callers_are_continued_and_others_are_linked_unless_the_configuration_says_otherwise() {
    for (trust, is_grpc, is_continued) in [
        (TrustInbound::Auto, true, true),
        (TrustInbound::Auto, false, false),
        (TrustInbound::All, false, true),
        (TrustInbound::Nobody, true, false),
    ] {
        let mut sent = headers(&[(TRACEPARENT, PARENT), (BAGGAGE, "user=planted")]);
        let inbound = trust.inbound(&mut sent, is_grpc).unwrap();
        let continued = matches!(inbound, Inbound::Continued(_));
        assert_eq!(continued, is_continued, "{trust:?} {is_grpc}");
        assert!(!sent.contains_key(BAGGAGE));
    }
}

#[test]
fn the_state_is_kept_as_long_as_it_may_be_and_several_parents_are_none() {
    let state = |pairs: &[(&'static str, &str)]| {
        let caller = callers_span(&mut headers(pairs))?;
        Some(caller.trace_state().header())
    };
    let two = [
        (TRACEPARENT, PARENT),
        (TRACESTATE, "a=1"),
        (TRACESTATE, "b=2"),
    ];
    assert_eq!(state(&two).unwrap(), "a=1,b=2");
    let long = format!("a={}", "x".repeat(LONGEST_TRACESTATE));
    let cut = [(TRACEPARENT, PARENT), (TRACESTATE, &*long)];
    assert_eq!(state(&cut).unwrap(), "");
    assert_eq!(state(&[(TRACEPARENT, PARENT), (TRACEPARENT, PARENT)]), None);
    assert_eq!(state(&[(TRACEPARENT, "00-nonsense")]), None);
    assert_eq!(state(&[]), None);
}

#[test]
fn a_receiver_is_a_host_at_any_port_or_at_one() {
    let list = ["Login.Example", "api.example:8443", "[::1]:9"].map(|text| text.parse().unwrap());
    let to = PropagateTo::new(&list, Ratio::new(1.0).unwrap());
    for (host, port, expected) in [
        ("login.example", 443, true),
        ("login.example", 8443, true),
        ("api.example", 8443, true),
        ("api.example", 443, false),
        ("[::1]", 9, true),
        ("other.example", 443, false),
        ("sub.login.example", 443, false),
    ] {
        assert_eq!(to.is_receiver(host, port), expected, "{host}:{port}");
    }
    for wrong in [
        "",
        "https://a.example",
        "a.example/b",
        "u@a.example",
        "a.example:",
        "a:x",
    ] {
        assert_eq!(wrong.parse::<Receiver>(), Err(NotAReceiver), "{wrong}");
    }
}
