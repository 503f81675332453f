//! Which documents an authority is read from: its own, chosen by configuration alone.
//!
//! A discovery document (OpenID Connect Discovery 1.0 section 4) is believed only if it names the
//! configured issuer and keeps its keys at the authority's own origin.

use reqwest::Url;
use serde::Deserialize;

use super::error::{KeyReadError, KeysStartError};
use crate::authority::{Authority, AuthorityKind};
use crate::issuer::IssuerTemplate;

/// The discovery documents of an authority.
#[derive(Debug)]
pub(super) enum Sources {
    /// Entra's, for each token version, below `common`: the same for every tenant.
    Entra { v1: Source, v2: Source },
    /// The one of an OpenID provider.
    Oidc(Source),
}

/// A discovery document and the issuer it must name.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) discovery: Url,
    pub(super) issuer: IssuerTemplate,
}

impl Sources {
    pub(super) fn of(authority: &Authority) -> Result<Self, KeysStartError> {
        let source = |path: &str, issuer: &IssuerTemplate| {
            Ok(Source {
                discovery: below(&authority.url, path)?,
                issuer: issuer.clone(),
            })
        };
        Ok(match &authority.kind {
            AuthorityKind::Entra {
                issuer_v1,
                issuer_v2,
                ..
            } => Self::Entra {
                v1: source("common/.well-known/openid-configuration", issuer_v1)?,
                v2: source("common/v2.0/.well-known/openid-configuration", issuer_v2)?,
            },
            AuthorityKind::Oidc { issuer, .. } => {
                Self::Oidc(source(".well-known/openid-configuration", issuer)?)
            }
        })
    }

    /// Any of the documents' addresses: they share their origin.
    pub(super) fn address(&self) -> &Url {
        match self {
            Self::Entra { v1: source, .. } | Self::Oidc(source) => &source.discovery,
        }
    }

    /// The path of that document below the authority's url.
    pub(super) fn template(&self) -> &'static str {
        match self {
            Self::Entra { .. } => "/common/.well-known/openid-configuration",
            Self::Oidc(_) => "/.well-known/openid-configuration",
        }
    }
}

fn below(url: &str, path: &str) -> Result<Url, KeysStartError> {
    let url = Url::parse(&format!("{}/{path}", url.trim_end_matches('/')))
        .map_err(|_| KeysStartError::Url)?;
    // A query or fragment in the configured url would have swallowed the path.
    if is_plain_https(&url) && url.query().is_none() && url.path().ends_with(path) {
        Ok(url)
    } else {
        Err(KeysStartError::Url)
    }
}

fn is_plain_https(url: &Url) -> bool {
    url.scheme() == "https"
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none()
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl Source {
    /// Where the keys are, from the discovery document; refused before anything is sent there.
    pub(super) fn keys_address(&self, document: &[u8]) -> Result<Url, KeyReadError> {
        let document: Discovery =
            serde_json::from_slice(document).map_err(|_| KeyReadError::DiscoveryMalformed)?;
        if document.issuer != self.issuer.as_str() {
            return Err(KeyReadError::IssuerMismatch);
        }
        Url::parse(&document.jwks_uri)
            .ok()
            .filter(|keys| is_plain_https(keys) && keys.origin() == self.discovery.origin())
            .ok_or(KeyReadError::KeysElsewhere)
    }
}
