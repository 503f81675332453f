//! What an authority can do wrong, and that none of it costs a call with a known key.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::authority_double::{Answer, AuthorityDouble, Certificate, DISCOVERY, ISSUER, KEYS};
use super::signer::{RSA, jwks};
use super::{
    before_deadline, before_usable, busy, loaded, quiet, status, unobserved, unpropagated,
};
use crate::claims::TokenVersion::Rfc9068;
use crate::keys::AuthorityKeys;
use crate::keys::authority_keys::{KeySource, Learned};
use crate::keys::error::KeyReadError;
use crate::keys::set::KeySetError;

/// Each fault strikes one document of an authority whose keys are loaded; then it passes.
async fn strike(path: &str, faults: Vec<(&str, Answer, KeyReadError)>) {
    let double = AuthorityDouble::with_keys([RSA[0].jwk("known")]);
    let keys = loaded(&double.oidc(), &busy()).await;
    let key = keys
        .current()
        .unwrap()
        .find(Rfc9068, "known")
        .unwrap()
        .clone();
    for (case, answer, error) in faults {
        double.answer(path, answer);
        let struck = status(&keys, |status| status.last_error.is_some()).await;
        assert_eq!(struck.last_error, Some(error), "{case}");
        assert_eq!(struck.source, KeySource::LastKnownGood, "{case}");
        assert!(*keys.subscribe().borrow(), "{case}");
        assert!(!key.is_withdrawn(), "{case}");
        assert!(
            keys.current().unwrap().find(Rfc9068, "known").is_some(),
            "{case}"
        );

        double.publish([RSA[0].jwk("known")]);
        let healed = status(&keys, |status| status.last_error.is_none()).await;
        assert_eq!(healed.source, KeySource::Fetch, "{case}");
    }
}

fn document(text: &str) -> Answer {
    Answer::Document(text.to_owned())
}

/// What any document can suffer.
fn transport_faults() -> Vec<(&'static str, Answer, KeyReadError)> {
    let cut_short = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"keys\":[";
    vec![
        (
            "an internal error",
            Answer::status("500 Internal Server Error", ""),
            KeyReadError::Status(500),
        ),
        (
            "unavailable",
            Answer::status("503 Service Unavailable", ""),
            KeyReadError::Status(503),
        ),
        (
            "not found",
            Answer::status("404 Not Found", ""),
            KeyReadError::Status(404),
        ),
        (
            "success without a document",
            Answer::status("204 No Content", ""),
            KeyReadError::Status(204),
        ),
        (
            "a body cut short",
            Answer::Raw(cut_short.to_vec()),
            KeyReadError::Interrupted,
        ),
        (
            "no HTTP",
            Answer::Raw(b"220 mail.example ESMTP\r\n\r\n".to_vec()),
            KeyReadError::Interrupted,
        ),
        (
            "an encoding that was not asked for",
            Answer::with_headers("content-encoding: gzip\r\n", b"\x1f\x8b\x08"),
            KeyReadError::Encoded,
        ),
        (
            "two encodings",
            Answer::with_headers("content-encoding: identity, gzip\r\n", b"\x1f\x8b\x08"),
            KeyReadError::Encoded,
        ),
        (
            "a byte more than the limit",
            document(&" ".repeat(1024 * 1024 + 1)),
            KeyReadError::TooLarge,
        ),
    ]
}

#[tokio::test]
async fn no_fault_of_the_key_set_costs_a_known_key() {
    let mut faults = transport_faults();
    let weak = json!({ "kty": "RSA", "kid": "weak", "n": "AQAB", "e": "AQ" });
    let many = (0..10_000).map(|n| RSA[0].jwk(&format!("key-{n}")));
    for (case, text, error) in [
        (
            "a page",
            "<!doctype html><title>Sign in</title>".to_owned(),
            KeySetError::Malformed,
        ),
        (
            "JSON cut short",
            jwks([RSA[0].jwk("known")])[..100].to_owned(),
            KeySetError::Malformed,
        ),
        ("another object", "{}".to_owned(), KeySetError::Malformed),
        ("no keys", jwks([]), KeySetError::NoUsableKey),
        ("only unusable keys", jwks([weak]), KeySetError::NoUsableKey),
        (
            "one key id for two keys",
            jwks([RSA[0].jwk("known"), RSA[1].jwk("known")]),
            KeySetError::AmbiguousKeyId,
        ),
        (
            "a thousand and one keys",
            jwks((0..=1_000).map(|n| json!(n))),
            KeySetError::TooManyKeys,
        ),
    ] {
        faults.push((case, document(&text), KeyReadError::Keys(error)));
    }
    faults.push(("10,000 keys", document(&jwks(many)), KeyReadError::TooLarge));
    strike(KEYS, faults).await;
}

#[tokio::test]
async fn no_fault_of_the_discovery_document_costs_a_known_key() {
    let mut faults = transport_faults();
    for (case, text) in [
        ("a page", "<!doctype html><title>Sign in</title>"),
        ("another object", "{}"),
        ("null", "null"),
        ("no issuer", r#"{"jwks_uri":"https://127.0.0.1/keys"}"#),
        (
            "a repeated member",
            r#"{"issuer":"https://issuer.example","issuer":"https://issuer.example","jwks_uri":""}"#,
        ),
    ] {
        faults.push((case, document(text), KeyReadError::DiscoveryMalformed));
    }
    for issuer in [
        "https://issuer.example/",
        "http://issuer.example",
        "https://ISSUER.example",
        "",
    ] {
        let text = json!({ "issuer": issuer, "jwks_uri": "https://127.0.0.1/keys" });
        faults.push((
            "another issuer",
            document(&text.to_string()),
            KeyReadError::IssuerMismatch,
        ));
    }
    strike(DISCOVERY, faults).await;
}

#[tokio::test]
async fn neither_a_redirect_nor_a_key_address_elsewhere_leads_to_another_host() {
    let elsewhere = AuthorityDouble::with_keys([RSA[1].jwk("planted")]);
    let double = AuthorityDouble::with_keys([RSA[0].jwk("known")]);
    let keys = loaded(&double.oidc(), &busy()).await;
    let own = double.url();
    let (_, own_port) = own.rsplit_once(':').unwrap();

    for status_line in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
        for (path, target) in [
            (DISCOVERY, format!("{}{DISCOVERY}", elsewhere.url())),
            (KEYS, format!("{}{KEYS}", elsewhere.url())),
            (KEYS, format!("{own}{KEYS}")),
            (KEYS, "http://127.0.0.1/keys".to_owned()),
        ] {
            let headers = format!("location: {target}\r\n");
            double.answer(path, Answer::status(status_line, &headers));
            let struck = status(&keys, |status| status.last_error.is_some()).await;
            assert_eq!(struck.last_error, Some(KeyReadError::Redirected));
            double.publish([RSA[0].jwk("known")]);
            status(&keys, |status| status.last_error.is_none()).await;
        }
    }
    for address in [
        format!("{}{KEYS}", elsewhere.url()),
        format!("http://127.0.0.1:{own_port}/keys"),
        format!("https://localhost:{own_port}/keys"),
        format!("https://user@127.0.0.1:{own_port}/keys"),
        "https://127.0.0.1/keys".to_owned(),
        "/keys".to_owned(),
        "file:///etc/keys".to_owned(),
        "data:application/json,{}".to_owned(),
        String::new(),
    ] {
        let requests = double.requests(KEYS);
        double.discover(DISCOVERY, ISSUER, &address);
        let struck = status(&keys, |status| status.last_error.is_some()).await;
        assert_eq!(
            struck.last_error,
            Some(KeyReadError::KeysElsewhere),
            "{address}"
        );
        let seen = double.requests(DISCOVERY);
        double.await_requests(DISCOVERY, seen + 2).await;
        // A read that had begun before may still have asked once.
        assert!(double.requests(KEYS) <= requests + 1, "{address}");
        double.publish([RSA[0].jwk("known")]);
        status(&keys, |status| status.last_error.is_none()).await;
    }
    assert_eq!(elsewhere.counts().connections, 0);
    assert!(keys.current().unwrap().find(Rfc9068, "planted").is_none());
}

#[tokio::test]
async fn a_flood_is_cut_off_at_the_limit() {
    let double = AuthorityDouble::with_keys([RSA[0].jwk("known")]);
    let keys = loaded(&double.oidc(), &quiet()).await;
    double.answer(KEYS, Answer::Flood);
    let status = before_deadline(keys.refresh_now()).await;
    assert_eq!(status.last_error, Some(KeyReadError::TooLarge));
    // Of 100 MiB, what the limit lets through and what socket buffers hold.
    assert!(double.counts().flooded < 16 * 1024 * 1024);
    assert!(keys.current().is_some());
}

#[tokio::test]
async fn a_read_from_an_authority_that_hangs_ends_after_3_s() {
    end_after_3_s(Answer::Hang).await;
}

#[tokio::test]
async fn a_read_from_an_authority_that_drips_ends_after_3_s() {
    end_after_3_s(Answer::Drip).await;
}

async fn end_after_3_s(answer: Answer) {
    let double = AuthorityDouble::with_keys([RSA[0].jwk("known")]);
    let keys = loaded(&double.oidc(), &quiet()).await;
    double.answer(KEYS, answer);
    let asked = Instant::now();
    let learned = before_deadline(keys.learn(Rfc9068, "unknown")).await;
    let waited = asked.elapsed();
    assert_eq!(learned, Learned::Unknown);
    assert!(waited >= Duration::from_secs(3), "{waited:?}");
    assert!(waited < Duration::from_secs(4), "{waited:?}");
    assert_eq!(keys.status().last_error, Some(KeyReadError::TimedOut));
    assert!(keys.current().unwrap().find(Rfc9068, "known").is_some());
}

#[tokio::test]
async fn an_authority_that_asks_to_be_left_alone_is() {
    let double = AuthorityDouble::with_keys([RSA[0].jwk("known")]);
    let keys = loaded(&double.oidc(), &busy()).await;
    let throttled = Answer::status("429 Too Many Requests", "retry-after: 120\r\n");
    double.answer(KEYS, throttled);
    status(&keys, |status| {
        status.last_error == Some(KeyReadError::Status(429))
    })
    .await;
    let requests = double.requests(DISCOVERY);

    assert!(keys.retry_after() > Duration::from_secs(118));
    assert!(keys.cooldown_left().unwrap() > Duration::from_secs(118));
    for stranger in 0..100 {
        let learned = keys.learn(Rfc9068, &format!("random-{stranger}")).await;
        assert_eq!(learned, Learned::Unknown);
    }
    assert_eq!(double.requests(DISCOVERY), requests);
    assert!(keys.current().is_some());

    // Only an administrator goes past it.
    double.publish([RSA[1].jwk("new")]);
    before_deadline(keys.refresh_now()).await;
    assert!(keys.current().unwrap().find(Rfc9068, "new").is_some());
    assert_eq!(keys.cooldown_left(), None);
}

#[tokio::test]
async fn the_wait_that_an_authority_asks_for_is_read_as_seconds_or_as_a_time_and_capped() {
    let double = AuthorityDouble::with_keys([RSA[0].jwk("known")]);
    let keys = loaded(&double.oidc(), &quiet()).await;
    for (headers, seconds) in [
        ("retry-after: 40\r\n", 40),
        (
            "date: Tue, 14 Nov 2023 22:13:20 GMT\r\nretry-after: Tue, 14 Nov 2023 22:14:20 GMT\r\n",
            60,
        ),
        ("retry-after: 1000000\r\n", 3_600),
        ("retry-after: 99999999999999999999999\r\n", 3_600),
    ] {
        double.answer(KEYS, Answer::status("503 Service Unavailable", headers));
        let status = before_deadline(keys.refresh_now()).await;
        assert_eq!(status.last_error, Some(KeyReadError::Status(503)));
        let left = keys.retry_after();
        assert!(left <= Duration::from_secs(seconds), "{headers}");
        assert!(left > Duration::from_secs(seconds - 2), "{headers}");
    }
    for headers in [
        "retry-after: -1\r\n",
        "retry-after: soon\r\n",
        "retry-after: Tue, 14 Nov 2023 22:14:20 GMT\r\n",
        "date: Tue, 14 Nov 2023 22:13:20 GMT\r\nretry-after: Tue, 14 Nov 2023 22:12:20 GMT\r\n",
        "retry-after: \r\n",
    ] {
        double.answer(KEYS, Answer::status("503 Service Unavailable", headers));
        before_deadline(keys.refresh_now()).await;
        assert!(keys.cooldown_left().is_none(), "{headers}");
    }
    // Other answers have no say in it.
    double.answer(
        KEYS,
        Answer::status("500 Internal Server Error", "retry-after: 40\r\n"),
    );
    before_deadline(keys.refresh_now()).await;
    assert!(keys.cooldown_left().is_none());
}

#[tokio::test]
async fn a_certificate_that_does_not_prove_the_authority_is_refused() {
    for certificate in [Certificate::OtherName, Certificate::Expired] {
        let double = AuthorityDouble::with_certificate(certificate, [RSA[0].jwk("one")]);
        let keys =
            AuthorityKeys::start(&double.oidc(), &quiet(), &unobserved(), &unpropagated()).unwrap();
        let status = status(&keys, |status| status.last_error.is_some()).await;
        assert_eq!(status.last_error, Some(KeyReadError::Untrusted));
        assert!(double.counts().requests.is_empty());
        assert!(keys.current().is_none());
    }
}

#[tokio::test]
async fn a_root_that_is_not_the_authoritys_is_not_made_up_for_by_the_machines() {
    let double = AuthorityDouble::with_keys([RSA[0].jwk("one")]);
    let other = AuthorityDouble::with_keys([]);
    for root in [other.oidc().root_certificates_pem, None] {
        let mut authority = double.oidc();
        authority.root_certificates_pem = root;
        let keys =
            AuthorityKeys::start(&authority, &quiet(), &unobserved(), &unpropagated()).unwrap();
        let status = status(&keys, |status| status.last_error.is_some()).await;
        assert_eq!(status.last_error, Some(KeyReadError::Untrusted));
        assert!(double.counts().requests.is_empty());
    }
}

#[tokio::test]
async fn an_authority_that_speaks_tls_1_1_is_told_nothing() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let mut authority = AuthorityDouble::with_keys([]).oidc();
    authority.url = format!("https://{}", listener.local_addr().unwrap());
    let keys = AuthorityKeys::start(&authority, &quiet(), &unobserved(), &unpropagated()).unwrap();

    let (mut tcp, _) = before_deadline(listener.accept()).await.unwrap();
    let mut record = [0; 5];
    tcp.read_exact(&mut record).await.unwrap();
    let length = usize::from(u16::from_be_bytes([record[3], record[4]]));
    tcp.read_exact(&mut vec![0; length]).await.unwrap();
    // A ServerHello of TLS 1.1: version 3.2, a random, no session, ECDHE_RSA_WITH_AES_128_CBC_SHA.
    let hello = [&[3, 2][..], &[7; 32], &[0, 0xc0, 0x13, 0]].concat();
    let handshake = [&[2, 0, 0, hello.len() as u8][..], &hello].concat();
    let record = [&[22, 3, 2, 0, handshake.len() as u8][..], &handshake].concat();
    tcp.write_all(&record).await.unwrap();

    let mut answer = Vec::new();
    before_deadline(tcp.read_to_end(&mut answer)).await.unwrap();
    // Nothing but one alert record came back.
    assert_eq!((answer[0], answer.len()), (21, 7));
    let status = status(&keys, |status| status.last_error.is_some()).await;
    assert_eq!(status.last_error, Some(KeyReadError::Untrusted));
}

#[tokio::test]
async fn an_authority_that_is_gone_leaves_its_keys_behind() {
    let double = AuthorityDouble::with_keys([RSA[0].jwk("known")]);
    let keys = loaded(&double.oidc(), &busy()).await;
    drop(double);
    let status = status(&keys, |status| {
        status.last_error == Some(KeyReadError::Unreachable)
    })
    .await;
    assert_eq!(status.source, KeySource::LastKnownGood);
    let snapshot = keys.current().unwrap();
    let key = snapshot.find(Rfc9068, "known").unwrap();
    assert!(key.verify(b"message", &RSA[0].sign_rs256(b"message")));
    before_usable(&keys).await;
}
