//! Refusals of the interceptor.

use auth_interceptor::{AuthError, Denial, Refuse};
use tonic::Status;

use super::{AuthChallenge, Reason, Refusal, bounded, rfc3339};

/// Writes the interceptor's refusals as ours.
#[derive(Clone, Copy, Debug)]
pub struct SelvedgeRefusal;

impl Refuse for SelvedgeRefusal {
    fn refuse(&self, denial: &Denial) -> Status {
        let mut refusal = Refusal::from(denial.error());
        if let Some(role) = denial.token_role() {
            refusal = refusal.with_metadata("tokenRole", role.as_str());
        }
        refusal.www_authenticate = denial.www_authenticate();
        refusal.into()
    }
}

impl From<&AuthError> for Refusal {
    fn from(error: &AuthError) -> Self {
        let message = error.to_string();
        match error {
            AuthError::CredentialsMissing => Self::new(Reason::CredentialsMissing, message),
            AuthError::AuthSchemeUnsupported => Self::new(Reason::AuthSchemeUnsupported, message),
            AuthError::AuthHeaderMalformed => Self::new(Reason::AuthHeaderMalformed, message),
            AuthError::AuthHeaderDuplicated => Self::new(Reason::AuthHeaderDuplicated, message),
            AuthError::SubjectTokenRequired => Self::new(Reason::SubjectTokenRequired, message),
            AuthError::SubjectAppMismatch => Self::new(Reason::SubjectAppMismatch, message),
            AuthError::TenantHeaderInvalid => Self::new(Reason::TenantHeaderInvalid, message)
                .with_metadata("header", "x-ms-client-tenant-id"),
            AuthError::TokenTooLarge { limit } => {
                Self::new(Reason::TokenTooLarge, message).with_metadata("limitBytes", limit)
            }
            AuthError::TokenMalformed => Self::new(Reason::TokenMalformed, message),
            AuthError::TokenHeaderInvalid => Self::new(Reason::TokenHeaderInvalid, message),
            AuthError::TokenAlgNotAllowed => Self::new(Reason::TokenAlgNotAllowed, message),
            AuthError::TokenCriticalHeaderUnsupported => {
                Self::new(Reason::TokenCriticalHeaderUnsupported, message)
            }
            AuthError::TokenTypeNotAllowed => Self::new(Reason::TokenTypeNotAllowed, message),
            AuthError::SigningKeyUnknown {
                keys_age,
                retry_after,
            } => {
                let refusal = Self::new(Reason::SigningKeyUnknown, message)
                    .with_metadata("jwksAgeS", keys_age.as_secs());
                match retry_after {
                    Some(delay) => refusal.retry_after(*delay),
                    None => refusal,
                }
            }
            AuthError::TokenSignatureInvalid { for_other_resource } => {
                let refusal = Self::new(Reason::TokenSignatureInvalid, message);
                if *for_other_resource {
                    refusal.with_metadata("hint", "token_for_other_resource")
                } else {
                    refusal
                }
            }
            AuthError::TokenClaimMissing { claim } => {
                Self::new(Reason::TokenClaimMissing, message).with_metadata("claim", claim)
            }
            AuthError::TokenClaimInvalid { claim } => {
                Self::new(Reason::TokenClaimInvalid, message).with_metadata("claim", claim)
            }
            AuthError::TokenVersionUnsupported => {
                Self::new(Reason::TokenVersionUnsupported, message)
            }
            AuthError::TokenAudienceMismatch => Self::new(Reason::TokenAudienceMismatch, message),
            AuthError::TokenIssuerMismatch => Self::new(Reason::TokenIssuerMismatch, message),
            AuthError::TenantMismatch => Self::new(Reason::TenantMismatch, message),
            AuthError::TokenExpired { expired_at, now } => Self::new(Reason::TokenExpired, message)
                .with_metadata("expiredAt", rfc3339(*expired_at))
                .with_metadata("serverTime", rfc3339(*now))
                .with_challenge(AuthChallenge {
                    retryable: true,
                    ..Default::default()
                }),
            AuthError::TokenNotYetValid { now } => Self::new(Reason::TokenNotYetValid, message)
                .with_metadata("serverTime", rfc3339(*now)),
            AuthError::TokenLifetimeTooLong => Self::new(Reason::TokenLifetimeTooLong, message),
            AuthError::TenantNotAllowed { tenant } => {
                Self::new(Reason::TenantNotAllowed, message).with_metadata("tenantId", tenant)
            }
            AuthError::ClientAppNotAllowed { client } => {
                Self::new(Reason::ClientAppNotAllowed, message)
                    .with_metadata("clientAppId", bounded(client.as_str()))
            }
            AuthError::ScopeMissing { required } => {
                Self::new(Reason::ScopeMissing, message).with_metadata("requiredScopes", required)
            }
            AuthError::AppRoleMissing { required } => {
                Self::new(Reason::AppRoleMissing, message).with_metadata("requiredRoles", required)
            }
            AuthError::AppOnlyNotAllowed => Self::new(Reason::AppOnlyNotAllowed, message),
            AuthError::DelegatedNotAllowed => Self::new(Reason::DelegatedNotAllowed, message),
            AuthError::ClaimsChallengeRequired { context } => {
                Self::new(Reason::ClaimsChallengeRequired, message)
                    .with_metadata("authContext", context)
                    .with_challenge(AuthChallenge {
                        claims_for_conditional_access_policy: auth_interceptor::claims_request(
                            context,
                        ),
                        retryable: true,
                        ..Default::default()
                    })
            }
            AuthError::StepUpUnsupportedByClient { context } => {
                Self::new(Reason::StepUpUnsupportedByClient, message)
                    .with_metadata("authContext", context)
            }
            AuthError::StepUpRequired { context } => {
                Self::new(Reason::StepUpRequired, message).with_metadata("acrValues", context)
            }
            AuthError::MethodNotFound => Self::new(Reason::MethodNotFound, message),
            AuthError::MethodPolicyMissing => Self::new(Reason::MethodPolicyMissing, message),
            AuthError::SigningKeysUnavailable {
                authority,
                keys_age,
                retry_after,
            } => {
                let refusal = Self::new(Reason::SigningKeysUnavailable, message)
                    .with_metadata("authority", authority)
                    .retry_after(*retry_after);
                match keys_age {
                    Some(age) => refusal.with_metadata("jwksAgeS", age.as_secs()),
                    None => refusal,
                }
            }
        }
    }
}
