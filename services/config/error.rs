//! What can be wrong with a configuration. The sentences name keys and never repeat values: a value
//! can be a secret that was put under the wrong key.

use std::io;
use std::path::PathBuf;

/// The first thing found wrong, in one sentence.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The value is not what the key takes.
    #[error("{key} expects {expects}")]
    Invalid {
        /// The key, in full.
        key: String,
        /// What it takes.
        expects: String,
    },
    /// The key has no value and cannot do without one.
    #[error("{key} is missing and expects {expects}")]
    Missing {
        /// The key, in full.
        key: String,
        /// What it takes.
        expects: String,
    },
    /// There is no such key.
    #[error("{key} is not a known key: expected {expects}")]
    Unknown {
        /// The key, in full.
        key: String,
        /// The keys that would do in its place.
        expects: String,
    },
    /// The key names a file that cannot be read.
    #[error("{key} expects a file that can be read")]
    Unreadable {
        /// The key, in full.
        key: String,
        /// Why.
        source: io::Error,
    },
    /// The configuration file itself cannot be read.
    #[error("the configuration file {} cannot be read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The configuration file is not TOML.
    #[error("the configuration file is not TOML: {position}")]
    Syntax {
        /// Where, as the parser says it.
        position: String,
    },
}
