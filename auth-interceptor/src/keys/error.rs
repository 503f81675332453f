//! Why keys could not be read. No variant holds a byte of what was answered.

use std::borrow::Cow;

use super::set::KeySetError;

/// Why an authority's keys cannot be read at all: its configuration is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeysStartError {
    /// The url is not one that documents could be found below.
    #[error("the authority's url is not an https url of a host and a path")]
    Url,
    /// The certificates to trust cannot be read.
    #[error("the authority's root certificates are not PEM certificates")]
    RootCertificates,
    /// The HTTP client cannot be set up on this machine.
    #[error("the HTTP client cannot be set up")]
    Client,
}

/// Why one read of an authority's keys came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyReadError {
    // The authority cannot be reached or cannot answer.
    #[error("the authority cannot be reached")]
    Unreachable,
    #[error("the authority's certificate or TLS version is not accepted")]
    Untrusted,
    #[error("the authority did not answer in time")]
    TimedOut,
    #[error("the authority's answer broke off")]
    Interrupted,
    #[error("the authority answered with status {0}")]
    Status(u16),

    // The authority answers with what must not be used.
    #[error("the authority redirects")]
    Redirected,
    #[error("the answer has a content encoding that was not asked for")]
    Encoded,
    #[error("the answer is larger than the limit")]
    TooLarge,
    #[error("the discovery document is malformed")]
    DiscoveryMalformed,
    #[error("the discovery document is of another issuer")]
    IssuerMismatch,
    #[error("the discovery document points to keys at another origin")]
    KeysElsewhere,
    #[error("the key set is refused: {0}")]
    Keys(KeySetError),
}

impl KeyReadError {
    /// Whether an answer was there and was refused, which an operator must look into; otherwise
    /// it is an outage, which time may mend.
    pub(crate) fn is_rejection(self) -> bool {
        match self {
            Self::Unreachable
            | Self::Untrusted
            | Self::TimedOut
            | Self::Interrupted
            | Self::Status(_) => false,
            Self::Redirected
            | Self::Encoded
            | Self::TooLarge
            | Self::DiscoveryMalformed
            | Self::IssuerMismatch
            | Self::KeysElsewhere
            | Self::Keys(_) => true,
        }
    }

    /// The value of `error.type`: a closed set but for the status codes, which OpenTelemetry wants
    /// as they are.
    pub(crate) fn error_type(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Unreachable => "unreachable",
            Self::Untrusted => "untrusted",
            Self::TimedOut => "timeout",
            Self::Interrupted => "interrupted",
            Self::Status(status) => return Cow::Owned(status.to_string()),
            Self::Redirected => "redirected",
            Self::Encoded => "encoded",
            Self::TooLarge => "too_large",
            Self::DiscoveryMalformed => "discovery_malformed",
            Self::IssuerMismatch => "issuer_mismatch",
            Self::KeysElsewhere => "keys_elsewhere",
            Self::Keys(KeySetError::Malformed) => "key_set_malformed",
            Self::Keys(KeySetError::TooManyKeys) => "too_many_keys",
            Self::Keys(KeySetError::AmbiguousKeyId) => "ambiguous_key_id",
            Self::Keys(KeySetError::NoUsableKey) => "no_usable_key",
        })
    }
}
