//! Why there is no downstream token.

use std::sync::Arc;
use std::time::Duration;

use auth_interceptor::TenantId;

use super::{ClaimsRequest, Consent, Scopes};

/// Why an exchange fails. Cheap to clone: it is remembered, and shared by all who waited for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// No user is calling: On-Behalf-Of needs one.
    #[error("an application's own token cannot be exchanged")]
    AppOnlyUnsupported,
    /// The caller is on neither list of those that may receive an exchanged token.
    #[error("the calling application may not receive exchanged tokens")]
    ReceiverNotAllowed {
        /// The calling application.
        client: Box<str>,
    },
    /// A scope is not on the registration's list.
    #[error("the registration does not exchange for this scope")]
    ScopeNotAllowed {
        /// The registration.
        registration: Arc<str>,
    },
    /// The registration has no credential, or one that cannot be read or used.
    #[error("the registration has no credential that can be used")]
    CredentialUnusable {
        /// The registration.
        registration: Arc<str>,
    },
    /// The authority has answered, and the answer is no.
    #[error("{}", .0.class)]
    Refused(Arc<AuthorityRefusal>),
    /// The authority cannot be reached, fails, or has failed so often that nobody asks it now.
    #[error("the authority is unavailable")]
    AuthorityUnavailable {
        /// The authority's configured name.
        authority: Arc<str>,
        /// When to try again.
        retry_after: Duration,
    },
    /// The authority has not answered in time.
    #[error("the authority did not answer in time")]
    AuthorityTimeout {
        /// The authority's configured name.
        authority: Arc<str>,
        /// When to try again.
        retry_after: Duration,
    },
    /// The authority's answer makes no sense; nothing of it was used.
    #[error("the authority's answer makes no sense")]
    AuthorityResponseInvalid {
        /// The authority's configured name.
        authority: Arc<str>,
    },
    /// More exchanges are under way than this process takes on.
    #[error("too many exchanges are under way")]
    Overloaded {
        /// When to try again.
        retry_after: Duration,
    },
}

impl ExchangeError {
    /// Whether the user has to act before the same request can succeed.
    #[must_use]
    pub fn needs_user(&self) -> bool {
        matches!(self, Self::Refused(refusal) if matches!(
            refusal.class,
            RefusalClass::Consent
                | RefusalClass::Interaction
                | RefusalClass::Blocked
                | RefusalClass::SubjectRejected
        ))
    }
}

/// An authority's error response (RFC 6749 section 5.2, with Entra's members), and what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorityRefusal {
    /// What it means.
    pub class: RefusalClass,
    /// The authority's configured name.
    pub authority: Arc<str>,
    /// Where a user or administrator is sent: the authority's authorization endpoint, without
    /// query. None where the authority is not Entra.
    pub authorization_uri: Option<Arc<str>>,
    /// Where a tenant administrator consents to the application; none where the authority is not
    /// Entra.
    pub admin_consent_uri: Option<Arc<str>>,
    /// The registration that asked.
    pub registration: Arc<str>,
    /// How the registration asks for consent.
    pub consent: Consent,
    /// The tenant that was asked.
    pub tenant: TenantId,
    /// What was asked for.
    pub scopes: Arc<Scopes>,
    /// `error`: one of the field's names, or `_OTHER`.
    pub error: &'static str,
    /// `suberror`, bounded and of visible ASCII.
    pub suberror: Option<Box<str>>,
    /// `error_codes`: diagnostics, at most 8. The last is the most specific.
    pub codes: Vec<u32>,
    /// `claims`, byte for byte, at most 8 KiB.
    pub claims: Option<ClaimsRequest>,
    /// `correlation_id`, for support.
    pub correlation_id: Option<Box<str>>,
    /// `trace_id`, or the header `x-ms-request-id`, for support.
    pub trace_id: Option<Box<str>>,
    /// `Retry-After`.
    pub retry_after: Option<Duration>,
}

impl AuthorityRefusal {
    /// The most specific of its numbers: the one to search for.
    #[must_use]
    pub fn code(&self) -> Option<u32> {
        self.codes.last().copied()
    }
}

/// What an authority's refusal means: who has to do what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusalClass {
    /// The user or an administrator has yet to consent.
    Consent,
    /// The user has to do something at the screen, named by the claims.
    Interaction,
    /// A policy keeps the user out; nothing they do now changes that.
    Blocked,
    /// The user's token does not count any more; a new one may.
    SubjectRejected,
    /// The registration's credential is wrong or expired.
    ClientCredential,
    /// The application is not known to the tenant, or may not exchange.
    ClientUnauthorized,
    /// The scopes are not ones that the authority takes.
    ScopeInvalid,
    /// The resource is not known to the tenant.
    ResourceInvalid,
    /// The authority asks for a pause.
    Throttled,
    /// The authority sees the same request too often.
    Loop,
}

impl std::fmt::Display for RefusalClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Consent => "consent is missing",
            Self::Interaction => "the authority wants the user at the screen",
            Self::Blocked => "a policy keeps the user from the downstream API",
            Self::SubjectRejected => "the authority does not accept the user's token any more",
            Self::ClientCredential => "the authority does not accept the service's credential",
            Self::ClientUnauthorized => "the application may not act in the user's tenant",
            Self::ScopeInvalid => "the authority does not take these scopes",
            Self::ResourceInvalid => "the downstream API is not known in the user's tenant",
            Self::Throttled => "the authority asks for a pause",
            Self::Loop => "the authority has seen this request too often",
        })
    }
}
