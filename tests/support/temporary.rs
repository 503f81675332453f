//! A folder that goes when its owner does.

use std::path::{Path, PathBuf};

/// A new, empty folder below cargo's folder for the files of tests.
#[derive(Debug)]
pub(crate) struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    pub(crate) fn new() -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(uuid::Uuid::new_v4().to_string());
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // What is left behind is in cargo's own folder and does no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
