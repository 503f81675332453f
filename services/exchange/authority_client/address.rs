//! Where an authority's endpoints are: at its own origin, whatever a document says.

use std::sync::Arc;

use auth_interceptor::{Authority, AuthorityKind, Clock, TenantId};
use reqwest::Url;
use tokio::time::Instant;

use super::discovery::Discovery;
use super::transport::{NoAnswer, WatchedClient};

/// The addresses of one authority.
#[derive(Debug)]
pub(super) enum Addresses {
    /// Entra's, which differ by tenant alone.
    Entra {
        /// The authority's url, without a slash at its end.
        base: String,
        /// The same, read once for all requests.
        url: Box<Url>,
    },
    /// Those that an OpenID provider's discovery document names.
    Discovered(Box<Discovery>),
}

/// A token endpoint.
#[derive(Clone, Debug)]
pub(super) struct TokenAddress {
    pub(super) url: Url,
    /// The path without what differs between tenants.
    pub(super) template: Option<&'static str>,
}

impl Addresses {
    /// None where the authority's url is not an https url of a host and a path.
    pub(super) fn of(authority: &Authority, clock: Clock) -> Option<Self> {
        let base = authority.url.trim_end_matches('/').to_owned();
        let url = Url::parse(&base).ok().filter(is_plain_https)?;
        if url.query().is_some() {
            return None;
        }
        Some(match &authority.kind {
            AuthorityKind::Entra { .. } => Self::Entra {
                base,
                url: Box::new(url),
            },
            AuthorityKind::Oidc { issuer, .. } => {
                let document = format!("{base}/.well-known/openid-configuration");
                let document = Url::parse(&document).ok()?;
                Self::Discovered(Box::new(Discovery::new(document, issuer.as_str(), clock)))
            }
        })
    }

    /// The token endpoint for `tenant`.
    pub(super) async fn token_endpoint(
        &self,
        client: &WatchedClient,
        tenant: TenantId,
        deadline: Instant,
    ) -> Result<TokenAddress, NoAnswer> {
        match self {
            Self::Entra { url, .. } => {
                let mut url = Url::clone(url);
                let base = url.path().trim_end_matches('/');
                url.set_path(&format!("{base}/{tenant}/oauth2/v2.0/token"));
                Ok(TokenAddress {
                    url,
                    template: Some("/{tenant}/oauth2/v2.0/token"),
                })
            }
            Self::Discovered(discovery) => Ok(TokenAddress {
                url: discovery.token_endpoint(client, deadline).await?,
                template: None,
            }),
        }
    }

    /// Where a user of `tenant` signs in: at Entra only, since no other authority's users are sent
    /// there by a refusal.
    pub(super) fn authorization(&self, tenant: TenantId) -> Option<Arc<str>> {
        match self {
            Self::Entra { base, .. } => {
                Some(format!("{base}/{tenant}/oauth2/v2.0/authorize").into())
            }
            Self::Discovered(_) => None,
        }
    }

    /// Where an administrator of `tenant` consents to the application.
    pub(super) fn admin_consent(&self, tenant: TenantId, client_id: &str) -> Option<Arc<str>> {
        match self {
            Self::Entra { base, .. } => {
                let mut url = Url::parse(&format!("{base}/{tenant}/adminconsent")).ok()?;
                url.query_pairs_mut().append_pair("client_id", client_id);
                Some(String::from(url).into())
            }
            Self::Discovered(_) => None,
        }
    }
}

/// Whether the url says where to go and nothing about who goes there.
pub(super) fn is_plain_https(url: &Url) -> bool {
    url.scheme() == "https"
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none()
}
