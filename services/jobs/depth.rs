//! How many jobs wait and are worked on, as last looked for: whoever reads it asks no store.

use std::sync::{Mutex, PoisonError};

use crate::store::JobLoad;

/// The jobs that had not ended when they were last counted.
#[derive(Debug, Default)]
pub struct Depth(Mutex<Option<JobLoad>>);

impl Depth {
    /// The latest count; none before the first.
    #[must_use]
    pub fn latest(&self) -> Option<JobLoad> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// None where they could not be counted: an old count would pass for a new one.
    pub(super) fn set(&self, load: Option<JobLoad>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = load;
    }
}
