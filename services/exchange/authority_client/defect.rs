//! What is wrong with an answer that makes no sense, for operators. No variant holds a byte of it.

/// Why nothing of an answer was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::exchange) enum Defect {
    #[error("the authority redirects")]
    Redirected,
    #[error("the status is neither a success nor an error")]
    Status,
    #[error("the answer has a content encoding that was not asked for")]
    Encoded,
    #[error("the answer is larger than the limit")]
    TooLarge,
    #[error("the answer is not the JSON of a token endpoint")]
    Malformed,
    #[error("a success names an error")]
    ErrorWithSuccess,
    #[error("the token type is not Bearer")]
    TokenType,
    #[error("a token is missing, too long or not of visible characters")]
    Token,
    #[error("the token's life is missing or beyond reason")]
    ExpiresIn,
    #[error("a scope that was asked for is not granted")]
    Scope,
    #[error("the refresh token is missing")]
    NoRefreshToken,
    #[error("the claims are not one JSON object of at most 8 KiB")]
    Claims,
    #[error("the discovery document is malformed")]
    DiscoveryMalformed,
    #[error("the discovery document is of another issuer")]
    IssuerMismatch,
    #[error("the discovery document points to a token endpoint at another origin")]
    EndpointElsewhere,
}

impl Defect {
    /// The value of `error.type`.
    pub(super) fn error_type(self) -> &'static str {
        match self {
            Self::Redirected => "redirected",
            Self::Status => "unexpected_status",
            Self::Encoded => "encoded",
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
            Self::ErrorWithSuccess => "error_with_success",
            Self::TokenType => "token_type",
            Self::Token => "token",
            Self::ExpiresIn => "expires_in",
            Self::Scope => "scope",
            Self::NoRefreshToken => "no_refresh_token",
            Self::Claims => "claims",
            Self::DiscoveryMalformed => "discovery_malformed",
            Self::IssuerMismatch => "issuer_mismatch",
            Self::EndpointElsewhere => "endpoint_elsewhere",
        }
    }
}
