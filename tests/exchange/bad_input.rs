//! What callers try on an exchange: tokens that are no longer or never were theirs, while a good
//! one is remembered, and texts that were to become a second scope or parameter.

use std::sync::atomic::Ordering;

use emulator::{TokenRequest, seed};
use selvedge::contracts::exchange::v1::{ExchangeTokenRequest, ExchangeTokenResponse};
use tonic_types::pb;

use super::{
    EXCHANGE, Exchanging, for_storage, page_token, pair, received, request, service_token,
    storage_request,
};
use crate::support::running::{STORAGE_SCOPE, movable_clock};
use crate::support::{Call, Reply, Setup};

#[tokio::test]
async fn a_token_that_has_ended_is_refused_although_its_answer_is_remembered() {
    let (clock, moved) = movable_clock();
    let exchanging = Exchanging::with(Setup {
        clock,
        ..Setup::default()
    })
    .await;
    let token = exchanging
        .emulator()
        .issue(&page_token(seed::CONSENTED).lifetime(600));
    received(&exchanging.ask(&token).await);
    let again: ExchangeTokenResponse = exchanging.ask(&token).await.message();
    assert!(again.from_cache);

    moved.store(600 + 61, Ordering::SeqCst);
    let reply = exchanging.ask(&token).await;
    assert_eq!(reply.verdict(), "UNAUTHENTICATED TOKEN_EXPIRED");
    assert_eq!(exchanging.asked(), 1);
}

#[tokio::test]
async fn what_is_not_the_users_own_good_token_is_refused_although_one_is_remembered() {
    let exchanging = Exchanging::start().await;
    let emulator = exchanging.emulator();
    let good = exchanging.token(seed::CONSENTED);
    received(&exchanging.ask(&good).await);

    let (message, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = message.split_once('.').unwrap();
    let another = exchanging.token(seed::DEVICE);
    let (_, of_another) = another.rsplit_once('.').unwrap();
    let app = emulator.issue(&service_token(seed::REPORTS_CLIENT_ID));
    let issue = |request: TokenRequest| emulator.issue(&request);
    let bearer = |token: &str| format!("Bearer {token}");
    let rows = [
        ("no signature", bearer(&format!("{message}."))),
        ("a short signature", bearer(&format!("{message}.AQID"))),
        (
            "another's signature",
            bearer(&format!("{message}.{of_another}")),
        ),
        (
            "unsigned, and so called",
            // {"alg":"none","typ":"JWT"}
            bearer(&format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{payload}.")),
        ),
        (
            "its parts in another order",
            bearer(&format!("{payload}.{header}.{signature}")),
        ),
        ("padded", bearer(&format!("{good}="))),
        ("twice", bearer(&format!("{good}, Bearer {good}"))),
        (
            "for another application",
            bearer(&issue(
                TokenRequest::delegated(seed::CONSENTED, seed::FILE_PICKER_URI)
                    .client(seed::BROKER_CLIENT_ID)
                    .scopes(["token.exchange"]),
            )),
        ),
        (
            "for the resource itself",
            bearer(&issue(
                TokenRequest::delegated(seed::CONSENTED, seed::STORAGE_URI)
                    .client(seed::BROKER_CLIENT_ID)
                    .scopes(["token.exchange"]),
            )),
        ),
        (
            "without the scope",
            bearer(&issue(page_token(seed::CONSENTED).scopes(["data.read"]))),
        ),
        ("an application's", bearer(&app)),
        ("an application's in a user's place", pair(&app, &app)),
        ("the user's in an application's place", pair(&good, &good)),
        (
            "of two tokens but one",
            format!("SubjectAndAppToken1.0 subjectToken=\"{good}\""),
        ),
        (
            "two tokens in a bearer's place",
            format!("Bearer {}", pair(&good, &app)),
        ),
    ];
    for (what, authorization) in rows {
        let call = Call::to(EXCHANGE).header("authorization", &authorization);
        let call = call.message(&storage_request());
        let reply = exchanging.client.send(&call).await;
        let verdict = reply.verdict();
        let refused = ["UNAUTHENTICATED ", "PERMISSION_DENIED "];
        assert!(
            refused.iter().any(|code| verdict.starts_with(code)),
            "{what}: {verdict}"
        );
        assert!(!reply.quotes(signature.as_bytes()), "{what}");
    }
    // A token nowhere but where no token belongs is no token.
    let call = Call::to(EXCHANGE)
        .header("x-authorization", bearer(&good))
        .header("cookie", format!("access_token={good}"))
        .message(&storage_request());
    let reply = exchanging.client.send(&call).await;
    assert_eq!(reply.verdict(), "UNAUTHENTICATED CREDENTIALS_MISSING");
    assert_eq!(exchanging.asked(), 1);
}

/// The field that the refusal names.
fn field(reply: &Reply) -> String {
    let mut bad = reply.details::<pb::BadRequest>("google.rpc.BadRequest");
    bad.pop().unwrap().field_violations.remove(0).field
}

#[tokio::test]
async fn no_text_becomes_a_second_scope_resource_or_parameter() {
    let exchanging = Exchanging::start().await;
    let token = exchanging.token(seed::CONSENTED);
    let ask = async |scopes: &[&str]| {
        let call = Call::to(EXCHANGE).bearer(&token).message(&request(scopes));
        exchanging.client.send(&call).await
    };
    let graph = "https://graph.microsoft.com/User.Read";
    for scope in [
        "",
        " ",
        &format!("{STORAGE_SCOPE} {graph}"),
        &format!("{STORAGE_SCOPE}\n{graph}"),
        &format!("{STORAGE_SCOPE}\r\nx-injected: 1"),
        &format!("{STORAGE_SCOPE}\t"),
        &format!("{STORAGE_SCOPE}\u{a0}{graph}"),
        &format!("{STORAGE_SCOPE}\""),
        &format!("{STORAGE_SCOPE}\\"),
        "offline_access",
        "openid",
        &"x".repeat(513),
    ] {
        let reply = ask(&[scope]).await;
        assert_eq!(
            reply.verdict(),
            "INVALID_ARGUMENT FIELD_INVALID",
            "{scope:?}"
        );
        assert_eq!(field(&reply), "scopes");
    }
    for count in [0, 21, 50] {
        let reply = ask(&vec![STORAGE_SCOPE; count]).await;
        assert_eq!(reply.verdict(), "INVALID_ARGUMENT FIELD_INVALID", "{count}");
    }
    for scope in [
        graph,
        &format!("{STORAGE_SCOPE}%20{graph}"),
        &format!("{STORAGE_SCOPE}+{graph}"),
        &format!("{STORAGE_SCOPE}&scope={graph}"),
        &format!("{STORAGE_SCOPE}&client_id={}", seed::DAEMON_CLIENT_ID),
        &format!("{STORAGE_SCOPE}#"),
        &format!("{STORAGE_SCOPE}/"),
        &STORAGE_SCOPE.to_uppercase(),
        "https://storage.azure.com/.default",
        "https://storage.azure.com//user_impersonation",
        "user_impersonation",
        "*",
    ] {
        for scopes in [vec![scope], vec![STORAGE_SCOPE, scope]] {
            let verdict = ask(&scopes).await.verdict();
            let expected = "PERMISSION_DENIED DOWNSTREAM_SCOPE_NOT_ALLOWED";
            assert_eq!(verdict, expected, "{scope:?}");
        }
    }
    assert_eq!(exchanging.asked(), 0);
}

#[tokio::test]
async fn claims_that_are_no_object_or_too_large_are_sent_to_nobody() {
    let exchanging = Exchanging::start().await;
    let token = exchanging.token(seed::CONSENTED);
    let ask = async |claims: String| {
        let request = ExchangeTokenRequest {
            claims,
            ..storage_request()
        };
        let call = Call::to(EXCHANGE).bearer(&token).message(&request);
        exchanging.client.send(&call).await
    };
    let sized = |bytes: usize| format!("{{\"x\":\"{}\"}}", "y".repeat(bytes - 8));
    for claims in [
        " ",
        "null",
        "[]",
        "\"{}\"",
        "1",
        "{",
        "{}{}",
        "{'a':1}",
        "{\"a\":1,}",
        "{\"access_token\":{}}&client_id=x",
        "eyJhY2Nlc3NfdG9rZW4iOnt9fQ==",
        &sized(8 * 1024 + 1),
        &sized(64 * 1024),
    ] {
        let reply = ask(claims.to_owned()).await;
        assert_eq!(
            reply.verdict(),
            "INVALID_ARGUMENT FIELD_INVALID",
            "{claims:.40}"
        );
        assert_eq!(field(&reply), "claims");
    }
    assert_eq!(exchanging.asked(), 0);
    assert_eq!(ask(sized(8 * 1024)).await.verdict(), "OK");
    assert_eq!(exchanging.asked(), 1);
}

#[tokio::test]
async fn nothing_beside_the_token_says_whose_exchange_it_is_or_where_it_goes() {
    let exchanging = Exchanging::start().await;
    let token = exchanging.token(seed::CONSENTED);
    let planted = crate::support::listener::PlantedListener::plant().await;
    let call = for_storage(&token)
        .header("x-ms-client-tenant-id", seed::FABRIKAM_TENANT_ID)
        .header("x-ms-tenant-id", "common")
        .header("x-forwarded-host", planted.url())
        .header("client-id", seed::DAEMON_CLIENT_ID);
    let downstream = super::claims_of(&received(&exchanging.client.send(&call).await));
    assert_eq!(downstream["tid"], seed::CONTOSO_TENANT_ID);
    assert_eq!(downstream["appid"], seed::WORKLOAD_CLIENT_ID);
    assert_eq!(planted.connections(), 0);
    // The answer is the token's, whatever came beside it.
    let again: ExchangeTokenResponse = exchanging.ask(&token).await.message();
    assert!(again.from_cache);
}
