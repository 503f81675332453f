//! What each failure of a downstream API comes to, and how often the API is asked.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::stream;
use uuid::Uuid;

use super::stub::{Stub, answer, json};
use super::tokens::{FakeTokens, Wanted};
use crate::downstream::{
    DownstreamError, FailedCall, NewWarehouse, WorkspaceFilter, WorkspacePage,
};
use crate::exchange::{ClaimsRequest, ExchangeError, Freshness};
use axum::body::Body;
use axum::response::Response;

const FABRIC: &str = "https://analysis.windows.net/powerbi/api";
const NOTHING: &str = r#"{"value":[]}"#;

async fn list(stub: &Stub, tokens: &FakeTokens) -> Result<WorkspacePage, DownstreamError> {
    let filter = WorkspaceFilter::default();
    stub.downstream
        .fabric
        .list_workspaces(&tokens.call(), &filter)
        .await
}

/// How a list fails that is answered so, and how often Fabric was asked.
async fn failure(answers: impl IntoIterator<Item = Response>) -> (DownstreamError, usize) {
    let stub = Stub::answering(answers).await;
    let error = list(&stub, &FakeTokens::of("megan")).await.unwrap_err();
    (error, stub.asked().len())
}

fn about(error_code: Option<&str>, request_id: Option<&str>) -> FailedCall {
    FailedCall {
        resource: FABRIC,
        error_code: error_code.map(Into::into),
        request_id: request_id.map(Into::into),
    }
}

#[tokio::test]
async fn a_claims_challenge_comes_back_byte_for_byte_and_is_not_retried() {
    let claims = r#"{"access_token": {"acrs":{"essential":true,"value":"c1"}, "é":"\u00e9"}}"#;
    let challenge = format!(
        "Bearer realm=\"\", authorization_uri=\"https://login.example/authorize\", \
         error=\"insufficient_claims\", claims=\"{}\"",
        STANDARD.encode(claims)
    );
    let headers = [("www-authenticate", &*challenge), ("requestid", "r-1")];
    let stub = Stub::answering([answer(401, &headers, ""), json(200, NOTHING)]).await;
    let tokens = FakeTokens::of("megan");

    let error = list(&stub, &tokens).await.unwrap_err();

    assert_eq!(
        error,
        DownstreamError::ClaimsChallenge {
            call: about(None, Some("r-1")),
            claims: ClaimsRequest::parse(claims).unwrap(),
        }
    );
    assert_eq!(stub.asked().len(), 1);
    let discarded = Wanted::Discarded("eyJuser-1".to_owned());
    assert_eq!(tokens.wanted().last(), Some(&discarded));
    assert_eq!(tokens.freshness(), [Freshness::Remembered]);
}

#[tokio::test]
async fn a_rejected_token_is_forgotten_and_a_fresh_one_tried_once() {
    let stub = Stub::answering([answer(401, &[], ""), json(200, NOTHING)]).await;
    let tokens = FakeTokens::of("megan");

    list(&stub, &tokens).await.unwrap();

    assert_eq!(
        tokens.freshness(),
        [Freshness::Remembered, Freshness::Forced]
    );
    let sent = stub.asked();
    let sent: Vec<_> = sent
        .iter()
        .map(|asked| asked.header("authorization"))
        .collect();
    assert_eq!(sent, [Some("Bearer eyJuser-1"), Some("Bearer eyJuser-3")]);
    assert_eq!(
        tokens.wanted()[1],
        Wanted::Discarded("eyJuser-1".to_owned())
    );
}

#[tokio::test]
async fn two_rejected_tokens_are_our_fault_and_neither_is_kept() {
    let stub = Stub::answering([
        answer(
            401,
            &[("www-authenticate", "Bearer error=\"invalid_token\"")],
            "",
        ),
        answer(401, &[("x-ms-request-id", "r-2")], ""),
        json(200, NOTHING),
    ])
    .await;
    let tokens = FakeTokens::of("megan");

    let error = list(&stub, &tokens).await.unwrap_err();

    assert_eq!(
        error,
        DownstreamError::Unauthorized(about(None, Some("r-2")))
    );
    assert_eq!(stub.asked().len(), 2);
    let discarded = |wanted: &Wanted| matches!(wanted, Wanted::Discarded(_));
    assert_eq!(
        tokens.wanted().iter().filter(|one| discarded(one)).count(),
        2
    );
}

#[tokio::test]
async fn refusals_of_the_exchange_reach_the_caller_as_they_are_and_fabric_is_not_asked() {
    let refusal = ExchangeError::AppOnlyUnsupported;
    let stub = Stub::answering([]).await;
    let error = list(&stub, &FakeTokens::refused(refusal.clone())).await;
    assert_eq!(error.unwrap_err(), DownstreamError::Exchange(refusal));
    assert!(stub.asked().is_empty());
}

#[tokio::test]
async fn answers_that_no_second_try_would_change_are_final() {
    let body = r#"{"errorCode":"Code1","message":"m","requestId":"r-3"}"#;
    let call = about(Some("Code1"), Some("r-3"));
    for (status, expected) in [
        (400, DownstreamError::Rejected(call.clone())),
        (403, DownstreamError::Forbidden(call.clone())),
        (404, DownstreamError::NotFound(call.clone())),
        (409, DownstreamError::Rejected(call.clone())),
        (204, DownstreamError::ResponseInvalid(about(None, None))),
        (307, DownstreamError::ResponseInvalid(call.clone())),
    ] {
        let body = if status == 204 { "" } else { body };
        let (error, asked) = failure([json(status, body), json(200, NOTHING)]).await;
        assert_eq!((error, asked), (expected, 1), "{status}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = answer(
        302,
        &[("location", "https://localhost:1/v1/workspaces")],
        "",
    );
    let (error, asked) = failure([elsewhere, json(200, NOTHING)]).await;
    assert_eq!(error, DownstreamError::ResponseInvalid(about(None, None)));
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn a_throttled_call_waits_for_nobody_and_says_how_long_to_wait() {
    let throttled = |headers: &[(&str, &str)]| {
        let mut all = vec![("x-ms-public-api-error-code", "RequestBlocked")];
        all.extend(headers);
        answer(429, &all, "")
    };
    let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
    for (headers, seconds) in [
        (vec![("retry-after", "55")], 55),
        (
            vec![date, ("retry-after", "Sun, 06 Nov 1994 08:50:32 GMT")],
            55,
        ),
        (vec![("retry-after", "999999")], 3600),
        (vec![], 5),
    ] {
        let (error, asked) = failure([throttled(&headers), json(200, NOTHING)]).await;
        let expected = DownstreamError::Throttled {
            call: about(Some("RequestBlocked"), None),
            retry_after: Duration::from_secs(seconds),
        };
        assert_eq!((error, asked), (expected, 1), "{headers:?}");
    }
}

#[tokio::test]
async fn a_read_is_tried_twice_when_the_server_is_at_fault() {
    for fault in [500, 502, 503, 504, 408] {
        let stub = Stub::answering([json(fault, ""), json(200, NOTHING)]).await;
        let tokens = FakeTokens::of("megan");
        list(&stub, &tokens).await.unwrap();
        assert_eq!(tokens.freshness(), [Freshness::Remembered], "{fault}");

        let answers = [json(fault, ""), json(fault, ""), json(200, NOTHING)];
        let (error, asked) = failure(answers).await;
        let expected = DownstreamError::Unavailable {
            call: about(None, None),
            retry_after: Duration::from_secs(1),
        };
        assert_eq!((error, asked), (expected, 2), "{fault}");
    }
}

#[tokio::test]
async fn a_server_that_names_a_pause_is_not_asked_before_it_is_over() {
    let busy = answer(503, &[("retry-after", "7")], "");
    let (error, asked) = failure([busy, json(200, NOTHING)]).await;
    let expected = DownstreamError::Unavailable {
        call: about(None, None),
        retry_after: Duration::from_secs(7),
    };
    assert_eq!((error, asked), (expected, 1));
}

#[tokio::test]
async fn a_write_that_may_have_been_done_is_not_tried_again() {
    let stub = Stub::answering([json(500, ""), json(201, "{}")]).await;
    let warehouse = NewWarehouse {
        display_name: "sales".into(),
        description: None,
    };
    let tokens = FakeTokens::of("megan");
    let error = stub
        .downstream
        .fabric
        .create_warehouse(&tokens.call(), Uuid::nil(), &warehouse)
        .await
        .unwrap_err();
    assert!(matches!(error, DownstreamError::Unavailable { .. }));
    assert_eq!(stub.asked().len(), 1);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_asked_for_again() {
    let broken = || {
        let parts = [Ok("{\"value\":["), Err(std::io::Error::other("broken"))];
        answer(200, &[], Body::from_stream(stream::iter(parts)))
    };
    let stub = Stub::answering([broken(), json(200, NOTHING)]).await;
    list(&stub, &FakeTokens::of("megan")).await.unwrap();

    let (error, asked) = failure([broken(), broken()]).await;
    assert!(matches!(error, DownstreamError::Unavailable { .. }));
    assert_eq!(asked, 2);
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_or_has_no_end_is_not_used() {
    let large = format!("{{\"value\":[],\"x\":\"{}\"}}", "x".repeat(1024 * 1024));
    for body in [
        "",
        "[]",
        "{}",
        "<html>",
        "{\"value\":[{\"id\":\"../x\"}]}",
        &large,
    ] {
        let headers = [("requestid", "r-4")];
        let (error, asked) = failure([answer(200, &headers, body.to_owned())]).await;
        let expected = DownstreamError::ResponseInvalid(about(None, Some("r-4")));
        assert_eq!((error, asked), (expected, 1), "{:.40}", body);
    }
}

#[tokio::test]
async fn a_call_ends_with_its_callers_deadline() {
    let stub = Stub::answering([json(500, ""), json(200, NOTHING)]).await;
    let tokens = FakeTokens::of("megan");
    let spent = tokens.call_within(Duration::ZERO);
    let filter = WorkspaceFilter::default();
    let error = stub
        .downstream
        .fabric
        .list_workspaces(&spent, &filter)
        .await;
    assert!(matches!(error, Err(DownstreamError::Unavailable { .. })));
    assert!(stub.asked().len() <= 1);
}
