//! What an operator configures: who may issue tokens, and for which registrations.

use std::str::FromStr;
use std::time::Duration;

use crate::identity::TenantId;
use crate::issuer::IssuerTemplate;

/// An issuer of tokens.
#[derive(Clone, Debug)]
pub struct Authority {
    /// The name that registrations, logs and metrics use.
    pub name: String,
    /// The origin and path that discovery documents are found below, for example
    /// `https://login.microsoftonline.com`; always `https`.
    pub url: String,
    /// How the authority writes its tokens.
    pub kind: AuthorityKind,
    /// The signature algorithms accepted from it.
    pub algorithms: Vec<Algorithm>,
    /// Certificates (PEM) trusted for it instead of the machine's; none: the machine's.
    pub root_certificates_pem: Option<Vec<u8>>,
}

impl Authority {
    /// Entra ID in the public cloud, for users of `tenants`, with RS256 signatures.
    ///
    /// ```
    /// use auth_interceptor::{Authority, AuthorityKind, IssuerTemplate};
    ///
    /// let tenant = "0f8fad5b-d9cb-469f-a165-70867728950e".parse()?;
    /// let public = Authority::entra("entra", vec![tenant]);
    ///
    /// let government = Authority {
    ///     url: "https://login.microsoftonline.us".to_owned(),
    ///     kind: AuthorityKind::Entra {
    ///         issuer_v1: IssuerTemplate::new("https://sts.windows.net/{tenantid}/"),
    ///         issuer_v2: IssuerTemplate::new("https://login.microsoftonline.us/{tenantid}/v2.0"),
    ///         tenants: vec![tenant],
    ///     },
    ///     ..public
    /// };
    /// # let _ = government;
    /// # Ok::<(), auth_interceptor::NotAGuid>(())
    /// ```
    #[must_use]
    pub fn entra(name: &str, tenants: Vec<TenantId>) -> Self {
        Self {
            name: name.to_owned(),
            url: "https://login.microsoftonline.com".to_owned(),
            kind: AuthorityKind::Entra {
                issuer_v1: IssuerTemplate::new("https://sts.windows.net/{tenantid}/"),
                issuer_v2: IssuerTemplate::new("https://login.microsoftonline.com/{tenantid}/v2.0"),
                tenants,
            },
            algorithms: vec![Algorithm::Rs256],
            root_certificates_pem: None,
        }
    }
}

/// How an authority writes its tokens.
#[derive(Clone, Debug)]
pub enum AuthorityKind {
    /// Microsoft Entra ID, token versions 1.0 and 2.0.
    Entra {
        /// The issuer of version 1.0 tokens, with `{tenantid}`.
        issuer_v1: IssuerTemplate,
        /// The issuer of version 2.0 tokens, with `{tenantid}`.
        issuer_v2: IssuerTemplate,
        /// The tenants whose users may call. Never empty.
        tenants: Vec<TenantId>,
    },
    /// An OpenID provider that issues RFC 9068 access tokens.
    Oidc {
        /// The `iss` of its tokens and of its discovery document.
        issuer: IssuerTemplate,
        /// The tenant its users belong to here; no claim can change it.
        tenant: TenantId,
    },
}

/// A signature algorithm (RFC 7518 section 3.1). There is no `none` and no HMAC to configure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
}

impl Algorithm {
    /// The `alg` value, compared exactly.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
        }
    }
}

/// The name is not of a signature algorithm that is accepted here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected RS256, PS256 or ES256")]
pub struct UnsupportedAlgorithm;

impl FromStr for Algorithm {
    type Err = UnsupportedAlgorithm;

    /// Reads an `alg` value; its names are the field's own, and case matters.
    fn from_str(name: &str) -> Result<Self, UnsupportedAlgorithm> {
        use jsonwebtoken::Algorithm as Named;
        match name.parse().map_err(|_| UnsupportedAlgorithm)? {
            Named::RS256 => Ok(Self::Rs256),
            Named::PS256 => Ok(Self::Ps256),
            Named::ES256 => Ok(Self::Es256),
            // No HMAC: its key would be the verifier's as well as the signer's.
            _ => Err(UnsupportedAlgorithm),
        }
    }
}

/// An application whose tokens are accepted: the audience of the calls.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The name that configuration and logs use.
    pub name: String,
    /// The name of the authority that issues its tokens.
    pub authority: String,
    /// The application (client) id: the only `aud` accepted from Entra in a version 2.0 token.
    pub client_id: String,
    /// The Application ID URIs accepted as `aud` in a version 1.0 token, exactly as written.
    pub audiences_v1: Vec<String>,
    /// The `aud` values accepted in an RFC 9068 token, exactly as written.
    pub audiences: Vec<String>,
    /// The tenant that owns the registration: the only one whose app tokens are believed.
    pub publisher_tenant: Option<TenantId>,
    /// Client applications that may call at all; empty: any.
    pub allowed_clients: Vec<String>,
    /// Client applications that count as able to answer a claims challenge (`xms_cc` = `cp1`)
    /// although their tokens do not say so.
    pub claims_capable_clients: Vec<String>,
}

impl Registration {
    /// An application of `authority` that any client may call: version 2.0 tokens with its client
    /// id as their audience. Every other list starts empty.
    #[must_use]
    pub fn new(name: &str, authority: &str, client_id: &str) -> Self {
        Self {
            name: name.to_owned(),
            authority: authority.to_owned(),
            client_id: client_id.to_owned(),
            audiences_v1: Vec::new(),
            audiences: Vec::new(),
            publisher_tenant: None,
            allowed_clients: Vec::new(),
            claims_capable_clients: Vec::new(),
        }
    }
}

/// Bounds and times of the key life cycle.
#[derive(Clone, Debug)]
pub struct KeySettings {
    /// How often keys are read again while all is well.
    pub refresh: Duration,
    /// How long an unknown key id may not cause another read.
    pub unknown_kid_cooldown: Duration,
    /// How long the last good keys serve while the authority cannot be read.
    pub last_known_good: Duration,
}

impl Default for KeySettings {
    fn default() -> Self {
        Self {
            refresh: Duration::from_secs(60 * 60),
            unknown_kid_cooldown: Duration::from_secs(5 * 60),
            last_known_good: Duration::from_secs(24 * 60 * 60),
        }
    }
}
