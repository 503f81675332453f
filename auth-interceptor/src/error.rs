//! Every way in which a call is not let through, named as a fact, with its gRPC code and reason.
//!
//! A refusal says which check failed and never what was found: no variant holds a byte of a token.

use std::sync::Arc;
use std::time::Duration;

use tonic::Code;

use crate::clock::UnixSeconds;
use crate::identity::{ClientId, TenantId};

/// Why a call was refused. The groups say who has to act.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    // The client's developer: the call is not well formed.
    /// No `authorization` metadata.
    #[error("credentials are missing")]
    CredentialsMissing,
    /// The scheme is not one that the method takes.
    #[error("the authorization scheme is not supported by this method")]
    AuthSchemeUnsupported,
    /// The value does not follow the scheme's grammar.
    #[error("the authorization header is malformed")]
    AuthHeaderMalformed,
    /// More than one value, or several joined into one.
    #[error("the authorization header is duplicated")]
    AuthHeaderDuplicated,
    /// `SubjectAndAppToken1.0` without a user's token, to a method that needs a user.
    #[error("the subject token is missing")]
    SubjectTokenRequired,
    /// The user's token was issued to another application than the one that proves itself beside it.
    #[error("the subject token was issued to another application")]
    SubjectAppMismatch,
    /// `x-ms-client-tenant-id` is absent, repeated or not a GUID, on a control-plane call.
    #[error("the header x-ms-client-tenant-id is not one GUID")]
    TenantHeaderInvalid,
    /// The token is larger than the limit.
    #[error("the token is larger than {limit} bytes")]
    TokenTooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// Not a compact JWS of two strict JSON objects (RFC 7515 section 7.1).
    #[error("the token is malformed")]
    TokenMalformed,
    /// A header member of the wrong type or value.
    #[error("the token's header is invalid")]
    TokenHeaderInvalid,
    /// The `alg` is not accepted, or not the key's own.
    #[error("the token's algorithm is not allowed")]
    TokenAlgNotAllowed,
    /// `crit` or `b64` is present (RFC 7515 section 4.1.11).
    #[error("the token demands an extension that is not supported")]
    TokenCriticalHeaderUnsupported,
    /// Another kind of token: an ID token, a proof, or a token out of its role.
    #[error("the token is not of an accepted type")]
    TokenTypeNotAllowed,
    /// No key of that id is published by the authority.
    #[error("the token's signature cannot be verified")]
    SigningKeyUnknown {
        /// How old the keys are that were looked through.
        keys_age: Duration,
        /// When asking again can help: the keys will not be read before.
        retry_after: Option<Duration>,
    },
    /// The signature does not verify.
    #[error("the token's signature cannot be verified")]
    TokenSignatureInvalid {
        /// The header has a `nonce`: the token is for another resource, which alone can verify it.
        for_other_resource: bool,
    },
    /// A claim is absent.
    #[error("the token lacks the claim {claim}")]
    TokenClaimMissing {
        /// The claim's name.
        claim: &'static str,
    },
    /// A claim has the wrong type or an impossible value.
    #[error("the token's claim {claim} is invalid")]
    TokenClaimInvalid {
        /// The claim's name.
        claim: &'static str,
    },
    /// `ver` is neither 1.0 nor 2.0.
    #[error("the token's version is not supported")]
    TokenVersionUnsupported,
    /// `aud` names no registration of the authority.
    #[error("the token is meant for another audience")]
    TokenAudienceMismatch,
    /// `iss` is not the authority's for this tenant and key.
    #[error("the token is from another issuer")]
    TokenIssuerMismatch,
    /// `tid`, `iss` and the tenant of the call do not agree, or an application's token beside a
    /// user's is not from the tenant that owns the registration.
    #[error("the token is from another tenant")]
    TenantMismatch,

    // The client: get another token.
    /// `exp` is past.
    #[error("the token is expired")]
    TokenExpired {
        /// The token's `exp`.
        expired_at: UnixSeconds,
        /// The server's time.
        now: UnixSeconds,
    },
    /// `nbf` or `iat` is in the future.
    #[error("the token is not yet valid")]
    TokenNotYetValid {
        /// The server's time.
        now: UnixSeconds,
    },
    /// The token lives longer than any that the authority issues.
    #[error("the token's lifetime is too long")]
    TokenLifetimeTooLong,

    // The user, the client's developer or an administrator: the caller is known, the call is not
    // for it.
    /// The tenant is not on the authority's list.
    #[error("the tenant is not allowed")]
    TenantNotAllowed {
        /// The caller's tenant.
        tenant: TenantId,
    },
    /// The client application is on no list that would let it call.
    #[error("the client application is not allowed")]
    ClientAppNotAllowed {
        /// The caller's client application.
        client: ClientId,
    },
    /// No group of scopes is held in full.
    #[error("a required scope is missing")]
    ScopeMissing {
        /// The scopes that would do: any group, in full.
        required: Demand,
    },
    /// No group of application roles is held in full.
    #[error("a required application role is missing")]
    AppRoleMissing {
        /// The roles that would do: any group, in full.
        required: Demand,
    },
    /// An application's own token where a user's is needed.
    #[error("an application's own token is not allowed")]
    AppOnlyNotAllowed,
    /// A user's token where an application's own is needed.
    #[error("a user's token is not allowed")]
    DelegatedNotAllowed,
    /// The authentication context is not in `acrs`: acquire a token with the challenge's claims.
    #[error("the token does not satisfy the required authentication context")]
    ClaimsChallengeRequired {
        /// The required authentication context.
        context: Arc<str>,
    },
    /// The same, from a client that does not declare `cp1`.
    #[error("the client cannot answer a claims challenge")]
    StepUpUnsupportedByClient {
        /// The required authentication context.
        context: Arc<str>,
    },
    /// The authentication context is not in an RFC 9068 token's `acr` (RFC 9470).
    #[error("the token's authentication is not strong enough")]
    StepUpRequired {
        /// The required `acr`.
        context: Arc<str>,
    },

    // Nobody's token: the method.
    /// No such method is served. Answered before any credential is looked at.
    #[error("the method does not exist")]
    MethodNotFound,
    /// The method is served but no policy let the call through: a fault of the service.
    #[error("the method states no policy")]
    MethodPolicyMissing,

    // The operator: try again.
    /// The authority's keys have not been read yet, or are older than the cap.
    #[error("the authority's signing keys are unavailable")]
    SigningKeysUnavailable {
        /// The authority's configured name.
        authority: Arc<str>,
        /// The age of the last good keys, if there ever were any.
        keys_age: Option<Duration>,
        /// When the next read is due.
        retry_after: Duration,
    },
}

/// Values of which any one group must be held in full: a policy's scopes or roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand(Arc<[Box<[Box<str>]>]>);

impl Demand {
    pub(crate) fn new(groups: impl IntoIterator<Item = Box<[Box<str>]>>) -> Self {
        Self(groups.into_iter().collect())
    }

    /// The groups, in the order of the contract.
    pub fn groups(&self) -> impl Iterator<Item = &[Box<str>]> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// Whether nothing is demanded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether some group is held in full, by exact comparison.
    pub(crate) fn is_met_by(&self, held: impl Fn(&str) -> bool) -> bool {
        self.0
            .iter()
            .any(|group| group.iter().all(|value| held(value)))
    }
}

/// Which of a call's tokens a refusal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenRole {
    /// The user's token, or the only one.
    Subject,
    /// The application's token beside it.
    App,
}

impl TokenRole {
    /// The name used in metadata and spans.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::App => "app",
        }
    }
}

impl AuthError {
    /// The gRPC status code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::CredentialsMissing
            | Self::AuthSchemeUnsupported
            | Self::AuthHeaderMalformed
            | Self::AuthHeaderDuplicated
            | Self::SubjectTokenRequired
            | Self::SubjectAppMismatch
            | Self::TokenTooLarge { .. }
            | Self::TokenMalformed
            | Self::TokenHeaderInvalid
            | Self::TokenAlgNotAllowed
            | Self::TokenCriticalHeaderUnsupported
            | Self::TokenTypeNotAllowed
            | Self::SigningKeyUnknown { .. }
            | Self::TokenSignatureInvalid { .. }
            | Self::TokenClaimMissing { .. }
            | Self::TokenClaimInvalid { .. }
            | Self::TokenVersionUnsupported
            | Self::TokenAudienceMismatch
            | Self::TokenIssuerMismatch
            | Self::TenantMismatch
            | Self::TokenExpired { .. }
            | Self::TokenNotYetValid { .. }
            | Self::TokenLifetimeTooLong
            | Self::ClaimsChallengeRequired { .. }
            | Self::StepUpRequired { .. } => Code::Unauthenticated,
            Self::TenantNotAllowed { .. }
            | Self::ClientAppNotAllowed { .. }
            | Self::ScopeMissing { .. }
            | Self::AppRoleMissing { .. }
            | Self::AppOnlyNotAllowed
            | Self::DelegatedNotAllowed
            | Self::StepUpUnsupportedByClient { .. }
            | Self::MethodPolicyMissing => Code::PermissionDenied,
            Self::TenantHeaderInvalid => Code::InvalidArgument,
            Self::MethodNotFound => Code::Unimplemented,
            Self::SigningKeysUnavailable { .. } => Code::Unavailable,
        }
    }

    /// The reason on the wire: `google.rpc.ErrorInfo.reason`, UPPER_SNAKE_CASE, never renamed.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::CredentialsMissing => "CREDENTIALS_MISSING",
            Self::AuthSchemeUnsupported => "AUTH_SCHEME_UNSUPPORTED",
            Self::AuthHeaderMalformed => "AUTH_HEADER_MALFORMED",
            Self::AuthHeaderDuplicated => "AUTH_HEADER_DUPLICATED",
            Self::SubjectTokenRequired => "SUBJECT_TOKEN_REQUIRED",
            Self::SubjectAppMismatch => "SUBJECT_APP_MISMATCH",
            Self::TenantHeaderInvalid => "TENANT_HEADER_INVALID",
            Self::TokenTooLarge { .. } => "TOKEN_TOO_LARGE",
            Self::TokenMalformed => "TOKEN_MALFORMED",
            Self::TokenHeaderInvalid => "TOKEN_HEADER_INVALID",
            Self::TokenAlgNotAllowed => "TOKEN_ALG_NOT_ALLOWED",
            Self::TokenCriticalHeaderUnsupported => "TOKEN_CRITICAL_HEADER_UNSUPPORTED",
            Self::TokenTypeNotAllowed => "TOKEN_TYPE_NOT_ALLOWED",
            Self::SigningKeyUnknown { .. } => "SIGNING_KEY_UNKNOWN",
            Self::TokenSignatureInvalid { .. } => "TOKEN_SIGNATURE_INVALID",
            Self::TokenClaimMissing { .. } => "TOKEN_CLAIM_MISSING",
            Self::TokenClaimInvalid { .. } => "TOKEN_CLAIM_INVALID",
            Self::TokenVersionUnsupported => "TOKEN_VERSION_UNSUPPORTED",
            Self::TokenAudienceMismatch => "TOKEN_AUDIENCE_MISMATCH",
            Self::TokenIssuerMismatch => "TOKEN_ISSUER_MISMATCH",
            Self::TenantMismatch => "TENANT_MISMATCH",
            Self::TokenExpired { .. } => "TOKEN_EXPIRED",
            Self::TokenNotYetValid { .. } => "TOKEN_NOT_YET_VALID",
            Self::TokenLifetimeTooLong => "TOKEN_LIFETIME_TOO_LONG",
            Self::TenantNotAllowed { .. } => "TENANT_NOT_ALLOWED",
            Self::ClientAppNotAllowed { .. } => "CLIENT_APP_NOT_ALLOWED",
            Self::ScopeMissing { .. } => "SCOPE_MISSING",
            Self::AppRoleMissing { .. } => "APP_ROLE_MISSING",
            Self::AppOnlyNotAllowed => "APP_ONLY_NOT_ALLOWED",
            Self::DelegatedNotAllowed => "DELEGATED_NOT_ALLOWED",
            Self::ClaimsChallengeRequired { .. } => "CLAIMS_CHALLENGE_REQUIRED",
            Self::StepUpUnsupportedByClient { .. } => "STEP_UP_UNSUPPORTED_BY_CLIENT",
            Self::StepUpRequired { .. } => "STEP_UP_REQUIRED",
            Self::MethodNotFound => "METHOD_NOT_FOUND",
            Self::MethodPolicyMissing => "METHOD_POLICY_MISSING",
            Self::SigningKeysUnavailable { .. } => "SIGNING_KEYS_UNAVAILABLE",
        }
    }
}

impl std::fmt::Display for Demand {
    /// The groups as `a b | c`: any one group, in full.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (position, group) in self.groups().enumerate() {
            if position > 0 {
                f.write_str(" | ")?;
            }
            f.write_str(&group.join(" "))?;
        }
        Ok(())
    }
}

impl AuthError {
    /// How long to wait before the same call can succeed, where waiting helps.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::SigningKeyUnknown { retry_after, .. } => *retry_after,
            Self::SigningKeysUnavailable { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }
}
