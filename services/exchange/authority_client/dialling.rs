//! Who dials while nobody is connected: one request, and the others wait for its connection.
//!
//! A pool can share a connection once it is known to speak HTTP/2, and not before: without this, a
//! thousand requests that meet a cold pool would dial a thousand times.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as Turn, MutexGuard};
use tokio::time::{Instant, timeout};

/// Dials to one authority.
#[derive(Debug, Default)]
pub(super) struct Dialling {
    /// Until when a connection is at hand, as far as anybody knows.
    connected_until: Mutex<Option<Instant>>,
    turn: Turn<()>,
}

/// The turn of the one request that dials. Others go on once it is dropped.
pub(super) struct Dial<'d> {
    _turn: MutexGuard<'d, ()>,
}

impl Dialling {
    /// Waits while another request dials, `patience` at most: a dial that hangs is not waited for.
    /// None where a connection is at hand, and after too long a wait.
    pub(super) async fn turn(&self, patience: Duration) -> Option<Dial<'_>> {
        if self.is_connected() {
            return None;
        }
        let turn = timeout(patience, self.turn.lock()).await.ok()?;
        (!self.is_connected()).then_some(Dial { _turn: turn })
    }

    /// An answer has come: its connection is there for that long.
    pub(super) fn answered(&self, lasts: Duration) {
        *self.lock() = Some(Instant::now() + lasts);
    }

    fn is_connected(&self) -> bool {
        self.lock().is_some_and(|until| Instant::now() < until)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.connected_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Dialling;

    const PATIENCE: Duration = Duration::from_secs(1);
    const LASTS: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn one_dials_and_the_others_go_on_with_its_connection() {
        let dialling = Dialling::default();
        let first = dialling.turn(PATIENCE).await;
        assert!(first.is_some());
        let others = futures_util::future::join_all((0..100).map(|_| dialling.turn(PATIENCE)));
        let answer = async {
            tokio::task::yield_now().await;
            dialling.answered(LASTS);
            drop(first);
        };
        let (others, ()) = tokio::join!(others, answer);
        assert!(others.iter().all(Option::is_none));
        assert!(dialling.turn(PATIENCE).await.is_none());

        tokio::time::advance(LASTS).await;
        assert!(dialling.turn(PATIENCE).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_dial_that_fails_gives_the_next_a_turn_and_one_that_hangs_is_not_waited_for() {
        let dialling = Dialling::default();
        drop(dialling.turn(PATIENCE).await);
        let hangs = dialling.turn(PATIENCE).await;
        assert!(hangs.is_some());
        let begun = tokio::time::Instant::now();
        assert!(dialling.turn(PATIENCE).await.is_none());
        assert_eq!(begun.elapsed(), PATIENCE);
    }
}
