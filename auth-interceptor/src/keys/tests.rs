//! The key life cycle, from a document's bytes to what callers see.

mod authority_double;
mod budget;
mod faults;
mod intake;
mod life_cycle;
mod signer;
mod unknown_kid;

use std::sync::Arc;
use std::time::Duration;

use super::{AuthorityKeys, KeyStatus};
use crate::authority::{Authority, KeySettings};

/// What waits for an event fails after this long; nothing waits for a time.
const DEADLINE: Duration = Duration::from_secs(20);

async fn before_deadline<F: IntoFuture>(event: F) -> F::Output {
    tokio::time::timeout(DEADLINE, event)
        .await
        .expect("the event did not happen before the deadline")
}

/// Settings under which nothing happens by itself after the first read.
fn quiet() -> KeySettings {
    KeySettings::default()
}

/// Settings under which keys are read again and again.
fn busy() -> KeySettings {
    KeySettings {
        refresh: Duration::from_millis(20),
        ..quiet()
    }
}

/// Starts and waits for the first keys.
async fn loaded(authority: &Authority, settings: &KeySettings) -> Arc<AuthorityKeys> {
    let keys = AuthorityKeys::start(authority, settings).unwrap();
    before_usable(&keys).await;
    keys
}

async fn before_usable(keys: &AuthorityKeys) {
    let mut usable = keys.subscribe();
    before_deadline(usable.wait_for(|usable| *usable))
        .await
        .unwrap();
}

/// Waits until the status is as it should be.
async fn status(keys: &AuthorityKeys, wanted: impl Fn(&KeyStatus) -> bool) -> KeyStatus {
    before_deadline(async {
        loop {
            let status = keys.status();
            if wanted(&status) {
                return status;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}
