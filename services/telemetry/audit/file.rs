//! The file that entries are appended to, a line each.
//!
//! Lines are written whole, many by one system call at the file's end, so that several processes may
//! share the file. One that was moved or removed is begun anew at its old place; one that did not
//! take a whole line, because the disk is full, gets a line break first, so that no later line is
//! spoilt.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// A file that is appended to.
#[derive(Debug)]
pub(super) struct AuditFile {
    path: PathBuf,
    open: Option<File>,
    /// Whether the last line may have been written in part.
    is_torn: bool,
}

impl AuditFile {
    /// Opens the file or begins it, for its owner alone.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut file = Self {
            path: path.to_owned(),
            open: None,
            is_torn: false,
        };
        file.current()?;
        Ok(file)
    }

    /// Appends lines, each of which ends in a line break: all of them or, with an error, as many of
    /// their bytes as are returned.
    pub(super) fn append(&mut self, lines: &[u8]) -> (usize, io::Result<()>) {
        let mut taken = 0;
        let appended = self.append_from(lines, &mut taken);
        let whole = lines.get(..taken).unwrap_or_default();
        self.is_torn = match whole.last() {
            Some(last) => *last != b'\n',
            // Not even a line break went in, if one was needed.
            None => self.is_torn,
        };
        (taken, appended)
    }

    fn append_from(&mut self, lines: &[u8], taken: &mut usize) -> io::Result<()> {
        let is_torn = self.is_torn;
        let file = self.current()?;
        if is_torn {
            file.write_all(b"\n")?;
            self.is_torn = false;
        }
        while let Some(rest) = lines.get(*taken..).filter(|rest| !rest.is_empty()) {
            match self.current()?.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => *taken += written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Looks whether the file is still the one at its path; another is opened by the next line.
    pub(super) fn follow(&mut self) {
        let opened = self.open.as_ref().and_then(|file| file.metadata().ok());
        let found = std::fs::metadata(&self.path).ok();
        let is_same =
            matches!((opened, found), (Some(opened), Some(found)) if same(&opened, &found));
        if !is_same {
            self.open = None;
            self.is_torn = false;
        }
    }

    fn current(&mut self) -> io::Result<&mut File> {
        let file = match self.open.take() {
            Some(file) => file,
            None => opened(&self.path)?,
        };
        Ok(self.open.insert(file))
    }
}

fn opened(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(unix)]
fn same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Where files have no numbers, an open one cannot be moved either.
#[cfg(not(unix))]
fn same(_: &Metadata, _: &Metadata) -> bool {
    true
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::AuditFile;
    use crate::tests::folder::TempDir;

    fn append(file: &mut AuditFile, lines: &str) {
        let (taken, appended) = file.append(lines.as_bytes());
        assert!(appended.is_ok(), "{appended:?}");
        assert_eq!(taken, lines.len());
    }

    #[test]
    fn a_file_is_its_owners_alone_and_goes_on_where_it_ended() {
        let folder = TempDir::new();
        let path = folder.path("audit");
        for line in ["one\n", "two\n"] {
            append(&mut AuditFile::open(&path).unwrap(), line);
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\n");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_was_moved_away_is_begun_anew() {
        let folder = TempDir::new();
        let path = folder.path("audit");
        let mut file = AuditFile::open(&path).unwrap();
        append(&mut file, "one\n");
        std::fs::rename(&path, folder.path("audit.1")).unwrap();
        file.follow();
        append(&mut file, "two\n");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "two\n");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_line_after_one_that_was_not_taken_begins_on_its_own() {
        let folder = TempDir::new();
        let path = folder.path("audit");
        std::os::unix::fs::symlink("/dev/full", &path).unwrap();
        let mut file = AuditFile::open(&path).unwrap();
        let (taken, appended) = file.append(b"lost\n");
        assert!(taken == 0 && appended.is_err());
        // Another file has nothing to be spoilt.
        let _ = std::fs::remove_file(&path);
        file.follow();
        append(&mut file, "whole\n");
        file.is_torn = true;
        append(&mut file, "next\n");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "whole\n\nnext\n");
    }
}
