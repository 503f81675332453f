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
use zeroize::Zeroizing;

/// The largest file, in bytes.
const MAX_FILE: usize = 1024 * 1024;

/// What is in a file.
pub(crate) type Content = Zeroizing<Vec<u8>>;
type Fingerprint = [u8; 32];

/// What the files are for: what is made of them, and how its owner is told.
pub(crate) trait Purpose {
    /// What their contents together make.
    type Made;
    /// Why they make nothing.
    type Fault: Copy + PartialEq;

    /// A file is missing, too large or not readable by this process.
    const UNREADABLE: Self::Fault;

    /// Makes it of what is in the files, in the order of their paths.
    fn read(&self, contents: &[Content]) -> Result<Self::Made, Self::Fault>;

    /// The files have changed, and what they hold now is in use.
    fn took(&self);

    /// They have changed, and `fault` keeps them from use. The last good ones stay in use, if
    /// there were any.
    fn refused(&self, fault: Self::Fault, is_another_in_use: bool);
}

/// Files, and what was last made of them.
pub(crate) struct WatchedFiles<P: Purpose> {
    purpose: P,
    paths: Vec<PathBuf>,
    state: Mutex<State<P>>,
}

struct State<P: Purpose> {
    /// The second that the files were last looked at.
    looked_at: Option<UnixSeconds>,
    /// What they held then, or what was wrong with them.
    seen: Result<Fingerprint, P::Fault>,
    /// Why that is not in use, if it is not.
    fault: Option<P::Fault>,
    good: Option<Versioned<P::Made>>,
}

/// What was last good, and how often it has changed.
#[derive(Debug)]
pub(crate) struct Versioned<T> {
    pub(crate) content: Arc<T>,
    pub(crate) version: u64,
}

impl<T> Clone for Versioned<T> {
    fn clone(&self) -> Self {
        Self {
            content: Arc::clone(&self.content),
            version: self.version,
        }
    }
}

impl<P: Purpose> WatchedFiles<P> {
    pub(crate) fn new(purpose: P, paths: impl Into<Vec<PathBuf>>) -> Self {
        Self {
            purpose,
            paths: paths.into(),
            state: Mutex::new(State {
                looked_at: None,
                seen: Err(P::UNREADABLE),
                fault: None,
                good: None,
            }),
        }
    }

    /// What was last good, after a look at the files if this second has not seen one.
    pub(crate) fn current(&self, now: UnixSeconds) -> Result<Versioned<P::Made>, P::Fault> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.looked_at != Some(now) {
            state.looked_at = Some(now);
            self.look(&mut state);
        }
        match &state.good {
            Some(good) => Ok(good.clone()),
            None => Err(state.fault.unwrap_or(P::UNREADABLE)),
        }
    }

    /// The version of what was last good; 0 where nothing ever was.
    pub(crate) fn version(&self, now: UnixSeconds) -> u64 {
        self.current(now).map_or(0, |good| good.version)
    }

    fn look(&self, state: &mut State<P>) {
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
        match contents.and_then(|contents| self.purpose.read(&contents)) {
            Ok(content) => {
                let version = state.good.as_ref().map_or(1, |good| good.version + 1);
                state.fault = None;
                state.good = Some(Versioned {
                    content: Arc::new(content),
                    version,
                });
                self.purpose.took();
            }
            Err(fault) => {
                state.fault = Some(fault);
                self.purpose.refused(fault, state.good.is_some());
            }
        }
    }

    fn contents(&self) -> Result<Vec<Content>, P::Fault> {
        let contents = self.paths.iter().map(|path| content(path));
        contents
            .collect::<io::Result<_>>()
            .map_err(|_| P::UNREADABLE)
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

impl<P: Purpose> fmt::Debug for WatchedFiles<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchedFiles")
            .field("paths", &self.paths)
            .finish_non_exhaustive()
    }
}
