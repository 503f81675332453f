//! Who has to act on a refusal.

use super::Reason;

/// Who acts first on a refusal for this reason, as its comment in the contract says.
#[must_use]
pub fn actor(reason: Reason) -> &'static str {
    match reason {
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
        | Reason::TokenLifetimeTooLong
        | Reason::TokenAudienceMismatch
        | Reason::TokenIssuerMismatch
        | Reason::TenantMismatch
        | Reason::ClientAppNotAllowed
        | Reason::ScopeMissing
        | Reason::AppOnlyNotAllowed
        | Reason::DelegatedNotAllowed
        | Reason::StepUpUnsupportedByClient
        | Reason::MethodNotFound
        | Reason::FieldInvalid
        | Reason::TimeoutHeaderInvalid
        | Reason::PayloadTooLarge
        | Reason::PayloadMalformed
        | Reason::PayloadEncodingUnsupported
        | Reason::PayloadFrameInvalid
        | Reason::ExchangeAppOnlyUnsupported
        | Reason::DownstreamScopeInvalid
        | Reason::DownstreamScopeNotAllowed => "the client's developer",
        Reason::TokenExpired | Reason::TokenNotYetValid | Reason::SubjectTokenRejected => {
            "the client"
        }
        Reason::TokenClaimMissing | Reason::TokenClaimInvalid | Reason::TokenVersionUnsupported => {
            "the application's owner"
        }
        Reason::Unspecified
        | Reason::TenantNotAllowed
        | Reason::MethodPolicyMissing
        | Reason::SigningKeysUnavailable
        | Reason::StoreUnavailable
        | Reason::StoreFull
        | Reason::InternalFault
        | Reason::ClientCredentialInvalid
        | Reason::AuthorityResponseInvalid
        | Reason::DownstreamUnauthorized
        | Reason::DownstreamResponseInvalid
        | Reason::SealingKeyUnavailable
        | Reason::EndpointNotConfigured
        | Reason::AuditUnavailable => "the operator",
        Reason::AppRoleMissing
        | Reason::BlockedByPolicy
        | Reason::ClientUnauthorized
        | Reason::DownstreamResourceInvalid => "a tenant administrator",
        Reason::ClaimsChallengeRequired
        | Reason::StepUpRequired
        | Reason::ConsentRequired
        | Reason::InteractionRequired
        | Reason::DownstreamClaimsChallenge => "the user",
        Reason::ResourceNotFound
        | Reason::DeadlineExceeded
        | Reason::Overloaded
        | Reason::ShuttingDown
        | Reason::StoreConflict
        | Reason::AuthorityThrottled
        | Reason::AuthorityLoopDetected
        | Reason::AuthorityUnavailable
        | Reason::AuthorityTimeout
        | Reason::DownstreamThrottled
        | Reason::DownstreamUnavailable
        | Reason::DownstreamRejected
        | Reason::DownstreamOperationFailed
        | Reason::JobStateConflict
        | Reason::IdempotencyConflict => "the caller",
        Reason::DownstreamForbidden => "a workspace administrator",
        Reason::ItemPermissionDenied => "the item's owner",
        Reason::SubjectTokenRequired
        | Reason::SubjectAppMismatch
        | Reason::TenantHeaderInvalid
        | Reason::ItemNotFound => "Fabric",
        Reason::JobFailed => "whoever the cause names",
    }
}
