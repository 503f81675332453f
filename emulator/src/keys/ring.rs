//! The keys of the authority: which are published, and which one signs.
//!
//! Both key documents, version 1 and version 2, publish the same keys, as Entra's do. The two
//! questions are kept apart on purpose: a key may be published before it signs (a planned
//! rotation) and sign after it was withdrawn (the mishap that validators must survive).

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::{SigningKey, StoredKey};
use crate::locked::Locked;
use crate::settings::StartError;
use crate::state::StateDir;

const FILE: &str = "signing-keys.json";

/// How a new signing key appears.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rotation {
    /// As Entra plans it: the key is published and does not sign until it is promoted.
    Published,
    /// As an emergency: the key signs at once and is the only one published.
    Unannounced,
}

/// The published keys and the signing one.
#[derive(Debug)]
pub(crate) struct KeyRing {
    state: StateDir,
    keys: Locked<Keys>,
    /// Handed in for the rotations to come, because making a key takes a while.
    ready: Locked<VecDeque<SigningKey>>,
}

#[derive(Debug)]
struct Keys {
    signing: SigningKey,
    /// In the order they were published.
    published: Vec<SigningKey>,
}

#[derive(Serialize, Deserialize)]
struct StoredRing {
    signing: String,
    keys: Vec<StoredKey>,
}

/// Key documents hold a handful; the oldest leaves when rotation is scripted in a loop.
const PUBLISHED_CAPACITY: usize = 16;

impl KeyRing {
    /// Loads the keys from the state directory; without any, starts with the first key handed in,
    /// or makes one.
    pub(crate) fn load_or_make(
        state: StateDir,
        handed_in: Vec<SigningKey>,
    ) -> Result<Self, StartError> {
        let mut ready = VecDeque::from(handed_in);
        let keys = match state.read(FILE)? {
            Some(text) => restore(&text).ok_or_else(|| state.damaged(FILE))?,
            None => {
                let signing = next_key(&mut ready)?;
                Keys {
                    published: vec![signing.clone()],
                    signing,
                }
            }
        };
        let ring = Self {
            state,
            keys: Locked::new(keys),
            ready: Locked::new(ready),
        };
        ring.store(&ring.keys.lock())?;
        Ok(ring)
    }

    pub(crate) fn signing(&self) -> SigningKey {
        self.keys.lock().signing.clone()
    }

    pub(crate) fn published(&self) -> Vec<SigningKey> {
        self.keys.lock().published.clone()
    }

    /// A key that is published or signs at present.
    pub(crate) fn named(&self, kid: &str) -> Option<SigningKey> {
        let keys = self.keys.lock();
        let mut known = keys.published.iter().chain([&keys.signing]);
        known.find(|key| key.kid() == kid).cloned()
    }

    pub(crate) fn rotate(&self, rotation: Rotation) -> Result<(), StartError> {
        let new = next_key(&mut self.ready.lock())?;
        let mut keys = self.keys.lock();
        match rotation {
            Rotation::Published => {
                keys.published.push(new);
                if keys.published.len() > PUBLISHED_CAPACITY {
                    keys.published.remove(0);
                }
            }
            Rotation::Unannounced => {
                keys.published = vec![new.clone()];
                keys.signing = new;
            }
        }
        self.store(&keys)
    }

    /// Signs with the newest published key from now on. The old one stays published.
    pub(crate) fn promote(&self) -> Result<(), StartError> {
        let mut keys = self.keys.lock();
        if let Some(newest) = keys.published.last() {
            keys.signing = newest.clone();
        }
        self.store(&keys)
    }

    /// Stops publishing a key, even the signing one.
    pub(crate) fn withdraw(&self, kid: &str) -> Result<bool, StartError> {
        let mut keys = self.keys.lock();
        let before = keys.published.len();
        keys.published.retain(|key| key.kid() != kid);
        let withdrawn = keys.published.len() < before;
        self.store(&keys)?;
        Ok(withdrawn)
    }

    fn store(&self, keys: &Keys) -> Result<(), StartError> {
        // A withdrawn signing key is not stored, so a restart signs with what it publishes; the
        // exception is the last key, because an authority without one cannot start.
        let mut all = keys.published.clone();
        if all.is_empty() {
            all.push(keys.signing.clone());
        }
        let stored = StoredRing {
            signing: keys.signing.kid().to_owned(),
            keys: all
                .iter()
                .map(SigningKey::store)
                .collect::<Result<_, _>>()?,
        };
        let text = serde_json::to_string(&stored).map_err(|_| StartError::Cryptography)?;
        self.state.write(FILE, &text)
    }
}

fn next_key(ready: &mut VecDeque<SigningKey>) -> Result<SigningKey, StartError> {
    ready.pop_front().map_or_else(SigningKey::generate, Ok)
}

fn restore(text: &str) -> Option<Keys> {
    let stored: StoredRing = serde_json::from_str(text).ok()?;
    let published = stored
        .keys
        .iter()
        .map(SigningKey::restore)
        .collect::<Option<Vec<_>>>()?;
    let signing = published
        .iter()
        .find(|key| key.kid() == stored.signing)
        .or_else(|| published.last())?
        .clone();
    Some(Keys { signing, published })
}
