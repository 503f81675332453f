//! Reading an authority's documents: bounded in time and size, and never led elsewhere.

use std::borrow::Cow;
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, DATE, HeaderMap, RETRY_AFTER};
use reqwest::{Certificate, Client, Response, StatusCode, Url, Version};

use super::discovery::{Source, Sources};
use super::error::{KeyReadError, KeysStartError};
use super::set::KeySet;
use super::snapshot::KeySnapshot;
use crate::authority::{Algorithm, Authority};
use crate::clock::UnixSeconds;
use crate::observer::{Observer, SentRequest};
use crate::propagate::Propagate;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// For all documents of an authority together, to the last byte.
const READ_TIMEOUT: Duration = Duration::from_secs(3);
const MAX_DOCUMENT: usize = 1024 * 1024;
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);

/// Reads the documents of one authority.
pub(super) struct Fetcher {
    client: Client,
    sources: Sources,
    algorithms: Vec<Algorithm>,
    propagate: Arc<dyn Propagate>,
    observer: Arc<dyn Observer>,
}

/// What one read brought.
pub(super) struct Reading {
    pub(super) outcome: Result<KeySnapshot, KeyReadError>,
    pub(super) seen: Seen,
}

/// What the answers said beside their documents.
#[derive(Clone, Copy, Default)]
pub(super) struct Seen {
    /// The status of the last answer looked at, which is the one at fault if one is.
    pub(super) status: Option<u16>,
    /// The version of HTTP that it came by.
    pub(super) version: Option<&'static str>,
    /// How long the authority asks to be left alone.
    pub(super) retry_after: Option<Duration>,
    /// The authority's clock.
    pub(super) date: Option<UnixSeconds>,
}

impl Fetcher {
    pub(super) fn new(
        authority: &Authority,
        observer: Arc<dyn Observer>,
        propagate: Arc<dyn Propagate>,
    ) -> Result<Self, KeysStartError> {
        Ok(Self {
            client: client(authority)?,
            sources: Sources::of(authority)?,
            algorithms: authority.algorithms.clone(),
            observer,
            propagate,
        })
    }

    /// The documents.
    pub(super) fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Reads every document of the authority; unless all are usable, none is used.
    pub(super) async fn read(&self) -> Reading {
        match tokio::time::timeout(READ_TIMEOUT, self.read_all()).await {
            Ok(reading) => reading,
            Err(_) => Reading {
                outcome: Err(KeyReadError::TimedOut),
                seen: Seen::default(),
            },
        }
    }

    async fn read_all(&self) -> Reading {
        let read = async {
            match &self.sources {
                Sources::Oidc(source) => {
                    let (keys, seen) = self.read_keys(source).await?;
                    Ok((KeySnapshot::Oidc(keys), seen))
                }
                Sources::Entra { v1, v2 } => {
                    let ((v1, _), (v2, seen)) =
                        tokio::try_join!(self.read_keys(v1), self.read_keys(v2))?;
                    Ok((KeySnapshot::Entra { v1, v2 }, seen))
                }
            }
        };
        match read.await {
            Ok((snapshot, seen)) => Reading {
                outcome: Ok(snapshot),
                seen,
            },
            Err(Failure { error, seen }) => Reading {
                outcome: Err(error),
                seen,
            },
        }
    }

    async fn read_keys(&self, source: &Source) -> Result<(KeySet, Seen), Failure> {
        let (discovery, seen) = self.get(source.discovery.clone()).await?;
        let address = source
            .keys_address(&discovery)
            .map_err(|error| Failure { error, seen })?;
        let (document, seen) = self.get(address).await?;
        let keys = KeySet::admit(&document, &source.issuer, &self.algorithms).map_err(|error| {
            Failure {
                error: KeyReadError::Keys(error),
                seen,
            }
        })?;
        Ok((keys, seen))
    }

    async fn get(&self, address: Url) -> Result<(Vec<u8>, Seen), Failure> {
        let traced = match (address.host_str(), address.port_or_known_default()) {
            (Some(host), Some(port)) => self.propagate.headers(host, port),
            _ => HeaderMap::new(),
        };
        let mut asked = Asked::now(&*self.observer, &address);
        let response = self
            .client
            .get(address.clone())
            .headers(traced)
            .header(ACCEPT, "application/json")
            .header(ACCEPT_ENCODING, "identity")
            .send()
            .await
            .map_err(|error| Failure {
                error: asked.failed(unanswered(&error)),
                seen: Seen::default(),
            })?;
        let seen = Seen::in_answer(&response);
        asked.status = seen.status;
        let document = document(response).await.map_err(|error| Failure {
            error: asked.failed(error),
            seen,
        })?;
        asked.error_type = None;
        Ok((document, seen))
    }
}

struct Failure {
    error: KeyReadError,
    seen: Seen,
}

/// A request under way, which is told of when it has ended: one that is given up has timed out.
struct Asked<'a> {
    observer: &'a dyn Observer,
    address: &'a Url,
    began: Instant,
    status: Option<u16>,
    error_type: Option<&'static str>,
}

impl<'a> Asked<'a> {
    fn now(observer: &'a dyn Observer, address: &'a Url) -> Self {
        Self {
            observer,
            address,
            began: Instant::now(),
            status: None,
            error_type: Some("timeout"),
        }
    }

    fn failed(&mut self, error: KeyReadError) -> KeyReadError {
        self.error_type = match error.error_type() {
            Cow::Borrowed(word) => Some(word),
            // A status speaks for itself.
            Cow::Owned(_) => None,
        };
        error
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.observer.requested(&SentRequest {
            server: self.address.host_str().unwrap_or_default(),
            method: "GET",
            duration: self.began.elapsed(),
            status: self.status,
            error_type: self.error_type,
        });
    }
}

fn client(authority: &Authority) -> Result<Client, KeysStartError> {
    let mut client = Client::builder()
        .https_only(true)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .tls_version_min(reqwest::tls::Version::TLS_1_2)
        // An answer is decoded by no one, whatever another crate of the build turns on.
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .connect_timeout(CONNECT_TIMEOUT)
        // A connection serves the documents of one read; the next read is far away.
        .pool_idle_timeout(READ_TIMEOUT);
    if let Some(pem) = &authority.root_certificates_pem {
        let roots =
            Certificate::from_pem_bundle(pem).map_err(|_| KeysStartError::RootCertificates)?;
        if roots.is_empty() {
            return Err(KeysStartError::RootCertificates);
        }
        client = client.tls_certs_only(roots);
    }
    client.build().map_err(|_| KeysStartError::Client)
}

async fn document(mut response: Response) -> Result<Vec<u8>, KeyReadError> {
    let status = response.status();
    if status.is_redirection() {
        return Err(KeyReadError::Redirected);
    }
    if status != StatusCode::OK {
        return Err(KeyReadError::Status(status.as_u16()));
    }
    let encoded = response
        .headers()
        .get_all(CONTENT_ENCODING)
        .iter()
        .any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"));
    if encoded {
        return Err(KeyReadError::Encoded);
    }
    let mut document = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|_| KeyReadError::Interrupted)?
    {
        if document.len() + chunk.len() > MAX_DOCUMENT {
            return Err(KeyReadError::TooLarge);
        }
        document.extend_from_slice(&chunk);
    }
    Ok(document)
}

/// Why there is no answer: an operator mends a certificate elsewhere than an address.
fn unanswered(error: &reqwest::Error) -> KeyReadError {
    if is_from_tls(error) {
        KeyReadError::Untrusted
    } else if error.is_timeout() {
        KeyReadError::TimedOut
    } else if error.is_connect() {
        KeyReadError::Unreachable
    } else {
        KeyReadError::Interrupted
    }
}

/// An `io::Error` is not the source of what it wraps, so both ways down are taken.
fn is_from_tls(error: &(dyn Error + 'static)) -> bool {
    let wrapped = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    error.is::<rustls::Error>()
        || wrapped.is_some_and(|wrapped| is_from_tls(wrapped))
        || error.source().is_some_and(is_from_tls)
}

impl Seen {
    fn in_answer(response: &Response) -> Self {
        let (status, headers) = (response.status(), response.headers());
        let date = time_in(headers, DATE);
        let asks = matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
        );
        Self {
            status: Some(status.as_u16()),
            version: match response.version() {
                Version::HTTP_2 => Some("2"),
                Version::HTTP_11 => Some("1.1"),
                _ => None,
            },
            retry_after: asks
                .then(|| retry_after(headers, date))
                .flatten()
                .map(|wait| wait.min(MAX_RETRY_AFTER)),
            date,
        }
    }
}

/// RFC 9110 section 10.2.3: seconds, or a time, which is measured by the authority's own clock.
fn retry_after(headers: &HeaderMap, date: Option<UnixSeconds>) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are a long time all the same.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let until = time_in(headers, RETRY_AFTER)?;
    Some(Duration::from_secs(until.saturating_sub(date?)))
}

fn time_in(headers: &HeaderMap, name: http::HeaderName) -> Option<UnixSeconds> {
    let time = httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()?;
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    Some(since.as_secs())
}
