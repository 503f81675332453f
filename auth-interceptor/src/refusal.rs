//! How a refusal reaches the caller: a gRPC status, its details, and a `www-authenticate` challenge.

mod challenge;

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tonic::Status;
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::claims::{Claims, TokenVersion};
use crate::error::{AuthError, Demand, TokenRole};
use crate::known::Known;
use crate::scope::is_scope_token;

pub use challenge::Challenge;

/// Writes refusals. A service implements it to add details of its own; [`PlainRefusal`] is enough
/// for one that does not.
pub trait Refuse: Send + Sync + 'static {
    /// The status that the caller receives for `denial`.
    fn refuse(&self, denial: &Denial) -> Status;
}

/// A call that was not let through, and what is known of it.
#[derive(Clone, Debug)]
pub struct Denial {
    pub(crate) error: AuthError,
    pub(crate) token_role: Option<TokenRole>,
    pub(crate) claims: Option<Arc<Claims>>,
    pub(crate) authorization_uri: Option<Arc<str>>,
    /// For those who watch alone: no part of it reaches the caller.
    pub(crate) known: Known,
}

impl Denial {
    pub(crate) fn new(error: AuthError) -> Self {
        Self {
            error,
            token_role: None,
            claims: None,
            authorization_uri: None,
            known: Known::default(),
        }
    }

    /// Why.
    #[must_use]
    pub fn error(&self) -> &AuthError {
        &self.error
    }

    /// Which token it is about, where it is about one.
    #[must_use]
    pub fn token_role(&self) -> Option<TokenRole> {
        self.token_role
    }

    /// The verified claims of the token that it is about, where the token itself is good.
    #[must_use]
    pub fn claims(&self) -> Option<&Claims> {
        self.claims.as_deref()
    }

    /// The `www-authenticate` challenge (RFC 6750 section 3, RFC 9470 section 3), where a better
    /// token would help.
    #[must_use]
    pub fn www_authenticate(&self) -> Option<String> {
        let error = match &self.error {
            AuthError::MethodNotFound
            | AuthError::MethodPolicyMissing
            | AuthError::SigningKeysUnavailable { .. }
            | AuthError::TenantNotAllowed { .. }
            | AuthError::TenantHeaderInvalid
            | AuthError::StepUpUnsupportedByClient { .. } => return None,
            // RFC 6750 section 3.1: no error code when the call carries no credentials.
            AuthError::CredentialsMissing => None,
            AuthError::AuthSchemeUnsupported
            | AuthError::AuthHeaderMalformed
            | AuthError::AuthHeaderDuplicated => Some("invalid_request"),
            AuthError::SubjectTokenRequired
            | AuthError::SubjectAppMismatch
            | AuthError::TokenTooLarge { .. }
            | AuthError::TokenMalformed
            | AuthError::TokenHeaderInvalid
            | AuthError::TokenAlgNotAllowed
            | AuthError::TokenCriticalHeaderUnsupported
            | AuthError::TokenTypeNotAllowed
            | AuthError::SigningKeyUnknown { .. }
            | AuthError::TokenSignatureInvalid { .. }
            | AuthError::TokenExpired { .. }
            | AuthError::TokenNotYetValid { .. }
            | AuthError::TokenLifetimeTooLong
            | AuthError::TokenClaimMissing { .. }
            | AuthError::TokenClaimInvalid { .. }
            | AuthError::TokenVersionUnsupported
            | AuthError::TokenAudienceMismatch
            | AuthError::TokenIssuerMismatch
            | AuthError::TenantMismatch => Some("invalid_token"),
            AuthError::ScopeMissing { .. }
            | AuthError::AppRoleMissing { .. }
            | AuthError::AppOnlyNotAllowed
            | AuthError::DelegatedNotAllowed
            | AuthError::ClientAppNotAllowed { .. } => Some("insufficient_scope"),
            AuthError::ClaimsChallengeRequired { .. } => Some("insufficient_claims"),
            AuthError::StepUpRequired { .. } => Some("insufficient_user_authentication"),
        };

        // A user has a realm to sign in to; an application beside the user has none here.
        let realm = self
            .claims
            .as_ref()
            .filter(|_| self.token_role != Some(TokenRole::App))
            .map(|claims| claims.tenant().to_string())
            .unwrap_or_default();
        let mut challenge = match &self.error {
            AuthError::SubjectTokenRequired | AuthError::SubjectAppMismatch => {
                Challenge::subject_and_app(&realm)
            }
            _ => Challenge::bearer(&realm),
        };
        // The uri is Entra's, where a caller of another authority has no account.
        let of_entra = |claims: &Arc<Claims>| claims.version() != TokenVersion::Rfc9068;
        if let Some(uri) = &self.authorization_uri
            && self.claims.as_ref().is_none_or(of_entra)
        {
            challenge = challenge.with("authorization_uri", uri);
        }
        if let Some(error) = error {
            challenge = challenge.with("error", error);
        }
        let challenge = match &self.error {
            AuthError::TokenExpired { .. } => challenge.with("error_description", "token expired"),
            AuthError::ScopeMissing { required } => match self.scope_to_ask_for(required) {
                Some(scope) => challenge.with("scope", &scope),
                None => challenge,
            },
            AuthError::ClaimsChallengeRequired { context } => {
                challenge.with("claims", &STANDARD.encode(claims_request(context)))
            }
            AuthError::StepUpRequired { context } => challenge.with("acr_values", context),
            _ => challenge,
        };
        Some(challenge.into_text())
    }

    /// The scopes that the authority is to be asked for. Any group would do; the first is what the
    /// contract names first.
    fn scope_to_ask_for(&self, required: &Demand) -> Option<String> {
        let prefix = self.claims.as_deref().map(scope_prefix).unwrap_or_default();
        let scopes: Vec<_> = required
            .groups()
            .next()?
            .iter()
            .map(|scope| format!("{prefix}{scope}"))
            .collect();
        // Half of a group would be refused again.
        let askable = scopes.iter().all(|scope| is_scope_token(scope));
        askable.then(|| scopes.join(" "))
    }
}

/// What comes before a scope's name when a client asks the authority for it.
fn scope_prefix(claims: &Claims) -> String {
    let registration = &claims.registration;
    match registration.audiences_v1.first() {
        Some(uri) => format!("{uri}/"),
        None if registration.audiences.is_empty() => format!("api://{}/", registration.client_id),
        None => String::new(),
    }
}

/// The claims request (OpenID Connect Core section 5.5) for an authentication context, as JSON.
#[must_use]
pub fn claims_request(authentication_context: &str) -> String {
    serde_json::json!({
        "access_token": { "acrs": { "essential": true, "value": authentication_context } }
    })
    .to_string()
}

/// Refusals with `google.rpc.ErrorInfo`, `RetryInfo` where waiting helps, and the challenge.
#[derive(Clone, Debug)]
pub struct PlainRefusal {
    domain: String,
}

impl PlainRefusal {
    /// `domain` is `ErrorInfo.domain`: the service that refuses.
    #[must_use]
    pub fn new(domain: &str) -> Self {
        Self {
            domain: domain.to_owned(),
        }
    }
}

impl Refuse for PlainRefusal {
    fn refuse(&self, denial: &Denial) -> Status {
        let mut metadata = HashMap::new();
        if let Some(role) = denial.token_role {
            metadata.insert("tokenRole".to_owned(), role.as_str().to_owned());
        }
        let error = &denial.error;
        let mut details = ErrorDetails::new();
        details.set_error_info(error.reason(), &self.domain, metadata);
        if let Some(delay) = error.retry_after() {
            details.set_retry_info(Some(delay));
        }
        let mut status = Status::with_error_details(error.code(), error.to_string(), details);
        if let Some(challenge) = denial.www_authenticate().and_then(|text| text.parse().ok()) {
            status.metadata_mut().insert("www-authenticate", challenge);
        }
        status
    }
}
