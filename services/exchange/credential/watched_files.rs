//! Files that are read again as they change, and what was last good of them.
//!
//! Content is compared, not times: a copy that keeps its time is seen, and one that changes nothing
//! is not. Such files are small, and are looked at once a second at most, by whoever needs them.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use auth_interceptor::UnixSeconds;
use aws_lc_rs::digest::{Context, SHA256};
use tracing::{info, warn};
use zeroize::Zeroizing;

use super::CredentialError;

/// The largest file, in bytes.
const MAX_FILE: usize = 1024 * 1024;

/// What is in a file.
pub(super) type Content = Zeroizing<Vec<u8>>;
/// Makes a `T` of what is in the files, in the order of their paths.
type Reading<T> = fn(&[Content]) -> Result<T, CredentialError>;
type Fingerprint = [u8; 32];

/// Files whose contents together make a `T`.
pub(super) struct WatchedFiles<T> {
    registration: Box<str>,
    paths: Vec<PathBuf>,
    read: Reading<T>,
    state: Mutex<State<T>>,
}

struct State<T> {
    /// The second that the files were last looked at.
    looked_at: Option<UnixSeconds>,
    /// What they held then, or what was wrong with them.
    seen: Result<Fingerprint, CredentialError>,
    /// Why that is not in use, if it is not.
    fault: Option<CredentialError>,
    good: Option<Versioned<T>>,
}

/// What was last good, and how often it has changed.
#[derive(Debug)]
pub(super) struct Versioned<T> {
    pub(super) content: Arc<T>,
    pub(super) version: u64,
}

impl<T> Clone for Versioned<T> {
    fn clone(&self) -> Self {
        Self {
            content: Arc::clone(&self.content),
            version: self.version,
        }
    }
}

impl<T> WatchedFiles<T> {
    pub(super) fn new(
        registration: &str,
        paths: impl Into<Vec<PathBuf>>,
        read: Reading<T>,
    ) -> Self {
        Self {
            registration: registration.into(),
            paths: paths.into(),
            read,
            state: Mutex::new(State {
                looked_at: None,
                seen: Err(CredentialError::Unreadable),
                fault: None,
                good: None,
            }),
        }
    }

    /// What was last good, after a look at the files if this second has not seen one.
    pub(super) fn current(&self, now: UnixSeconds) -> Result<Versioned<T>, CredentialError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.looked_at != Some(now) {
            state.looked_at = Some(now);
            self.look(&mut state);
        }
        match &state.good {
            Some(good) => Ok(good.clone()),
            None => Err(state.fault.unwrap_or(CredentialError::Unreadable)),
        }
    }

    /// The version of what was last good; 0 where nothing ever was.
    pub(super) fn version(&self, now: UnixSeconds) -> u64 {
        self.current(now).map_or(0, |good| good.version)
    }

    fn look(&self, state: &mut State<T>) {
        let contents = self.contents();
        let seen = match &contents {
            Ok(contents) => Ok(fingerprint(contents)),
            Err(error) => Err(*error),
        };
        // The first look finds out even what goes without saying afterwards.
        let is_first = state.good.is_none() && state.fault.is_none();
        if seen == state.seen && !is_first {
            return;
        }
        state.seen = seen;
        match contents.and_then(|contents| (self.read)(&contents)) {
            Ok(content) => {
                let version = state.good.as_ref().map_or(1, |good| good.version + 1);
                state.fault = None;
                state.good = Some(Versioned {
                    content: Arc::new(content),
                    version,
                });
                info!(
                    name: "credential_read",
                    { selvedge.registration.name = &*self.registration },
                    "the credential has been read",
                );
            }
            Err(fault) => {
                state.fault = Some(fault);
                let in_use = match state.good {
                    Some(_) => "the last good one stays in use",
                    None => "there is none to use",
                };
                warn!(
                    name: "credential_unusable",
                    { selvedge.registration.name = &*self.registration },
                    "{fault}: {in_use}",
                );
            }
        }
    }

    fn contents(&self) -> Result<Vec<Content>, CredentialError> {
        let contents = self.paths.iter().map(|path| content(path));
        contents
            .collect::<io::Result<_>>()
            .map_err(|_| CredentialError::Unreadable)
    }
}

fn content(path: &Path) -> io::Result<Content> {
    let file = File::open(path)?;
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    // Made room for at once: growing would leave copies behind.
    let mut content = Zeroizing::new(Vec::with_capacity(length.min(MAX_FILE) + 1));
    let limit = u64::try_from(MAX_FILE + 1).unwrap_or(u64::MAX);
    file.take(limit).read_to_end(&mut content)?;
    if content.len() > MAX_FILE {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(content)
}

fn fingerprint(contents: &[Content]) -> Fingerprint {
    let mut context = Context::new(&SHA256);
    for content in contents {
        // The length keeps a byte that moves from one file to the next from going unseen.
        context.update(&content.len().to_be_bytes());
        context.update(content);
    }
    let mut fingerprint = Fingerprint::default();
    fingerprint.copy_from_slice(context.finish().as_ref());
    fingerprint
}

impl<T> fmt::Debug for WatchedFiles<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchedFiles")
            .field("paths", &self.paths)
            .finish_non_exhaustive()
    }
}
