//! An OpenID provider's discovery document (OpenID Connect Discovery 1.0 section 4).
//!
//! It is believed only if it names the configured issuer and keeps its token endpoint at the
//! authority's own origin, and not for ever. A failure to read it is not remembered.

use auth_interceptor::{Clock, UnixSeconds};
use reqwest::{StatusCode, Url};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use super::address::is_plain_https;
use super::defect::Defect;
use super::transport::{NoAnswer, WatchedClient, send};

/// How long a document is believed.
const MAX_AGE_SECONDS: u64 = 60 * 60;

/// Where a document is, whom it must name, and what it last said.
#[derive(Debug)]
pub(super) struct Discovery {
    document: Url,
    issuer: String,
    known: Mutex<Option<Known>>,
    clock: Clock,
}

#[derive(Debug)]
struct Known {
    token_endpoint: Url,
    read_at: UnixSeconds,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    token_endpoint: String,
}

impl Discovery {
    pub(super) fn new(document: Url, issuer: &str, clock: Clock) -> Self {
        Self {
            document,
            issuer: issuer.to_owned(),
            known: Mutex::new(None),
            clock,
        }
    }

    /// The token endpoint, from memory or from the document.
    pub(super) async fn token_endpoint(
        &self,
        client: &WatchedClient,
        deadline: Instant,
    ) -> Result<Url, NoAnswer> {
        // One reads; the others wait for what it reads.
        let mut known = timeout_at(deadline, self.known.lock())
            .await
            .map_err(|_| NoAnswer::TimedOut)?;
        let now = self.clock.now();
        if let Some(known) = &*known
            && (known.read_at..known.read_at.saturating_add(MAX_AGE_SECONDS)).contains(&now)
        {
            return Ok(known.token_endpoint.clone());
        }
        let token_endpoint = self.read(client, deadline).await?;
        *known = Some(Known {
            token_endpoint: token_endpoint.clone(),
            read_at: now,
        });
        Ok(token_endpoint)
    }

    async fn read(&self, client: &WatchedClient, deadline: Instant) -> Result<Url, NoAnswer> {
        let request = client.get(&self.document);
        let answered = send(request, deadline, |_, _| ()).await?;
        match answered.status {
            StatusCode::OK => {}
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                return Err(NoAnswer::Unreachable);
            }
            _ => return Err(NoAnswer::Unusable(Defect::Status)),
        }
        let document: Document = serde_json::from_slice(&answered.body)
            .map_err(|_| NoAnswer::Unusable(Defect::DiscoveryMalformed))?;
        if document.issuer != self.issuer {
            return Err(NoAnswer::Unusable(Defect::IssuerMismatch));
        }
        Url::parse(&document.token_endpoint)
            .ok()
            .filter(|url| is_plain_https(url) && url.origin() == self.document.origin())
            .ok_or(NoAnswer::Unusable(Defect::EndpointElsewhere))
    }
}
