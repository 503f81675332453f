//! Where an authority's endpoints are: at its own origin, whatever a document says.

use std::sync::Arc;

use auth_interceptor::{Authority, AuthorityKind, Clock, TenantId, UnixSeconds};
use reqwest::{Client, StatusCode, Url};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use super::defect::Defect;
use super::transport::{NoAnswer, send};

/// How long a discovery document is believed.
const MAX_AGE_SECONDS: u64 = 60 * 60;

/// The addresses of one authority.
#[derive(Debug)]
pub(super) enum Addresses {
    /// Entra's, which differ by tenant alone.
    Entra {
        /// The authority's url, without a slash at its end.
        base: String,
    },
    /// Those that an OpenID provider's discovery document names.
    Discovered {
        /// Where the document is.
        document: Url,
        /// Whom it must name.
        issuer: String,
        /// The token endpoint, and when the document was read.
        known: Mutex<Option<(Url, UnixSeconds)>>,
        clock: Clock,
    },
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
            AuthorityKind::Entra { .. } => Self::Entra { base },
            AuthorityKind::Oidc { issuer, .. } => Self::Discovered {
                document: Url::parse(&format!("{base}/.well-known/openid-configuration")).ok()?,
                issuer: issuer.as_str().to_owned(),
                known: Mutex::new(None),
                clock,
            },
        })
    }

    /// The token endpoint for `tenant`. A failure to find it is not remembered.
    pub(super) async fn token_endpoint(
        &self,
        client: &Client,
        tenant: TenantId,
        deadline: Instant,
    ) -> Result<TokenAddress, NoAnswer> {
        match self {
            Self::Entra { base } => Ok(TokenAddress {
                url: Url::parse(&format!("{base}/{tenant}/oauth2/v2.0/token"))
                    .map_err(|_| NoAnswer::Unreachable)?,
                template: Some("/{tenant}/oauth2/v2.0/token"),
            }),
            Self::Discovered {
                document,
                issuer,
                known,
                clock,
            } => {
                // One reads; the others wait for what it reads.
                let mut known = timeout_at(deadline, known.lock())
                    .await
                    .map_err(|_| NoAnswer::TimedOut)?;
                let now = clock.now();
                if let Some((url, read_at)) = &*known
                    && (*read_at..read_at.saturating_add(MAX_AGE_SECONDS)).contains(&now)
                {
                    return Ok(TokenAddress::discovered(url));
                }
                let url = discover(client, document, issuer, deadline).await?;
                let address = TokenAddress::discovered(&url);
                *known = Some((url, now));
                Ok(address)
            }
        }
    }

    /// Where a user of `tenant` signs in: Entra's only, since no other is sent a user by a refusal.
    pub(super) fn authorization(&self, tenant: TenantId) -> Option<Arc<str>> {
        match self {
            Self::Entra { base } => Some(format!("{base}/{tenant}/oauth2/v2.0/authorize").into()),
            Self::Discovered { .. } => None,
        }
    }

    /// Where an administrator of `tenant` consents to the application.
    pub(super) fn admin_consent(&self, tenant: TenantId, client_id: &str) -> Option<Arc<str>> {
        match self {
            Self::Entra { base } => {
                let mut url = Url::parse(&format!("{base}/{tenant}/adminconsent")).ok()?;
                url.query_pairs_mut().append_pair("client_id", client_id);
                Some(String::from(url).into())
            }
            Self::Discovered { .. } => None,
        }
    }
}

impl TokenAddress {
    fn discovered(url: &Url) -> Self {
        Self {
            url: url.clone(),
            template: None,
        }
    }
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    token_endpoint: String,
}

/// Reads a discovery document (OpenID Connect Discovery 1.0 section 4). It is believed only if it
/// names the configured issuer and keeps its token endpoint at the authority's own origin.
async fn discover(
    client: &Client,
    address: &Url,
    issuer: &str,
    deadline: Instant,
) -> Result<Url, NoAnswer> {
    let answered = send(client.get(address.clone()), deadline, |_| ()).await?;
    match answered.status {
        StatusCode::OK => {}
        status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
            return Err(NoAnswer::Interrupted);
        }
        _ => return Err(NoAnswer::Unusable(Defect::Status)),
    }
    let document: Document = serde_json::from_slice(&answered.body)
        .map_err(|_| NoAnswer::Unusable(Defect::DiscoveryMalformed))?;
    if document.issuer != issuer {
        return Err(NoAnswer::Unusable(Defect::IssuerMismatch));
    }
    Url::parse(&document.token_endpoint)
        .ok()
        .filter(|endpoint| is_plain_https(endpoint) && endpoint.origin() == address.origin())
        .ok_or(NoAnswer::Unusable(Defect::EndpointElsewhere))
}

fn is_plain_https(url: &Url) -> bool {
    url.scheme() == "https"
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none()
}
