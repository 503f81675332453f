//! What messages print that hold a secret, claims, or who somebody is: all but that. The build leaves
//! the `Debug` of each of them to be written here.

use std::fmt::{Debug, Formatter, Result};

use super::admin::v1::ForgetUserRequest;
use super::control::v1::NameValuePair;
use super::data::v1::Profile;
use super::exchange::v1::{ExchangeTokenRequest, ExchangeTokenResponse};
use super::refusal::v1::AuthChallenge;

/// Leaves out the user.
impl Debug for ForgetUserRequest {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("ForgetUserRequest")
            .field("tenant_id", &self.tenant_id)
            .finish_non_exhaustive()
    }
}

/// Leaves out the value: of a refusal's pairs, one has claims.
impl Debug for NameValuePair {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("NameValuePair")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Leaves out who the user is.
impl Debug for Profile {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("Profile")
            .field("tenant_id", &self.tenant_id)
            .field("client_id", &self.client_id)
            .field("scopes", &self.scopes)
            .field("token_version", &self.token_version)
            .field("expire_time", &self.expire_time)
            .finish_non_exhaustive()
    }
}

/// Leaves out the claims.
impl Debug for ExchangeTokenRequest {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("ExchangeTokenRequest")
            .field("scopes", &self.scopes)
            .field("force_refresh", &self.force_refresh)
            .finish_non_exhaustive()
    }
}

/// Leaves out the token.
impl Debug for ExchangeTokenResponse {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("ExchangeTokenResponse")
            .field("expire_time", &self.expire_time)
            .field("granted_scopes", &self.granted_scopes)
            .field("from_cache", &self.from_cache)
            .finish_non_exhaustive()
    }
}

/// Leaves out the claims.
impl Debug for AuthChallenge {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("AuthChallenge")
            .field(
                "additional_scopes_to_consent",
                &self.additional_scopes_to_consent,
            )
            .field("prompt_full_consent", &self.prompt_full_consent)
            .field("retryable", &self.retryable)
            .finish_non_exhaustive()
    }
}
