//! The one client behind all downstream calls: how a call gets its token, is tried, and is tried
//! again where that can help and do no harm.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use auth_interceptor::Propagate;
use backon::{BackoffBuilder as _, ExponentialBuilder};
use reqwest::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, HeaderMap, HeaderValue};
use reqwest::{Certificate, Client, Method, Response};
use tracing::{Instrument as _, Span, field, info_span, record_all, warn};

use super::call::{Answer, Call};
use super::credentials::{Credentials, OnBehalfOf};
use super::error::{DownstreamError, FailedCall};
use super::failure::{self, Failure};
use super::scopes::STORAGE;
use super::settings::{DownstreamSettings, DownstreamStartError};
use crate::exchange::Freshness;
use crate::requests::{RequestObserver, UnderWay};
use crate::telemetry::names::http_version;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// The largest document of an answer.
const MAX_DOCUMENT: usize = 1024 * 1024;
/// How much of an error's body is looked at.
const MAX_ERROR: usize = 64 * 1024;
/// The longest pause before a second try, which is as random as it may be.
const PAUSE: Duration = Duration::from_millis(100);

/// The HTTP client of all downstream calls.
#[derive(Debug)]
pub(super) struct Http {
    client: Client,
    propagate: Arc<dyn Propagate>,
    answer_timeout: Duration,
    idle_timeout: Duration,
    observer: Arc<dyn RequestObserver>,
}

impl Http {
    pub(super) fn new(settings: &DownstreamSettings) -> Result<Self, DownstreamStartError> {
        let mut client = Client::builder()
            .https_only(true)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .tls_version_min(reqwest::tls::Version::TLS_1_2)
            // A file's bytes are the file's, whatever another crate of the build turns on.
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .connect_timeout(CONNECT_TIMEOUT);
        if let Some(pem) = &settings.root_certificates_pem {
            let roots = Certificate::from_pem_bundle(pem)
                .ok()
                .filter(|roots| !roots.is_empty())
                .ok_or(DownstreamStartError::RootCertificates)?;
            client = client.tls_certs_only(roots);
        }
        Ok(Self {
            client: client.build().map_err(DownstreamStartError::Client)?,
            propagate: Arc::clone(&settings.propagate),
            answer_timeout: settings.answer_timeout,
            idle_timeout: settings.idle_timeout,
            observer: Arc::clone(&settings.observer),
        })
    }

    /// How long a streamed body may stand still.
    pub(super) fn idle_timeout(&self) -> Duration {
        self.idle_timeout
    }

    /// Makes a call, and makes of its answer what it means.
    ///
    /// A token that is rejected is forgotten. Without a claims challenge, one fresh token is tried;
    /// with one, only the user can help. A server's fault is tried once more where that does no
    /// harm, the call has the time, and the server has not named a pause of its own. If the second
    /// try then finds the work of another, that may be the first one's: nobody is blamed for it.
    pub(super) async fn send(
        &self,
        on_behalf_of: &OnBehalfOf,
        call: &Call,
    ) -> Result<Answer, DownstreamError> {
        let mut pauses = ExponentialBuilder::new()
            .with_min_delay(PAUSE / 2)
            .with_jitter()
            .with_max_times(1)
            .build();
        let mut credentials = on_behalf_of
            .credentials(call.scheme, &call.scopes, on_behalf_of.freshness())
            .await?;
        let mut is_fresh = false;
        let mut resends = 0_u32;
        let mut may_be_done = false;
        loop {
            let failure = match self
                .attempt(on_behalf_of, call, &credentials, resends)
                .await
            {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            match failure {
                Failure::Final(DownstreamError::Overtaken(call)) if may_be_done => {
                    return Err(DownstreamError::Unavailable {
                        call,
                        retry_after: failure::UNAVAILABLE,
                    });
                }
                Failure::Final(error) => return Err(error),
                Failure::Unauthorized {
                    call: about,
                    claims,
                } => {
                    on_behalf_of.discard(&call.scopes, &credentials);
                    if let Some(claims) = claims {
                        return Err(DownstreamError::ClaimsChallenge {
                            call: about,
                            claims,
                        });
                    }
                    if is_fresh {
                        return Err(DownstreamError::Unauthorized(about));
                    }
                    is_fresh = true;
                    credentials = on_behalf_of
                        .credentials(call.scheme, &call.scopes, Freshness::Forced)
                        .await?;
                }
                Failure::Unavailable {
                    call: about,
                    retry_after,
                } => {
                    let pause = (call.repeatable && retry_after.is_none())
                        .then(|| pauses.next())
                        .flatten()
                        .filter(|pause| on_behalf_of.has_time_for(*pause));
                    let Some(pause) = pause else {
                        return Err(DownstreamError::Unavailable {
                            call: about,
                            retry_after: retry_after.unwrap_or(failure::UNAVAILABLE),
                        });
                    };
                    tokio::time::sleep(pause).await;
                    may_be_done = true;
                }
            }
            resends += 1;
        }
    }

    /// One request and its answer, in a span of its own.
    async fn attempt(
        &self,
        on_behalf_of: &OnBehalfOf,
        call: &Call,
        credentials: &Credentials,
        resends: u32,
    ) -> Result<Answer, Failure> {
        let span = span(call, resends);
        let limit = on_behalf_of
            .time_left()
            .map_or(self.answer_timeout, |left| left.min(self.answer_timeout));
        let server = call.url.host_str().unwrap_or_default();
        let method = method_name(&call.method);
        let mut under_way = UnderWay::begin(&*self.observer, server, method);
        let answer = tokio::time::timeout(limit, self.answer(call, credentials, &mut under_way))
            .instrument(span.clone())
            .await;
        answer.unwrap_or_else(|_| {
            span.in_scope(|| failed("timeout", &mut under_way));
            Err(Failure::unanswered(call.resource))
        })
    }

    /// What tells the receiver of the current trace.
    fn traced(&self, call: &Call) -> HeaderMap {
        match (call.url.host_str(), call.url.port_or_known_default()) {
            (Some(host), Some(port)) => self.propagate.headers(host, port),
            _ => HeaderMap::new(),
        }
    }

    async fn answer(
        &self,
        call: &Call,
        credentials: &Credentials,
        under_way: &mut UnderWay<'_>,
    ) -> Result<Answer, Failure> {
        let unanswered = |error: reqwest::Error, under_way: &mut UnderWay<'_>| {
            let error_type = if error.is_connect() {
                "connect"
            } else {
                "interrupted"
            };
            failed(error_type, under_way);
            Failure::unanswered(call.resource)
        };
        let Some(authorization) = credentials.header() else {
            return Err(Failure::Unauthorized {
                call: FailedCall {
                    resource: call.resource,
                    error_code: None,
                    request_id: None,
                },
                claims: None,
            });
        };
        let mut request = self
            .client
            .request(call.method.clone(), call.url.clone())
            .headers(call.headers.clone())
            .headers(self.traced(call))
            .header(ACCEPT_ENCODING, "identity")
            .header(AUTHORIZATION, authorization);
        if !matches!(call.method, Method::GET | Method::HEAD) {
            // OneLake wants the length of nothing, too.
            request = request
                .header(CONTENT_LENGTH, HeaderValue::from(call.body.len()))
                .body(call.body.clone());
        }
        let sent = request.send().await;
        let mut response = sent.map_err(|error| unanswered(error, under_way))?;
        let status = response.status();
        under_way.answered(status.as_u16());
        under_way.ended(None);
        seen(call, &response);
        if !call.expected.contains(&status) {
            // An error whose body is too large or breaks off is an error all the same.
            let body = document(&mut response, MAX_ERROR).await;
            let body = body.ok().flatten().unwrap_or_default();
            tell(status.as_str());
            return Err(Failure::of(
                call.resource,
                status,
                response.headers(),
                &body,
            ));
        }
        let mut answer = Answer {
            resource: call.resource,
            status,
            headers: response.headers().clone(),
            body: Vec::new(),
            rest: None,
        };
        if call.streamed {
            answer.rest = Some(response);
            return Ok(answer);
        }
        match document(&mut response, MAX_DOCUMENT).await {
            Ok(Some(body)) => {
                answer.body = body;
                Ok(answer)
            }
            Ok(None) => {
                failed("too_large", under_way);
                Err(Failure::Final(answer.makes_no_sense()))
            }
            Err(error) => Err(unanswered(error, under_way)),
        }
    }
}

/// The whole body; none if it is larger than `limit`.
async fn document(
    response: &mut Response,
    limit: usize,
) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut document = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if document.len() + chunk.len() > limit {
            return Ok(None);
        }
        document.extend_from_slice(&chunk);
    }
    Ok(Some(document))
}

// === What operators see ===

/// The methods that are used here; a label is a word of this program.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "_OTHER",
    }
}

fn span(call: &Call, resends: u32) -> Span {
    info_span!(
        "downstream.call",
        otel.kind = "client",
        otel.status_code = field::Empty,
        http.request.method = call.method.as_str(),
        http.response.status_code = field::Empty,
        http.request.resend_count = (resends > 0).then_some(resends),
        url.full = display(ShownUrl(call)),
        url.template = call.template,
        network.protocol.version = field::Empty,
        server.address = call.url.host_str(),
        server.port = call.url.port_or_known_default(),
        error.type = field::Empty,
        selvedge.exchange.resource = call.scopes.resource(),
        selvedge.fabric.request_id = field::Empty,
        azure.service.request.id = field::Empty,
    )
}

/// The address of a call without its query, and without the name of a file or folder: that is the
/// user's, and only its template is told.
struct ShownUrl<'c>(&'c Call);

impl fmt::Display for ShownUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Call { url, template, .. } = self.0;
        write!(
            f,
            "{}://{}",
            url.scheme(),
            url.host_str().unwrap_or_default()
        )?;
        if let Some(port) = url.port() {
            write!(f, ":{port}")?;
        }
        match (template.ends_with("{path}"), url.path().find("/Files/")) {
            (true, Some(folder)) => {
                let shown = url.path().get(..folder).unwrap_or_default();
                write!(f, "{shown}/Files/REDACTED")
            }
            (true, None) => f.write_str("/REDACTED"),
            (false, _) => f.write_str(url.path()),
        }
    }
}

fn seen(call: &Call, response: &Response) {
    let span = Span::current();
    let id = failure::failed_call(call.resource, response.headers(), &[]).request_id;
    let (fabric, azure) = match call.resource {
        STORAGE => (None, id),
        _ => (id, None),
    };
    record_all!(
        span,
        http.response.status_code = response.status().as_u16(),
        network.protocol.version = http_version(response.version()),
        selvedge.fabric.request_id = fabric.as_deref(),
        azure.service.request.id = azure.as_deref(),
    );
}

/// There is no answer to use, whatever its status.
fn failed(error_type: &'static str, under_way: &mut UnderWay<'_>) {
    under_way.ended(Some(error_type));
    tell(error_type);
}

fn tell(error_type: &str) {
    let span = Span::current();
    record_all!(
        span,
        error.type = error_type,
        otel.status_code = "ERROR",
    );
    warn!(
        name: "downstream_call_failed",
        { error.type = error_type },
        "a downstream call has failed",
    );
}
