//! The checks a call goes through, in their order, and who can do something about a failed one.

use crate::error::AuthError;

/// A check of a call. The order of the variants is the order of evaluation, so that a refusal also
/// says which checks were passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// The method exists and states a policy.
    Method,
    /// The call carries credentials of a form that the method takes.
    Credentials,
    /// The token is not too large.
    Size,
    /// The token is a compact JWS of two strict JSON objects.
    Structure,
    /// The algorithm is accepted, and is the key's own.
    Algorithm,
    /// The header demands nothing unsupported.
    Header,
    /// The token is an access token.
    Type,
    /// The authority's keys have been read.
    Keys,
    /// The authority publishes the key that signed the token.
    SigningKey,
    /// The signature verifies.
    Signature,
    /// Every claim has its type.
    Claims,
    /// The token is valid now.
    Lifetime,
    /// The issuer is the authority's, for the token's tenant and key.
    Issuer,
    /// The token's version is supported.
    Version,
    /// The token is meant for this application.
    Audience,
    /// The method takes tokens of users, or of applications.
    TokenKind,
    /// The client application may call.
    Client,
    /// The tenant may call.
    Tenant,
    /// The scopes or application roles are held.
    Permissions,
    /// The sign-in was strong enough.
    AuthenticationContext,
}

impl Check {
    /// All checks, in the order of evaluation.
    pub const ALL: [Self; 20] = [
        Self::Method,
        Self::Credentials,
        Self::Size,
        Self::Structure,
        Self::Algorithm,
        Self::Header,
        Self::Type,
        Self::Keys,
        Self::SigningKey,
        Self::Signature,
        Self::Claims,
        Self::Lifetime,
        Self::Issuer,
        Self::Version,
        Self::Audience,
        Self::TokenKind,
        Self::Client,
        Self::Tenant,
        Self::Permissions,
        Self::AuthenticationContext,
    ];

    /// A short name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::Credentials => "credentials",
            Self::Size => "size",
            Self::Structure => "structure",
            Self::Algorithm => "algorithm",
            Self::Header => "header",
            Self::Type => "type",
            Self::Keys => "keys",
            Self::SigningKey => "signing key",
            Self::Signature => "signature",
            Self::Claims => "claims",
            Self::Lifetime => "lifetime",
            Self::Issuer => "issuer",
            Self::Version => "version",
            Self::Audience => "audience",
            Self::TokenKind => "token kind",
            Self::Client => "client",
            Self::Tenant => "tenant",
            Self::Permissions => "permissions",
            Self::AuthenticationContext => "authentication context",
        }
    }

    /// What holds once the check is passed, in one line.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Method => "the method exists and its contract states a policy",
            Self::Credentials => "one authorization value, of a scheme that the method takes",
            Self::Size => "the token is not larger than the limit",
            Self::Structure => "three base64url segments, of which two are strict JSON objects",
            Self::Algorithm => "`alg` is accepted from the authority and is the key's own",
            Self::Header => "`kid` is well formed, and nothing in the header is unsupported",
            Self::Type => "an access token, not an ID token or a proof",
            Self::Keys => "the authority's signing keys are at hand and fresh enough",
            Self::SigningKey => "the authority publishes a key with the token's `kid`",
            Self::Signature => "the signature over header and payload verifies",
            Self::Claims => "every claim that is read is present and of its type",
            Self::Lifetime => "now is between `nbf` and `exp`, give or take 60 seconds",
            Self::Issuer => "`iss` is the authority's for the token's `tid`, and the key's own",
            Self::Version => "`ver` is 1.0 or 2.0",
            Self::Audience => "`aud` is one of the configured registrations",
            Self::TokenKind => "the method takes users' tokens, or applications' own",
            Self::Client => "the client application is on the lists of registration and method",
            Self::Tenant => "the tenant is on the authority's list",
            Self::Permissions => "a required group of scopes or application roles is held in full",
            Self::AuthenticationContext => "the required authentication context is satisfied",
        }
    }
}

/// Who can do something about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// Whoever writes the client: it sends what never works.
    ClientDeveloper,
    /// The client itself, by acquiring another token.
    Client,
    /// The user, by consenting or by signing in as asked.
    User,
    /// An administrator of the caller's tenant.
    TenantAdministrator,
    /// Whoever runs this service or configures it.
    Operator,
}

impl Actor {
    /// Who it is, as a reader of a report would say.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ClientDeveloper => "the client's developer",
            Self::Client => "the client",
            Self::User => "the user",
            Self::TenantAdministrator => "an administrator of the tenant",
            Self::Operator => "the operator of the service",
        }
    }
}

impl AuthError {
    /// The check that failed.
    #[must_use]
    pub fn check(&self) -> Check {
        match self {
            Self::MethodNotFound | Self::MethodPolicyMissing => Check::Method,
            Self::CredentialsMissing
            | Self::AuthSchemeUnsupported
            | Self::AuthHeaderMalformed
            | Self::AuthHeaderDuplicated
            | Self::SubjectTokenRequired
            | Self::TenantHeaderInvalid => Check::Credentials,
            Self::TokenTooLarge { .. } => Check::Size,
            Self::TokenMalformed => Check::Structure,
            Self::TokenAlgNotAllowed => Check::Algorithm,
            Self::TokenHeaderInvalid | Self::TokenCriticalHeaderUnsupported => Check::Header,
            Self::TokenTypeNotAllowed => Check::Type,
            Self::SigningKeysUnavailable { .. } => Check::Keys,
            Self::SigningKeyUnknown { .. } => Check::SigningKey,
            Self::TokenSignatureInvalid { .. } => Check::Signature,
            Self::TokenClaimMissing { .. } | Self::TokenClaimInvalid { .. } => Check::Claims,
            Self::TokenExpired { .. }
            | Self::TokenNotYetValid { .. }
            | Self::TokenLifetimeTooLong => Check::Lifetime,
            Self::TokenIssuerMismatch | Self::TenantMismatch => Check::Issuer,
            Self::TokenVersionUnsupported => Check::Version,
            Self::TokenAudienceMismatch => Check::Audience,
            Self::AppOnlyNotAllowed | Self::DelegatedNotAllowed => Check::TokenKind,
            Self::ClientAppNotAllowed { .. } | Self::SubjectAppMismatch => Check::Client,
            Self::TenantNotAllowed { .. } => Check::Tenant,
            Self::ScopeMissing { .. } | Self::AppRoleMissing { .. } => Check::Permissions,
            Self::ClaimsChallengeRequired { .. }
            | Self::StepUpUnsupportedByClient { .. }
            | Self::StepUpRequired { .. } => Check::AuthenticationContext,
        }
    }

    /// Who can do something about it.
    #[must_use]
    pub fn actor(&self) -> Actor {
        match self {
            Self::CredentialsMissing
            | Self::AuthSchemeUnsupported
            | Self::AuthHeaderMalformed
            | Self::AuthHeaderDuplicated
            | Self::SubjectTokenRequired
            | Self::SubjectAppMismatch
            | Self::TenantHeaderInvalid
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
            | Self::TokenLifetimeTooLong
            | Self::AppOnlyNotAllowed
            | Self::DelegatedNotAllowed
            | Self::StepUpUnsupportedByClient { .. }
            | Self::MethodNotFound => Actor::ClientDeveloper,
            Self::TokenExpired { .. } | Self::TokenNotYetValid { .. } => Actor::Client,
            Self::ScopeMissing { .. }
            | Self::ClaimsChallengeRequired { .. }
            | Self::StepUpRequired { .. } => Actor::User,
            Self::AppRoleMissing { .. } => Actor::TenantAdministrator,
            Self::TenantNotAllowed { .. }
            | Self::ClientAppNotAllowed { .. }
            | Self::MethodPolicyMissing
            | Self::SigningKeysUnavailable { .. } => Actor::Operator,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Check;

    #[test]
    fn the_list_of_checks_is_complete_and_in_order() {
        assert!(Check::ALL.is_sorted_by(|one, next| one < next));
        assert_eq!(Check::ALL.last(), Some(&Check::AuthenticationContext));
        assert_eq!(Check::ALL.len(), Check::AuthenticationContext as usize + 1);
    }

    #[test]
    fn every_check_has_a_name_and_a_description_of_its_own() {
        let names: HashSet<_> = Check::ALL.map(Check::name).into();
        let descriptions: HashSet<_> = Check::ALL.map(Check::description).into();
        assert_eq!(names.len(), Check::ALL.len());
        assert_eq!(descriptions.len(), Check::ALL.len());
    }
}
