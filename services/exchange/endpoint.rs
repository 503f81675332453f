//! What the exchange needs of an authority: one grant in, one answer out.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use auth_interceptor::TenantId;
use futures_util::future::BoxFuture;

use super::{ClaimsRequest, ExchangeError, Registration, Scopes};
use crate::secret::Secret;

/// The token endpoints of the authorities, and the credentials to use there.
pub trait TokenEndpoint: fmt::Debug + Send + Sync + 'static {
    /// Asks the registration's authority once, in `tenant`, and waits `patience` at most.
    ///
    /// One request goes out, or two where the authority says that a client assertion was stale.
    /// Nothing is retried, remembered or joined here. An error that says when to come back says so
    /// in the authority's own words: its `retry_after` is zero where there was no `Retry-After`.
    fn request(
        &self,
        registration: Arc<Registration>,
        tenant: TenantId,
        grant: Grant,
        patience: Duration,
    ) -> BoxFuture<'static, Result<TokenResponse, ExchangeError>>;

    /// Which credential the registration proves itself with: another number whenever the credential
    /// is another one, so that a refusal of the last says nothing of the next.
    fn credential_version(&self, registration: &Registration) -> u64 {
        let _ = registration;
        0
    }
}

/// What is asked of a token endpoint.
#[derive(Clone, Debug)]
pub enum Grant {
    /// On-Behalf-Of: RFC 7523 section 2.1 with Entra's `requested_token_use`.
    OnBehalfOf {
        /// The user's token.
        assertion: Secret,
        /// What for.
        scopes: Arc<Scopes>,
        /// What the sign-in has to satisfy, sent as it is.
        claims: Option<ClaimsRequest>,
        /// Whether a refresh token is wanted, for work that outlives the call.
        offline: bool,
    },
    /// The application's own token: RFC 6749 section 4.4.
    ClientCredentials {
        /// What for: one `…/.default`.
        scopes: Arc<Scopes>,
    },
    /// A token for work that outlived its call: RFC 6749 section 6.
    RefreshToken {
        /// The refresh token.
        refresh_token: Secret,
        /// What for.
        scopes: Arc<Scopes>,
    },
}

impl Grant {
    /// What the token is for.
    #[must_use]
    pub fn scopes(&self) -> &Arc<Scopes> {
        match self {
            Self::OnBehalfOf { scopes, .. }
            | Self::ClientCredentials { scopes }
            | Self::RefreshToken { scopes, .. } => scopes,
        }
    }
}

/// A token endpoint's answer (RFC 6749 section 5.1), checked.
#[derive(Clone, Debug)]
pub struct TokenResponse {
    /// The token: opaque.
    pub access_token: Secret,
    /// How long it counts from now.
    pub expires_in: Duration,
    /// The scopes that were granted.
    pub granted_scopes: Vec<String>,
    /// What the next token can be asked for with, where one was wanted.
    pub refresh_token: Option<Secret>,
}
