//! `[store]`: which database, and what to do about its schema.
//!
//! The url of a server can hold a password. It is kept as a secret from the moment it is read; what
//! is shown of it is the server and the database.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use reqwest::Url;

use super::error::ConfigError;
use super::values::Values;
use crate::secret::Secret;

/// What the url of a SQLite file begins with.
const SQLITE: &str = "sqlite://";

/// The parameters that a PostgreSQL url can have. No other: a misspelt one would be passed over,
/// and some would undo what the service itself asks of its connections.
const PARAMETERS: [&str; 7] = [
    "host",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
];

/// The modes in which a server proves that it is the one that was meant.
const VERIFIED: [&str; 2] = ["verify-ca", "verify-full"];

const EXPECTED: &str = "sqlite:// and the path of a file, or \
                        postgres://user@host/database with parameters of libpq";

/// `[store]`.
#[derive(Clone, Debug)]
pub struct Store {
    /// Where everything is kept.
    pub database: Database,
    /// What to do about a schema that is behind.
    pub migrate: Migrate,
}

/// What to do at start about a schema that is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Migrate {
    /// Bring it up to date.
    Auto,
    /// Refuse to start.
    Check,
}

/// A database, by its engine.
#[derive(Clone, Debug)]
pub enum Database {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A database of a PostgreSQL server.
    Postgres(PostgresUrl),
}

/// A PostgreSQL url that has been found to be one.
#[derive(Clone, Debug)]
pub struct PostgresUrl {
    url: Secret,
    place: String,
}

impl Store {
    pub(super) fn read(values: &Values) -> Result<Self, ConfigError> {
        let (key, url) = match values.read_file("store.url_file", Secret::from_file)? {
            None => ("store.url", Secret::new(values.text("store.url")?)),
            Some(_) if values.is_set("store.url") => {
                return Err(values.refused("store.url_file", "store.url to be unset"));
            }
            Some(url) => ("store.url_file", url),
        };
        let database =
            Database::parse(&url).ok_or_else(|| values.refused(key, EXPECTED.to_owned()))?;
        let unverified = matches!(&database, Database::Postgres(url) if !url.is_verified());
        if unverified && !values.flag("store.danger_unverified")? {
            return Err(values.refused(
                key,
                "sslmode=verify-full, sslmode=verify-ca, a server on this machine, or \
                 store.danger_unverified = true",
            ));
        }
        let migrate = match values.choice("store.migrate")? {
            "check" => Migrate::Check,
            _ => Migrate::Auto,
        };
        Ok(Self { database, migrate })
    }
}

impl Database {
    fn parse(url: &Secret) -> Option<Self> {
        match url.expose().strip_prefix(SQLITE) {
            None => PostgresUrl::parse(url).map(Self::Postgres),
            // What SQLite reads out of a name (`:memory:`, `?mode=…`) would make two pools two
            // stores.
            Some(file) if file.is_empty() || file.contains([':', '?']) => None,
            Some(file) => Some(Self::Sqlite(Path::new(file).to_owned())),
        }
    }
}

/// The engine and where it is; no user and no password.
impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => write!(f, "SQLite in {}", file.display()),
            Self::Postgres(url) => write!(f, "PostgreSQL at {}", url.place),
        }
    }
}

impl PostgresUrl {
    /// The url if it names a user, a server and a database, and parameters that are known.
    #[must_use]
    pub fn parse(secret: &Secret) -> Option<Self> {
        let mut url = secret.expose().parse::<Url>().ok()?;
        let known = matches!(url.scheme(), "postgres" | "postgresql")
            && !url.username().is_empty()
            && !url.path().trim_start_matches('/').is_empty()
            && url.fragment().is_none()
            && url
                .query_pairs()
                .all(|(name, _)| PARAMETERS.contains(&&*name));
        if !known {
            return None;
        }
        let host = host(&url)?;
        let port = parameter(&url, "port")
            .map_or(Some(url.port().unwrap_or(5432)), |port| port.parse().ok())?;
        if parameter(&url, "sslmode").is_none() {
            // The driver's own default takes any server for the right one, and plaintext too.
            let mode = if is_near(&host) {
                "prefer"
            } else {
                "verify-full"
            };
            url.query_pairs_mut().append_pair("sslmode", mode);
        }
        url.as_str()
            .parse::<sqlx::postgres::PgConnectOptions>()
            .ok()?;
        let place = format!("{host}:{port}{}", url.path());
        Some(Self {
            url: Secret::new(url.as_str()),
            place,
        })
    }

    /// The url itself, for the one place that connects.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.url.expose()
    }

    /// Whether nobody else can take the server's place.
    fn is_verified(&self) -> bool {
        self.expose().parse::<Url>().is_ok_and(|url| {
            host(&url).is_some_and(|host| is_near(&host))
                || parameter(&url, "sslmode").is_some_and(|mode| VERIFIED.contains(&&*mode))
        })
    }
}

fn parameter(url: &Url, wanted: &str) -> Option<String> {
    url.query_pairs()
        .find(|(name, _)| name == wanted)
        .map(|(_, value)| value.into_owned())
}

/// The server's name or address, or the folder of its socket.
fn host(url: &Url) -> Option<String> {
    parameter(url, "host")
        .or_else(|| url.host_str().map(str::to_owned))
        .filter(|host| !host.is_empty())
}

/// Whether the server is on this machine: behind a socket in a folder, or on a loopback address.
fn is_near(host: &str) -> bool {
    host.starts_with('/')
        || host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
