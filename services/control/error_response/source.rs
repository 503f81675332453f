//! Who caused a refusal, in the three words that Fabric has for it.

use crate::contracts::control::v1::ErrorSource;
use crate::refusal::Reason;

/// The user, or somebody who administers what the user works in, can mend it; or the workload is at
/// fault; or else its caller or something that it depends on is.
pub(super) fn source(reason: Reason) -> ErrorSource {
    match reason {
        Reason::ConsentRequired
        | Reason::InteractionRequired
        | Reason::ClaimsChallengeRequired
        | Reason::DownstreamClaimsChallenge
        | Reason::StepUpRequired
        | Reason::SubjectTokenRejected
        | Reason::BlockedByPolicy
        | Reason::AppRoleMissing
        | Reason::ClientUnauthorized
        | Reason::DownstreamResourceInvalid
        | Reason::DownstreamForbidden
        | Reason::DownstreamRejected
        | Reason::DownstreamOperationFailed
        | Reason::ItemPermissionDenied
        | Reason::ResourceNotFound => ErrorSource::User,
        Reason::Unspecified
        | Reason::InternalFault
        | Reason::MethodPolicyMissing
        | Reason::TenantNotAllowed
        | Reason::Overloaded
        | Reason::ShuttingDown
        | Reason::DeadlineExceeded
        | Reason::AuditUnavailable
        | Reason::StoreUnavailable
        | Reason::StoreConflict
        | Reason::StoreFull
        | Reason::ClientCredentialInvalid
        | Reason::SealingKeyUnavailable
        | Reason::EndpointNotConfigured
        | Reason::JobFailed => ErrorSource::System,
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
        | Reason::ClientAppNotAllowed
        | Reason::ScopeMissing
        | Reason::AppOnlyNotAllowed
        | Reason::DelegatedNotAllowed
        | Reason::StepUpUnsupportedByClient
        | Reason::SubjectTokenRequired
        | Reason::SubjectAppMismatch
        | Reason::TenantHeaderInvalid
        | Reason::MethodNotFound
        | Reason::FieldInvalid
        | Reason::TimeoutHeaderInvalid
        | Reason::PayloadTooLarge
        | Reason::PayloadMalformed
        | Reason::PayloadEncodingUnsupported
        | Reason::PayloadFrameInvalid
        | Reason::ItemNotFound
        | Reason::JobStateConflict
        | Reason::IdempotencyConflict
        | Reason::ExchangeAppOnlyUnsupported
        | Reason::DownstreamScopeInvalid
        | Reason::DownstreamScopeNotAllowed
        | Reason::SigningKeysUnavailable
        | Reason::AuthorityThrottled
        | Reason::AuthorityLoopDetected
        | Reason::AuthorityUnavailable
        | Reason::AuthorityTimeout
        | Reason::AuthorityResponseInvalid
        | Reason::DownstreamUnauthorized
        | Reason::DownstreamThrottled
        | Reason::DownstreamUnavailable
        | Reason::DownstreamResponseInvalid => ErrorSource::External,
    }
}
