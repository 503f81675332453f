//! The token exchange as other services meet it: over gRPC, with the emulator's own On-Behalf-Of
//! behind it.

mod authority_faults;
mod bad_input;
pub(crate) mod crowds;
mod cycles;
mod large_claims;
mod receivers;
pub(crate) mod refusals;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use emulator::{Emulator, TokenRequest, seed};
use selvedge::contracts::exchange::v1::{ExchangeTokenRequest, ExchangeTokenResponse};

use crate::support::running::STORAGE_SCOPE;
use crate::support::{Call, RawClient, Reply, Running, Setup};

/// The method that hands tokens out.
pub(crate) const EXCHANGE: &str = "/selvedge.exchange.v1.TokenExchangeService/ExchangeToken";
/// The method that forgets whoever calls it.
pub(crate) const FORGET: &str = "/selvedge.exchange.v1.TokenExchangeService/ForgetSubject";

/// A running service, and one connection to it.
pub(crate) struct Exchanging {
    pub(crate) running: Running,
    pub(crate) client: RawClient,
}

impl Exchanging {
    pub(crate) async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    pub(crate) async fn with(setup: Setup) -> Self {
        let running = setup.start().await;
        let client = running.raw().await;
        Self { running, client }
    }

    pub(crate) fn emulator(&self) -> &Emulator {
        &self.running.emulator
    }

    /// A new token of this user, as the listed page gets it.
    pub(crate) fn token(&self, upn: &str) -> String {
        self.emulator().issue(&page_token(upn))
    }

    /// Asks for a token for storage.
    pub(crate) async fn ask(&self, token: &str) -> Reply {
        self.client.send(&for_storage(token)).await
    }

    /// How many requests the authority has had.
    pub(crate) fn asked(&self) -> u64 {
        self.emulator().on_behalf_of_requests()
    }
}

/// A user's token that may ask for an exchange, as the listed page gets it.
pub(crate) fn page_token(upn: &str) -> TokenRequest {
    TokenRequest::delegated(upn, seed::WORKLOAD_CLIENT_ID)
        .client(seed::BROKER_CLIENT_ID)
        .scopes(["token.exchange"])
}

/// A back end's own token for the workload.
pub(crate) fn service_token(client_id: &str) -> TokenRequest {
    TokenRequest::app_only(client_id, seed::WORKLOAD_CLIENT_ID).idtyp(true)
}

/// The credentials of a back end that proves itself beside its user.
pub(crate) fn pair(subject: &str, app: &str) -> String {
    format!("SubjectAndAppToken1.0 subjectToken=\"{subject}\", appToken=\"{app}\"")
}

/// What asks for a token for storage.
pub(crate) fn storage_request() -> ExchangeTokenRequest {
    request(&[STORAGE_SCOPE])
}

pub(crate) fn request(scopes: &[&str]) -> ExchangeTokenRequest {
    ExchangeTokenRequest {
        scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
        ..ExchangeTokenRequest::default()
    }
}

/// Asks for a token for storage in this user's name.
pub(crate) fn for_storage(token: &str) -> Call {
    Call::to(EXCHANGE).bearer(token).message(&storage_request())
}

/// Adds the mark that says: the user has acted since the refusal.
pub(crate) fn marked_as_retry(call: Call) -> Call {
    call.header("selvedge-retry", "1")
}

/// The token that the answer holds.
#[track_caller]
pub(crate) fn received(reply: &Reply) -> String {
    assert_eq!(reply.metadata("cache-control"), Some("no-store"));
    reply.message::<ExchangeTokenResponse>().access_token
}

/// What a token says, whoever signed it.
pub(crate) fn claims_of(token: &str) -> serde_json::Value {
    let payload = token.split('.').nth(1).expect("a JWT");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}
