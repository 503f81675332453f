//! One answer: a token, a refusal, and when either may be passed by.

use std::time::Duration;

use auth_interceptor::UnixSeconds;
use tokio::time::Instant;

use crate::exchange::moment::{Life, Moment};
use crate::exchange::{ExchangeError, Exchanged, Freshness, RefusalClass, TokenResponse, jitter};
use crate::secret::Secret;

/// How long before its end a token is not handed out any more: its receiver has to use it yet.
const MARGIN: Duration = Duration::from_secs(5 * 60);
/// The longest that a token is believed to live.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 60 * 60);
/// How often a caller may pass what is remembered.
const PASS_EVERY: Duration = Duration::from_secs(2);
/// How long one caller has for a refresh before the next may begin another.
const REFRESH_TIME: Duration = Duration::from_secs(30);

/// What is remembered of one request.
#[derive(Debug, Default)]
pub(super) struct Answer {
    token: Option<Token>,
    refusal: Option<Refusal>,
    passed_at: Option<Instant>,
}

#[derive(Debug)]
struct Token {
    exchanged: Exchanged,
    life: Life,
    refresh_at: Instant,
    /// Whether the last refresh failed.
    stale: bool,
}

#[derive(Debug)]
struct Refusal {
    error: ExchangeError,
    until: Instant,
}

/// A token that has just come in.
#[derive(Debug)]
pub(in crate::exchange) struct Fresh {
    pub(in crate::exchange) exchanged: Exchanged,
    /// When it was asked for.
    pub(in crate::exchange) asked_at: Moment,
    pub(in crate::exchange) expires_in: Duration,
    /// When the user's own token has ended for good; none: nothing hangs on one.
    pub(in crate::exchange) until: Option<UnixSeconds>,
}

impl Fresh {
    pub(in crate::exchange) fn of(
        response: TokenResponse,
        asked_at: Moment,
        until: Option<UnixSeconds>,
    ) -> Self {
        let expires_in = response.expires_in;
        Self {
            exchanged: Exchanged {
                access_token: response.access_token,
                expires_at: asked_at.wall.saturating_add(expires_in.as_secs()),
                granted_scopes: response.granted_scopes.into(),
                from_cache: false,
            },
            asked_at,
            expires_in,
            until,
        }
    }
}

/// What memory has for a request.
#[derive(Debug)]
pub(in crate::exchange) enum Found {
    /// A token that counts.
    Token {
        exchanged: Exchanged,
        /// This caller is to have it refreshed, for those to come.
        refresh: bool,
        /// It could not be refreshed so far.
        stale: bool,
    },
    /// The authority has refused a moment ago.
    Refused(ExchangeError),
    /// Nothing that may be served.
    Nothing {
        /// Something is there, and this caller may pass it by.
        passed: bool,
    },
}

impl Found {
    pub(in crate::exchange) const NOTHING: Self = Self::Nothing { passed: false };
}

impl Answer {
    pub(super) fn find(&mut self, freshness: Freshness, now: Moment) -> Found {
        self.token.take_if(|token| !token.life.stands(now));
        self.refusal.take_if(|refusal| refusal.until <= now.instant);
        let passable = match freshness {
            Freshness::Remembered => false,
            Freshness::Retry => self.token.is_none() && self.refusal.is_some(),
            Freshness::Forced => self.token.is_some() || self.refusal.is_some(),
        };
        if passable && self.pass(now.instant) {
            return Found::Nothing { passed: true };
        }
        if let Some(token) = &mut self.token {
            let refresh = token.refresh_at <= now.instant;
            if refresh {
                token.refresh_at = now.instant + REFRESH_TIME;
            }
            return Found::Token {
                exchanged: token.exchanged.clone(),
                refresh,
                stale: token.stale,
            };
        }
        match &self.refusal {
            Some(refusal) => Found::Refused(refusal.error_at(now.instant)),
            None => Found::NOTHING,
        }
    }

    /// Whether what is there may be passed by now.
    fn pass(&mut self, now: Instant) -> bool {
        let may = self
            .passed_at
            .is_none_or(|passed_at| passed_at + PASS_EVERY <= now);
        if may {
            self.passed_at = Some(now);
        }
        may
    }

    pub(super) fn succeed(&mut self, fresh: Fresh) {
        self.refusal = None;
        self.token = Token::new(fresh);
    }

    pub(super) fn refuse(&mut self, error: ExchangeError, now: Moment, lasts: Duration) {
        self.token = None;
        self.refusal = Some(Refusal {
            error,
            until: now.instant + lasts,
        });
    }

    pub(super) fn put_refresh_off(&mut self, until: Instant) {
        if let Some(token) = &mut self.token {
            token.refresh_at = until;
            token.stale = true;
        }
    }

    pub(super) fn discard(&mut self, rejected: &Secret) {
        self.token
            .take_if(|token| token.exchanged.access_token.expose() == rejected.expose());
    }

    /// When nothing of it counts any more.
    pub(super) fn end(&self) -> Option<Instant> {
        let token = self.token.as_ref().map(|token| token.life.deadline());
        let refusal = self.refusal.as_ref().map(|refusal| refusal.until);
        let passed = self.passed_at.map(|passed_at| passed_at + PASS_EVERY);
        token.max(refusal).max(passed)
    }

    /// The bytes that it occupies, what it points at included.
    pub(super) fn size(&self) -> usize {
        let token = self.token.as_ref().map_or(0, |token| {
            let scopes = token.exchanged.granted_scopes.iter();
            let scopes: usize = scopes.map(|scope| size_of::<String>() + scope.len()).sum();
            token.exchanged.access_token.expose().len() + scopes
        });
        let refusal = match self.refusal.as_ref().map(|refusal| &refusal.error) {
            Some(ExchangeError::Refused(refusal)) => {
                size_of_val(&**refusal)
                    + refusal
                        .claims
                        .as_ref()
                        .map_or(0, |claims| claims.as_str().len())
            }
            _ => 0,
        };
        // The key, and the room that a table keeps free.
        2 * (size_of::<Self>() + 32) + token + refusal
    }
}

impl Token {
    /// None if it would not outlast the answer that carries it.
    fn new(fresh: Fresh) -> Option<Self> {
        let life = fresh.expires_in.min(LONGEST_LIFE);
        let margin = MARGIN.min(life / 5);
        let lasts = match fresh.until {
            None => life - margin,
            Some(until) => {
                let left = until.saturating_sub(fresh.asked_at.wall);
                Duration::from_secs(left).min(life - margin)
            }
        };
        // Somewhere from half to four fifths of its life, so that not all are refreshed at once.
        let refresh_in = life / 2 + jitter::within(life / 10 * 3);
        (!lasts.is_zero()).then(|| Self {
            exchanged: Exchanged {
                from_cache: true,
                ..fresh.exchanged
            },
            life: Life::new(fresh.asked_at, lasts),
            refresh_at: fresh.asked_at.instant + refresh_in,
            stale: false,
        })
    }
}

impl Refusal {
    /// A loop is a pause: it says how much of it is left.
    fn error_at(&self, now: Instant) -> ExchangeError {
        match &self.error {
            ExchangeError::Refused(refusal) if refusal.class == RefusalClass::Loop => {
                let mut refusal = crate::exchange::AuthorityRefusal::clone(refusal);
                refusal.retry_after = Some(self.until - now);
                ExchangeError::Refused(refusal.into())
            }
            other => other.clone(),
        }
    }
}
