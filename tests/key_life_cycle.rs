//! The authority's keys over time: before the first, through rotations, outages and storms of key
//! ids that nobody has.

use std::time::Duration;

use auth_interceptor::{Clock, KeySettings};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use emulator::{Emulator, Endpoint, Fault, Rotation, TokenVersion, seed};
use futures_util::stream::{self, StreamExt as _};
use serde_json::json;
use tokio::time::Instant;
use tonic_health::pb::HealthCheckResponse;
use tonic_health::pb::health_check_response::ServingStatus;

use crate::support::listener::PlantedListener;
use crate::support::running::start_emulator;
use crate::support::token_recipe::Parts;
use crate::support::wait::in_time;
use crate::support::{
    Call, GET_PROFILE, READ_DATA, RawClient, Reply, Running, Setup, eventually, read_token,
    user_token,
};
use crate::transport::check;

const UNKNOWN: &str = "UNAUTHENTICATED SIGNING_KEY_UNKNOWN";

async fn read(client: &RawClient, token: &str) -> Reply {
    client.send(&Call::to(READ_DATA).bearer(token)).await
}

/// A token of the right shape under a key id of one's choice; nobody can verify it.
fn token_with_kid(emulator: &Emulator, kid: &str) -> String {
    let token = read_token(emulator);
    let mut header = Parts::of(&token).header;
    header.insert("kid".to_owned(), kid.into());
    let header = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header).unwrap());
    let (_, rest) = token.split_once('.').unwrap();
    format!("{header}.{rest}")
}

fn keys(refresh: Duration, cooldown: Duration) -> KeySettings {
    KeySettings {
        refresh,
        unknown_kid_cooldown: cooldown,
        last_known_good: Duration::from_secs(24 * 60 * 60),
    }
}

const HOUR: Duration = Duration::from_secs(60 * 60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
pub(crate) async fn until_the_keys_are_read_the_service_says_so_and_blames_nobody() {
    let emulator = start_emulator(Clock::system()).await;
    let down = Fault::Status {
        code: 503,
        retry_after: None,
    };
    emulator.set_fault(Endpoint::Discovery, Some(down.clone()));
    emulator.set_fault(Endpoint::Jwks, Some(down));
    let running = Setup::default().start_with(emulator).await;
    let client = running.raw().await;
    let token = read_token(&running.emulator);

    let reply = read(&client, &token).await;
    assert_eq!(reply.verdict(), "UNAVAILABLE SIGNING_KEYS_UNAVAILABLE");
    reply.assert_complete("selvedge.data.v1.DataService/ReadData");
    assert!(reply.retry_info().is_some(), "waiting helps");
    assert_eq!(reply.challenge_header(), None, "another token would not");
    let health: HealthCheckResponse = client.send(&check("")).await.message();
    assert_eq!(health.status(), ServingStatus::NotServing);
    assert_eq!(running.store.calls(), 0);

    running.emulator.set_fault(Endpoint::Discovery, None);
    running.emulator.set_fault(Endpoint::Jwks, None);
    running.ready().await;
    assert_eq!(read(&client, &token).await.verdict(), "OK");
    let serving = async || {
        let health: HealthCheckResponse = client.send(&check("")).await.message();
        health.status() == ServingStatus::Serving
    };
    eventually("health says SERVING", serving).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
pub(crate) async fn ten_thousand_unknown_key_ids_cause_one_read_and_no_valid_call_fails() {
    let running = Running::start().await;
    let token = read_token(&running.emulator);
    let before = running.key_fetches();
    let forged = token_with_kid(&running.emulator, "KID");
    let (header, rest) = forged.split_once('.').unwrap();
    let header = String::from_utf8(URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    let clients = [running.raw().await, running.raw().await];

    let calls = stream::iter(0..10_000_usize).map(|number| {
        let client = &clients[number % 2];
        let kid = uuid::Uuid::new_v4().to_string();
        let header = URL_SAFE_NO_PAD.encode(header.replace("KID", &kid));
        let forged = format!("{header}.{rest}");
        let token = &token;
        async move {
            assert_eq!(read(client, &forged).await.verdict(), UNKNOWN);
            if number % 100 == 0 {
                assert_eq!(read(client, token).await.verdict(), "OK");
            }
        }
    });
    calls.buffer_unordered(64).collect::<Vec<()>>().await;

    let after = running.key_fetches();
    for (before, after) in before.into_iter().zip(after) {
        assert!(after - before <= 1, "{} reads", after - before);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
pub(crate) async fn callers_with_a_new_key_share_one_read() {
    let running = Running::start().await;
    running.emulator.rotate_keys(Rotation::Unannounced);
    let before = running.key_fetches();
    let client = running.raw().await;
    let emulator = &running.emulator;
    // A method that asks nothing of the store: what is tried is the key.
    let calls = stream::iter(0..300).map(|_| {
        let client = client.clone();
        let token = user_token(emulator, seed::CONSENTED, &["access_as_user"]);
        async move {
            let call = Call::to(GET_PROFILE).bearer(&token);
            client.send(&call).await.verdict()
        }
    });
    let verdicts: Vec<String> = calls.buffer_unordered(300).collect().await;
    assert!(
        verdicts.iter().all(|verdict| verdict == "OK"),
        "{verdicts:?}"
    );
    assert_eq!(running.key_fetches(), before.map(|fetches| fetches + 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_announced_rotation_fails_no_call() {
    let settings = keys(Duration::from_secs(1), HOUR);
    let running = Setup {
        keys: settings,
        ..Setup::default()
    }
    .start()
    .await;
    let client = running.raw().await;
    let old = read_token(&running.emulator);
    assert_eq!(read(&client, &old).await.verdict(), "OK");
    // Whoever spends the budget for unknown key ids takes nothing from the timer.
    let forged = token_with_kid(&running.emulator, "nobodys");
    assert_eq!(read(&client, &forged).await.verdict(), UNKNOWN);

    running.emulator.rotate_keys(Rotation::Published);
    let published = running.key_fetches();
    eventually("the keys are read again by the timer", async || {
        assert_eq!(
            read(&client, &read_token(&running.emulator))
                .await
                .verdict(),
            "OK"
        );
        // The second read after the publication began after it.
        running
            .key_fetches()
            .iter()
            .zip(published)
            .all(|(now, then)| *now >= then + 2)
    })
    .await;
    running.emulator.promote_key();
    for _ in 0..50 {
        assert_eq!(
            read(&client, &read_token(&running.emulator))
                .await
                .verdict(),
            "OK"
        );
        assert_eq!(
            read(&client, &old).await.verdict(),
            "OK",
            "the old key is still published"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unannounced_rotation_heals_within_one_cooldown() {
    let cooldown = Duration::from_secs(1);
    let running = Setup {
        keys: keys(HOUR, cooldown),
        ..Setup::default()
    }
    .start()
    .await;
    let client = running.raw().await;
    let old = read_token(&running.emulator);
    assert_eq!(read(&client, &old).await.verdict(), "OK");
    let forged = token_with_kid(&running.emulator, "spends-it");
    let reply = read(&client, &forged).await;
    assert_eq!(reply.verdict(), UNKNOWN);
    let spent = Instant::now();

    running.emulator.rotate_keys(Rotation::Unannounced);
    let new = read_token(&running.emulator);
    let reply = read(&client, &new).await;
    if reply.verdict() == UNKNOWN {
        let delay = reply
            .retry_info()
            .expect("how long the cooldown lasts")
            .retry_delay
            .unwrap();
        assert!((0..=1).contains(&delay.seconds), "{delay:?}");
    }
    eventually("the new key is known", async || {
        read(&client, &new).await.verdict() == "OK"
    })
    .await;
    assert!(
        spent.elapsed() < cooldown * 2,
        "it took {:?}",
        spent.elapsed()
    );
    assert_eq!(
        read(&client, &old).await.verdict(),
        UNKNOWN,
        "the old set is gone"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
pub(crate) async fn a_withdrawn_key_stops_working_with_the_next_read() {
    let running = Running::start().await;
    let client = running.raw().await;
    let old = read_token(&running.emulator);
    let old_kid = running
        .emulator
        .signing_key(TokenVersion::V2)
        .kid()
        .to_owned();
    assert_eq!(read(&client, &old).await.verdict(), "OK");

    running.emulator.rotate_keys(Rotation::Published);
    running.emulator.promote_key();
    running.emulator.withdraw_key(&old_kid);
    in_time("the keys are read", running.authenticator.refresh_keys()).await;

    assert_eq!(
        read(&client, &old).await.verdict(),
        UNKNOWN,
        "remembered or not"
    );
    assert_eq!(
        read(&client, &read_token(&running.emulator))
            .await
            .verdict(),
        "OK"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
pub(crate) async fn a_retired_key_works_only_while_the_authority_cannot_be_read() {
    let running = Running::start().await;
    let client = running.raw().await;
    let old = read_token(&running.emulator);
    running.emulator.rotate_keys(Rotation::Unannounced);
    running.emulator.set_fault(
        Endpoint::Jwks,
        Some(Fault::Status {
            code: 500,
            retry_after: None,
        }),
    );
    in_time(
        "the keys are asked for",
        running.authenticator.refresh_keys(),
    )
    .await;
    assert_eq!(
        read(&client, &old).await.verdict(),
        "OK",
        "the last good keys serve"
    );

    running.emulator.set_fault(Endpoint::Jwks, None);
    in_time("the keys are read", running.authenticator.refresh_keys()).await;
    assert_eq!(read(&client, &old).await.verdict(), UNKNOWN);
    assert_eq!(
        read(&client, &read_token(&running.emulator))
            .await
            .verdict(),
        "OK"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_good_keys_have_an_end() {
    let settings = KeySettings {
        refresh: Duration::from_secs(1),
        unknown_kid_cooldown: HOUR,
        last_known_good: Duration::from_secs(3),
    };
    let running = Setup {
        keys: settings,
        ..Setup::default()
    }
    .start()
    .await;
    let client = running.raw().await;
    let remembered = read_token(&running.emulator);
    assert_eq!(read(&client, &remembered).await.verdict(), "OK");
    running.emulator.set_fault(
        Endpoint::Jwks,
        Some(Fault::Status {
            code: 500,
            retry_after: None,
        }),
    );
    for (which, token) in [
        ("a token seen before", Some(&remembered)),
        ("a new token", None),
    ] {
        let closed = async || {
            let new = read_token(&running.emulator);
            let token = token.unwrap_or(&new);
            read(&client, token).await.verdict() == "UNAVAILABLE SIGNING_KEYS_UNAVAILABLE"
        };
        eventually(&format!("{which} is refused at the cap"), closed).await;
    }
    running.emulator.set_fault(Endpoint::Jwks, None);
    let healed = async || read(&client, &remembered).await.verdict() == "OK";
    eventually("it heals", healed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_of_the_key_documents_costs_a_valid_call() {
    let body = |text: &str| Fault::Body {
        bytes: text.as_bytes().to_vec(),
        content_type: "application/json".to_owned(),
    };
    let planted = PlantedListener::plant().await;
    let running = Running::start().await;
    let faults = [
        (
            "down",
            Fault::Status {
                code: 500,
                retry_after: None,
            },
        ),
        (
            "throttling",
            Fault::Status {
                code: 429,
                retry_after: Some(120),
            },
        ),
        ("empty", body("")),
        ("an empty object", body("{}")),
        ("no keys", body(r#"{"keys":[]}"#)),
        (
            "only unusable keys",
            body(r#"{"keys":[{"kty":"oct","kid":"k","k":"AAAA"}]}"#),
        ),
        ("cut off", body(r#"{"keys":[{"kty":"RSA","#)),
        ("a page", body("<!doctype html><title>Sign in</title>")),
        ("huge", Fault::Oversize(100 * 1024 * 1024)),
        ("a redirect", Fault::RedirectTo(planted.url())),
        ("slow", Fault::SlowDrip),
        ("silent", Fault::Hang),
    ];
    for endpoint in [Endpoint::Jwks, Endpoint::Discovery] {
        for (name, fault) in &faults {
            running.emulator.set_fault(endpoint, Some(fault.clone()));
            let client = running.raw().await;
            let refresh = running.authenticator.refresh_keys();
            tokio::pin!(refresh);
            let mut calls = 0;
            loop {
                // Each token is a new one: it is verified, not remembered.
                let token = read_token(&running.emulator);
                let begun = Instant::now();
                let verdict = read(&client, &token).await.verdict();
                assert_eq!(verdict, "OK", "{endpoint:?} {name}");
                assert!(
                    begun.elapsed() < Duration::from_secs(2),
                    "{name}: the call waited"
                );
                calls += 1;
                let done = tokio::time::timeout(Duration::from_millis(50), &mut refresh).await;
                if done.is_ok() {
                    break;
                }
                assert!(calls < 400, "{name}: the read never ended");
            }
            assert_eq!(
                read(&client, &read_token(&running.emulator))
                    .await
                    .verdict(),
                "OK"
            );
            running.emulator.set_fault(endpoint, None);
        }
    }
    assert_eq!(planted.connections(), 0, "no redirect is followed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_discovery_document_that_names_another_host_or_issuer_is_refused() {
    let planted = PlantedListener::plant().await;
    let running = Running::start().await;
    let client = running.raw().await;
    let origin = running.emulator.origin().to_owned();
    let keys = format!("{origin}/common/discovery/v2.0/keys");
    for document in [
        json!({ "issuer": format!("{origin}/{{tenantid}}/v2.0"), "jwks_uri": planted.url() }),
        json!({ "issuer": format!("{origin}/{{tenantid}}/v2.0"), "jwks_uri": "https://localhost:1/keys" }),
        json!({ "issuer": "https://evil.test/{tenantid}/v2.0", "jwks_uri": keys }),
    ] {
        running.emulator.set_fault(
            Endpoint::DiscoveryV2,
            Some(Fault::Body {
                bytes: document.to_string().into_bytes(),
                content_type: "application/json".to_owned(),
            }),
        );
        // The old key leaves: a set that was taken in spite of the document would show.
        in_time(
            "the keys are asked for",
            running.authenticator.refresh_keys(),
        )
        .await;
        assert_eq!(
            read(&client, &read_token(&running.emulator))
                .await
                .verdict(),
            "OK"
        );
    }
    assert_eq!(planted.connections(), 0);
}
