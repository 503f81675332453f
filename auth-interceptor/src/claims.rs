//! Verified claims, and the one place that turns a token's payload into them.

use std::sync::Arc;

use crate::authority::Registration;
use crate::clock::UnixSeconds;
use crate::identity::{ClientId, ObjectId, TenantId};

/// Which token profile the claims were read by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenVersion {
    /// Entra `ver` 1.0.
    V1,
    /// Entra `ver` 2.0.
    V2,
    /// RFC 9068 (`at+jwt`).
    Rfc9068,
}

/// Who a token speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenSubject {
    /// A user, through a client application.
    User,
    /// The client application itself.
    App,
}

/// The claims of a token whose signature, times, issuer and audience have been verified.
///
/// Only what decisions and handlers need is kept, so that remembering a token stays small.
#[derive(Clone, Debug)]
pub struct Claims {
    pub(crate) version: TokenVersion,
    pub(crate) subject: TokenSubject,
    pub(crate) tenant: TenantId,
    pub(crate) object_id: ObjectId,
    pub(crate) client: ClientId,
    pub(crate) registration: Arc<Registration>,
    /// `scp` (or RFC 9068 `scope`) as the token writes it, empty for an app.
    pub(crate) scopes: Box<str>,
    pub(crate) roles: Box<[Box<str>]>,
    pub(crate) authentication_contexts: Box<[Box<str>]>,
    /// Whether `xms_cc` declares `cp1`: the client can answer a claims challenge.
    pub(crate) claims_capable: bool,
    pub(crate) issued_at: UnixSeconds,
    pub(crate) expires_at: UnixSeconds,
    /// `uti`, the token's own identifier, or `jti`.
    pub(crate) token_id: Option<Box<str>>,
    pub(crate) name: Option<Box<str>>,
    pub(crate) preferred_username: Option<Box<str>>,
}
