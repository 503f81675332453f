//! How telemetry names a user: by a keyed hash, unless the operator wants the object id.
//!
//! The hash is HMAC-SHA-256 (RFC 2104) of tenant and object id, cut to 128 bits: who holds the key
//! can find the entries of a user they know, and nobody can go from an entry to the user. The key is
//! a file's, so that all processes say the same, and is followed as the file is replaced: entries
//! from before cannot be joined with those from after. Without a file it is drawn at start. To hash a
//! user costs more than all else that telemetry does in a call, so the names of the latest users are
//! remembered.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::path::PathBuf;
use std::sync::Arc;

use auth_interceptor::{Claims, Clock, TenantId, TokenSubject};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use quick_cache::Equivalent;
use quick_cache::sync::Cache;

use super::names;
use crate::exchange;
use crate::watched_files::{Content, Purpose, WatchedFiles};

/// How much of the hash is kept, in bytes.
const HASH_BYTES: usize = 16;
const KEY_BYTES: usize = 32;
/// The users whose names are remembered.
const USERS: usize = 10_000;
/// The longest object id of a user that is remembered: Entra's have 36 characters.
const LONGEST_ID: usize = 64;

/// How users are named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserNaming {
    /// By a hash; its key is in the file, or drawn at start.
    Hash {
        /// The file.
        key_file: Option<PathBuf>,
    },
    /// By their object id, which identifies a person.
    ObjectId,
}

/// Names users, in the one way that is configured.
#[derive(Debug)]
pub struct UserIdentity(Naming);

#[derive(Debug)]
enum Naming {
    Drawn(Box<Key>),
    File {
        files: WatchedFiles<KeyFile>,
        clock: Clock,
    },
    ObjectId,
}

/// A user's name in telemetry: the attribute that it goes by, and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserName {
    /// `user.hash` or `user.id`.
    pub key: &'static str,
    /// The value.
    pub value: Arc<str>,
}

/// Why users cannot be named. The operator acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserIdentityError {
    /// The file is missing, too large or not readable by this process.
    #[error("the file cannot be read")]
    Unreadable,
    /// The file holds something else.
    #[error("the file holds no key: expected 32 bytes, as they are or in base64")]
    NotAKey,
    /// The machine lacks randomness.
    #[error("no key can be drawn on this machine")]
    NoRandomness,
}

impl UserIdentity {
    /// Names users as `naming` says. `clock` says when a key file is looked at again: once a second
    /// at most.
    ///
    /// # Errors
    ///
    /// There is no key.
    pub fn new(naming: &UserNaming, clock: Clock) -> Result<Self, UserIdentityError> {
        Ok(Self(match naming {
            UserNaming::ObjectId => Naming::ObjectId,
            UserNaming::Hash { key_file: None } => Naming::Drawn(Box::new(Key::drawn()?)),
            UserNaming::Hash {
                key_file: Some(file),
            } => {
                let files = WatchedFiles::new(KeyFile, [file.clone()]);
                files.current(clock.now())?;
                Naming::File { files, clock }
            }
        }))
    }

    /// The name of the user that `claims` speak for; none where they speak for an application,
    /// which telemetry names as it is.
    #[must_use]
    pub fn of(&self, claims: &Claims) -> Option<UserName> {
        let is_user = claims.subject() == TokenSubject::User;
        is_user.then(|| self.of_user(claims.tenant(), claims.object_id().as_str()))?
    }

    /// The name of the user of `tenant` with this object id.
    #[must_use]
    pub fn of_user(&self, tenant: TenantId, object_id: &str) -> Option<UserName> {
        self.name(tenant.as_uuid().as_bytes(), object_id)
    }

    fn name(&self, tenant: &[u8; 16], object_id: &str) -> Option<UserName> {
        let hashed = |value| UserName {
            key: names::USER_HASH,
            value,
        };
        match &self.0 {
            Naming::Drawn(key) => Some(hashed(key.name(tenant, object_id))),
            // A key was there at start, and the last good one stays.
            Naming::File { files, clock } => {
                let key = files.current(clock.now()).ok()?;
                Some(hashed(key.content.name(tenant, object_id)))
            }
            Naming::ObjectId => Some(UserName {
                key: names::USER_ID,
                value: object_id.into(),
            }),
        }
    }
}

/// A key of the hash, and names by it.
struct Key {
    key: hmac::Key,
    names: Cache<User, Arc<str>>,
}

/// A user who is remembered.
struct User {
    tenant: [u8; 16],
    object_id: Box<str>,
}

/// One who is looked for.
struct Wanted<'u>(&'u [u8; 16], &'u str);

impl PartialEq for User {
    fn eq(&self, other: &Self) -> bool {
        Wanted(&self.tenant, &self.object_id).equivalent(other)
    }
}

impl Eq for User {}

impl Hash for User {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Wanted(&self.tenant, &self.object_id).hash(state);
    }
}

impl Hash for Wanted<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.0, self.1).hash(state);
    }
}

impl Equivalent<User> for Wanted<'_> {
    fn equivalent(&self, user: &User) -> bool {
        *self.0 == user.tenant && *self.1 == *user.object_id
    }
}

impl Key {
    fn drawn() -> Result<Self, UserIdentityError> {
        let mut bytes = zeroize::Zeroizing::new([0; KEY_BYTES]);
        SystemRandom::new()
            .fill(&mut *bytes)
            .map_err(|_| UserIdentityError::NoRandomness)?;
        Ok(Self::new(&bytes))
    }

    fn new(bytes: &[u8; KEY_BYTES]) -> Self {
        Self {
            key: hmac::Key::new(HMAC_SHA256, bytes),
            names: Cache::new(USERS),
        }
    }

    fn name(&self, tenant: &[u8; 16], object_id: &str) -> Arc<str> {
        if let Some(name) = self.names.get(&Wanted(tenant, object_id)) {
            return name;
        }
        let name: Arc<str> = self.hash(tenant, object_id).into();
        if object_id.len() <= LONGEST_ID {
            let user = User {
                tenant: *tenant,
                object_id: object_id.into(),
            };
            self.names.insert(user, Arc::clone(&name));
        }
        name
    }

    /// The tenant always has the same length, so that no other pair is hashed as the same bytes.
    fn hash(&self, tenant: &[u8; 16], object_id: &str) -> String {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(tenant);
        context.update(object_id.as_bytes());
        let tag = context.sign();
        let kept = tag.as_ref().iter().take(HASH_BYTES);
        kept.fold(String::with_capacity(2 * HASH_BYTES), |mut text, byte| {
            for nibble in [byte >> 4, byte & 0xf] {
                text.push(char::from_digit(nibble.into(), 16).unwrap_or_default());
            }
            text
        })
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// The file that `telemetry.user_hash_key_file` names.
struct KeyFile;

impl Purpose for KeyFile {
    type Made = Key;
    type Fault = UserIdentityError;

    const UNREADABLE: UserIdentityError = UserIdentityError::Unreadable;

    fn read(&self, contents: &[Content]) -> Result<Key, UserIdentityError> {
        let [content] = contents else {
            return Err(UserIdentityError::NotAKey);
        };
        let bytes = exchange::key_bytes(content).ok_or(UserIdentityError::NotAKey)?;
        Ok(Key::new(&bytes))
    }

    fn took(&self) {
        tracing::info!("the key of user hashes has been read");
    }

    fn refused(&self, fault: UserIdentityError, is_another_in_use: bool) {
        // Without a key the service does not start, and says so by an error.
        if is_another_in_use {
            tracing::warn!("the key of user hashes stays the last good one: {fault}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::tests::folder::TempDir;

    const TENANT: [u8; 16] = [7; 16];

    fn named_by(file: &Path) -> UserNaming {
        UserNaming::Hash {
            key_file: Some(file.to_owned()),
        }
    }

    fn of_file(file: &Path) -> (UserIdentity, Arc<AtomicU64>) {
        let now = Arc::new(AtomicU64::new(1));
        let clock = Arc::clone(&now);
        let clock = Clock::from_fn(move || clock.load(Ordering::Relaxed));
        (UserIdentity::new(&named_by(file), clock).unwrap(), now)
    }

    fn value(identity: &UserIdentity, tenant: &[u8; 16], object_id: &str) -> Arc<str> {
        let name = identity.name(tenant, object_id).unwrap();
        assert_eq!(name.key, "user.hash");
        assert_eq!(name.value.len(), 32);
        name.value
    }

    #[test]
    fn a_hash_is_hmac_sha_256_of_tenant_and_object_id_cut_to_128_bits() {
        // As `openssl dgst -sha256 -mac hmac` has it.
        let key = Key::new(&[0x0b; KEY_BYTES]);
        for _ in ["hashed", "remembered"] {
            assert_eq!(&*key.name(&TENANT, "user-1"), VECTOR);
        }
    }

    const VECTOR: &str = "603bd20087533e68049c1a65e94693fb";

    #[test]
    fn users_are_told_apart_by_tenant_and_object_id() {
        let naming = UserNaming::Hash { key_file: None };
        let drawn = || UserIdentity::new(&naming, Clock::system()).unwrap();
        let identity = drawn();
        let name = value(&identity, &TENANT, "user-1");
        assert_eq!(name, value(&identity, &TENANT, "user-1"));
        assert_ne!(name, value(&identity, &[8; 16], "user-1"));
        assert_ne!(name, value(&identity, &TENANT, "user-2"));
        assert_ne!(name, value(&drawn(), &TENANT, "user-1"));
    }

    #[test]
    fn a_key_file_is_followed_and_the_last_good_key_stays() {
        let folder = TempDir::new();
        let file = folder.write("key", [1; KEY_BYTES]);
        let (identity, now) = of_file(&file);
        let first = value(&identity, &TENANT, "user-1");
        assert_eq!(value(&of_file(&file).0, &TENANT, "user-1"), first);

        folder.write("key", "half a key");
        now.store(2, Ordering::Relaxed);
        assert_eq!(value(&identity, &TENANT, "user-1"), first);

        folder.write("key", [2; KEY_BYTES]);
        now.store(3, Ordering::Relaxed);
        assert_ne!(value(&identity, &TENANT, "user-1"), first);
    }

    #[test]
    fn a_file_that_holds_no_key_is_refused_at_start() {
        let folder = TempDir::new();
        let file = folder.path("key");
        let fault = || UserIdentity::new(&named_by(&file), Clock::system()).unwrap_err();
        assert_eq!(fault(), UserIdentityError::Unreadable);
        folder.write("key", [1; KEY_BYTES - 1]);
        assert_eq!(fault(), UserIdentityError::NotAKey);
        folder.write("key", vec![b'A'; 2 * 1024 * 1024]);
        assert_eq!(fault(), UserIdentityError::Unreadable);
    }

    #[test]
    fn the_object_id_is_told_where_that_is_configured_and_never_as_a_hash() {
        let identity = UserIdentity::new(&UserNaming::ObjectId, Clock::system()).unwrap();
        let name = identity.name(&TENANT, "user-1").unwrap();
        assert_eq!((name.key, &*name.value), ("user.id", "user-1"));
    }

    #[test]
    fn no_key_can_be_printed() {
        let identity = UserIdentity::new(&UserNaming::Hash { key_file: None }, Clock::system());
        assert_eq!(
            format!("{:?}", identity.unwrap()),
            "UserIdentity(Drawn(Key))"
        );
    }
}
