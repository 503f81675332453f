//! A token of the machine's managed identity, used as client assertion: no secret to keep at all.
//!
//! The endpoint is the instance metadata service's or one that speaks its protocol. It is the one
//! place that plain HTTP is spoken to, and only where no network lies between: to the link-local
//! address and to loopback.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use auth_interceptor::UnixSeconds;
use http::header::HeaderName;
use reqwest::{StatusCode, Url};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tracing::warn;

use super::{CredentialError, IdentityUrlError};
use crate::exchange::authority_client::transport::{NoAnswer, WatchedClient, bounded_client, send};
use crate::exchange::authority_client::{Seconds, is_token};
use crate::requests::RequestObserver;
use crate::secret::Secret;

const METADATA: HeaderName = HeaderName::from_static("metadata");
const API_VERSION: &str = "2018-02-01";
/// The audience of tokens that workload identity federation takes.
const RESOURCE: &str = "api://AzureADTokenExchange";
const INSTANCE_METADATA: [u8; 4] = [169, 254, 169, 254];
/// For one answer, to the last byte: the endpoint is on this machine.
const PATIENCE: Duration = Duration::from_secs(3);
/// A token is renewed this long before its end, or halfway if it lives less than twice that.
const MARGIN_SECONDS: u64 = 5 * 60;

/// The endpoint, and the token that it gave out last.
#[derive(Debug)]
pub(super) struct ManagedIdentity {
    registration: Box<str>,
    client: WatchedClient,
    address: Url,
    state: Mutex<State>,
    version: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    held: Option<Held>,
    /// Whether the last attempt failed: a fault that lasts is told once.
    failing: bool,
}

#[derive(Debug)]
struct Held {
    token: Secret,
    received_at: UnixSeconds,
    renew_at: UnixSeconds,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    expires_in: Option<Seconds>,
    expires_on: Option<Seconds>,
}

impl ManagedIdentity {
    pub(super) fn new(
        registration: &str,
        url: &str,
        client_id: Option<&str>,
        observer: &Arc<dyn RequestObserver>,
    ) -> Result<Self, IdentityUrlError> {
        let mut address = Url::parse(url).map_err(|_| IdentityUrlError)?;
        let is_plain = address.username().is_empty()
            && address.password().is_none()
            && address.query().is_none()
            && address.fragment().is_none();
        if !is_plain || !(address.scheme() == "https" || is_on_this_machine(&address)) {
            return Err(IdentityUrlError);
        }
        address
            .query_pairs_mut()
            .append_pair("api-version", API_VERSION)
            .append_pair("resource", RESOURCE);
        if let Some(client_id) = client_id {
            address
                .query_pairs_mut()
                .append_pair("client_id", client_id);
        }
        Ok(Self {
            registration: registration.into(),
            client: WatchedClient::new(
                bounded_client().build().map_err(|_| IdentityUrlError)?,
                Arc::clone(observer),
            ),
            address,
            state: Mutex::new(State::default()),
            version: AtomicU64::new(0),
        })
    }

    /// The token at hand, unless it is `stale` or near its end. Whoever comes while another is
    /// being asked for gets that one.
    pub(super) async fn token(
        &self,
        stale: Option<&Secret>,
        now: UnixSeconds,
    ) -> Result<Secret, CredentialError> {
        let mut state = self.state.lock().await;
        if let Some(held) = &state.held
            && (held.received_at..held.renew_at).contains(&now)
            && stale.is_none_or(|stale| stale.expose() != held.token.expose())
        {
            return Ok(held.token.clone());
        }
        match self.ask(now).await {
            Ok(received) => {
                let token = received.token.clone();
                *state = State {
                    held: Some(received),
                    failing: false,
                };
                self.version.fetch_add(1, Ordering::Relaxed);
                Ok(token)
            }
            Err(error_type) => {
                if !std::mem::replace(&mut state.failing, true) {
                    warn!(
                        name: "managed_identity_unavailable",
                        {
                            selvedge.registration.name = &*self.registration,
                            error.type = error_type
                        },
                        "the managed identity endpoint gives out no token",
                    );
                }
                Err(CredentialError::IdentityUnavailable)
            }
        }
    }

    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::Relaxed)
    }

    /// Asks once. The error is a value of `error.type`.
    async fn ask(&self, now: UnixSeconds) -> Result<Held, &'static str> {
        let request = self
            .client
            .get(&self.address)
            // A page that makes a browser or a proxy send requests cannot add it.
            .header(METADATA, "true");
        let answered = send(request, Instant::now() + PATIENCE, |_, _| ())
            .await
            .map_err(NoAnswer::error_type)?;
        if answered.status != StatusCode::OK {
            return Err("unexpected_status");
        }
        held(&answered.body, now).ok_or("malformed")
    }
}

fn held(body: &[u8], now: UnixSeconds) -> Option<Held> {
    let answer: Answer = serde_json::from_slice(body).ok()?;
    let token = Secret::new(answer.access_token);
    if !is_token(token.expose()) {
        return None;
    }
    let life = match (&answer.expires_in, &answer.expires_on) {
        (Some(life), _) => life.value()?,
        (None, Some(end)) => end.value()?.checked_sub(now)?,
        (None, None) => return None,
    };
    let margin = MARGIN_SECONDS.min(life / 2);
    Some(Held {
        token,
        received_at: now,
        renew_at: now.saturating_add(life - margin),
    })
}

/// Addresses, not names: a name can come to mean another machine.
fn is_on_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address: Result<IpAddr, _> = host.trim_matches(['[', ']']).parse();
    url.scheme() == "http"
        && address.is_ok_and(|address| {
            address.is_loopback() || address == IpAddr::from(INSTANCE_METADATA)
        })
}
