//! Refusals by Conditional Access, and of accounts. Where a new sign-in may help, `claims` names
//! what it has to meet.

use super::AuthorityError;

impl AuthorityError {
    pub(crate) fn second_factor_needed(claims: String) -> Self {
        Self::new(
            "invalid_grant",
            50_076,
            "Due to a configuration change made by your administrator, or because you moved to a \
             new location, you must use multi-factor authentication to access the resource.",
        )
        .suberror("basic_action")
        .claims(claims)
    }

    pub(crate) fn compliant_device_needed(claims: String) -> Self {
        Self::new(
            "invalid_grant",
            53_000,
            "Device is not in required device state: compliant. Conditional Access policy \
             requires a compliant device, and the device is not compliant. The user must enroll \
             their device with an approved MDM provider.",
        )
        .suberror("additional_action")
        .claims(claims)
    }

    pub(crate) fn blocked_by_policy(claims: String) -> Self {
        Self::new(
            "invalid_grant",
            53_003,
            "Access has been blocked by Conditional Access policies. The access policy does not \
             allow token issuance.",
        )
        .suberror("message_only")
        .claims(claims)
    }

    pub(crate) fn sign_in_too_old(claims: String) -> Self {
        Self::new(
            "interaction_required",
            70_043,
            "The refresh token has expired or is invalid due to sign-in frequency checks by \
             Conditional Access.",
        )
        .suberror("token_expired")
        .claims(claims)
    }

    pub(crate) fn second_factor_failed() -> Self {
        Self::new(
            "access_denied",
            500_121,
            "Authentication failed during strong authentication request.",
        )
    }

    pub(crate) fn account_disabled() -> Self {
        Self::new("invalid_grant", 50_057, "The user account is disabled.")
    }

    pub(crate) fn unknown_account() -> Self {
        Self::new(
            "invalid_grant",
            50_034,
            "The user account does not exist in the directory of the tenant.",
        )
    }
}
