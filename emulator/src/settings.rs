//! What an emulator is started with, and why a start can fail.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::clock::Now;
use crate::directory::Seed;
use crate::keys::SigningKey;

/// How to start an [`Emulator`](crate::Emulator).
pub struct Settings {
    /// Where to listen: a loopback address; port 0 picks a free port. With `127.0.0.1` the same
    /// port of `[::1]` is bound too where it can be, because `localhost` may mean either.
    pub listen: SocketAddr,
    /// Where the root certificate and the signing keys survive a restart; `None` keeps them in
    /// memory. OneLake's content goes there while the emulator runs, else where the system has its
    /// temporary files.
    pub state_dir: Option<PathBuf>,
    /// Signing keys made beforehand: the first signs when the state directory has none, the others
    /// are for rotations. A key is made whenever they run out, so they only save time.
    pub signing_keys: Vec<SigningKey>,
    /// Tenants, accounts, applications and workspaces.
    pub seed: Seed,
    /// Unix seconds.
    pub now: Now,
}

impl Settings {
    /// The seeded directory at `listen`, with everything in memory.
    #[must_use]
    pub fn new(listen: SocketAddr, now: Now) -> Self {
        Self {
            listen,
            state_dir: None,
            signing_keys: Vec::new(),
            seed: Seed::default(),
            now,
        }
    }

    /// Keeps the root certificate and the signing keys in a directory.
    #[must_use]
    pub fn with_state_dir(mut self, state_dir: impl Into<PathBuf>) -> Self {
        self.state_dir = Some(state_dir.into());
        self
    }

    /// Hands in signing keys made beforehand.
    #[must_use]
    pub fn with_signing_keys(mut self, keys: impl IntoIterator<Item = SigningKey>) -> Self {
        self.signing_keys = keys.into_iter().collect();
        self
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("listen", &self.listen)
            .field("state_dir", &self.state_dir)
            .finish_non_exhaustive()
    }
}

/// Why an emulator did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address could be reached from other machines.
    #[error("the emulator listens on loopback addresses only")]
    NotLoopback,
    /// The address is taken, or may not be used.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address of the settings.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file of the state directory cannot be read or written.
    #[error("cannot use the state file {path}")]
    State {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file of the state directory is not what this version writes.
    #[error("the state file {path} is damaged; delete it to start afresh")]
    DamagedState {
        /// The file.
        path: PathBuf,
    },
    /// A seeded file of OneLake could not be written, or has an impossible path.
    #[error("cannot write the seeded content")]
    Content,
    /// A key or certificate could not be made.
    #[error("cannot make a key or certificate")]
    Cryptography,
}
