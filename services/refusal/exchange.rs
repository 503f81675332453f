//! Refusals of an exchange: each says who has to act, and hands a front end what it needs to.

use std::time::Duration;

use auth_interceptor::Challenge;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{AuthChallenge, Reason, Refusal, bounded};
use crate::exchange::{
    AuthorityRefusal, ClaimsRequest, Consent, ExchangeError, LongRunningError, RefusalClass,
};
use crate::store::StoreError;

impl From<ExchangeError> for Refusal {
    fn from(error: ExchangeError) -> Self {
        let message = error.to_string();
        match error {
            ExchangeError::AppOnlyUnsupported => {
                Self::new(Reason::ExchangeAppOnlyUnsupported, message)
            }
            ExchangeError::ReceiverNotAllowed { client } => {
                Self::new(Reason::ClientAppNotAllowed, message)
                    .with_metadata("clientAppId", bounded(&client))
            }
            ExchangeError::ScopeNotAllowed { registration } => {
                Self::new(Reason::DownstreamScopeNotAllowed, message)
                    .with_metadata("registration", registration)
            }
            ExchangeError::CredentialUnusable { registration } => {
                Self::new(Reason::ClientCredentialInvalid, message)
                    .with_metadata("registration", registration)
            }
            ExchangeError::Refused(refusal) => refused(&refusal),
            ExchangeError::AuthorityUnavailable {
                authority,
                retry_after,
            } => Self::new(Reason::AuthorityUnavailable, message)
                .with_metadata("authority", authority)
                .retry_after(retry_after),
            ExchangeError::AuthorityTimeout {
                authority,
                retry_after,
            } => Self::new(Reason::AuthorityTimeout, message)
                .with_metadata("authority", authority)
                .retry_after(retry_after),
            ExchangeError::AuthorityResponseInvalid { authority } => {
                Self::new(Reason::AuthorityResponseInvalid, message)
                    .with_metadata("authority", authority)
            }
            ExchangeError::Overloaded { retry_after } => Self::overloaded(retry_after),
        }
    }
}

impl From<LongRunningError> for Refusal {
    fn from(error: LongRunningError) -> Self {
        let message = error.to_string();
        match error {
            LongRunningError::Exchange(error) => error.into(),
            // What the work acted with is gone: revoked, or its user forgotten. A new token begins
            // new work.
            LongRunningError::Store(StoreError::NotFound) => Self::new(
                Reason::SubjectTokenRejected,
                "nothing is kept any more that acts for the user",
            )
            .with_challenge(AuthChallenge {
                retryable: true,
                ..Default::default()
            }),
            LongRunningError::Store(error) => error.into(),
            LongRunningError::Sealed(_) | LongRunningError::NoKeys => {
                Self::new(Reason::SealingKeyUnavailable, message)
            }
        }
    }
}

/// How long to wait where the authority does not say: what it asks clients of loops to.
const PAUSE: Duration = Duration::from_secs(60);

fn refused(of: &AuthorityRefusal) -> Refusal {
    let refusal = match of.class {
        RefusalClass::Consent => consent_required(of),
        RefusalClass::Interaction => interaction_required(of),
        RefusalClass::Blocked => blocked(of),
        RefusalClass::SubjectRejected => refusal(Reason::SubjectTokenRejected, of)
            .with_challenge(AuthChallenge {
                retryable: true,
                ..Default::default()
            })
            .challenged(of, |challenge| challenge.with("error", "invalid_token")),
        RefusalClass::ClientCredential => refusal(Reason::ClientCredentialInvalid, of)
            .with_metadata("registration", &of.registration),
        RefusalClass::ClientUnauthorized => refusal(Reason::ClientUnauthorized, of)
            .with_metadata("tenantId", of.tenant)
            .consented_by_administrator(of),
        RefusalClass::ScopeInvalid => refusal(Reason::DownstreamScopeInvalid, of),
        RefusalClass::ResourceInvalid => refusal(Reason::DownstreamResourceInvalid, of)
            .with_metadata("resource", bounded(of.scopes.resource())),
        RefusalClass::Throttled => paused(Reason::AuthorityThrottled, of),
        RefusalClass::Loop => paused(Reason::AuthorityLoopDetected, of),
    };
    of.support(refusal)
}

/// The sentence of the class, with the number that people search for.
fn refusal(reason: Reason, of: &AuthorityRefusal) -> Refusal {
    let message = match of.code() {
        Some(code) => format!("{} (AADSTS{code})", of.class),
        None => of.class.to_string(),
    };
    Refusal::new(reason, message)
}

fn consent_required(of: &AuthorityRefusal) -> Refusal {
    let full = of.consent == Consent::Full;
    let scopes = of.scopes.iter().map(str::to_owned);
    refusal(Reason::ConsentRequired, of)
        .with_metadata("resource", bounded(of.scopes.resource()))
        .with_challenge(AuthChallenge {
            additional_scopes_to_consent: if full { Vec::new() } else { scopes.collect() },
            prompt_full_consent: full,
            retryable: true,
            ..Default::default()
        })
        .challenged(of, |challenge| {
            challenge
                .with("error", "insufficient_scope")
                .with("scope", of.scopes.as_str())
                .with("proposedAction", "consent")
        })
        .consented_by_administrator(of)
}

fn interaction_required(of: &AuthorityRefusal) -> Refusal {
    let claims = of.claims.as_ref().map_or("", ClaimsRequest::as_str);
    refusal(Reason::InteractionRequired, of)
        .with_challenge(AuthChallenge {
            claims_for_conditional_access_policy: claims.to_owned(),
            retryable: true,
            ..Default::default()
        })
        .challenged(of, |challenge| {
            if claims.is_empty() {
                return challenge.with("error", "invalid_token");
            }
            challenge
                .with("error", "insufficient_claims")
                .with("claims", &STANDARD.encode(claims))
        })
}

fn blocked(of: &AuthorityRefusal) -> Refusal {
    let refusal = refusal(Reason::BlockedByPolicy, of);
    match &of.claims {
        None => refusal,
        // The dialog explains; it cannot mend.
        Some(claims) => refusal.with_challenge(AuthChallenge {
            claims_for_conditional_access_policy: claims.as_str().to_owned(),
            retryable: false,
            ..Default::default()
        }),
    }
}

fn paused(reason: Reason, of: &AuthorityRefusal) -> Refusal {
    let delay = of.retry_after.unwrap_or(PAUSE);
    refusal(reason, of)
        .with_metadata("retryAfterS", delay.as_secs())
        .retry_after(delay)
}

impl Refusal {
    /// Adds the `www-authenticate` form of the challenge (RFC 6750 section 3).
    fn challenged(
        mut self,
        of: &AuthorityRefusal,
        parameters: impl FnOnce(Challenge) -> Challenge,
    ) -> Self {
        let mut challenge = Challenge::bearer(&of.tenant.to_string());
        if let Some(uri) = &of.authorization_uri {
            challenge = challenge.with("authorization_uri", uri);
        }
        self.www_authenticate = Some(parameters(challenge).into_text());
        self
    }

    fn consented_by_administrator(mut self, of: &AuthorityRefusal) -> Self {
        self.help = of
            .admin_consent_uri
            .as_ref()
            .map(|uri| ("A tenant administrator consents here", uri.to_string()));
        self
    }
}

impl AuthorityRefusal {
    /// Adds what support asks for.
    fn support(&self, mut refusal: Refusal) -> Refusal {
        if let Some(code) = self.code() {
            refusal = refusal.with_metadata("aadsts", code);
        }
        for (key, value) in [
            ("suberror", &self.suberror),
            ("correlationId", &self.correlation_id),
            ("authorityTraceId", &self.trace_id),
        ] {
            if let Some(value) = value {
                refusal = refusal.with_metadata(key, value);
            }
        }
        refusal
    }
}
