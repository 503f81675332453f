//! Claims of any size that Entra sends, as a client with default limits reads them.

use emulator::{Endpoint, Fault, ScriptedError, seed};
use prost::Message as _;
use selvedge::contracts::exchange::v1::token_exchange_service_client::TokenExchangeServiceClient;
use selvedge::contracts::refusal::v1::AuthChallenge;
use tonic::Code;
use tonic_types::pb;

use super::{Exchanging, storage_request};
use crate::data_plane::authorized;
use crate::support::expected::assert_small;

/// A claims request of exactly this many bytes.
fn claims(bytes: usize) -> String {
    let frame = r#"{"access_token":{"acrs":{"essential":true,"value":""}}}"#;
    frame.replace("\"\"", &format!("\"{}\"", "c".repeat(bytes - frame.len())))
}

fn demanding(exchanging: &Exchanging, claims: &str) {
    let error = ScriptedError::new(400, "interaction_required", 50_076)
        .suberror("basic_action")
        .claims(claims);
    let fault = Some(Fault::AuthorityError(error));
    exchanging.emulator().set_fault(Endpoint::OnBehalfOf, fault);
}

#[tokio::test]
async fn a_refusal_with_2_kib_of_claims_is_read_by_a_stock_client() {
    let exchanging = Exchanging::start().await;
    let claims = claims(2 * 1024);
    demanding(&exchanging, &claims);
    let token = exchanging.token(seed::CONSENTED);
    let channel = authorized(&exchanging.running, &token).await;
    let mut client = TokenExchangeServiceClient::new(channel);
    let status = client.exchange_token(storage_request()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);

    let details = pb::Status::decode(status.details()).unwrap().details;
    let challenge = details
        .iter()
        .find(|detail| {
            detail
                .type_url
                .ends_with("/selvedge.refusal.v1.AuthChallenge")
        })
        .map(|detail| AuthChallenge::decode(detail.value.as_slice()).unwrap())
        .unwrap();
    assert!(challenge.claims_for_conditional_access_policy == claims);
    assert!(status.metadata().get("www-authenticate").is_some());
}

#[tokio::test]
async fn claims_of_8_kib_arrive_and_are_all_that_is_large() {
    let exchanging = Exchanging::start().await;
    let claims = claims(8 * 1024);
    demanding(&exchanging, &claims);
    let reply = exchanging.ask(&exchanging.token(seed::CONSENTED)).await;
    assert_eq!(reply.verdict(), "UNAUTHENTICATED INTERACTION_REQUIRED");
    let challenge = reply.auth_challenge().unwrap();
    assert!(challenge.claims_for_conditional_access_policy == claims);
    assert_small(&reply);
}
