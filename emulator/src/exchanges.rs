//! How many On-Behalf-Of requests with a good assertion there were for each account, so that a
//! test can tell one call from two.

use std::collections::HashMap;

use crate::locked::Locked;

/// Counts by user principal name.
#[derive(Debug, Default)]
pub(crate) struct Exchanges(Locked<HashMap<String, u64>>);

impl Exchanges {
    pub(crate) fn count(&self, upn: &str) {
        /// Accounts made up on the spot are not counted without end.
        const CAPACITY: usize = 64 * 1024;

        let mut counts = self.0.lock();
        if let Some(count) = counts.get_mut(upn) {
            *count += 1;
        } else if counts.len() < CAPACITY {
            counts.insert(upn.to_owned(), 1);
        }
    }

    pub(crate) fn of(&self, upn: &str) -> u64 {
        self.0.lock().get(upn).copied().unwrap_or_default()
    }
}
