//! The keys that seal what outlives the process: AES-256-GCM, and every record bound to its place.
//!
//! The first key seals; all open, so that a key is replaced by putting another in front of it. What
//! a key file holds never seals anything itself: each purpose has a key derived from it (RFC 5869).
//! A record is `version | key id | nonce | ciphertext and tag`; its context is authenticated with
//! it, so that a record in another's place is as good as one that was tampered with.

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

const KEY_BYTES: usize = 32;
const KEY_ID_BYTES: usize = 8;
const VERSION: u8 = 1;

/// Keys of one purpose; never empty.
pub struct KeyRing {
    sealing: Key,
    /// Keys from before, which only open.
    former: Vec<Key>,
}

/// Why the keys cannot be had. The operator acts.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// No key file is named.
    #[error("no key file is configured")]
    NoKey,
    /// A file cannot be read.
    #[error("the key file {} cannot be read", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A file holds something else.
    #[error("the key file {} holds no key: expected 32 bytes, as they are or in base64", .file.display())]
    NotAKey {
        /// The file.
        file: PathBuf,
    },
}

/// Why a record cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It is no record of this version.
    #[error("the sealed record is malformed")]
    Malformed,
    /// It was sealed by a key that is not on the ring.
    #[error("the sealed record is of a key that is not configured")]
    KeyUnknown,
    /// It was changed, or is another place's.
    #[error("the sealed record was tampered with or is in another's place")]
    Tampered,
    /// The machine cannot seal: it lacks randomness.
    #[error("nothing can be sealed on this machine")]
    Unsealable,
}

impl KeyRing {
    /// Reads a key from each file, for one purpose.
    ///
    /// # Errors
    ///
    /// There is none, or one cannot be read.
    pub fn read(files: &[PathBuf], purpose: &str) -> Result<Self, KeyRingError> {
        let mut keys = files.iter().map(|file| Key::read(file, purpose));
        Ok(Self {
            sealing: keys.next().ok_or(KeyRingError::NoKey)??,
            former: keys.collect::<Result<_, _>>()?,
        })
    }

    /// Seals `secret` in a record that opens in this context alone.
    ///
    /// # Errors
    ///
    /// The machine lacks randomness.
    pub fn seal(&self, context: &[&[u8]], secret: &[u8]) -> Result<Vec<u8>, SealError> {
        let key = &self.sealing;
        let mut sealed = Zeroizing::new(secret.to_vec());
        // Room for the tag, so that no copy of the secret is left behind by growing.
        sealed.reserve_exact(AES_256_GCM.tag_len());
        let nonce = key
            .aead
            .seal_in_place_append_tag(Aad::from(bound(&key.id, context)), &mut *sealed)
            .map_err(|_| SealError::Unsealable)?;
        Ok([&[VERSION], &key.id[..], nonce.as_ref(), &sealed].concat())
    }

    /// Opens a record that was sealed in this context.
    ///
    /// # Errors
    ///
    /// It was not, or by a key that is not on the ring.
    pub fn open(&self, context: &[&[u8]], record: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (version, record) = record.split_first().ok_or(SealError::Malformed)?;
        let (id, record) = record
            .split_first_chunk::<KEY_ID_BYTES>()
            .filter(|_| *version == VERSION)
            .ok_or(SealError::Malformed)?;
        let (nonce, sealed) = record
            .split_first_chunk::<NONCE_LEN>()
            .ok_or(SealError::Malformed)?;
        let key = std::iter::once(&self.sealing)
            .chain(&self.former)
            .find(|key| key.id == *id)
            .ok_or(SealError::KeyUnknown)?;
        let mut secret = Zeroizing::new(sealed.to_vec());
        let length = key
            .aead
            .open_in_place(
                Nonce::from(nonce),
                Aad::from(bound(id, context)),
                &mut secret,
            )
            .map_err(|_| SealError::Tampered)?
            .len();
        secret.truncate(length);
        Ok(secret)
    }
}

/// What is authenticated with a record: the length of each part goes before it, so that no part's
/// end can pass for the next one's beginning.
fn bound(id: &[u8; KEY_ID_BYTES], context: &[&[u8]]) -> Vec<u8> {
    let mut bound = vec![VERSION];
    bound.extend_from_slice(id);
    for part in context {
        bound.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bound.extend_from_slice(part);
    }
    bound
}

struct Key {
    /// Says which key it is and nothing about it.
    id: [u8; KEY_ID_BYTES],
    aead: RandomizedNonceKey,
}

impl Key {
    fn read(file: &Path, purpose: &str) -> Result<Self, KeyRingError> {
        let content = std::fs::read(file).map(Zeroizing::new);
        let content = content.map_err(|source| KeyRingError::Unreadable {
            file: file.to_owned(),
            source,
        })?;
        key_bytes(&content)
            .and_then(|bytes| Self::derive(&bytes, purpose).ok())
            .ok_or_else(|| KeyRingError::NotAKey {
                file: file.to_owned(),
            })
    }

    fn derive(bytes: &[u8; KEY_BYTES], purpose: &str) -> Result<Self, Unspecified> {
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, b"selvedge").extract(bytes);
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        expand(&root, &["key", purpose], &mut *key)?;
        let mut id = [0; KEY_ID_BYTES];
        expand(&root, &["id", purpose], &mut id)?;
        let aead = RandomizedNonceKey::new(&AES_256_GCM, &*key)?;
        Ok(Self { id, aead })
    }
}

fn expand(root: &hkdf::Prk, info: &[&str; 2], out: &mut [u8]) -> Result<(), Unspecified> {
    let [kind, purpose] = info.map(str::as_bytes);
    root.expand(&[kind, b" ", purpose], Length(out.len()))?
        .fill(out)
}

/// How many bytes are derived.
struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// A key as a file holds it: its bytes, or their base64 with or without a line's end.
pub(crate) fn key_bytes(content: &[u8]) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
    if let Ok(bytes) = <[u8; KEY_BYTES]>::try_from(content) {
        return Some(Zeroizing::new(bytes));
    }
    let decoded = Zeroizing::new(STANDARD.decode(content.trim_ascii()).ok()?);
    let bytes = <[u8; KEY_BYTES]>::try_from(decoded.as_slice()).ok()?;
    Some(Zeroizing::new(bytes))
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing")
            .field("former", &self.former.len())
            .finish_non_exhaustive()
    }
}
