//! The state directory: files that only the user who runs the emulator can read.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::settings::StartError;

/// Reads and writes files of the state directory, or of nothing when there is none.
#[derive(Debug)]
pub(crate) struct StateDir(Option<PathBuf>);

impl StateDir {
    pub(crate) fn open(path: Option<PathBuf>) -> Result<Self, StartError> {
        if let Some(path) = &path {
            create_private_dir(path).map_err(|source| StartError::State {
                path: path.clone(),
                source,
            })?;
        }
        Ok(Self(path))
    }

    /// The text of a file; `None` when there is no such file yet.
    pub(crate) fn read(&self, name: &str) -> Result<Option<String>, StartError> {
        let Some(path) = self.path(name) else {
            return Ok(None);
        };
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StartError::State { path, source }),
        }
    }

    /// Replaces a file in one step: a reader sees the old text or the new.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<(), StartError> {
        let Some(path) = self.path(name) else {
            return Ok(());
        };
        write_private(&path, text).map_err(|source| StartError::State { path, source })
    }

    pub(crate) fn damaged(&self, name: &str) -> StartError {
        StartError::DamagedState {
            path: self.path(name).unwrap_or_default(),
        }
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.0.as_ref().map(|dir| dir.join(name))
    }
}

fn create_private_dir(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let staged = path.with_extension("new");
    // A leftover of an interrupted write may have other permissions.
    match fs::remove_file(&staged) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&staged)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(staged, path)
}
