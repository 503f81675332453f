//! The client of the authorities' token endpoints: one grant in, one answer out.
//!
//! Where a request goes is settled by configuration and the tenant alone, over HTTPS to the
//! authority's own origin, past no proxy and along no redirect. What comes back is believed whole
//! or not at all. Nothing is retried here but a client assertion that the authority holds to be out
//! of date, once; nothing is remembered but what proves who we are and where to ask.

mod address;
mod answer;
mod classification;
mod defect;
mod dialling;
mod discovery;
mod form;
mod refusal;
mod report;
mod told_time;
pub(super) mod transport;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use auth_interceptor::{Clock, Propagate, TenantId, Unpropagated};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderMap, StatusCode};
use reqwest::Url;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use self::address::{Addresses, TokenAddress};
use self::answer::{ScopeNames, token_response};
use self::classification::{Meaning, STALE_ASSERTION};
use self::defect::Defect;
use self::dialling::Dialling;
use self::refusal::{ErrorResponse, error_response};
pub use self::told_time::ClockSkew;
use self::told_time::ToldTime;
use self::transport::{Answered, CONNECT_TIMEOUT, ClientError, IDLE, NoAnswer, WatchedClient};
use super::credential::{AssertionUse, Credential, CredentialError, CredentialStatus, Proof};
use super::{
    AuthorityRefusal, ExchangeError, Grant, RefusalClass, Registration, TokenEndpoint,
    TokenResponse,
};
use crate::requests::{RequestObserver, Unobserved};
use crate::retry_after::retry_after;

pub(super) use self::answer::{Seconds, is_token};

/// What the authority may name a request by, in its own log.
const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");

/// The token endpoints of the configured authorities, asked as the configured registrations.
#[derive(Clone, Debug)]
pub struct AuthorityClient {
    applicants: Arc<HashMap<String, Arc<Applicant>>>,
}

/// What is configured cannot be used to ask an authority.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityClientError {
    /// The authority's url is not one that endpoints could be found below.
    #[error("the url of the authority {authority:?} is not an https url of a host and a path")]
    Url {
        /// The authority's configured name.
        authority: String,
    },
    /// The certificates to trust cannot be read.
    #[error("the root certificates of the authority {authority:?} are not PEM certificates")]
    RootCertificates {
        /// The authority's configured name.
        authority: String,
    },
    /// The HTTP client cannot be set up on this machine.
    #[error("the HTTP client cannot be set up")]
    Client,
    /// A managed identity would be asked for over the network in the clear.
    #[error(
        "the managed identity endpoint of the registration {registration:?} is neither https nor \
         on this machine"
    )]
    ManagedIdentityUrl {
        /// The registration's configured name.
        registration: String,
    },
}

/// A registration that has a credential, and whom it asks.
#[derive(Debug)]
struct Applicant {
    credential: Credential,
    authority: Arc<Asked>,
}

/// An authority that is asked.
#[derive(Debug)]
struct Asked {
    name: Arc<str>,
    client: WatchedClient,
    told: ToldTime,
    addresses: Addresses,
    scope_names: ScopeNames,
    assertion_use: AssertionUse,
    clock: Clock,
    propagate: Arc<dyn Propagate>,
    dialling: Dialling,
}

/// What is asked, and for whom.
struct Request<'a> {
    registration: &'a Registration,
    tenant: TenantId,
    grant: &'a Grant,
    deadline: Instant,
}

/// What an authority says.
enum Said {
    Yes(TokenResponse),
    No {
        response: ErrorResponse,
        retry_after: Option<Duration>,
    },
}

impl AuthorityClient {
    /// Makes the clients, one an authority, and reads the credentials; those that cannot be read
    /// yet are read later. Nothing is sent.
    ///
    /// # Errors
    ///
    /// See [`AuthorityClientError`].
    pub fn new<'r>(
        registrations: impl IntoIterator<Item = &'r Registration>,
        clock: &Clock,
    ) -> Result<Self, AuthorityClientError> {
        let unobserved = Arc::new(Unobserved) as _;
        let unpropagated = Arc::new(Unpropagated) as _;
        Self::watched(registrations, clock, &unobserved, &unpropagated)
    }

    /// As [`AuthorityClient::new`], with one who hears of each request, and one who says which
    /// authorities learn of the traces of requests.
    ///
    /// # Errors
    ///
    /// See [`AuthorityClientError`].
    pub fn watched<'r>(
        registrations: impl IntoIterator<Item = &'r Registration>,
        clock: &Clock,
        observer: &Arc<dyn RequestObserver>,
        propagate: &Arc<dyn Propagate>,
    ) -> Result<Self, AuthorityClientError> {
        let mut authorities: HashMap<&str, Arc<Asked>> = HashMap::new();
        let mut applicants = HashMap::new();
        for registration in registrations {
            let Some(source) = &registration.credential else {
                continue;
            };
            let authority = &registration.authority;
            let asked = match authorities.get(authority.name.as_str()) {
                Some(asked) => Arc::clone(asked),
                None => {
                    let asked = Arc::new(Asked::new(authority, clock, observer, propagate)?);
                    authorities.insert(&authority.name, Arc::clone(&asked));
                    asked
                }
            };
            let credential = Credential::open(
                &registration.name,
                source,
                asked.assertion_use,
                clock.clone(),
                observer,
            )
            .map_err(|_| AuthorityClientError::ManagedIdentityUrl {
                registration: registration.name.clone(),
            })?;
            let applicant = Applicant {
                credential,
                authority: asked,
            };
            applicants.insert(registration.name.clone(), Arc::new(applicant));
        }
        Ok(Self {
            applicants: Arc::new(applicants),
        })
    }

    /// What the credential of the registration of this name is and when it ends; none where it has
    /// no credential.
    ///
    /// # Errors
    ///
    /// It cannot be used.
    #[must_use]
    pub fn credential_status(
        &self,
        registration: &str,
    ) -> Option<Result<CredentialStatus, CredentialError>> {
        let applicant = self.applicants.get(registration)?;
        Some(applicant.credential.status())
    }

    /// How far the clock of each authority that has told its time is ahead of this machine's, and
    /// how long ago it told it.
    #[must_use]
    pub fn clock_skews(&self) -> BTreeMap<Arc<str>, ClockSkew> {
        let authorities = self.applicants.values().map(|one| &one.authority);
        authorities
            .filter_map(|one| Some((Arc::clone(&one.name), one.told.skew(&one.clock)?)))
            .collect()
    }
}

impl TokenEndpoint for AuthorityClient {
    fn request(
        &self,
        registration: Arc<Registration>,
        tenant: TenantId,
        grant: Grant,
        patience: Duration,
    ) -> BoxFuture<'static, Result<TokenResponse, ExchangeError>> {
        let applicant = self.applicants.get(&registration.name).cloned();
        async move {
            let applicant = applicant.ok_or_else(|| no_credential(&registration))?;
            let request = Request {
                registration: &registration,
                tenant,
                grant: &grant,
                deadline: Instant::now() + patience,
            };
            timeout_at(request.deadline, applicant.ask(&request))
                .await
                .unwrap_or_else(|_| Err(applicant.authority.fault(NoAnswer::TimedOut)))
        }
        .boxed()
    }

    fn credential_version(&self, registration: &Registration) -> u64 {
        self.applicants
            .get(&registration.name)
            .map_or(0, |applicant| applicant.credential.version())
    }
}

fn no_credential(registration: &Registration) -> ExchangeError {
    ExchangeError::CredentialUnusable {
        registration: registration.name.as_str().into(),
    }
}

impl Applicant {
    async fn ask(&self, request: &Request<'_>) -> Result<TokenResponse, ExchangeError> {
        let authority = &*self.authority;
        let address = authority.token_endpoint(request).await?;
        let client_id = &request.registration.client_id;
        let unusable = |_| no_credential(request.registration);
        let proof = self
            .credential
            .proof(client_id, address.url.as_str())
            .await
            .map_err(unusable)?;
        let mut said = authority.ask(request, &address, &proof, 0).await?;
        if said.is_of_stale_assertion()
            && let Some(proof) = self
                .credential
                .renewed(&proof, client_id, address.url.as_str())
                .await
                .map_err(unusable)?
        {
            said = authority.ask(request, &address, &proof, 1).await?;
        }
        match said {
            Said::Yes(token) => Ok(token),
            Said::No {
                response,
                retry_after,
            } => Err(authority.refusal(request, response, retry_after)),
        }
    }
}

impl Said {
    fn is_of_stale_assertion(&self) -> bool {
        matches!(self, Self::No { response, .. }
            if response.meaning == Meaning::Refusal(RefusalClass::ClientCredential)
                && response.codes.contains(&STALE_ASSERTION))
    }
}

impl Asked {
    fn new(
        authority: &auth_interceptor::Authority,
        clock: &Clock,
        observer: &Arc<dyn RequestObserver>,
        propagate: &Arc<dyn Propagate>,
    ) -> Result<Self, AuthorityClientError> {
        let name = || authority.name.clone();
        let client = transport::https_client(authority.root_certificates_pem.as_deref()).map_err(
            |error| match error {
                ClientError::RootCertificates => {
                    AuthorityClientError::RootCertificates { authority: name() }
                }
                ClientError::Client => AuthorityClientError::Client,
            },
        )?;
        let addresses = Addresses::of(authority, clock.clone())
            .ok_or_else(|| AuthorityClientError::Url { authority: name() })?;
        let (scope_names, assertion_use) = match &addresses {
            Addresses::Entra { .. } => (ScopeNames::Entra, AssertionUse::Repeated),
            Addresses::Discovered(_) => (ScopeNames::AsAsked, AssertionUse::Once),
        };
        Ok(Self {
            name: authority.name.as_str().into(),
            client: WatchedClient::new(client, Arc::clone(observer)),
            told: ToldTime::default(),
            addresses,
            scope_names,
            assertion_use,
            clock: clock.clone(),
            propagate: Arc::clone(propagate),
            dialling: Dialling::default(),
        })
    }

    async fn token_endpoint(&self, request: &Request<'_>) -> Result<TokenAddress, ExchangeError> {
        self.addresses
            .token_endpoint(&self.client, request.tenant, request.deadline)
            .await
            .map_err(|reason| {
                report::undiscovered(&self.name, reason);
                self.fault(reason)
            })
    }

    /// Sends one request.
    async fn ask(
        &self,
        request: &Request<'_>,
        address: &TokenAddress,
        proof: &Proof,
        resend: u32,
    ) -> Result<Said, ExchangeError> {
        let form = form::form(request.grant, &request.registration.client_id, proof);
        let resource = request.grant.scopes().resource();
        let span = report::span(&self.name, address, resource, resend);
        let sent = self
            .client
            .post(&address.url)
            .headers(span.in_scope(|| self.traced(&address.url)))
            .header(CLIENT_REQUEST_ID, &Uuid::new_v4().to_string())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form::body(&form));
        let mut dial = self.dialling.turn(CONNECT_TIMEOUT).await;
        let answered = transport::send(sent, request.deadline, |status, version| {
            report::status(&span, status, version);
            self.dialling.answered(IDLE);
            drop(dial.take());
        })
        .await;
        if let Ok(answered) = &answered {
            self.told.note(&answered.headers);
        }
        let said = answered.and_then(|answered| {
            self.read(request.grant, &answered)
                .map_err(NoAnswer::Unusable)
        });
        match &said {
            Ok(Said::Yes(_)) => {}
            Ok(Said::No { response, .. }) => report::refused(&span, response),
            Err(reason) => report::unanswered(&span, &self.name, *reason),
        }
        said.map_err(|reason| self.fault(reason))
    }

    /// What tells the authority of the current trace.
    fn traced(&self, url: &Url) -> HeaderMap {
        match (url.host_str(), url.port_or_known_default()) {
            (Some(host), Some(port)) => self.propagate.headers(host, port),
            _ => HeaderMap::new(),
        }
    }

    fn read(&self, grant: &Grant, answered: &Answered) -> Result<Said, Defect> {
        let status = answered.status;
        if status == StatusCode::OK {
            token_response(&answered.body, grant, self.scope_names).map(Said::Yes)
        } else if status.is_client_error() || status.is_server_error() {
            let response = error_response(status.as_u16(), &answered.headers, &answered.body)?;
            let retry_after = retry_after(&answered.headers, Some(self.clock.now()));
            Ok(Said::No {
                response,
                retry_after,
            })
        } else {
            Err(Defect::Status)
        }
    }

    fn refusal(
        &self,
        request: &Request<'_>,
        response: ErrorResponse,
        retry_after: Option<Duration>,
    ) -> ExchangeError {
        let class = match response.meaning {
            Meaning::Refusal(class) => class,
            Meaning::Unavailable => {
                return ExchangeError::AuthorityUnavailable {
                    authority: Arc::clone(&self.name),
                    retry_after: retry_after.unwrap_or_default(),
                };
            }
        };
        let registration = request.registration;
        let client_id = &registration.client_id;
        ExchangeError::Refused(Arc::new(AuthorityRefusal {
            class,
            authority: Arc::clone(&self.name),
            authorization_uri: self.addresses.authorization(request.tenant),
            admin_consent_uri: self.addresses.admin_consent(request.tenant, client_id),
            registration: registration.name.as_str().into(),
            consent: registration.consent,
            tenant: request.tenant,
            scopes: Arc::clone(request.grant.scopes()),
            error: response.error,
            suberror: response.suberror,
            codes: response.codes,
            claims: response.claims,
            correlation_id: response.correlation_id,
            trace_id: response.trace_id,
            retry_after,
        }))
    }

    fn fault(&self, reason: NoAnswer) -> ExchangeError {
        let authority = Arc::clone(&self.name);
        match reason {
            NoAnswer::Unreachable | NoAnswer::Untrusted | NoAnswer::Interrupted => {
                ExchangeError::AuthorityUnavailable {
                    authority,
                    retry_after: Duration::ZERO,
                }
            }
            NoAnswer::TimedOut => ExchangeError::AuthorityTimeout {
                authority,
                retry_after: Duration::ZERO,
            },
            NoAnswer::Unusable(_) => ExchangeError::AuthorityResponseInvalid { authority },
        }
    }
}

#[cfg(test)]
mod tests;
