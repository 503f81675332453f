//! A key set document (RFC 7517 section 5): bounded, and refused as a whole only when none of it
//! can be trusted.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::jwk::{Jwk, UnusableKey};
use super::signing_key::{SigningKey, shown_kid};
use crate::authority::Algorithm;
use crate::issuer::IssuerTemplate;

/// More than any authority publishes at a time.
const MAX_KEYS: usize = 1_000;

/// The keys of one document that may verify tokens, by key id.
pub(crate) struct KeySet {
    keys: HashMap<Box<str>, Arc<SigningKey>>,
    refused: Vec<RefusedKey>,
}

/// An entry of the document that is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RefusedKey {
    /// The key id as logs show it.
    pub(super) kid: Box<str>,
    pub(super) why: UnusableKey,
}

/// Why a whole document is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeySetError {
    #[error("the document is not a JSON Web Key Set")]
    Malformed,
    #[error("the document has more than {MAX_KEYS} keys")]
    TooManyKeys,
    #[error("the document gives one key id to two different keys")]
    AmbiguousKeyId,
    #[error("the document has no usable key")]
    NoUsableKey,
}

impl KeySet {
    /// Reads a document whose keys belong to `issuer` unless they state their own.
    ///
    /// One unusable key never voids the set. One key id given to two different keys does: which of
    /// them a token means could not be told.
    pub(crate) fn admit(
        document: &[u8],
        issuer: &IssuerTemplate,
        algorithms: &[Algorithm],
    ) -> Result<Self, KeySetError> {
        let document: Document<'_> =
            serde_json::from_slice(document).map_err(|_| KeySetError::Malformed)?;
        if document.keys.overflowed {
            return Err(KeySetError::TooManyKeys);
        }
        let entries: Vec<Option<Jwk>> = document
            .keys
            .entries
            .iter()
            .map(|entry| serde_json::from_str(entry.get()).ok())
            .collect();
        refuse_shared_key_ids(&entries)?;

        let mut keys = HashMap::<Box<str>, Arc<SigningKey>>::new();
        let mut refused = Vec::new();
        for entry in &entries {
            let admitted = entry
                .as_ref()
                .ok_or(UnusableKey::Malformed)
                .and_then(|entry| entry.admit(issuer, algorithms));
            match admitted {
                Ok(key) => {
                    if keys
                        .get(key.kid())
                        .is_some_and(|other| !other.is_same_key_as(&key))
                    {
                        return Err(KeySetError::AmbiguousKeyId);
                    }
                    keys.insert(key.kid().into(), Arc::new(key));
                }
                Err(why) => {
                    let kid = entry.as_ref().and_then(Jwk::kid).unwrap_or_default();
                    refused.push(RefusedKey {
                        kid: shown_kid(kid).into(),
                        why,
                    });
                }
            }
        }
        if keys.is_empty() {
            return Err(KeySetError::NoUsableKey);
        }
        Ok(Self { keys, refused })
    }

    pub(crate) fn find(&self, kid: &str) -> Option<&Arc<SigningKey>> {
        self.keys.get(kid)
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The entries that were not admitted, in the order of the document.
    pub(super) fn refused(&self) -> &[RefusedKey] {
        &self.refused
    }

    /// Keeps what `previous` holds of keys that stay, so that whoever holds such a key sees it
    /// live on, and marks the rest of `previous` withdrawn. Says whether anything is different.
    pub(super) fn succeed(&mut self, previous: &Self) -> bool {
        let mut carried = 0;
        for (kid, old) in &previous.keys {
            match self.keys.get_mut(kid) {
                Some(key) if key.is_unchanged_in(old) => {
                    *key = Arc::clone(old);
                    carried += 1;
                }
                _ => old.withdraw(),
            }
        }
        carried < previous.keys.len() || carried < self.keys.len()
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.values()).finish()
    }
}

/// Two entries of one key id must hold one key, even if neither is usable.
fn refuse_shared_key_ids(entries: &[Option<Jwk>]) -> Result<(), KeySetError> {
    let mut by_kid = HashMap::<&str, &Jwk>::new();
    for entry in entries.iter().flatten() {
        let Some(kid) = entry.kid() else { continue };
        let first = by_kid.entry(kid).or_insert(entry);
        if !first.is_same_material(entry) {
            return Err(KeySetError::AmbiguousKeyId);
        }
    }
    Ok(())
}

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    keys: Entries<'a>,
}

/// The entries, unread, up to the bound: a document of nothing but commas costs no memory.
struct Entries<'a> {
    entries: Vec<&'a RawValue>,
    overflowed: bool,
}

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(document: D) -> Result<Self, D::Error> {
        struct Bounded;

        impl<'de> Visitor<'de> for Bounded {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of keys")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while entries.len() < MAX_KEYS {
                    match items.next_element()? {
                        Some(entry) => entries.push(entry),
                        None => {
                            return Ok(Entries {
                                entries,
                                overflowed: false,
                            });
                        }
                    }
                }
                let mut overflowed = false;
                while items.next_element::<IgnoredAny>()?.is_some() {
                    overflowed = true;
                }
                Ok(Entries {
                    entries,
                    overflowed,
                })
            }
        }

        document.deserialize_seq(Bounded)
    }
}
