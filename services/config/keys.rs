//! What a configuration key is; the one table of them is [`KEYS`].

mod table;

use std::fmt;

pub use self::table::KEYS;

/// A key that the configuration takes.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its full name; `<name>` stands for a name that the operator chooses.
    pub path: &'static str,
    /// What it takes.
    pub form: Form,
    /// The value if it is not set, as the environment would spell it; none: unset.
    pub default: Option<&'static str>,
    /// What it does.
    pub meaning: &'static str,
}

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An IP address and port.
    Address,
    /// An `http` or `https` URL.
    PlainUrl,
    /// One of several words.
    Choice(&'static [&'static str]),
    /// A whole number within bounds.
    Count {
        /// The smallest accepted.
        min: u32,
        /// The largest accepted.
        max: u32,
    },
    /// A duration, at least this many seconds.
    Duration {
        /// The shortest accepted.
        min_seconds: u64,
    },
    /// The path of a file.
    File,
    /// `true` or `false`.
    Flag,
    /// A number from 0 to 1.
    Fraction,
    /// Hosts, each with or without a port.
    Hosts,
    /// A GUID.
    Guid,
    /// A list of GUIDs.
    Guids,
    /// A list of web origins.
    Origins,
    /// A text.
    Text,
    /// A list of texts.
    Texts,
    /// An `https` URL.
    Url,
}

impl fmt::Display for Form {
    /// The words that follow "expects".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address => f.write_str("an IP address and port such as 127.0.0.1:5000"),
            Self::PlainUrl => f.write_str(
                "an http or https URL such as http://127.0.0.1:4317, without query or user name",
            ),
            Self::Choice([one]) => write!(f, "{one}"),
            Self::Choice(words) => write!(f, "one of {}", words.join(", ")),
            Self::Count { min, max } => write!(f, "a whole number from {min} to {max}"),
            Self::Duration { min_seconds } => write!(
                f,
                "a duration of at least {min_seconds}s, as a whole number and s, m, h or d, such \
                 as 30s"
            ),
            Self::File => f.write_str("the path of a file"),
            Self::Flag => f.write_str("true or false"),
            Self::Fraction => f.write_str("a number from 0 to 1"),
            Self::Hosts => f.write_str(
                "a list of hosts, each with or without a port, such as login.microsoftonline.com",
            ),
            Self::Guid => f.write_str("a GUID in lower case"),
            Self::Guids => f.write_str("a list of GUIDs in lower case"),
            Self::Origins => {
                f.write_str("a list of web origins such as https://app.fabric.microsoft.com")
            }
            Self::Text => f.write_str("a text that is not empty"),
            Self::Texts => f.write_str("a list of texts"),
            Self::Url => f.write_str("an https URL without query or user name"),
        }
    }
}

/// The documentation of every key, as a Markdown table.
#[must_use]
pub fn reference() -> String {
    let mut table = String::from("| Key | Takes | Default | Meaning |\n|---|---|---|---|\n");
    for Key {
        path,
        form,
        default,
        meaning,
    } in KEYS
    {
        let default = match default {
            None => "unset".to_owned(),
            Some("") => "empty".to_owned(),
            Some(text) => format!("`{text}`"),
        };
        table.push_str(&format!("| `{path}` | {form} | {default} | {meaning} |\n"));
    }
    table
}

/// The key that `path` is, if the configuration takes it.
pub(super) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| {
        let mut wanted = key.path.split('.');
        let mut given = path.split('.');
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return true,
                (Some("<name>"), Some(_)) => {}
                (Some(wanted), Some(given)) if wanted == given => {}
                _ => return false,
            }
        }
    })
}

/// What would do in the place of an unknown key: the keys of its section, or the sections.
pub(super) fn alternatives(path: &str) -> String {
    let section = path.split('.').next().unwrap_or_default();
    let mut words: Vec<&str> = KEYS
        .iter()
        .filter(|key| key.path.split('.').next() == Some(section) && key.path != section)
        .filter_map(|key| key.path.rsplit('.').next())
        .collect();
    if words.is_empty() {
        words = KEYS
            .iter()
            .filter_map(|key| key.path.split('.').next())
            .collect();
        words.dedup();
    }
    format!("one of {}", words.join(", "))
}
