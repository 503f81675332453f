//! What callers see of an authority's keys while all is well, while it is not, and in between.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use super::authority_double::{
    Answer, AuthorityDouble, Certificate, DISCOVERY, DISCOVERY_V1, DISCOVERY_V2, ISSUER, ISSUER_V1,
    ISSUER_V2, KEYS, KEYS_V1, KEYS_V2,
};
use super::signer::{RSA, jwks};
use super::{
    after_read, before_deadline, before_usable, busy, loaded, quiet, status, unobserved,
    unpropagated,
};
use crate::authority::KeySettings;
use crate::claims::TokenVersion::{Rfc9068, V1, V2};
use crate::keys::authority_keys::KeySource;
use crate::keys::error::KeyReadError;
use crate::keys::{AuthorityKeys, KeysStartError};

#[tokio::test]
async fn the_keys_of_both_token_versions_come_from_the_common_documents() {
    let double = AuthorityDouble::with_keys([]);
    double.answer(KEYS_V1, Answer::Document(jwks([RSA[0].jwk("one")])));
    double.answer(
        KEYS_V2,
        Answer::Document(jwks([RSA[0].jwk("one"), RSA[1].jwk("two")])),
    );
    let keys = loaded(&double.entra(), &quiet()).await;

    let snapshot = keys.current().unwrap();
    assert_eq!(snapshot.len(), 3);
    let issuer = |version, kid| {
        let key = snapshot.find(version, kid)?;
        Some(key.issuer().as_str().to_owned())
    };
    assert_eq!(issuer(V1, "one").as_deref(), Some(ISSUER_V1));
    assert_eq!(issuer(V2, "one").as_deref(), Some(ISSUER_V2));
    assert_eq!(issuer(V2, "two").as_deref(), Some(ISSUER_V2));
    assert_eq!(issuer(V1, "two"), None);
    assert_eq!(issuer(Rfc9068, "one"), None);
    let paths: Vec<_> = double.counts().requests.into_iter().collect();
    assert_eq!(
        paths,
        [DISCOVERY_V1, KEYS_V1, KEYS_V2, DISCOVERY_V2].map(|path| (path.to_owned(), 1))
    );
}

#[tokio::test]
async fn the_keys_of_an_oidc_authority_verify_rfc_9068_tokens_alone() {
    let double = AuthorityDouble::with_keys([RSA[0].jwk("one")]);
    let keys = loaded(&double.oidc(), &quiet()).await;
    let snapshot = keys.current().unwrap();
    let key = snapshot.find(Rfc9068, "one").unwrap();
    assert_eq!(key.issuer().as_str(), ISSUER);
    assert!(key.verify(b"message", &RSA[0].sign_rs256(b"message")));
    assert!(snapshot.find(V1, "one").is_none());
    assert!(snapshot.find(V2, "one").is_none());
}

#[tokio::test]
async fn nothing_is_served_before_the_first_keys_and_an_authority_that_opens_is_found_in_2_s() {
    let (double, closed) = AuthorityDouble::closed(Certificate::Sound, [RSA[0].jwk("one")]);
    let keys =
        AuthorityKeys::start(&double.oidc(), &quiet(), &unobserved(), &unpropagated()).unwrap();
    assert!(keys.current().is_none());

    let failing = status(&keys, |status| status.last_error.is_some()).await;
    assert_eq!(failing.last_error, Some(KeyReadError::Unreachable));
    assert_eq!(failing.source, KeySource::Missing);
    assert_eq!((failing.keys, failing.age), (0, None));
    assert!(!*keys.subscribe().borrow());
    assert!(keys.current().is_none());
    assert_eq!(keys.retry_after(), Duration::from_secs(1));

    let opened = Instant::now();
    closed.open();
    before_usable(&keys).await;
    assert!(opened.elapsed() < Duration::from_secs(2));
    let healthy = keys.status();
    assert_eq!(
        (healthy.source, healthy.last_error),
        (KeySource::Fetch, None)
    );
    assert!(keys.current().is_some());
}

#[tokio::test]
async fn a_new_set_replaces_the_old_one_entirely_and_keys_that_stay_live_on() {
    let double = AuthorityDouble::with_keys([RSA[0].jwk("stays"), RSA[1].jwk("goes")]);
    let keys = loaded(&double.oidc(), &busy()).await;
    let before = keys.current().unwrap();

    double.publish([RSA[0].jwk("stays"), RSA[2].jwk("comes")]);
    let after = after_read(&keys, || {
        keys.current()
            .filter(|snapshot| snapshot.find(Rfc9068, "comes").is_some())
    })
    .await;

    assert!(after.find(Rfc9068, "goes").is_none());
    assert!(before.find(Rfc9068, "goes").unwrap().is_withdrawn());
    assert!(Arc::ptr_eq(
        before.find(Rfc9068, "stays").unwrap(),
        after.find(Rfc9068, "stays").unwrap()
    ));
    assert!(!after.find(Rfc9068, "stays").unwrap().is_withdrawn());
}

#[tokio::test]
async fn a_key_withdrawn_without_a_successor_is_gone_within_the_refresh_period() {
    let double = AuthorityDouble::with_keys([RSA[0].jwk("stays"), RSA[1].jwk("goes")]);
    let keys = loaded(&double.entra(), &busy()).await;
    let before = keys.current().unwrap();
    let goes = before.find(V2, "goes").unwrap();

    double.publish([RSA[0].jwk("stays")]);
    let snapshot = after_read(&keys, || keys.current().filter(|_| goes.is_withdrawn())).await;
    assert_eq!(snapshot.len(), 2);
    assert!(snapshot.find(V2, "goes").is_none());
    assert!(snapshot.find(V1, "goes").is_none());
}

#[tokio::test]
async fn entra_keys_are_replaced_only_when_both_documents_are_usable() {
    let double = AuthorityDouble::with_keys([RSA[0].jwk("old")]);
    let keys = loaded(&double.entra(), &busy()).await;

    double.answer(KEYS_V1, Answer::Document(r#"{"keys":[]}"#.to_owned()));
    double.answer(KEYS_V2, Answer::Document(jwks([RSA[1].jwk("new")])));
    status(&keys, |status| status.last_error.is_some()).await;
    let snapshot = keys.current().unwrap();
    assert!(snapshot.find(V1, "old").is_some());
    assert!(snapshot.find(V2, "old").is_some());
    assert!(snapshot.find(V2, "new").is_none());

    double.answer(KEYS_V1, Answer::Document(jwks([RSA[1].jwk("new")])));
    status(&keys, |status| status.last_error.is_none()).await;
    let snapshot = keys.current().unwrap();
    assert!(snapshot.find(V1, "new").is_some());
    assert!(snapshot.find(V2, "old").is_none());
}

#[tokio::test]
async fn the_last_good_keys_serve_through_an_outage_up_to_their_cap() {
    let double = AuthorityDouble::with_keys([RSA[0].jwk("one")]);
    let cap = Duration::from_secs(2);
    let settings = KeySettings {
        last_known_good: cap,
        ..busy()
    };
    let keys = loaded(&double.oidc(), &settings).await;
    let mut usable = keys.subscribe();

    double.set_deaf(true);
    let failing = status(&keys, |status| status.last_error.is_some()).await;
    assert_eq!(failing.source, KeySource::LastKnownGood);
    assert_eq!(failing.keys, 1);
    assert!(keys.current().unwrap().find(Rfc9068, "one").is_some());

    before_deadline(usable.wait_for(|usable| !usable))
        .await
        .unwrap();
    assert!(keys.current().is_none());
    assert!(keys.age().unwrap() >= cap);
    assert_eq!(keys.status().source, KeySource::Missing);

    double.set_deaf(false);
    before_usable(&keys).await;
    assert!(keys.current().unwrap().find(Rfc9068, "one").is_some());
    assert!(keys.age().unwrap() < cap);
}

#[tokio::test]
async fn health_is_withdrawn_at_the_cap_although_no_read_is_due() {
    let double = AuthorityDouble::with_keys([RSA[0].jwk("one")]);
    let settings = KeySettings {
        last_known_good: Duration::from_millis(50),
        ..quiet()
    };
    let keys = loaded(&double.oidc(), &settings).await;
    let mut usable = keys.subscribe();
    before_deadline(usable.wait_for(|usable| !usable))
        .await
        .unwrap();
    assert!(keys.current().is_none());
    assert_eq!(double.requests(KEYS), 1);
}

#[tokio::test]
async fn an_administrator_reads_keys_past_every_cooldown() {
    let double = AuthorityDouble::with_keys([RSA[0].jwk("old")]);
    let keys = loaded(&double.oidc(), &quiet()).await;
    before_deadline(keys.learn(Rfc9068, "unknown")).await;
    assert!(keys.cooldown_left().is_some());

    double.publish([RSA[1].jwk("new")]);
    let status = before_deadline(keys.refresh_now()).await;
    assert_eq!((status.source, status.last_error), (KeySource::Fetch, None));
    assert!(keys.current().unwrap().find(Rfc9068, "new").is_some());
    assert_eq!(keys.cooldown_left(), None);
}

#[tokio::test]
async fn a_read_that_an_administrator_asks_for_begins_after_the_question() {
    let double = AuthorityDouble::with_keys([RSA[0].jwk("old")]);
    double.hold_answers();
    let keys =
        AuthorityKeys::start(&double.oidc(), &quiet(), &unobserved(), &unpropagated()).unwrap();
    double.await_requests(DISCOVERY, 1).await;

    let flush = tokio::spawn({
        let keys = Arc::clone(&keys);
        async move { keys.refresh_now().await }
    });
    tokio::task::yield_now().await;
    double.release_answers();
    before_deadline(flush).await.unwrap();
    assert_eq!(double.requests(KEYS), 2);
}

#[tokio::test]
async fn keys_are_no_longer_read_once_nobody_holds_them() {
    let double = AuthorityDouble::with_keys([RSA[0].jwk("one")]);
    let keys = loaded(&double.oidc(), &busy()).await;
    let mut usable = keys.subscribe();
    drop(keys);
    before_deadline(async { while usable.changed().await.is_ok() {} }).await;
}

#[tokio::test]
async fn the_authoritys_clock_is_compared_with_ours() {
    let double = AuthorityDouble::with_keys([]);
    double.answer(
        KEYS,
        Answer::with_headers(
            "date: Tue, 14 Nov 2023 22:13:20 GMT\r\n",
            jwks([RSA[0].jwk("one")]).as_bytes(),
        ),
    );
    let keys = loaded(&double.oidc(), &quiet()).await;
    // The header's time is 1,700,000,000; a second may tick while the test runs.
    assert!(matches!(
        keys.skew_seconds(1_699_999_910),
        Some((90 | 91, _))
    ));
    assert!(matches!(
        keys.skew_seconds(1_700_000_090),
        Some((-90 | -89, _))
    ));
}

#[tokio::test]
async fn an_authority_that_cannot_be_read_is_refused_at_the_start() {
    let double = AuthorityDouble::with_keys([]);
    let started = |url: &str, pem: &[u8]| {
        let mut authority = double.oidc();
        authority.url = url.to_owned();
        authority.root_certificates_pem = Some(pem.to_vec());
        AuthorityKeys::start(&authority, &quiet(), &unobserved(), &unpropagated()).map(|_| ())
    };
    let pem = double.oidc().root_certificates_pem.unwrap();
    for url in [
        "http://login.example",
        "login.example",
        "",
        "https://",
        "https://user:secret@login.example",
        "https://login.example?tenant=",
        "https://login.example#",
    ] {
        assert_eq!(started(url, &pem), Err(KeysStartError::Url), "{url}");
    }
    for pem in [
        &b""[..],
        b"no certificate",
        b"-----BEGIN CERTIFICATE-----\nAA==\n",
    ] {
        assert_eq!(
            started("https://login.example", pem),
            Err(KeysStartError::RootCertificates)
        );
    }
    for url in ["https://login.example", "https://login.example/path/"] {
        assert_eq!(started(url, &pem), Ok(()), "{url}");
    }
}

#[tokio::test]
async fn one_unusable_key_among_good_ones_voids_nothing() {
    let double = AuthorityDouble::with_keys([
        json!({ "kty": "oct", "kid": "secret", "k": "c2VjcmV0" }),
        json!({ "kty": "RSA", "kid": "broken" }),
        RSA[0].jwk("good"),
    ]);
    let keys = loaded(&double.oidc(), &quiet()).await;
    let snapshot = keys.current().unwrap();
    assert_eq!(snapshot.len(), 1);
    assert!(snapshot.find(Rfc9068, "good").is_some());
}
