//! Everybody's answers, bounded in bytes, each user's apart.
//!
//! To forget a user is to drop one entry. Answers that come in for a user who was forgotten
//! meanwhile are not remembered: they go to the entry that was there when they were asked for.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant as StdInstant};

use auth_interceptor::TenantId;
use moka::Expiry;
use moka::ops::compute::Op;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use tokio::time::Instant;

use super::answers::Answers;
use crate::store::Owner;

/// How many answers one user may have: nobody needs more resources at once than this, and whoever
/// asks for more drives out answers of their own.
const ANSWERS_OF_ONE: usize = 64;
/// How long an entry without answers is kept: as long as an exchange may take, with room.
const EMPTY_KEPT: Duration = Duration::from_secs(60);
/// What the cache itself spends on an entry.
const ENTRY_OVERHEAD_BYTES: usize = 256;

/// The answers by user.
pub(super) struct Memory {
    users: Cache<Owner, Arc<Answers>>,
}

impl Memory {
    /// Room for about so many bytes. When it is full, who has not called for longest goes.
    pub(super) fn new(bytes: u64) -> Self {
        let users = Cache::builder()
            .max_capacity(bytes)
            .weigher(|_, answers: &Arc<Answers>| {
                u32::try_from(ENTRY_OVERHEAD_BYTES + answers.size()).unwrap_or(u32::MAX)
            })
            // Popularity says nothing of a user who has just come: the calls follow.
            .eviction_policy(EvictionPolicy::lru())
            .expire_after(LastAnswer)
            .build();
        Self { users }
    }

    /// The user's answers, if any are remembered.
    pub(super) fn find(&self, owner: &Owner) -> Option<Arc<Answers>> {
        self.users.get(owner)
    }

    /// The user's answers, or a place for them.
    pub(super) fn find_or_begin(&self, owner: Owner) -> Arc<Answers> {
        self.users.get(&owner).unwrap_or_else(|| {
            let answers = || Arc::new(Answers::new(Some(owner.clone()), ANSWERS_OF_ONE));
            self.users
                .entry_by_ref(&owner)
                .or_insert_with(answers)
                .into_value()
        })
    }

    /// Weighs answers again after a change, if they are still remembered.
    pub(super) fn weigh(&self, answers: &Arc<Answers>) {
        let Some(owner) = answers.owner() else {
            return;
        };
        self.users
            .entry_by_ref(owner)
            .and_compute_with(|entry| match entry {
                Some(entry) if Arc::ptr_eq(entry.value(), answers) => Op::Put(Arc::clone(answers)),
                _ => Op::Nop,
            });
    }

    /// What all entries weigh, once the cache has seen to what is due.
    #[cfg(test)]
    pub(super) fn settled_bytes(&self) -> u64 {
        self.users.run_pending_tasks();
        self.users.weighted_size()
    }

    /// Forgets a user.
    pub(super) fn forget_user(&self, owner: &Owner) {
        self.users.invalidate(owner);
        // Now, so that the tokens are wiped and not only out of reach.
        self.users.run_pending_tasks();
    }

    /// Forgets all users of a tenant.
    pub(super) fn forget_tenant(&self, tenant: TenantId) {
        for (owner, _) in &self.users {
            if owner.tenant() == tenant {
                self.users.invalidate(&*owner);
            }
        }
        self.users.run_pending_tasks();
    }
}

/// An entry goes with its last answer. What an answer is worth is asked of the answer: this only
/// frees memory.
struct LastAnswer;

impl LastAnswer {
    fn left(answers: &Answers) -> Duration {
        let end = answers.end();
        end.map_or(Duration::ZERO, |end| {
            end.saturating_duration_since(Instant::now())
        })
        .max(EMPTY_KEPT)
    }
}

impl Expiry<Owner, Arc<Answers>> for LastAnswer {
    fn expire_after_create(
        &self,
        _: &Owner,
        answers: &Arc<Answers>,
        _: StdInstant,
    ) -> Option<Duration> {
        Some(Self::left(answers))
    }

    fn expire_after_update(
        &self,
        _: &Owner,
        answers: &Arc<Answers>,
        _: StdInstant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(Self::left(answers))
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory")
            .field("users", &self.users.entry_count())
            .field("bytes", &self.users.weighted_size())
            .finish_non_exhaustive()
    }
}
