//! What is remembered for one user: tokens and refusals, by what was asked for.
//!
//! A token counts until its margin, and never beyond the user's own token; a refusal for as long as
//! its class says. When both are there the token is served: the refusal met a refresh, or somebody
//! who asked anew, and the token it replaced has been dropped.

mod answer;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use self::answer::Answer;
pub(super) use self::answer::{Found, Fresh};
use super::key::ExchangeKey;
use super::moment::Moment;
use super::{ExchangeError, Freshness};
use crate::secret::Secret;
use crate::store::Owner;

/// The answers to one user's requests, bounded in number.
pub(super) struct Answers {
    owner: Option<Owner>,
    limit: usize,
    answers: Mutex<HashMap<ExchangeKey, Answer>>,
}

impl Answers {
    /// No answers yet, and room for `limit` of them.
    pub(super) fn new(owner: Option<Owner>, limit: usize) -> Self {
        Self {
            owner,
            limit,
            answers: Mutex::default(),
        }
    }

    /// Whose they are; none: the application's own.
    pub(super) fn owner(&self) -> Option<&Owner> {
        self.owner.as_ref()
    }

    /// What may be answered from memory.
    pub(super) fn find(&self, key: &ExchangeKey, freshness: Freshness, now: Moment) -> Found {
        match self.lock().get_mut(key) {
            None => Found::NOTHING,
            Some(answer) => answer.find(freshness, now),
        }
    }

    /// Remembers a token, in place of whatever was there.
    pub(super) fn remember_token(&self, key: ExchangeKey, token: Fresh, now: Moment) {
        self.change(key, now, |answer| answer.succeed(token));
    }

    /// Remembers a refusal for that long, in place of whatever was there.
    pub(super) fn remember_refusal(
        &self,
        key: ExchangeKey,
        error: &ExchangeError,
        lasts: Duration,
        now: Moment,
    ) {
        self.change(key, now, |answer| answer.refuse(error.clone(), now, lasts));
    }

    /// Leaves the token as it is, and its next refresh for later.
    pub(super) fn put_refresh_off(&self, key: &ExchangeKey, until: Instant) {
        if let Some(answer) = self.lock().get_mut(key) {
            answer.put_refresh_off(until);
        }
    }

    /// Forgets the token if it is this one.
    pub(super) fn discard(&self, key: &ExchangeKey, rejected: &Secret) {
        if let Some(answer) = self.lock().get_mut(key) {
            answer.discard(rejected);
        }
    }

    /// The memory that they occupy, in bytes.
    pub(super) fn size(&self) -> usize {
        let owner = self.owner.as_ref().map_or(0, |owner| {
            2 * (size_of::<Owner>() + owner.object_id().len())
        });
        let answers: usize = self.lock().values().map(Answer::size).sum();
        size_of::<Self>() + owner + answers
    }

    /// When the last of them ends.
    pub(super) fn end(&self) -> Option<Instant> {
        self.lock().values().filter_map(Answer::end).max()
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.lock().len()
    }

    fn change(&self, key: ExchangeKey, now: Moment, change: impl FnOnce(&mut Answer)) {
        let mut answers = self.lock();
        if answers.len() >= self.limit && !answers.contains_key(&key) {
            make_room(&mut answers, now);
        }
        match answers.entry(key) {
            Entry::Occupied(mut answer) => change(answer.get_mut()),
            Entry::Vacant(place) => change(place.insert(Answer::default())),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ExchangeKey, Answer>> {
        // Answers are whole between any two statements that hold the lock.
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Drops what has ended, or else what ends first.
fn make_room(answers: &mut HashMap<ExchangeKey, Answer>, now: Moment) {
    let before = answers.len();
    answers.retain(|_, answer| answer.end().is_some_and(|end| now.instant < end));
    if answers.len() < before {
        return;
    }
    let first = answers.iter().min_by_key(|(_, answer)| answer.end());
    if let Some(key) = first.map(|(key, _)| *key) {
        answers.remove(&key);
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answers")
            .field("count", &self.lock().len())
            .finish_non_exhaustive()
    }
}
