//! Tokens without an authority: each exchange gives a new one, and all are counted.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::Instant;

use crate::downstream::DownstreamError;
use crate::downstream::credentials::{OnBehalfOf, Tokens, User};
use crate::exchange::{ExchangeError, Freshness, Scopes};
use crate::secret::Secret;

const TENANT: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

/// What was asked of the exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    User(String, Freshness),
    Application(String),
    Discarded(String),
}

/// A user's tokens.
#[derive(Clone, Default)]
pub(super) struct FakeTokens {
    wanted: Arc<Mutex<Vec<Wanted>>>,
    user: &'static str,
    refusal: Option<ExchangeError>,
}

impl FakeTokens {
    pub(super) fn of(user: &'static str) -> Self {
        Self {
            user,
            ..Self::default()
        }
    }

    pub(super) fn refused(refusal: ExchangeError) -> Self {
        Self {
            refusal: Some(refusal),
            ..Self::default()
        }
    }

    /// A call on the user's behalf with time enough.
    pub(super) fn call(&self) -> OnBehalfOf {
        self.call_within(Duration::from_secs(60))
    }

    pub(super) fn call_within(&self, time: Duration) -> OnBehalfOf {
        let deadline = Instant::now() + time;
        OnBehalfOf::with(
            Box::new(self.clone()),
            Freshness::Remembered,
            Some(deadline),
        )
    }

    pub(super) fn call_after_consent(&self) -> OnBehalfOf {
        OnBehalfOf::with(Box::new(self.clone()), Freshness::Retry, None)
    }

    pub(super) fn wanted(&self) -> Vec<Wanted> {
        self.wanted.lock().unwrap().clone()
    }

    /// How fresh each of the user's tokens had to be.
    pub(super) fn freshness(&self) -> Vec<Freshness> {
        let wanted = self.wanted();
        let freshness = wanted.into_iter().filter_map(|wanted| match wanted {
            Wanted::User(_, freshness) => Some(freshness),
            _ => None,
        });
        freshness.collect()
    }

    fn note(&self, wanted: Wanted) -> usize {
        let mut kept = self.wanted.lock().unwrap();
        kept.push(wanted);
        kept.len()
    }
}

impl Tokens for FakeTokens {
    fn user(&self) -> User<'_> {
        User {
            registration: "workload",
            tenant: TENANT.parse().unwrap(),
            object_id: self.user,
        }
    }

    fn user_token<'a>(
        &'a self,
        scopes: &'a Arc<Scopes>,
        freshness: Freshness,
    ) -> BoxFuture<'a, Result<Secret, DownstreamError>> {
        let number = self.note(Wanted::User(scopes.as_str().to_owned(), freshness));
        let token = match &self.refusal {
            Some(refusal) => Err(refusal.clone().into()),
            None => Ok(Secret::new(format!("eyJuser-{number}"))),
        };
        Box::pin(async move { token })
    }

    fn application_token<'a>(
        &'a self,
        scopes: &'a Arc<Scopes>,
    ) -> BoxFuture<'a, Result<Secret, DownstreamError>> {
        self.note(Wanted::Application(scopes.as_str().to_owned()));
        Box::pin(async { Ok(Secret::new("eyJapp")) })
    }

    fn discard(&self, _: &Arc<Scopes>, rejected: &Secret) {
        self.note(Wanted::Discarded(rejected.expose().to_owned()));
    }
}
