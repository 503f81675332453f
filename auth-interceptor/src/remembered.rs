//! Tokens that were verified a moment ago, so that the next call with one costs a digest.
//!
//! Remembered are the verdict and the claims, under the token's SHA-256; never the token. What may
//! change from call to call (tenants, clients, scopes) is not part of the verdict. Only verified
//! tokens get in, so that a stranger can fill nothing.

use std::fmt;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use quick_cache::Weighter;
use quick_cache::sync::{Cache, DefaultLifecycle};

use crate::claims::{CLOCK_SKEW_SECONDS, Claims};
use crate::clock::UnixSeconds;
use crate::keys::SigningKey;
use crate::validator::VerifiedToken;

/// The longest that a verdict stands, so that whatever withdraws a token bites within it.
const MAX_AGE_SECONDS: u64 = 300;

/// What the cache itself spends on an entry: the slot with its spare room and the table.
const ENTRY_OVERHEAD_BYTES: usize = 2 * (size_of::<TokenDigest>() + size_of::<Entry>() + 21);

/// Verified tokens by digest, bounded in bytes.
pub(crate) struct Remembered {
    entries: Cache<TokenDigest, Entry, EntryWeighter, BuildHasherDefault<DigestHasher>>,
}

/// The SHA-256 of a token's text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct TokenDigest([u8; SHA256_OUTPUT_LEN]);

impl TokenDigest {
    pub(crate) fn of(token: &str) -> Self {
        let mut bytes = [0; SHA256_OUTPUT_LEN];
        bytes.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        Self(bytes)
    }

    /// Its first 64 bits.
    pub(crate) fn head(&self) -> u64 {
        self.0
            .first_chunk()
            .map_or(0, |head| u64::from_be_bytes(*head))
    }

    pub(crate) fn as_bytes(&self) -> &[u8; SHA256_OUTPUT_LEN] {
        &self.0
    }
}

impl Remembered {
    /// Keeps as many tokens as fit into about `bytes` of memory.
    pub(crate) fn new(bytes: u64) -> Self {
        // A guess at how many entries that is, which only sizes the first tables.
        let entries = usize::try_from(bytes / 1024)
            .unwrap_or(usize::MAX)
            .min(1 << 20);
        Self {
            entries: Cache::with(
                entries,
                bytes,
                EntryWeighter,
                BuildHasherDefault::default(),
                DefaultLifecycle::default(),
            ),
        }
    }

    /// The digest that a token is remembered under.
    pub(crate) fn digest(token: &str) -> TokenDigest {
        TokenDigest::of(token)
    }

    /// The claims of a token that was verified, and the number of its authority, if the verdict
    /// still stands at `now`.
    pub(crate) fn find(
        &self,
        digest: &TokenDigest,
        now: UnixSeconds,
    ) -> Option<(Arc<Claims>, usize)> {
        self.find_at(digest, now, Instant::now())
    }

    /// Remembers the verdict of `now`.
    pub(crate) fn insert(&self, digest: TokenDigest, token: VerifiedToken, now: UnixSeconds) {
        self.insert_at(digest, token, now, Instant::now());
    }

    fn find_at(
        &self,
        digest: &TokenDigest,
        now: UnixSeconds,
        instant: Instant,
    ) -> Option<(Arc<Claims>, usize)> {
        let entry = self.entries.get(digest)?;
        if entry.stands(now, instant) {
            return Some((entry.claims, entry.authority as usize));
        }
        self.entries.remove(digest);
        None
    }

    fn insert_at(
        &self,
        digest: TokenDigest,
        token: VerifiedToken,
        now: UnixSeconds,
        instant: Instant,
    ) {
        let end = token.claims.expires_at().saturating_add(CLOCK_SKEW_SECONDS);
        let seconds = end.saturating_sub(now).min(MAX_AGE_SECONDS);
        let size = ENTRY_OVERHEAD_BYTES + token.claims.size();
        let (Ok(authority), Ok(size)) = (u32::try_from(token.authority), u32::try_from(size))
        else {
            return;
        };
        let entry = Entry {
            since: now,
            until: now.saturating_add(seconds),
            deadline: instant + Duration::from_secs(seconds),
            key: token.key,
            claims: token.claims,
            authority,
            size,
        };
        self.entries.insert(digest, entry);
    }
}

impl fmt::Debug for Remembered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remembered")
            .field("tokens", &self.entries.len())
            .field("bytes", &self.entries.weight())
            .finish_non_exhaustive()
    }
}

#[derive(Clone)]
struct Entry {
    claims: Arc<Claims>,
    key: Arc<SigningKey>,
    since: UnixSeconds,
    until: UnixSeconds,
    /// The same end by the clock that nobody can set.
    deadline: Instant,
    authority: u32,
    /// Everything that the entry occupies, in bytes.
    size: u32,
}

impl Entry {
    /// A wall clock that was set back tells nothing about the token's age: the verdict falls.
    fn stands(&self, now: UnixSeconds, instant: Instant) -> bool {
        (self.since..=self.until).contains(&now)
            && instant <= self.deadline
            && !self.key.is_withdrawn()
    }
}

#[derive(Clone)]
struct EntryWeighter;

impl Weighter<TokenDigest, Entry> for EntryWeighter {
    fn weight(&self, _: &TokenDigest, entry: &Entry) -> u64 {
        u64::from(entry.size)
    }
}

/// Eight bytes of a SHA-256 are a hash already.
impl Hash for TokenDigest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        if let Some(head) = self.0.first_chunk() {
            state.write_u64(u64::from_ne_bytes(*head));
        }
    }
}

/// Passes on the one word that a [`TokenDigest`] writes.
#[derive(Default)]
struct DigestHasher(u64);

impl Hasher for DigestHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = word;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests;
