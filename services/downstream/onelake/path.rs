//! A path below a lakehouse's `Files` folder.

/// The longest path, in bytes.
const MAX_BYTES: usize = 1_024;

/// A path below a lakehouse's `Files` folder, which leads to one place below it and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePath(Box<str>);

/// The text is not such a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected segments joined by '/', none of them empty, '.' or '..', without control characters and backslashes, at most 1,024 bytes in all"
)]
pub struct FilePathError;

impl FilePath {
    /// Reads a path as a caller writes it.
    ///
    /// # Errors
    ///
    /// It is empty, too long, or has a segment that an API could read as another place.
    pub fn parse(text: &str) -> Result<Self, FilePathError> {
        let is_name = |segment: &str| {
            !matches!(segment, "" | "." | "..")
                && !segment.contains(|c: char| c.is_control() || c == '\\')
        };
        if text.len() <= MAX_BYTES && text.split('/').all(is_name) {
            Ok(Self(text.into()))
        } else {
            Err(FilePathError)
        }
    }

    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }
}

#[cfg(test)]
mod tests {
    use super::{FilePath, FilePathError};

    #[test]
    fn names_of_any_script_are_taken_as_they_are() {
        for text in [
            "a",
            "a/b.csv",
            "...",
            "a..b/.hidden",
            "\u{e9}t\u{e9}/\u{1f9f5} 1%2f.txt",
            "a?b#c&d=e+f;g:h@i",
        ] {
            let path = FilePath::parse(text).unwrap();
            assert_eq!(path.segments().collect::<Vec<_>>().join("/"), text);
        }
        assert!(FilePath::parse(&"x".repeat(1_024)).is_ok());
    }

    #[test]
    fn what_could_lead_elsewhere_is_refused() {
        for text in [
            "", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "../a", "a/.", "a\\b", "..\\a",
            "a\nb", "a\0", "a\u{7f}", "a\u{85}b",
        ] {
            assert_eq!(FilePath::parse(text), Err(FilePathError), "{text:?}");
        }
        assert_eq!(FilePath::parse(&"x".repeat(1_025)), Err(FilePathError));
    }
}
