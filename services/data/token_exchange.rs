//! `TokenExchangeService`: downstream tokens for other services, by the exchange that our own
//! handlers use.
//!
//! Whom a token is for is never in the request: it is the caller's own user, proved when the call
//! came in. A call that may not receive one, or asks for what no one may, is refused before anything
//! is sent to the authority.

use std::sync::Arc;

use auth_interceptor::{Caller, SubjectToken};
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Request, Response, Status};

use crate::call::{CallError, freshness, status, timestamp, user};
use crate::contracts::exchange::v1::token_exchange_service_server::TokenExchangeService;
use crate::contracts::exchange::v1::{
    ExchangeTokenRequest, ExchangeTokenResponse, ForgetSubjectRequest, ForgetSubjectResponse,
};
use crate::exchange::{
    ClaimsRequest, ExchangeError, ExchangeRequest, Exchanged, Freshness, Scopes, ScopesError,
    TokenExchange,
};

/// Hands exchanged tokens to those who may receive them.
#[derive(Clone, Debug)]
pub struct Exchanges {
    exchange: Arc<TokenExchange>,
}

impl Exchanges {
    /// Hands out what `exchange` gets.
    #[must_use]
    pub fn new(exchange: Arc<TokenExchange>) -> Self {
        Self { exchange }
    }

    async fn exchange(
        &self,
        caller: &Caller,
        metadata: &MetadataMap,
        request: &ExchangeTokenRequest,
    ) -> Result<ExchangeTokenResponse, CallError> {
        self.exchange.may_receive(caller)?;
        // A service may leave its user out; its own token is not what On-Behalf-Of exchanges.
        let subject = caller
            .subject_token()
            .ok_or(ExchangeError::AppOnlyUnsupported)?;
        let request = asked_for(subject, metadata, request)?;
        self.exchange.allowed(subject, &request.scopes)?;
        Ok(self.exchange.exchange(&request).await?.into())
    }
}

#[tonic::async_trait]
impl TokenExchangeService for Exchanges {
    async fn exchange_token(
        &self,
        request: Request<ExchangeTokenRequest>,
    ) -> Result<Response<ExchangeTokenResponse>, Status> {
        let caller = Caller::of(&request).map_err(|error| status(&error))?;
        let answer = self.exchange(caller, request.metadata(), request.get_ref());
        unstored(answer.await)
    }

    async fn forget_subject(
        &self,
        request: Request<ForgetSubjectRequest>,
    ) -> Result<Response<ForgetSubjectResponse>, Status> {
        let caller = user(&request)?;
        let forgotten = self
            .exchange
            .forget(caller.tenant(), Some(caller.object_id().as_str()))
            .await;
        unstored(
            forgotten
                .map(|()| ForgetSubjectResponse {})
                .map_err(CallError::from),
        )
    }
}

/// What the request asks for, every field read before anything is sent.
fn asked_for<'c>(
    subject: &'c SubjectToken,
    metadata: &MetadataMap,
    request: &ExchangeTokenRequest,
) -> Result<ExchangeRequest<'c>, CallError> {
    let scopes = Scopes::parse(&request.scopes).map_err(|error| {
        let expected = match error {
            ScopesError::Count => "must be 1 to 20 scopes",
            ScopesError::Malformed => {
                "must be scopes of at most 512 visible ASCII characters, without quotes"
            }
            ScopesError::NotOfAResource => "must be scopes of a downstream resource",
        };
        CallError::field("scopes", expected)
    })?;
    let claims = Some(request.claims.as_str())
        .filter(|claims| !claims.is_empty())
        .map(ClaimsRequest::parse)
        .transpose()
        .map_err(|_| CallError::field("claims", "must be one JSON object of at most 8 KiB"))?;
    Ok(ExchangeRequest {
        subject,
        scopes: Arc::new(scopes),
        claims,
        freshness: if request.force_refresh {
            Freshness::Forced
        } else {
            freshness(metadata)
        },
    })
}

impl From<Exchanged> for ExchangeTokenResponse {
    fn from(exchanged: Exchanged) -> Self {
        Self {
            access_token: exchanged.access_token.expose().to_owned(),
            expire_time: timestamp(exchanged.expires_at),
            granted_scopes: exchanged.granted_scopes.to_vec(),
            from_cache: exchanged.from_cache,
        }
    }
}

/// The answer, which nobody on its way may keep (RFC 6749 section 5.1): it holds a token, or says
/// why there is none now.
fn unstored<T>(answer: Result<T, CallError>) -> Result<Response<T>, Status> {
    let mut answer = answer.map(Response::new).map_err(status);
    let metadata = match &mut answer {
        Ok(response) => response.metadata_mut(),
        Err(status) => status.metadata_mut(),
    };
    metadata.insert("cache-control", MetadataValue::from_static("no-store"));
    answer
}

#[cfg(test)]
mod tests;
