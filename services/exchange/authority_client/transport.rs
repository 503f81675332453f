//! The HTTP connection to an authority: bounded in time and size, and never led elsewhere.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap, HeaderName};
use reqwest::{
    Certificate, Client, ClientBuilder, RequestBuilder, Response, StatusCode, Url, Version,
};
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use super::defect::Defect;
use crate::requests::{RequestObserver, UnderWay};

/// How long a connection may take to be there.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a connection that nobody uses is kept.
pub(super) const IDLE: Duration = Duration::from_secs(30);
/// When an HTTP/2 connection that has gone silent is asked for a sign of life, and how long that
/// may take: requests share it, and a dead one would fail them all.
const SILENCE: Duration = Duration::from_secs(2);
/// The largest answer, in bytes.
const MAX_BODY: usize = 1024 * 1024;

/// Why there is no answer to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::exchange) enum NoAnswer {
    /// No connection.
    Unreachable,
    /// The other side is not whom it should be.
    Untrusted,
    /// The connection ended before the answer did.
    Interrupted,
    /// The answer did not come, or not all of it, in time.
    TimedOut,
    /// An answer came that must not be used.
    Unusable(Defect),
}

impl NoAnswer {
    /// The value of `error.type`.
    pub(in crate::exchange) fn error_type(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Untrusted => "untrusted",
            Self::Interrupted => "interrupted",
            Self::TimedOut => "timeout",
            Self::Unusable(defect) => defect.error_type(),
        }
    }
}

/// An answer, all of it.
pub(in crate::exchange) struct Answered {
    pub(in crate::exchange) status: StatusCode,
    pub(in crate::exchange) headers: HeaderMap,
    /// It may hold tokens.
    pub(in crate::exchange) body: Zeroizing<Vec<u8>>,
}

/// The HTTP client cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientError {
    RootCertificates,
    Client,
}

/// A client for one authority, that trusts `root_certificates_pem` or else what the machine does.
pub(super) fn https_client(root_certificates_pem: Option<&[u8]>) -> Result<Client, ClientError> {
    let mut client = bounded_client()
        .https_only(true)
        .tls_version_min(reqwest::tls::Version::TLS_1_2)
        .http2_keep_alive_interval(SILENCE)
        .http2_keep_alive_timeout(SILENCE);
    if let Some(pem) = root_certificates_pem {
        let roots = Certificate::from_pem_bundle(pem).map_err(|_| ClientError::RootCertificates)?;
        if roots.is_empty() {
            return Err(ClientError::RootCertificates);
        }
        client = client.tls_certs_only(roots);
    }
    client.build().map_err(|_| ClientError::Client)
}

/// What every client here has in common: it goes where it is sent and nowhere else.
pub(in crate::exchange) fn bounded_client() -> ClientBuilder {
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        // An answer is decoded by no one, whatever another crate of the build turns on.
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE)
}

/// A client, and who hears of what it sends.
#[derive(Debug)]
pub(in crate::exchange) struct WatchedClient {
    client: Client,
    observer: Arc<dyn RequestObserver>,
}

impl WatchedClient {
    pub(in crate::exchange) fn new(client: Client, observer: Arc<dyn RequestObserver>) -> Self {
        Self { client, observer }
    }

    pub(in crate::exchange) fn get<'a>(&'a self, url: &'a Url) -> Sent<'a> {
        self.sent("GET", self.client.get(url.clone()), url)
    }

    pub(in crate::exchange) fn post<'a>(&'a self, url: &'a Url) -> Sent<'a> {
        self.sent("POST", self.client.post(url.clone()), url)
    }

    fn sent<'a>(&'a self, method: &'static str, request: RequestBuilder, url: &'a Url) -> Sent<'a> {
        Sent {
            request,
            method,
            url,
            observer: &*self.observer,
        }
    }
}

/// A request that is ready to be sent, and who hears of it.
pub(in crate::exchange) struct Sent<'a> {
    request: RequestBuilder,
    method: &'static str,
    url: &'a Url,
    observer: &'a dyn RequestObserver,
}

impl Sent<'_> {
    pub(in crate::exchange) fn header(mut self, name: impl Into<HeaderName>, value: &str) -> Self {
        self.request = self.request.header(name.into(), value);
        self
    }

    pub(in crate::exchange) fn headers(mut self, headers: HeaderMap) -> Self {
        self.request = self.request.headers(headers);
        self
    }

    pub(in crate::exchange) fn body(mut self, body: impl Into<reqwest::Body>) -> Self {
        self.request = self.request.body(body);
        self
    }
}

/// Sends the request and reads the answer, to the last byte before `deadline`. `status` hears of
/// the answer's status and version of HTTP, whatever becomes of the rest.
pub(in crate::exchange) async fn send(
    sent: Sent<'_>,
    deadline: Instant,
    status: impl FnOnce(StatusCode, Version),
) -> Result<Answered, NoAnswer> {
    let server = sent.url.host_str().unwrap_or_default();
    let mut under_way = UnderWay::begin(sent.observer, server, sent.method);
    let status = |answered: StatusCode, version| {
        under_way.answered(answered.as_u16());
        status(answered, version);
    };
    let answered = timeout_at(deadline, exchange(sent.request, status))
        .await
        .unwrap_or(Err(NoAnswer::TimedOut));
    let failure = answered.as_ref().err();
    under_way.ended(failure.map(|reason| reason.error_type()));
    answered
}

async fn exchange(
    request: RequestBuilder,
    status: impl FnOnce(StatusCode, Version),
) -> Result<Answered, NoAnswer> {
    let mut response = request
        .header(ACCEPT, "application/json")
        .header(ACCEPT_ENCODING, "identity")
        .send()
        .await
        .map_err(|error| unanswered(&error))?;
    status(response.status(), response.version());
    if response.status().is_redirection() {
        return Err(NoAnswer::Unusable(Defect::Redirected));
    }
    if is_encoded(&response) {
        return Err(NoAnswer::Unusable(Defect::Encoded));
    }
    let body = body(&mut response).await?;
    Ok(Answered {
        status: response.status(),
        headers: std::mem::take(response.headers_mut()),
        body,
    })
}

fn is_encoded(response: &Response) -> bool {
    response
        .headers()
        .get_all(CONTENT_ENCODING)
        .iter()
        .any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

async fn body(response: &mut Response) -> Result<Zeroizing<Vec<u8>>, NoAnswer> {
    let too_large = NoAnswer::Unusable(Defect::TooLarge);
    // A length that is announced is made room for at once: growing would leave copies behind.
    let length = response.content_length().unwrap_or_default();
    let length = usize::try_from(length).map_err(|_| too_large)?;
    if length > MAX_BODY {
        return Err(too_large);
    }
    let mut body = Zeroizing::new(Vec::with_capacity(length));
    while let Some(chunk) = response.chunk().await.map_err(|_| NoAnswer::Interrupted)? {
        if body.len() + chunk.len() > MAX_BODY {
            return Err(too_large);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Why there is no answer: an operator mends a certificate elsewhere than an address.
fn unanswered(error: &reqwest::Error) -> NoAnswer {
    if is_from_tls(error) {
        NoAnswer::Untrusted
    } else if error.is_connect() {
        NoAnswer::Unreachable
    } else {
        NoAnswer::Interrupted
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
