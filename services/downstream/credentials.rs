//! On whose behalf a call is made: where its tokens come from, and how they are presented.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use auth_interceptor::{SubjectToken, TenantId};
use futures_util::future::BoxFuture;
use reqwest::header::HeaderValue;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::error::DownstreamError;
use crate::exchange::{ExchangeRequest, Freshness, LongRunningSession, Scopes, TokenExchange};
use crate::secret::Secret;

/// The user of one verified call, as downstream APIs meet them.
pub struct OnBehalfOf {
    tokens: Box<dyn Tokens>,
    freshness: Freshness,
    deadline: Option<Instant>,
}

impl OnBehalfOf {
    /// The user whose token `subject` is. `freshness` is what the caller asked for; `deadline`, when
    /// the answer has to be there.
    #[must_use]
    pub fn new(
        exchange: Arc<TokenExchange>,
        subject: SubjectToken,
        freshness: Freshness,
        deadline: Option<Instant>,
    ) -> Self {
        let tokens = Box::new(Exchanging { exchange, subject });
        Self::with(tokens, freshness, deadline)
    }

    /// The user for whom long-running work goes on, whether or not they are there.
    #[must_use]
    pub fn for_long_running(exchange: Arc<TokenExchange>, session: LongRunningSession) -> Self {
        let tokens = Box::new(GoingOn { exchange, session });
        Self::with(tokens, Freshness::Remembered, None)
    }

    pub(super) fn with(
        tokens: Box<dyn Tokens>,
        freshness: Freshness,
        deadline: Option<Instant>,
    ) -> Self {
        Self {
            tokens,
            freshness,
            deadline,
        }
    }

    /// The user.
    pub(super) fn user(&self) -> User<'_> {
        self.tokens.user()
    }

    pub(super) fn freshness(&self) -> Freshness {
        self.freshness
    }

    /// How long the call may still take; none: as long as it needs.
    pub(super) fn time_left(&self) -> Option<Duration> {
        self.deadline
            .map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Whether the call outlives a pause.
    pub(super) fn has_time_for(&self, pause: Duration) -> bool {
        self.time_left().is_none_or(|left| pause < left)
    }

    pub(super) async fn credentials(
        &self,
        scheme: Scheme,
        scopes: &Arc<Scopes>,
        freshness: Freshness,
    ) -> Result<Credentials, DownstreamError> {
        let user = self.tokens.user_token(scopes, freshness);
        match scheme {
            Scheme::Bearer => Ok(Credentials {
                user: user.await?,
                application: None,
            }),
            Scheme::SubjectAndApp => {
                let application = self.tokens.application_token(scopes);
                // The user's refusal comes first: it is the one that the caller can act on.
                let (user, application) = futures_util::future::join(user, application).await;
                Ok(Credentials {
                    user: user?,
                    application: Some(application?),
                })
            }
        }
    }

    pub(super) fn discard(&self, scopes: &Arc<Scopes>, rejected: &Credentials) {
        self.tokens.discard(scopes, &rejected.user);
    }
}

impl fmt::Debug for OnBehalfOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnBehalfOf")
            .field("freshness", &self.freshness)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// A user, as one registration meets them.
pub(super) struct User<'t> {
    pub(super) registration: &'t str,
    pub(super) tenant: TenantId,
    pub(super) object_id: &'t str,
}

/// Tokens for downstream calls, all of them for the user of one verified call.
pub(super) trait Tokens: Send + Sync {
    /// The user.
    fn user(&self) -> User<'_>;

    /// A downstream token for the user.
    fn user_token<'a>(
        &'a self,
        scopes: &'a Arc<Scopes>,
        freshness: Freshness,
    ) -> BoxFuture<'a, Result<Secret, DownstreamError>>;

    /// The service's own token, to stand beside the user's.
    fn application_token<'a>(
        &'a self,
        scopes: &'a Arc<Scopes>,
    ) -> BoxFuture<'a, Result<Secret, DownstreamError>>;

    /// Forgets a user token that a downstream API has rejected.
    fn discard(&self, scopes: &Arc<Scopes>, rejected: &Secret);
}

/// Tokens from the exchange.
struct Exchanging {
    exchange: Arc<TokenExchange>,
    subject: SubjectToken,
}

impl Exchanging {
    fn request(&self, scopes: &Arc<Scopes>, freshness: Freshness) -> ExchangeRequest<'_> {
        ExchangeRequest {
            subject: &self.subject,
            scopes: Arc::clone(scopes),
            claims: None,
            freshness,
        }
    }
}

impl Tokens for Exchanging {
    fn user(&self) -> User<'_> {
        let claims = self.subject.claims();
        User {
            registration: claims.registration(),
            tenant: claims.tenant(),
            object_id: claims.object_id().as_str(),
        }
    }

    fn user_token<'a>(
        &'a self,
        scopes: &'a Arc<Scopes>,
        freshness: Freshness,
    ) -> BoxFuture<'a, Result<Secret, DownstreamError>> {
        Box::pin(async move {
            let request = self.request(scopes, freshness);
            let exchanged = self.exchange.exchange(&request).await?;
            Ok(exchanged.access_token)
        })
    }

    fn application_token<'a>(
        &'a self,
        scopes: &'a Arc<Scopes>,
    ) -> BoxFuture<'a, Result<Secret, DownstreamError>> {
        let registration = self.subject.claims().registration();
        Box::pin(async move {
            let token = self.exchange.application_token(registration, scopes);
            Ok(token.await?)
        })
    }

    fn discard(&self, scopes: &Arc<Scopes>, rejected: &Secret) {
        let request = self.request(scopes, Freshness::default());
        self.exchange.discard(&request, rejected);
    }
}

/// Tokens from the exchange for work that outlives its call.
struct GoingOn {
    exchange: Arc<TokenExchange>,
    session: LongRunningSession,
}

impl Tokens for GoingOn {
    fn user(&self) -> User<'_> {
        User {
            registration: &self.session.registration,
            tenant: self.session.owner.tenant(),
            object_id: self.session.owner.object_id(),
        }
    }

    /// One that was rejected is forgotten by then, so what is remembered is fresh enough.
    fn user_token<'a>(
        &'a self,
        scopes: &'a Arc<Scopes>,
        _: Freshness,
    ) -> BoxFuture<'a, Result<Secret, DownstreamError>> {
        Box::pin(async move {
            let exchange = &self.exchange;
            let exchanged = exchange.exchange_for_long_running(&self.session, scopes);
            Ok(exchanged.await?.access_token)
        })
    }

    fn application_token<'a>(
        &'a self,
        scopes: &'a Arc<Scopes>,
    ) -> BoxFuture<'a, Result<Secret, DownstreamError>> {
        Box::pin(async move {
            let registration = &self.session.registration;
            let token = self.exchange.application_token(registration, scopes);
            Ok(token.await?)
        })
    }

    fn discard(&self, scopes: &Arc<Scopes>, rejected: &Secret) {
        self.exchange
            .discard_for_long_running(&self.session, scopes, rejected);
    }
}

/// How an API wants to be shown tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    /// The user's token (RFC 6750 section 2.1).
    Bearer,
    /// `SubjectAndAppToken1.0`: the user's token and the service's own.
    SubjectAndApp,
}

/// What one call presents.
pub(super) struct Credentials {
    user: Secret,
    application: Option<Secret>,
}

impl Credentials {
    /// The value of `authorization`; none if a token is not fit for a header.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        let user = self.user.expose();
        let text = Zeroizing::new(match &self.application {
            None => format!("Bearer {user}"),
            Some(application) => {
                let application = application.expose();
                // A quote would end the value early, and nothing in the scheme escapes one.
                if user.contains('"') || application.contains('"') {
                    return None;
                }
                format!("SubjectAndAppToken1.0 subjectToken=\"{user}\", appToken=\"{application}\"")
            }
        });
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::Credentials;
    use crate::secret::Secret;

    fn header(user: &str, application: Option<&str>) -> Option<String> {
        let credentials = Credentials {
            user: Secret::new(user),
            application: application.map(Secret::new),
        };
        let value = credentials.header()?;
        assert!(value.is_sensitive());
        Some(value.to_str().unwrap().to_owned())
    }

    #[test]
    fn both_schemes_are_spelled_as_fabric_reads_them() {
        assert_eq!(header("eyJ.u", None).unwrap(), "Bearer eyJ.u");
        assert_eq!(
            header("eyJ.u", Some("eyJ.a")).unwrap(),
            r#"SubjectAndAppToken1.0 subjectToken="eyJ.u", appToken="eyJ.a""#
        );
    }

    #[test]
    fn a_token_that_would_change_the_header_is_not_sent() {
        assert_eq!(header("eyJ\r\nx: y", None), None);
        assert_eq!(header("eyJ\", appToken=\"x", Some("eyJ.a")), None);
        assert_eq!(header("eyJ.u", Some("a\"b")), None);
    }
}
