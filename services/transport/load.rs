//! How many connections a listener holds open.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The connections that a listener holds open.
#[derive(Clone, Debug, Default)]
pub struct OpenConnections(Arc<AtomicUsize>);

/// A connection that counts for as long as this lives.
#[derive(Debug)]
pub(super) struct OpenConnection(OpenConnections);

impl OpenConnections {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn open(&self) -> OpenConnection {
        self.0.fetch_add(1, Ordering::Relaxed);
        OpenConnection(self.clone())
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}
