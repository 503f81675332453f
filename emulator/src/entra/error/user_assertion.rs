//! Refusals of an On-Behalf-Of request's assertion: the user's token that a middle tier presents.

use super::AuthorityError;

impl AuthorityError {
    pub(crate) fn malformed_user_assertion() -> Self {
        Self::new(
            "invalid_request",
            50_027,
            "JWT token is invalid or malformed.",
        )
    }

    pub(crate) fn user_assertion_key() -> Self {
        Self::new(
            "invalid_grant",
            50_013,
            "Assertion failed signature validation. [Reason - The key was not found.]",
        )
    }

    pub(crate) fn user_assertion_signature() -> Self {
        Self::new(
            "invalid_grant",
            50_013,
            "Assertion failed signature validation. [Reason - The provided signature value did \
             not match the expected signature value.]",
        )
    }

    pub(crate) fn user_assertion_issuer() -> Self {
        Self::new(
            "invalid_grant",
            50_013,
            "Assertion is invalid because its issuer is not the tenant of the request.",
        )
    }

    pub(crate) fn user_assertion_audience() -> Self {
        Self::new(
            "invalid_grant",
            500_131,
            "Assertion audience does not match the Client app presenting the assertion. The \
             downstream client must request a token for the expected audience (the application \
             that made the OBO request) and this application should use that token as the \
             assertion.",
        )
    }

    pub(crate) fn user_assertion_time() -> Self {
        Self::new(
            "invalid_grant",
            70_002,
            "Error validating credentials. AADSTS500133: Assertion is not within its valid time \
             range. Ensure that the access token is not expired before using it for user \
             assertion, or request a new token.",
        )
        .also(500_133)
    }

    pub(crate) fn id_token_as_assertion() -> Self {
        Self::new(
            "invalid_request",
            240_002,
            "Input id_token cannot be used as 'urn:ietf:params:oauth:grant-type:jwt-bearer' grant.",
        )
    }

    pub(crate) fn app_only_assertion() -> Self {
        Self::new(
            "unauthorized_client",
            7_000_114,
            "The application is not allowed to make application on-behalf-of calls.",
        )
    }

    pub(crate) fn tenant_needed_for_user() -> Self {
        Self::new(
            "invalid_request",
            9_001_023,
            "The grant type is not supported over the /common or /organizations endpoints. \
             Please use the tenant-specific endpoint.",
        )
    }
}
