//! The two moments of a shutdown: when it begins, and when its patience ends.

use tokio_util::sync::CancellationToken;

/// A shutdown that everything in flight can watch.
#[derive(Clone, Debug, Default)]
pub struct Drain {
    begun: CancellationToken,
    ended: CancellationToken,
}

impl Drain {
    /// Streams that never end of themselves end now; other calls go on.
    pub fn begin(&self) {
        self.begun.cancel();
    }

    /// Whatever is still in flight is refused as SHUTTING_DOWN.
    pub fn end(&self) {
        self.ended.cancel();
    }

    /// Ready once the drain has begun.
    pub async fn begun(&self) {
        self.begun.cancelled().await;
    }

    /// Whether the drain has begun.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.begun.is_cancelled()
    }

    /// Ready once the drain is over.
    pub async fn ended(&self) {
        self.ended.cancelled().await;
    }

    /// Cancelled once the drain has begun, for work that is no call.
    #[must_use]
    pub fn begun_token(&self) -> CancellationToken {
        self.begun.clone()
    }

    /// Ready once the drain has begun, for a body to hold.
    pub(super) fn begun_owned(&self) -> impl Future<Output = ()> + Send + 'static {
        self.begun.clone().cancelled_owned()
    }
}
