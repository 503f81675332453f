//! Every refusal the emulator knows, each with Entra's error, number and, where a user can act,
//! suberror. Numbers and names are Entra's; sentences are close to Entra's.

use super::AuthorityError;

// === The request ===

impl AuthorityError {
    pub(crate) fn missing_parameter(name: &'static str) -> Self {
        Self::new(
            "invalid_request",
            900_144,
            format!("The request must contain the following parameter: '{name}'."),
        )
    }

    pub(crate) fn repeated_parameter(name: &'static str) -> Self {
        Self::new(
            "invalid_request",
            9_000_411,
            format!("The parameter '{name}' is duplicated."),
        )
    }

    pub(crate) fn unsupported_parameter(name: &'static str) -> Self {
        Self::new(
            "invalid_request",
            90_023,
            format!("The value of the parameter '{name}' is not supported."),
        )
    }

    pub(crate) fn malformed_claims() -> Self {
        Self::new(
            "invalid_request",
            9_002_313,
            "Invalid request. The parameter 'claims' is malformed or invalid.",
        )
    }

    pub(crate) fn unknown_tenant() -> Self {
        Self::new(
            "invalid_tenant",
            90_002,
            "Tenant not found. Check that you have the correct tenant ID or domain.",
        )
    }

    pub(crate) fn tenant_needed() -> Self {
        Self::new(
            "invalid_request",
            90_002,
            "A client's own token needs a tenant in the address, not 'common'.",
        )
    }

    pub(crate) fn unknown_instance() -> Self {
        Self::new("invalid_instance", 50_049, "Unknown or invalid instance.")
    }

    pub(crate) fn unsupported_grant() -> Self {
        Self::new(
            "unsupported_grant_type",
            70_003,
            "The app requested an unsupported grant type.",
        )
    }

    pub(crate) fn unsupported_response_type() -> Self {
        Self::new(
            "unsupported_response_type",
            700_054,
            "The response type is not enabled for the application; use 'code'.",
        )
    }
}

// === The client ===

impl AuthorityError {
    pub(crate) fn unknown_client() -> Self {
        Self::new(
            "unauthorized_client",
            700_016,
            "The application was not found in the directory of this tenant.",
        )
    }

    pub(crate) fn redirect_mismatch() -> Self {
        Self::new(
            "invalid_request",
            50_011,
            "The redirect URI of the request is not registered for the application.",
        )
    }

    pub(crate) fn wrong_secret() -> Self {
        Self::new(
            "invalid_client",
            7_000_215,
            "Invalid client secret provided.",
        )
    }

    pub(crate) fn expired_secret() -> Self {
        Self::new(
            "invalid_client",
            7_000_222,
            "The provided client secret keys are expired.",
        )
    }

    pub(crate) fn credential_needed() -> Self {
        Self::new(
            "invalid_client",
            7_000_218,
            "The request body must contain the following parameter: 'client_assertion' or \
             'client_secret'.",
        )
    }

    pub(crate) fn credential_of_public_client() -> Self {
        Self::new(
            "invalid_client",
            700_025,
            "Client is public so neither 'client_assertion' nor 'client_secret' should be \
             presented.",
        )
    }

    pub(crate) fn malformed_assertion() -> Self {
        Self::new(
            "invalid_client",
            50_027,
            "The client assertion is not a valid JWT.",
        )
    }

    pub(crate) fn assertion_signature() -> Self {
        Self::new(
            "invalid_client",
            700_027,
            "The certificate with the assertion's thumbprint is not registered for the \
             application, or the signature does not verify with it.",
        )
    }

    pub(crate) fn assertion_audience() -> Self {
        Self::new(
            "invalid_client",
            700_023,
            "Client assertion audience claim does not match the token endpoint or issuer.",
        )
    }

    pub(crate) fn assertion_subject() -> Self {
        Self::new(
            "invalid_client",
            700_021,
            "Client assertion application identifier does not match 'client_id' parameter.",
        )
    }

    pub(crate) fn assertion_time() -> Self {
        Self::new(
            "invalid_client",
            700_024,
            "Client assertion is not within its valid time range.",
        )
    }
}

// === Scopes and resources ===

impl AuthorityError {
    pub(crate) fn malformed_scope() -> Self {
        Self::new(
            "invalid_scope",
            70_011,
            "The provided value for the input parameter 'scope' is not valid.",
        )
    }

    pub(crate) fn several_resources() -> Self {
        Self::new(
            "invalid_scope",
            700_022,
            "The provided value for the input parameter 'scope' is not valid because it contains \
             more than one resource.",
        )
    }

    pub(crate) fn default_scope_needed() -> Self {
        Self::new(
            "invalid_scope",
            1_002_012,
            "The scope of a client credentials request must be one resource identifier with the \
             suffix '/.default'.",
        )
    }

    pub(crate) fn unknown_resource() -> Self {
        Self::new(
            "invalid_resource",
            500_011,
            "The resource principal was not found in the tenant.",
        )
    }

    pub(crate) fn unknown_scope() -> Self {
        Self::new(
            "invalid_client",
            650_053,
            "The application asked for a scope that doesn't exist on the resource.",
        )
    }

    pub(crate) fn consent_needed() -> Self {
        Self::new(
            "invalid_grant",
            65_001,
            "The user or administrator has not consented to use the application. Send an \
             interactive authorization request for this user and resource.",
        )
        .suberror("consent_required")
    }
}

// === The user ===

impl AuthorityError {
    pub(crate) fn sign_in_needed() -> Self {
        Self::new(
            "login_required",
            50_058,
            "A silent sign-in request was sent but no user is signed in.",
        )
    }

    pub(crate) fn cancelled() -> Self {
        Self::new(
            "access_denied",
            65_004,
            "User declined to consent to access the app.",
        )
    }

    pub(crate) fn not_in_tenant() -> Self {
        Self::new(
            "invalid_grant",
            50_020,
            "The user account does not exist in the tenant and cannot access the application \
             there.",
        )
    }

    pub(crate) fn wrong_password() -> Self {
        Self::new(
            "invalid_grant",
            50_126,
            "Error validating credentials due to invalid username or password.",
        )
    }
}

// === Codes and refresh tokens ===

impl AuthorityError {
    pub(crate) fn invalid_code() -> Self {
        Self::new(
            "invalid_grant",
            70_000,
            "The provided authorization code or refresh token is malformed or not valid.",
        )
    }

    pub(crate) fn expired_code() -> Self {
        Self::new(
            "invalid_grant",
            70_008,
            "The provided authorization code or refresh token has expired.",
        )
    }

    pub(crate) fn redeemed_code() -> Self {
        Self::new(
            "invalid_grant",
            54_005,
            "OAuth2 Authorization code was already redeemed, please retry with a new valid code \
             or use an existing refresh token.",
        )
    }

    pub(crate) fn wrong_verifier() -> Self {
        Self::new(
            "invalid_grant",
            501_481,
            "The Code_Verifier does not match the code_challenge supplied in the authorization \
             request.",
        )
    }

    pub(crate) fn proof_key_needed() -> Self {
        Self::new(
            "invalid_request",
            9_002_325,
            "Proof Key for Code Exchange is required for cross-origin authorization code \
             redemption.",
        )
    }

    pub(crate) fn cross_origin_for_spa_only() -> Self {
        Self::new(
            "invalid_request",
            9_002_326,
            "Cross-origin token redemption is permitted only for the 'Single-Page Application' \
             client-type.",
        )
    }

    pub(crate) fn spa_needs_cross_origin() -> Self {
        Self::new(
            "invalid_request",
            9_002_327,
            "Tokens issued for the 'Single-Page Application' client-type may only be redeemed \
             via cross-origin requests.",
        )
    }

    pub(crate) fn authorization_pending() -> Self {
        Self::new(
            "authorization_pending",
            70_016,
            "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
        )
    }

    pub(crate) fn authorization_declined() -> Self {
        Self::new(
            "authorization_declined",
            65_004,
            "The user declined the request.",
        )
    }

    pub(crate) fn unknown_device_code() -> Self {
        Self::new(
            "bad_verification_code",
            70_018,
            "The device code or user code is not valid.",
        )
    }

    pub(crate) fn expired_device_code() -> Self {
        Self::new("expired_token", 70_020, "The device code has expired.")
    }
}
