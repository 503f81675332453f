//! A secret: it can be used where it is needed and printed nowhere.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

/// A client secret, a token, an assertion. It has no `Display` and no serialization, and its memory
/// is wiped once nobody holds it. Clones share it.
#[derive(Clone)]
pub struct Secret(Arc<Zeroizing<Box<str>>>);

impl Secret {
    /// Keeps `text` from being printed.
    #[must_use]
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(Arc::new(Zeroizing::new(text.into())))
    }

    /// Reads the file; a line break at the end is not part of the secret.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is not UTF-8, or holds nothing.
    pub fn from_file(path: &Path) -> io::Result<Self> {
        let text = Zeroizing::new(std::fs::read_to_string(path)?);
        let secret = text.trim_end_matches(['\r', '\n']);
        if secret.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Self::new(secret))
    }

    /// The secret itself, for the one place that sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}
