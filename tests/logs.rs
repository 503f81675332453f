//! Nothing that is secret is logged, at any level, by us or by what we stand on.
//!
//! The real binary runs here: what a process logs is decided once for all of it.

mod exchanges;
mod lines;
mod refusals;

use std::collections::HashMap;

use auth_interceptor::Clock;
use emulator::{Emulator, Rotation, TokenRequest, TokenVersion, seed};

use crate::support::process::{PLANTED_SECRET, ServiceProcess};
use crate::support::running::start_emulator;
use crate::support::temporary::TemporaryFolder;
use crate::support::{Call, READ_DATA, RawClient, eventually, read_token, user_token};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_in_the_logs_at_trace_level_holds_a_token_or_a_secret() {
    let emulator = start_emulator(Clock::system()).await;
    let folder = TemporaryFolder::new();
    let mut served = ServiceProcess::start(&emulator, folder.path(), "trace").await;
    let client = served.client().await;
    eventually("a call is served", async || {
        let call = Call::to(READ_DATA).bearer(&read_token(&emulator));
        client.send(&call).await.verdict() == "OK"
    })
    .await;

    let secrets = exercise(&emulator, &client).await;
    served.end();

    let text = served.log();
    for expected in [
        "selvedge.auth.denied",
        "selvedge.auth.allowed",
        "\"TRACE\"",
        "SIGNING_KEY_UNKNOWN",
        "\"h2",
    ] {
        assert!(text.contains(expected), "the run was logged: {expected}");
    }
    assert_holds_none(&text, &secrets);
}

/// Calls of every kind, and what of them must not be found again.
async fn exercise(emulator: &Emulator, client: &RawClient) -> Vec<(&'static str, String)> {
    let request = || TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID);
    let good = read_token(emulator);
    let (message, _) = good.rsplit_once('.').unwrap();
    let planted = "c2VjcmV0LXBsYW50ZWQ".repeat(10);
    let reading = || request().scopes(["data.read"]);
    let tokens = vec![
        ("a good token", good.clone()),
        (
            "a version 1 token",
            emulator.issue(&reading().version(TokenVersion::V1)),
        ),
        (
            "a token without the scope",
            user_token(emulator, seed::CONSENTED, &["data.write"]),
        ),
        (
            "an expired token",
            emulator.issue(&reading().issued_at(-7_200)),
        ),
        (
            "a token of an unknown key",
            emulator.issue(&reading().header("kid", "unknown-key")),
        ),
        (
            "a token of another tenant",
            user_token(emulator, seed::OTHER_TENANT, &["data.read"]),
        ),
        (
            "a token with a broken signature",
            format!("{message}.{planted}"),
        ),
        (
            "a malformed token",
            "planted-malformed-token-0123456789".to_owned(),
        ),
        (
            "a wrong claim",
            emulator.issue(&reading().claim("exp", "planted-expiry-text-4711")),
        ),
        (
            "a forged line",
            emulator.issue(&reading().header("kid", "planted-kid\nforged line")),
        ),
    ];
    for (_, token) in &tokens {
        client.send(&Call::to(READ_DATA).bearer(token)).await;
    }
    let password = "cGxhbnRlZC11c2VyOnBsYW50ZWQtcGFzc3dvcmQ=";
    let basic = Call::to(READ_DATA).header("authorization", format!("Basic {password}"));
    client.send(&basic).await;
    let cookie = "session=planted-cookie-0123456789abcdef";
    client
        .send(&Call::to(READ_DATA).bearer(&good).header("cookie", cookie))
        .await;
    let scope = "planted-scope-0123456789";
    client
        .send(&Call::to(READ_DATA).bearer(&user_token(emulator, seed::CONSENTED, &[scope])))
        .await;

    emulator.rotate_keys(Rotation::Unannounced);
    eventually("the new key is known", async || {
        let call = Call::to(READ_DATA).bearer(&read_token(emulator));
        client.send(&call).await.verdict() == "OK"
    })
    .await;

    let mut secrets = tokens;
    secrets.push(("a password", password.to_owned()));
    secrets.push(("a cookie", cookie.to_owned()));
    secrets.push(("the registration's secret", PLANTED_SECRET.to_owned()));
    secrets
}

/// Looks for any 16 bytes in a row of any secret.
fn assert_holds_none(log: &str, secrets: &[(&'static str, String)]) {
    let mut windows: HashMap<&[u8], &str> = HashMap::new();
    // Most of a log begins like nothing that is looked for: that is told by two bytes.
    let mut beginnings = vec![false; 1 << 16];
    let beginning = |window: &[u8]| usize::from(u16::from_be_bytes([window[0], window[1]]));
    for (name, secret) in secrets {
        assert!(secret.len() >= 16, "{name} is long enough to be looked for");
        for window in secret.as_bytes().windows(16) {
            windows.insert(window, name);
            beginnings[beginning(window)] = true;
        }
    }
    for line in log.lines() {
        let leaked = line
            .as_bytes()
            .windows(16)
            .filter(|window| beginnings[beginning(window)])
            .find_map(|window| windows.get(window));
        assert!(
            leaked.is_none(),
            "{} is in the log: {line}",
            leaked.unwrap()
        );
    }
}
