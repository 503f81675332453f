//! An authority in trouble: what is made of its answers, how often it is asked, and who does not
//! notice.

use std::sync::atomic::Ordering;
use std::time::Duration;

use emulator::{Endpoint, Fault, ScriptedError, seed};
use selvedge::contracts::exchange::v1::ExchangeTokenResponse;
use serde_json::{Value, json};

use super::{Exchanging, page_token, received};
use crate::support::Setup;
use crate::support::listener::PlantedListener;
use crate::support::running::{STORAGE_SCOPE, movable_clock};

const INVALID: &str = "INTERNAL AUTHORITY_RESPONSE_INVALID";

fn set(exchanging: &Exchanging, fault: Fault) {
    let emulator = exchanging.emulator();
    emulator.set_fault(Endpoint::OnBehalfOf, Some(fault));
}

fn heal(exchanging: &Exchanging) {
    exchanging.emulator().set_fault(Endpoint::OnBehalfOf, None);
}

/// A good answer with one member changed, or left out where it is null.
fn answer(member: &str, value: Value) -> Fault {
    let mut body = json!({
        "token_type": "Bearer",
        "scope": STORAGE_SCOPE,
        "expires_in": 3_600,
        "access_token": "planted-access-token-0123456789",
    });
    match value {
        Value::Null => drop(body.as_object_mut().unwrap().remove(member)),
        value => body[member] = value,
    }
    Fault::Answer {
        code: 200,
        body: body.to_string(),
        retry_after: None,
    }
}

fn body(text: &str) -> Fault {
    Fault::Body {
        bytes: text.as_bytes().to_vec(),
        content_type: "application/json".to_owned(),
    }
}

#[tokio::test]
async fn an_answer_that_is_not_all_it_must_be_is_neither_handed_out_nor_kept() {
    let exchanging = Exchanging::start().await;
    let token = exchanging.token(seed::CONSENTED);
    let overlong = ScriptedError::new(400, "interaction_required", 50_076)
        .claims(format!("{{\"x\":\"{}\"}}", "y".repeat(8 * 1024)));
    let faults = [
        ("no token", answer("access_token", Value::Null)),
        ("an empty token", answer("access_token", json!(""))),
        (
            "a token of two lines",
            answer("access_token", json!("a\r\nx-injected: 1")),
        ),
        (
            "a token with a space",
            answer("access_token", json!("planted token 0123456789")),
        ),
        (
            "a token that is none",
            answer("access_token", json!({ "a": 1 })),
        ),
        ("another type of token", answer("token_type", json!("MAC"))),
        ("no type of token", answer("token_type", Value::Null)),
        ("no life", answer("expires_in", Value::Null)),
        ("a life of nothing", answer("expires_in", json!(0))),
        ("a negative life", answer("expires_in", json!(-1))),
        ("a life of ages", answer("expires_in", json!(1e12))),
        ("a life in words", answer("expires_in", json!("an hour"))),
        (
            "another scope",
            answer("scope", json!("https://graph.microsoft.com/User.Read")),
        ),
        (
            "an error with the status of success",
            body(r#"{"error":"invalid_grant"}"#),
        ),
        ("half a document", body(r#"{"token_type":"Bearer","#)),
        ("no document", body("")),
        ("a list", body("[]")),
        ("10 MiB", Fault::Oversize(10 * 1024 * 1024)),
        ("claims of more than 8 KiB", Fault::AuthorityError(overlong)),
    ];
    for (at, (what, fault)) in faults.into_iter().enumerate() {
        set(&exchanging, fault);
        let reply = exchanging.ask(&token).await;
        assert_eq!(reply.verdict(), INVALID, "{what}");
        assert!(!reply.quotes(b"planted-access-token-0123456789"), "{what}");
        assert_eq!(
            exchanging.asked(),
            at as u64 + 1,
            "{what}: once, and not from memory"
        );
    }
    heal(&exchanging);
    let response: ExchangeTokenResponse = exchanging.ask(&token).await.message();
    assert!(!response.from_cache);
}

#[tokio::test]
async fn an_answer_that_breaks_off_drips_or_never_comes_is_given_up() {
    for (fault, verdict) in [
        (Fault::BreakOff, "UNAVAILABLE AUTHORITY_UNAVAILABLE"),
        (Fault::SlowDrip, "UNAVAILABLE AUTHORITY_TIMEOUT"),
        (Fault::Hang, "UNAVAILABLE AUTHORITY_TIMEOUT"),
    ] {
        let exchanging = Exchanging::with(Setup {
            exchange_patience: Duration::from_millis(600),
            ..Setup::default()
        })
        .await;
        set(&exchanging, fault.clone());
        let token = exchanging.token(seed::CONSENTED);
        let reply = exchanging.ask(&token).await;
        assert_eq!(reply.verdict(), verdict, "{fault:?}");
        assert!(exchanging.asked() <= 2, "{fault:?}");
        heal(&exchanging);
        assert_eq!(exchanging.ask(&token).await.verdict(), "OK", "{fault:?}");
    }
}

#[tokio::test]
async fn an_authority_that_cannot_be_reached_is_unavailable() {
    let exchanging = Exchanging::start().await;
    let [cached, uncached] = [seed::CONSENTED, seed::OTHER_TENANT].map(|upn| exchanging.token(upn));
    received(&exchanging.ask(&cached).await);
    exchanging.emulator().clone().stop().await;
    let reply = exchanging.ask(&uncached).await;
    assert_eq!(reply.verdict(), "UNAVAILABLE AUTHORITY_UNAVAILABLE");
    // Whoever has a token at hand does not notice.
    let response: ExchangeTokenResponse = exchanging.ask(&cached).await.message();
    assert!(response.from_cache);
}

#[tokio::test]
async fn a_redirect_of_the_authority_is_not_followed() {
    let exchanging = Exchanging::start().await;
    let planted = PlantedListener::plant().await;
    set(&exchanging, Fault::RedirectTo(planted.url()));
    let reply = exchanging.ask(&exchanging.token(seed::CONSENTED)).await;
    assert_eq!(reply.verdict(), INVALID);
    assert_eq!(planted.connections(), 0);
}

#[tokio::test]
async fn no_pause_is_longer_than_an_hour_whatever_the_authority_says() {
    let exchanging = Exchanging::start().await;
    let throttled = ScriptedError::new(429, "temporarily_unavailable", 90_055);
    set(
        &exchanging,
        Fault::AuthorityError(throttled.retry_after(1_000_000)),
    );
    for upn in [seed::CONSENTED, seed::MFA] {
        let reply = exchanging.ask(&exchanging.token(upn)).await;
        assert_eq!(reply.verdict(), "RESOURCE_EXHAUSTED AUTHORITY_THROTTLED");
        let delay = reply.retry_info().unwrap().retry_delay.unwrap();
        assert!((3_500..=3_600).contains(&delay.seconds), "{delay:?}");
    }
    assert_eq!(exchanging.asked(), 1);
    // Another tenant has its own pauses.
    heal(&exchanging);
    received(&exchanging.ask(&exchanging.token(seed::OTHER_TENANT)).await);
}

#[tokio::test]
async fn an_authority_that_mostly_fails_is_left_alone_in_that_tenant() {
    let exchanging = Exchanging::start().await;
    let failing = Fault::Status {
        code: 500,
        retry_after: None,
    };
    set(&exchanging, failing);
    for number in 0..60 {
        let token = exchanging.token(&format!("user-{number}@contoso.test"));
        let reply = exchanging.ask(&token).await;
        assert_eq!(reply.verdict(), "UNAVAILABLE AUTHORITY_UNAVAILABLE");
        let delay = reply.retry_info().unwrap().retry_delay.unwrap();
        assert!((0..=5).contains(&delay.seconds), "{delay:?}");
    }
    // Twenty that failed, few of them tried again, and a probe for each five seconds gone by.
    let asked = exchanging.asked();
    assert!((20..=30).contains(&asked), "{asked}");
    heal(&exchanging);
    received(&exchanging.ask(&exchanging.token(seed::OTHER_TENANT)).await);
}

#[tokio::test]
async fn a_token_at_hand_is_served_through_an_outage_and_not_beyond_its_life() {
    let (clock, moved) = movable_clock();
    let exchanging = Exchanging::with(Setup {
        clock,
        ..Setup::default()
    })
    .await;
    let emulator = exchanging.emulator();
    let token = emulator.issue(&page_token(seed::CONSENTED).lifetime(4 * 3_600));
    let first = received(&exchanging.ask(&token).await);
    let failing = Fault::Status {
        code: 503,
        retry_after: None,
    };
    set(&exchanging, failing);
    for minutes in [1, 30, 50] {
        moved.store(minutes * 60, Ordering::SeqCst);
        assert_eq!(received(&exchanging.ask(&token).await), first, "{minutes}");
    }
    // Its receiver has to use it yet: what is about to end is not handed out.
    moved.store(3_600, Ordering::SeqCst);
    let reply = exchanging.ask(&token).await;
    assert_eq!(reply.verdict(), "UNAVAILABLE AUTHORITY_UNAVAILABLE");

    // A clock that is set back brings nothing back to life.
    heal(&exchanging);
    moved.store(-7_200, Ordering::SeqCst);
    let earlier = emulator.issue(&page_token(seed::CONSENTED).lifetime(4 * 3_600));
    let asked = exchanging.asked();
    assert_ne!(received(&exchanging.ask(&earlier).await), first);
    assert_eq!(exchanging.asked(), asked + 1);
}
