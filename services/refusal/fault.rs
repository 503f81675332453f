//! Whose fault a refusal is: what a service level objective counts, and what it leaves out.

use super::Reason;

/// Whose fault it is that a call was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The caller's, its user's or their tenant's: the service did as it should.
    Caller,
    /// This service's, or its operator's.
    Service,
    /// Of what the service needs: an authority, Fabric, OneLake, the store.
    Dependency,
}

impl Fault {
    /// Every one of them.
    pub const ALL: [Self; 3] = [Self::Caller, Self::Service, Self::Dependency];

    /// As recording rules and runbooks spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Service => "service",
            Self::Dependency => "dependency",
        }
    }
}

/// Whose fault a refusal for this reason counts as. Where a reason can be either's, it is not the
/// caller's: an objective that is missed for nothing is looked into, one that is kept by leaving
/// failures out is not.
#[must_use]
pub fn fault(reason: Reason) -> Fault {
    match reason {
        Reason::Unspecified
        | Reason::MethodPolicyMissing
        | Reason::DeadlineExceeded
        | Reason::Overloaded
        | Reason::ShuttingDown
        | Reason::StoreFull
        | Reason::InternalFault
        | Reason::ClientCredentialInvalid
        | Reason::SealingKeyUnavailable
        | Reason::EndpointNotConfigured
        | Reason::AuditUnavailable => Fault::Service,
        Reason::SigningKeysUnavailable
        | Reason::StoreUnavailable
        | Reason::AuthorityThrottled
        | Reason::AuthorityUnavailable
        | Reason::AuthorityTimeout
        | Reason::AuthorityResponseInvalid
        | Reason::DownstreamUnauthorized
        | Reason::DownstreamThrottled
        | Reason::DownstreamUnavailable
        | Reason::DownstreamResponseInvalid => Fault::Dependency,
        Reason::CredentialsMissing
        | Reason::AuthSchemeUnsupported
        | Reason::AuthHeaderMalformed
        | Reason::AuthHeaderDuplicated
        | Reason::TokenTooLarge
        | Reason::TokenMalformed
        | Reason::TokenHeaderInvalid
        | Reason::TokenAlgNotAllowed
        | Reason::TokenCriticalHeaderUnsupported
        | Reason::TokenTypeNotAllowed
        | Reason::SigningKeyUnknown
        | Reason::TokenSignatureInvalid
        | Reason::TokenExpired
        | Reason::TokenNotYetValid
        | Reason::TokenLifetimeTooLong
        | Reason::TokenClaimMissing
        | Reason::TokenClaimInvalid
        | Reason::TokenVersionUnsupported
        | Reason::TokenAudienceMismatch
        | Reason::TokenIssuerMismatch
        | Reason::TenantMismatch
        | Reason::TenantNotAllowed
        | Reason::ClientAppNotAllowed
        | Reason::ScopeMissing
        | Reason::AppRoleMissing
        | Reason::AppOnlyNotAllowed
        | Reason::DelegatedNotAllowed
        | Reason::ClaimsChallengeRequired
        | Reason::StepUpUnsupportedByClient
        | Reason::StepUpRequired
        | Reason::MethodNotFound
        | Reason::FieldInvalid
        | Reason::TimeoutHeaderInvalid
        | Reason::PayloadTooLarge
        | Reason::PayloadMalformed
        | Reason::PayloadEncodingUnsupported
        | Reason::PayloadFrameInvalid
        | Reason::ResourceNotFound
        | Reason::StoreConflict
        | Reason::ConsentRequired
        | Reason::InteractionRequired
        | Reason::BlockedByPolicy
        | Reason::SubjectTokenRejected
        | Reason::ExchangeAppOnlyUnsupported
        | Reason::ClientUnauthorized
        | Reason::DownstreamScopeInvalid
        | Reason::DownstreamResourceInvalid
        | Reason::DownstreamScopeNotAllowed
        | Reason::AuthorityLoopDetected
        | Reason::DownstreamClaimsChallenge
        | Reason::DownstreamForbidden
        | Reason::DownstreamRejected
        | Reason::DownstreamOperationFailed
        | Reason::ItemPermissionDenied
        | Reason::SubjectTokenRequired
        | Reason::SubjectAppMismatch
        | Reason::TenantHeaderInvalid
        | Reason::ItemNotFound
        | Reason::JobStateConflict
        | Reason::IdempotencyConflict
        | Reason::JobFailed => Fault::Caller,
    }
}
