//! A map with a cap and an expiry: codes, sessions and refresh tokens live in one each.
//!
//! The oldest entry goes when the cap is reached, so nothing that a caller can repeat grows
//! without end.

use std::collections::{HashMap, VecDeque};
use std::fmt;

use crate::locked::Locked;

/// A capped, expiring map from an unguessable key to a value.
pub(crate) struct Bounded<V> {
    capacity: usize,
    entries: Locked<Entries<V>>,
}

struct Entries<V> {
    by_key: HashMap<String, Entry<V>>,
    oldest_first: VecDeque<String>,
}

struct Entry<V> {
    value: V,
    expires_at: u64,
}

impl<V: Clone> Bounded<V> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            entries: Locked::new(Entries {
                by_key: HashMap::new(),
                oldest_first: VecDeque::new(),
            }),
        }
    }

    pub(crate) fn insert(&self, key: String, value: V, expires_at: u64) {
        let mut entries = self.entries.lock();
        if entries
            .by_key
            .insert(key.clone(), Entry { value, expires_at })
            .is_none()
        {
            entries.oldest_first.push_back(key);
        }
        while entries.oldest_first.len() > self.capacity {
            if let Some(oldest) = entries.oldest_first.pop_front() {
                entries.by_key.remove(&oldest);
            }
        }
    }

    /// The value, unless it has expired.
    pub(crate) fn peek(&self, key: &str, now: u64) -> Option<V> {
        let entries = self.entries.lock();
        let entry = entries.by_key.get(key)?;
        (now < entry.expires_at).then(|| entry.value.clone())
    }

    /// Changes the value under the lock and answers with what `change` made of it. Expired values
    /// are offered too, with `false`: "expired" and "never existed" are different answers.
    pub(crate) fn change<T>(
        &self,
        key: &str,
        now: u64,
        change: impl FnOnce(&mut V, bool) -> T,
    ) -> Option<T> {
        let mut entries = self.entries.lock();
        let entry = entries.by_key.get_mut(key)?;
        let alive = now < entry.expires_at;
        Some(change(&mut entry.value, alive))
    }

    /// Removes the value and hands it out, unless it has expired: for things that work once.
    pub(crate) fn take(&self, key: &str, now: u64) -> Option<V> {
        let mut entries = self.entries.lock();
        let entry = entries.by_key.remove(key)?;
        entries.oldest_first.retain(|other| other != key);
        (now < entry.expires_at).then_some(entry.value)
    }
}

/// The keys are credentials, so nothing of the content is shown.
impl<V> fmt::Debug for Bounded<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bounded")
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Bounded;

    #[test]
    fn the_oldest_entry_makes_room_for_the_newest() {
        let map = Bounded::new(2);
        for key in ["a", "b", "c"] {
            map.insert(key.to_owned(), key, 10);
        }
        assert_eq!(map.peek("a", 0), None);
        assert_eq!(map.peek("b", 0), Some("b"));
        assert_eq!(map.peek("c", 0), Some("c"));
    }

    #[test]
    fn an_entry_is_gone_at_its_expiry_and_after_it_was_taken() {
        let map = Bounded::new(2);
        map.insert("a".to_owned(), 1, 10);
        assert_eq!(map.peek("a", 9), Some(1));
        assert_eq!(map.peek("a", 10), None);
        assert_eq!(map.take("a", 9), Some(1));
        assert_eq!(map.take("a", 9), None);
    }
}
