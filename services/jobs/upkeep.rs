//! What has to be cleaned up behind callers: deleted items, ended jobs, sessions without a job. And
//! a look at how much is left to do.
//!
//! Any process may do it at any time, several at once too: each step is one transaction, and what
//! is gone is gone.

use std::sync::Arc;
use std::time::Duration;

use auth_interceptor::{Clock, UnixSeconds};
use tokio_util::sync::CancellationToken;

use super::Depth;
use crate::store::{Retention, Store, StoreError};

/// How often it is looked for.
const LOOKING: Duration = Duration::from_secs(60);
/// How long a job that has ended can be asked for.
const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How long a session may be without its job: an order keeps the one and then the other.
const ORDERING: Duration = Duration::from_secs(10 * 60);

/// Cleans up.
#[derive(Debug)]
pub struct Upkeep {
    store: Arc<dyn Store>,
    clock: Clock,
    deleted_items: Duration,
    depth: Arc<Depth>,
}

impl Upkeep {
    /// Cleans up in `store`, where what is kept of `deleted_items` stays for so long.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Clock, deleted_items: Duration) -> Self {
        Self {
            store,
            clock,
            deleted_items,
            depth: Arc::default(),
        }
    }

    /// How many jobs there were at the latest look.
    #[must_use]
    pub fn depth(&self) -> &Arc<Depth> {
        &self.depth
    }

    /// Cleans up again and again, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            self.depth.set(self.store.unfinished_jobs().await.ok());
            // What went wrong is in the log, by the store; the next time does what is left.
            let _ = self.clean_up(self.clock.now()).await;
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOKING) => {}
            }
        }
    }

    /// Removes all that is due.
    ///
    /// # Errors
    ///
    /// The store's; what was removed before stays removed.
    pub async fn clean_up(&self, now: UnixSeconds) -> Result<(), StoreError> {
        let retention = Retention {
            now,
            seconds: self.deleted_items.as_secs(),
        };
        while self.store.purge_deleted_item(retention).await? {}
        let ended = now.saturating_sub(KEPT.as_secs());
        let begun = now.saturating_sub(ORDERING.as_secs());
        while self.store.purge_jobs(ended, begun).await? {}
        Ok(())
    }
}
