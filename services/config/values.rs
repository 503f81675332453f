//! The file with the environment laid over it, as one flat map from full key to value, and the
//! reading of each [`Form`]. Only keys of the table get in.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use auth_interceptor::TenantId;
use config::{Config, File, FileFormat, Value, ValueKind};

use super::error::ConfigError;
use super::keys::{self, Form, Key};
use super::{Environment, PREFIX};
use crate::telemetry::export::Ratio;
use crate::telemetry::propagation::Receiver;

/// Sections whose tables the operator names.
const NAMED: [&str; 2] = ["authorities", "registrations"];

/// The longest name an operator can choose: it ends up in logs and metric labels.
const NAME_LENGTH: usize = 64;

/// Every value that is set, by full key.
pub(super) struct Values {
    set: BTreeMap<String, Value>,
    names: BTreeSet<(&'static str, String)>,
}

impl Values {
    pub(super) fn collect(text: &str, environment: &Environment) -> Result<Self, ConfigError> {
        let variables = environment
            .0
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()));
        let root = Config::builder()
            .add_source(File::from_str(text, FileFormat::Toml))
            .add_source(
                config::Environment::default()
                    .separator("__")
                    .source(Some(variables.collect())),
            )
            .build()
            .map_err(|error| ConfigError::Syntax {
                position: first_line(&error),
            })?
            .cache;
        let mut values = Self {
            set: BTreeMap::new(),
            names: BTreeSet::new(),
        };
        values.flatten(String::new(), root)?;
        Ok(values)
    }

    /// The names under `section`, sorted.
    pub(super) fn names(&self, section: &str) -> impl Iterator<Item = &str> {
        self.names
            .iter()
            .filter(move |(of, _)| *of == section)
            .map(|(_, name)| name.as_str())
    }

    fn flatten(&mut self, path: String, value: Value) -> Result<(), ConfigError> {
        if let Some((section, name)) = path.split_once('.')
            && let Some(section) = NAMED.into_iter().find(|named| *named == section)
            && !name.contains('.')
        {
            if !is_name(name) {
                return Err(ConfigError::Invalid {
                    key: path,
                    expects: "a name of lower-case letters, digits, - and _".to_owned(),
                });
            }
            self.names.insert((section, name.to_owned()));
        }
        match value.kind {
            ValueKind::Table(table) => {
                let mut entries: Vec<_> = table.into_iter().collect();
                // So that the same configuration always gets the same sentence.
                entries.sort_by(|(a, _), (b, _)| a.cmp(b));
                for (key, value) in entries {
                    let path = if path.is_empty() {
                        key
                    } else {
                        format!("{path}.{key}")
                    };
                    self.flatten(path, value)?;
                }
            }
            _ if keys::find(&path).is_some() => {
                self.set.insert(path, value);
            }
            _ => {
                return Err(ConfigError::Unknown {
                    expects: keys::alternatives(&path),
                    key: spelled(&path, Some(&value)),
                });
            }
        }
        Ok(())
    }

    /// The keys in force that weaken a check.
    pub(super) fn dangers(&self) -> Result<Vec<String>, ConfigError> {
        let named = self.set.keys().filter(|path| {
            path.rsplit('.')
                .next()
                .is_some_and(|leaf| leaf.starts_with("danger_"))
        });
        let mut dangers = Vec::new();
        for path in named {
            if self.flag(path)? {
                dangers.push(path.clone());
            }
        }
        Ok(dangers)
    }

    // === What is wrong with a key ===

    pub(super) fn missing(&self, path: &str) -> ConfigError {
        ConfigError::Missing {
            key: path.to_owned(),
            expects: expects(path),
        }
    }

    pub(super) fn refused(&self, path: &str, expects: impl Into<String>) -> ConfigError {
        ConfigError::Invalid {
            key: spelled(path, self.set.get(path)),
            expects: expects.into(),
        }
    }

    fn unreadable(&self, path: &str, source: std::io::Error) -> ConfigError {
        ConfigError::Unreadable {
            key: spelled(path, self.set.get(path)),
            source,
        }
    }

    // === Reading ===

    pub(super) fn is_set(&self, path: &str) -> bool {
        self.set.contains_key(path)
    }

    pub(super) fn text(&self, path: &str) -> Result<String, ConfigError> {
        self.required(path, text)
    }

    pub(super) fn optional_text(&self, path: &str) -> Result<Option<String>, ConfigError> {
        self.optional(path, text)
    }

    pub(super) fn texts(&self, path: &str) -> Result<Vec<String>, ConfigError> {
        self.required(path, texts)
    }

    pub(super) fn flag(&self, path: &str) -> Result<bool, ConfigError> {
        self.required(path, |value, _| match &value.kind {
            ValueKind::Boolean(flag) => Some(*flag),
            ValueKind::String(text) => text.parse().ok(),
            _ => None,
        })
    }

    pub(super) fn count<N: TryFrom<u32>>(&self, path: &str) -> Result<N, ConfigError> {
        self.required(path, |value, form| {
            let count: u32 = match &value.kind {
                ValueKind::I64(count) => (*count).try_into().ok()?,
                ValueKind::String(text) => text.parse().ok()?,
                _ => return None,
            };
            let Form::Count { min, max } = form else {
                return None;
            };
            (min..=max)
                .contains(&count)
                .then(|| N::try_from(count).ok())?
        })
    }

    pub(super) fn choice(&self, path: &str) -> Result<&'static str, ConfigError> {
        self.required(path, |value, form| {
            let Form::Choice(words) = form else {
                return None;
            };
            let word = match &value.kind {
                ValueKind::I64(number) => number.to_string(),
                ValueKind::Boolean(flag) => flag.to_string(),
                _ => text(value, form)?,
            };
            words.iter().find(|known| **known == word).copied()
        })
    }

    pub(super) fn duration(&self, path: &str) -> Result<Duration, ConfigError> {
        self.required(path, |value, form| {
            let Form::Duration { min_seconds } = form else {
                return None;
            };
            duration(&text(value, form)?).filter(|found| found.as_secs() >= min_seconds)
        })
    }

    pub(super) fn address(&self, path: &str) -> Result<SocketAddr, ConfigError> {
        self.required(path, |value, form| text(value, form)?.parse().ok())
    }

    pub(super) fn optional_address(&self, path: &str) -> Result<Option<SocketAddr>, ConfigError> {
        self.optional(path, |value, form| text(value, form)?.parse().ok())
    }

    pub(super) fn tenant(&self, path: &str) -> Result<Option<TenantId>, ConfigError> {
        self.optional(path, |value, form| text(value, form)?.parse().ok())
    }

    pub(super) fn guid(&self, path: &str) -> Result<Option<String>, ConfigError> {
        self.optional(path, |value, form| {
            text(value, form).filter(|text| is_guid(text))
        })
    }

    pub(super) fn guids(&self, path: &str) -> Result<Vec<String>, ConfigError> {
        self.required(path, |value, form| {
            texts(value, form).filter(|list| list.iter().all(|text| is_guid(text)))
        })
    }

    pub(super) fn tenants(&self, path: &str) -> Result<Vec<TenantId>, ConfigError> {
        self.required(path, |value, form| {
            texts(value, form)?
                .iter()
                .map(|text| text.parse().ok())
                .collect()
        })
    }

    pub(super) fn origins(&self, path: &str) -> Result<Vec<String>, ConfigError> {
        self.required(path, |value, form| {
            texts(value, form).filter(|list| list.iter().all(|text| is_origin(text)))
        })
    }

    pub(super) fn receivers(&self, path: &str) -> Result<Vec<Receiver>, ConfigError> {
        self.required(path, |value, form| {
            texts(value, form)?
                .iter()
                .map(|text| text.parse().ok())
                .collect()
        })
    }

    /// An `https` URL, without the slash at its end.
    pub(super) fn url(&self, path: &str) -> Result<reqwest::Url, ConfigError> {
        self.required(path, |value, form| {
            let url: reqwest::Url = text(value, form)?.parse().ok()?;
            let plain = url.scheme() == "https"
                && url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
                && url.fragment().is_none();
            plain.then_some(url)
        })
    }

    /// An `http` or `https` URL.
    pub(super) fn plain_url(&self, path: &str) -> Result<Option<String>, ConfigError> {
        self.optional(path, |value, form| {
            let written = text(value, form)?;
            let url: reqwest::Url = written.parse().ok()?;
            let plain = matches!(url.scheme(), "http" | "https")
                && url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
                && url.fragment().is_none();
            plain.then_some(written)
        })
    }

    pub(super) fn fraction(&self, path: &str) -> Result<Ratio, ConfigError> {
        self.required(path, |value, _| match &value.kind {
            ValueKind::Float(share) => Ratio::new(*share).ok(),
            // A whole number: none or all.
            ValueKind::I64(0) => Ratio::new(0.0).ok(),
            ValueKind::I64(1) => Ratio::new(1.0).ok(),
            ValueKind::String(text) => text.parse().ok(),
            _ => None,
        })
    }

    /// The path of a file that can be read now.
    pub(super) fn optional_file(&self, path: &str) -> Result<Option<PathBuf>, ConfigError> {
        self.read_file(path, |file| {
            std::fs::File::open(file).map(|_| file.to_owned())
        })
    }

    /// What `read` makes of the file that the key names.
    pub(super) fn read_file<T>(
        &self,
        path: &str,
        read: impl Fn(&Path) -> std::io::Result<T>,
    ) -> Result<Option<T>, ConfigError> {
        match self.optional_text(path)? {
            None => Ok(None),
            Some(file) => read(Path::new(&file))
                .map(Some)
                .map_err(|source| self.unreadable(path, source)),
        }
    }

    fn required<T>(
        &self,
        path: &str,
        read: impl Fn(&Value, Form) -> Option<T>,
    ) -> Result<T, ConfigError> {
        self.optional(path, read)?.ok_or_else(|| self.missing(path))
    }

    fn optional<T>(
        &self,
        path: &str,
        read: impl Fn(&Value, Form) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(Key { form, default, .. }) = keys::find(path) else {
            return Err(self.missing(path));
        };
        let default = default.map(|text| Value::new(None, text));
        match self.set.get(path).or(default.as_ref()) {
            None => Ok(None),
            Some(value) => read(value, *form)
                .map(Some)
                .ok_or_else(|| self.refused(path, form.to_string())),
        }
    }
}

fn expects(path: &str) -> String {
    keys::find(path).map_or_else(String::new, |key| key.form.to_string())
}

/// The key as the operator wrote it: the variable's name beside it where one set it.
fn spelled(path: &str, value: Option<&Value>) -> String {
    match value.and_then(Value::origin) {
        None => path.to_owned(),
        Some(_) => format!(
            "{path} ({PREFIX}{})",
            path.replace('.', "__").to_uppercase()
        ),
    }
}

fn first_line(error: &config::ConfigError) -> String {
    error
        .to_string()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

fn text(value: &Value, _: Form) -> Option<String> {
    match &value.kind {
        ValueKind::String(text) if !text.trim().is_empty() => Some(text.clone()),
        _ => None,
    }
}

/// A list, which the environment spells with commas.
fn texts(value: &Value, form: Form) -> Option<Vec<String>> {
    match &value.kind {
        ValueKind::Array(values) => values.iter().map(|value| text(value, form)).collect(),
        ValueKind::String(joined) if joined.trim().is_empty() => Some(Vec::new()),
        ValueKind::String(joined) => joined
            .split(',')
            .map(|part| {
                Some(part.trim())
                    .filter(|part| !part.is_empty())
                    .map(str::to_owned)
            })
            .collect(),
        _ => None,
    }
}

fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds_each = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return None,
    };
    let seconds = number.parse::<u32>().ok().map(u64::from)?;
    Some(Duration::from_secs(seconds * seconds_each))
}

fn is_guid(text: &str) -> bool {
    text.parse::<TenantId>().is_ok()
}

/// An origin as a browser sends it: no path, not even a slash.
fn is_origin(text: &str) -> bool {
    text.parse::<reqwest::Url>()
        .is_ok_and(|url| url.origin().is_tuple() && url.origin().ascii_serialization() == text)
}

fn is_name(text: &str) -> bool {
    (1..=NAME_LENGTH).contains(&text.len())
        && !text.contains("__")
        && text
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
}
