//! What a caller of the exchange asks for, and what it gets.

use std::fmt;
use std::sync::Arc;

use auth_interceptor::{SubjectToken, UnixSeconds};

use super::{ClaimsRequest, Scopes};
use crate::secret::Secret;

/// A downstream token that is wanted for the user of a verified call.
#[derive(Clone, Debug)]
pub struct ExchangeRequest<'c> {
    /// The user's token, from the [`Caller`](auth_interceptor::Caller).
    pub subject: &'c SubjectToken,
    /// What for.
    pub scopes: Arc<Scopes>,
    /// What the sign-in has to satisfy.
    pub claims: Option<ClaimsRequest>,
    /// What may be answered from memory.
    pub freshness: Freshness,
}

/// What may be answered from memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Freshness {
    /// A token or a refusal, as remembered.
    #[default]
    Remembered,
    /// A remembered token, and no remembered refusal: the caller says that the user has acted.
    Retry,
    /// Nothing.
    Forced,
}

/// A downstream token.
#[derive(Clone)]
pub struct Exchanged {
    /// The token: opaque, and a secret.
    pub access_token: Secret,
    /// When it stops counting.
    pub expires_at: UnixSeconds,
    /// The scopes that the authority granted.
    pub granted_scopes: Arc<[String]>,
    /// Whether it was at hand without a call to the authority.
    pub from_cache: bool,
}

impl fmt::Debug for Exchanged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchanged")
            .field("expires_at", &self.expires_at)
            .field("from_cache", &self.from_cache)
            .finish_non_exhaustive()
    }
}
