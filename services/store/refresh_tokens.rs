//! Refresh tokens of work that outlives its call, sealed before they come here.

use bytes::Bytes;

use super::Etag;

/// A sealed refresh token as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedToken {
    /// The record, which only the exchange can open.
    pub sealed: Bytes,
    /// Changes with every write.
    pub etag: Etag,
}

impl std::fmt::Debug for SealedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedToken")
            .field("etag", &self.etag)
            .finish_non_exhaustive()
    }
}
