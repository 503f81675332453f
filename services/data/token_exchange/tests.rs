//! Who is handed a downstream token, what is asked for it, and what is refused before anybody is
//! asked.

use auth_interceptor::Auth;
use emulator::{TokenRequest, seed};
use tonic::service::Routes;
use tonic::{Code, Request, Status};

use super::Exchanges;
use crate::contracts::exchange::v1::token_exchange_service_client::TokenExchangeServiceClient;
use crate::contracts::exchange::v1::token_exchange_service_server::TokenExchangeServiceServer;
use crate::contracts::exchange::v1::{
    ExchangeTokenRequest, ExchangeTokenResponse, ForgetSubjectRequest,
};
use crate::exchange::Grant;
use crate::tests::{Guarded, STORAGE, is_unstored, refused, scopes};

struct Exchanging {
    guarded: Guarded,
    client: TokenExchangeServiceClient<Auth<Routes>>,
}

impl Exchanging {
    async fn start() -> Self {
        let guarded = Guarded::start().await;
        let exchanges = Exchanges::new(guarded.exchange.clone());
        let service = guarded.serve(|services| {
            services
                .add(TokenExchangeServiceServer::new(exchanges))
                .unwrap();
        });
        Self {
            guarded,
            client: TokenExchangeServiceClient::new(service),
        }
    }

    async fn call(
        &self,
        request: Request<ExchangeTokenRequest>,
    ) -> Result<ExchangeTokenResponse, Status> {
        let answer = self.client.clone().exchange_token(request).await?;
        assert!(is_unstored(answer.metadata()));
        Ok(answer.into_inner())
    }

    /// Calls, and says how it is refused; nobody may have been asked.
    async fn refusal(
        &self,
        request: Request<ExchangeTokenRequest>,
    ) -> (Code, String, Option<String>) {
        let status = self.call(request).await.unwrap_err();
        assert!(self.guarded.endpoint.grants().is_empty());
        refused(&status)
    }
}

fn for_storage() -> ExchangeTokenRequest {
    ExchangeTokenRequest {
        scopes: vec![STORAGE.to_owned()],
        ..Default::default()
    }
}

#[tokio::test]
async fn a_listed_client_receives_a_token_of_its_user() {
    let exchanging = Exchanging::start().await;
    let guarded = &exchanging.guarded;
    let claims = "{ \"access_token\": {\"acrs\":{\"essential\":true,\"value\":\"c1\"}} }";
    let request = ExchangeTokenRequest {
        claims: claims.to_owned(),
        ..for_storage()
    };
    let request = guarded.bearer(&guarded.user(), request);
    let sent = request.metadata().get("authorization").unwrap().clone();
    let response = exchanging.call(request).await.unwrap();
    assert_eq!(response.access_token, "downstream-1");
    assert_eq!(response.granted_scopes, [STORAGE]);
    assert!(!response.from_cache && response.expire_time.is_some());
    assert!(!format!("{response:?}").contains("downstream-1"));

    let grants = guarded.endpoint.grants();
    let [
        Grant::OnBehalfOf {
            assertion,
            scopes: asked,
            claims: wanted,
            ..
        },
    ] = grants.as_slice()
    else {
        panic!("one exchange");
    };
    assert_eq!(
        format!("Bearer {}", assertion.expose()),
        sent.to_str().unwrap()
    );
    assert_eq!(*asked, scopes(&[STORAGE]));
    assert_eq!(wanted.as_ref().unwrap().as_str(), claims);
}

#[tokio::test]
async fn whoever_is_on_neither_list_receives_nothing() {
    let exchanging = Exchanging::start().await;
    let guarded = &exchanging.guarded;
    let page = guarded.user().client(seed::CLI_CLIENT_ID);
    let denied = (
        Code::PermissionDenied,
        "CLIENT_APP_NOT_ALLOWED".to_owned(),
        None,
    );
    let refusal = exchanging
        .refusal(guarded.bearer(&page, for_storage()))
        .await;
    assert_eq!(refusal, denied);
    // A listed service that does not prove itself is a page like any other.
    let unproved = guarded.user().client(seed::DAEMON_CLIENT_ID);
    let refusal = exchanging
        .refusal(guarded.bearer(&unproved, for_storage()))
        .await;
    assert_eq!(refusal, denied);
}

#[tokio::test]
async fn an_application_gets_no_token_of_its_own() {
    let exchanging = Exchanging::start().await;
    let guarded = &exchanging.guarded;
    let without_user = guarded.pair(None, &guarded.daemon(), for_storage());
    assert_eq!(
        exchanging.refusal(without_user).await,
        (
            Code::FailedPrecondition,
            "EXCHANGE_APP_ONLY_UNSUPPORTED".to_owned(),
            None
        )
    );
    let bearer = guarded.bearer(&guarded.daemon(), for_storage());
    assert_eq!(
        exchanging.refusal(bearer).await,
        (
            Code::PermissionDenied,
            "APP_ONLY_NOT_ALLOWED".to_owned(),
            None
        )
    );
}

#[tokio::test]
async fn every_field_is_read_before_anybody_is_asked() {
    let exchanging = Exchanging::start().await;
    let guarded = &exchanging.guarded;
    let of_scopes = |scopes: &[&str]| ExchangeTokenRequest {
        scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
        ..Default::default()
    };
    let of_claims = |claims: String| ExchangeTokenRequest {
        claims,
        ..for_storage()
    };
    for (request, field) in [
        (of_scopes(&[]), "scopes"),
        (of_scopes(&[STORAGE; 21]), "scopes"),
        (of_scopes(&["a b"]), "scopes"),
        (of_scopes(&[""]), "scopes"),
        (of_scopes(&[STORAGE, "offline_access"]), "scopes"),
        (of_claims("{".to_owned()), "claims"),
        (of_claims("[]".to_owned()), "claims"),
        (of_claims(" ".to_owned()), "claims"),
        (
            of_claims(format!("{{\"a\":\"{}\"}}", "x".repeat(8192))),
            "claims",
        ),
    ] {
        let refusal = exchanging
            .refusal(guarded.bearer(&guarded.user(), request))
            .await;
        let expected = (
            Code::InvalidArgument,
            "FIELD_INVALID".to_owned(),
            Some(field.to_owned()),
        );
        assert_eq!(refusal, expected);
    }
}

#[tokio::test]
async fn a_scope_that_is_not_listed_is_nobodys() {
    let exchanging = Exchanging::start().await;
    let guarded = &exchanging.guarded;
    let request = ExchangeTokenRequest {
        scopes: vec![STORAGE.to_owned(), format!("{STORAGE}s")],
        ..Default::default()
    };
    let refusal = exchanging
        .refusal(guarded.bearer(&guarded.user(), request))
        .await;
    assert_eq!(
        refusal,
        (
            Code::PermissionDenied,
            "DOWNSTREAM_SCOPE_NOT_ALLOWED".to_owned(),
            None
        )
    );
}

#[tokio::test]
async fn a_refusal_is_not_to_be_kept_either() {
    let exchanging = Exchanging::start().await;
    let guarded = &exchanging.guarded;
    let request = guarded.bearer(&guarded.user(), ExchangeTokenRequest::default());
    let status = exchanging.call(request).await.unwrap_err();
    assert!(is_unstored(status.metadata()));
}

#[tokio::test]
async fn forgetting_oneself_takes_a_user() {
    let exchanging = Exchanging::start().await;
    let guarded = &exchanging.guarded;
    // Nothing is handed out, so any client of the user's will do.
    let page: TokenRequest = guarded.user().client(seed::CLI_CLIENT_ID);
    let mut client = exchanging.client.clone();
    let answer = client
        .forget_subject(guarded.bearer(&page, ForgetSubjectRequest {}))
        .await
        .unwrap();
    assert!(is_unstored(answer.metadata()));

    let without_user = guarded.pair(None, &guarded.daemon(), ForgetSubjectRequest {});
    let status = client.forget_subject(without_user).await.unwrap_err();
    assert_eq!(
        refused(&status),
        (
            Code::Unauthenticated,
            "SUBJECT_TOKEN_REQUIRED".to_owned(),
            None
        )
    );
}
