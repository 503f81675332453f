//! Verified claims, and the one place that turns a token's payload into them.

mod entra;
mod payload;
mod rfc9068;
mod signed;

use std::fmt;
use std::sync::Arc;

use crate::authority::Registration;
use crate::clock::UnixSeconds;
use crate::identity::{ClientId, ObjectId, TenantId};

pub(crate) use entra::EntraClaims;
pub(crate) use payload::{CLOCK_SKEW_SECONDS, Payload};
pub(crate) use rfc9068::Rfc9068Claims;
pub(crate) use signed::{EntraOrigin, SignedParts};

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

impl TokenVersion {
    /// The value of `selvedge.token.version`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "1.0",
            Self::V2 => "2.0",
            Self::Rfc9068 => "rfc9068",
        }
    }
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
#[derive(Clone)]
pub struct Claims {
    pub(crate) version: TokenVersion,
    pub(crate) subject: TokenSubject,
    /// Whether the token itself says whom it speaks for, and its shape is not all there is to tell.
    pub(crate) states_subject: bool,
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

impl Claims {
    /// The profile that the token follows.
    #[must_use]
    pub fn version(&self) -> TokenVersion {
        self.version
    }

    /// Whether the token speaks for a user or for the client application itself.
    #[must_use]
    pub fn subject(&self) -> TokenSubject {
        self.subject
    }

    /// The tenant of the user, or of the application.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Who is calling within the tenant. With [`Claims::tenant`] it is the key of the caller's
    /// data; nothing else in a token is.
    #[must_use]
    pub fn object_id(&self) -> &ObjectId {
        &self.object_id
    }

    /// The client application that the token was issued to.
    #[must_use]
    pub fn client(&self) -> &ClientId {
        &self.client
    }

    /// The name of the registration that the token is meant for.
    #[must_use]
    pub fn registration(&self) -> &str {
        &self.registration.name
    }

    /// Whether the user delegated this very scope: case matters, and no scope implies another.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes().any(|held| held == scope)
    }

    /// The delegated scopes, as the token spells them.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.scopes.split(' ').filter(|scope| !scope.is_empty())
    }

    /// Whether this very application role is held, by the user or by the application.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.roles().any(|held| held == role)
    }

    /// The application roles, as the token spells them.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.roles.iter().map(AsRef::as_ref)
    }

    /// The authentication contexts that the sign-in satisfied: `acrs`, or RFC 9068 `acr`.
    pub fn authentication_contexts(&self) -> impl Iterator<Item = &str> {
        self.authentication_contexts.iter().map(AsRef::as_ref)
    }

    /// Whether the client declares that it can answer a claims challenge (`xms_cc` has `cp1`).
    #[must_use]
    pub fn is_claims_capable(&self) -> bool {
        self.claims_capable
    }

    /// When the token was issued.
    #[must_use]
    pub fn issued_at(&self) -> UnixSeconds {
        self.issued_at
    }

    /// When the token expires.
    #[must_use]
    pub fn expires_at(&self) -> UnixSeconds {
        self.expires_at
    }

    /// The token's own identifier (`uti` or `jti`), for audit.
    #[must_use]
    pub fn token_id(&self) -> Option<&str> {
        self.token_id.as_deref()
    }

    /// The user's name, for display only: it identifies nobody.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The user's sign-in name, for display only: it changes hands and identifies nobody.
    #[must_use]
    pub fn preferred_username(&self) -> Option<&str> {
        self.preferred_username.as_deref()
    }

    /// Whether the token was issued where its registration is at home. Any other tenant's administrator
    /// could assign roles, and have tokens issued to applications that nobody here has heard of.
    pub(crate) fn is_from_publisher(&self) -> bool {
        self.registration.publisher_tenant == Some(self.tenant)
    }

    /// The bytes that these claims occupy, what they point at included.
    pub(crate) fn size(&self) -> usize {
        let list = |texts: &[Box<str>]| -> usize {
            texts
                .iter()
                .map(|text| size_of::<Box<str>>() + text.len())
                .sum()
        };
        let text = |text: &Option<Box<str>>| text.as_deref().map_or(0, str::len);
        size_of::<Self>()
            + self.object_id.as_str().len()
            + self.client.as_str().len()
            + self.scopes.len()
            + list(&self.roles)
            + list(&self.authentication_contexts)
            + text(&self.token_id)
            + text(&self.name)
            + text(&self.preferred_username)
    }
}

/// Leaves out who the user is: what is logged of a caller is decided where it is logged.
impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("version", &self.version)
            .field("subject", &self.subject)
            .field("tenant", &self.tenant)
            .field("client", &self.client)
            .field("registration", &self.registration.name)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
