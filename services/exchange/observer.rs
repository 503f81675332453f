//! What may be watched of the exchange: each request of a user's and of work in a user's name, once
//! it is answered. For metrics and audits, neither of which is known here.

use std::fmt;
use std::time::Duration;

use auth_interceptor::Claims;

use super::{ExchangeError, ExchangeRequest, LongRunningError, Scopes};
use crate::store::Owner;

/// Watches. Called in the task of whoever asked, so that it must neither wait nor panic.
pub trait ExchangeObserver: fmt::Debug + Send + Sync + 'static {
    /// A request was answered.
    fn answered(&self, report: &ExchangeReport<'_>) {
        let _ = report;
    }

    /// Work that outlives its call was begun, or asked for a token.
    fn answered_long_running(&self, report: &LongRunningReport<'_>) {
        let _ = report;
    }

    /// The service's own token could not be had.
    fn failed(&self, error: &ExchangeError) {
        let _ = error;
    }
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl ExchangeObserver for Unobserved {}

/// How a request was answered.
#[derive(Clone, Copy, Debug)]
pub struct ExchangeReport<'a> {
    /// The request.
    pub request: &'a ExchangeRequest<'a>,
    /// Where the answer came from.
    pub source: AnswerSource,
    /// How long it was waited for.
    pub duration: Duration,
    /// Why there is no token; none where there is one.
    pub error: Option<&'a ExchangeError>,
}

/// How work that outlives its call was answered.
#[derive(Clone, Copy, Debug)]
pub struct LongRunningReport<'a> {
    /// The user that it is for.
    pub owner: &'a Owner,
    /// What the user's token says, where the call that begins the work is still there.
    pub claims: Option<&'a Claims>,
    /// The registration that asks.
    pub registration: &'a str,
    /// What the token is for.
    pub scopes: &'a Scopes,
    /// Where the answer came from.
    pub source: AnswerSource,
    /// How long it was waited for.
    pub duration: Duration,
    /// Why there is no token; none where there is one.
    pub error: Option<&'a LongRunningError>,
}

/// Where an answer came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AnswerSource {
    /// A token in memory.
    Memory,
    /// A token in memory that was due to be replaced, because the authority gives out no other.
    StaleMemory,
    /// A refusal in memory.
    RefusalInMemory,
    /// The authority, whom another request had asked already.
    Shared,
    /// The authority, asked for this request.
    Authority,
    /// None of these: nobody was asked.
    Nowhere,
}

impl AnswerSource {
    /// The value of `selvedge.exchange.cache`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "hit_l1",
            Self::StaleMemory => "stale_ok",
            Self::RefusalInMemory => "negative",
            Self::Shared => "coalesced",
            Self::Authority => "miss",
            Self::Nowhere => "none",
        }
    }
}
