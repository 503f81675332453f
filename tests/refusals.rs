//! Refusals: one code a reason, and the details that a client can act on.

use std::collections::BTreeMap;

use emulator::{TokenRequest, seed};
use selvedge::contracts::refusal::v1::AuthChallenge;
use selvedge::refusal::{Reason, code, code_name, reason_name};

use crate::support::{Call, READ_DATA, Reply, Running, Setup, read_token, user_token};

/// Which code each reason comes with. Clients rely on every line: a change is for review.
const LEDGER: &str = include_str!("ledger/refusals.txt");

fn reasons() -> Vec<Reason> {
    (1..)
        .map_while(|number| Reason::try_from(number).ok())
        .collect()
}

#[test]
fn every_reason_comes_with_the_code_of_the_ledger() {
    let stated: BTreeMap<&str, &str> = LEDGER
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_once(' ').expect("a reason and a code"))
        .collect();
    let found: BTreeMap<&str, &str> = reasons()
        .into_iter()
        .map(|reason| (reason_name(reason), code_name(code(reason))))
        .collect();
    assert_eq!(found, stated, "see tests/ledger/refusals.txt");
}

#[test]
fn reasons_are_spelled_as_error_info_demands() {
    for reason in reasons() {
        let name = reason_name(reason);
        let allowed = |byte: u8| byte.is_ascii_uppercase() || byte == b'_';
        assert!(name.len() <= 63 && name.bytes().all(allowed), "{name}");
        assert!(!name.starts_with("REASON_"), "{name}");
    }
}

async fn send(running: &Running, call: &Call) -> Reply {
    running.raw().await.send(call).await
}

fn challenge(reply: &Reply) -> &str {
    reply.challenge_header().expect("a challenge")
}

#[tokio::test]
async fn a_call_without_credentials_is_challenged_without_an_error() {
    let running = Running::start().await;
    let reply = send(&running, &Call::to(READ_DATA)).await;
    let authorize = format!("{}/common/oauth2/v2.0/authorize", running.emulator.origin());
    // RFC 6750 section 3.1: whoever sent nothing did nothing wrong.
    assert_eq!(
        challenge(&reply),
        format!(r#"Bearer realm="", authorization_uri="{authorize}""#)
    );
}

#[tokio::test]
async fn a_malformed_header_is_an_invalid_request() {
    let running = Running::start().await;
    for value in ["Bearer", "Basic eDp5"] {
        let reply = send(
            &running,
            &Call::to(READ_DATA).header("authorization", value),
        )
        .await;
        assert!(
            challenge(&reply).ends_with(r#", error="invalid_request""#),
            "{value}"
        );
    }
}

#[tokio::test]
async fn a_token_that_is_no_good_is_an_invalid_token() {
    let running = Running::start().await;
    let reply = send(&running, &Call::to(READ_DATA).bearer("e30.e30.AQID")).await;
    assert!(
        challenge(&reply).ends_with(r#", error="invalid_token""#),
        "{}",
        challenge(&reply)
    );
}

#[tokio::test]
async fn an_expired_token_says_when_it_ended_and_that_a_fresh_one_will_do() {
    let running = Running::start().await;
    let token = running.emulator.issue(
        &TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID)
            .scopes(["data.read"])
            .issued_at(-7_200),
    );
    let reply = send(&running, &Call::to(READ_DATA).bearer(&token)).await;
    assert_eq!(reply.verdict(), "UNAUTHENTICATED TOKEN_EXPIRED");
    let info = reply.error_info().unwrap();
    let time = |name: &str| info.metadata[name].parse::<jiff::Timestamp>().unwrap();
    let since = time("serverTime")
        .duration_since(time("expiredAt"))
        .as_secs();
    assert!((3_600..3_700).contains(&since), "{since} s");
    let expected = AuthChallenge {
        retryable: true,
        ..AuthChallenge::default()
    };
    assert_eq!(reply.auth_challenge(), Some(expected));
    assert!(
        challenge(&reply).ends_with(r#"error="invalid_token", error_description="token expired""#)
    );
}

#[tokio::test]
async fn a_missing_scope_is_named_as_a_client_asks_for_it() {
    let running = Running::start().await;
    let token = user_token(&running.emulator, seed::CONSENTED, &["data.write"]);
    let reply = send(&running, &Call::to(READ_DATA).bearer(&token)).await;
    assert_eq!(reply.verdict(), "PERMISSION_DENIED SCOPE_MISSING");
    let header = challenge(&reply);
    let realm = format!(r#"Bearer realm="{}""#, seed::CONTOSO_TENANT_ID);
    assert!(header.starts_with(&realm), "{header}");
    let scope = format!(
        r#"error="insufficient_scope", scope="{}/data.read""#,
        seed::WORKLOAD_URI
    );
    assert!(header.ends_with(&scope), "{header}");
}

#[tokio::test]
async fn an_unknown_key_says_how_old_the_keys_are_and_when_to_try_again() {
    let running = Running::start().await;
    let request = TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID);
    let token = running
        .emulator
        .issue(&request.scopes(["data.read"]).header("kid", "unknown"));
    let reply = send(&running, &Call::to(READ_DATA).bearer(&token)).await;
    assert_eq!(reply.verdict(), "UNAUTHENTICATED SIGNING_KEY_UNKNOWN");
    reply.error_info().unwrap().metadata["jwksAgeS"]
        .parse::<u64>()
        .unwrap();
    let delay = reply
        .retry_info()
        .expect("the cooldown runs")
        .retry_delay
        .unwrap();
    assert!((1..=300).contains(&delay.seconds), "{delay:?}");
}

#[tokio::test]
async fn one_public_text_says_that_a_signature_cannot_be_verified() {
    let running = Running::start().await;
    let request = || TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID);
    let unknown = running.emulator.issue(&request().header("kid", "unknown"));
    let good = read_token(&running.emulator);
    let (message, _) = good.rsplit_once('.').unwrap();
    let broken = format!("{message}.AQID");
    let unknown = send(&running, &Call::to(READ_DATA).bearer(&unknown)).await;
    let broken = send(&running, &Call::to(READ_DATA).bearer(&broken)).await;
    assert_eq!(broken.verdict(), "UNAUTHENTICATED TOKEN_SIGNATURE_INVALID");
    assert_eq!(
        unknown.rich_status().unwrap().message,
        broken.rich_status().unwrap().message
    );
    assert_eq!(challenge(&unknown), challenge(&broken));
}

#[tokio::test]
async fn every_refusal_of_a_token_names_the_token_by_its_role() {
    let running = Running::start().await;
    let reply = send(&running, &Call::to(READ_DATA).bearer("e30.e30.AQID")).await;
    assert_eq!(reply.error_info().unwrap().metadata["tokenRole"], "subject");
}

#[tokio::test]
async fn refusals_are_small_however_large_the_call() {
    let running = Setup::default().start().await;
    let token = "a".repeat(60 * 1024);
    let reply = send(&running, &Call::to(READ_DATA).bearer(&token)).await;
    let size: usize = reply
        .headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    assert!(size < 4 * 1024, "{size} bytes");
}
