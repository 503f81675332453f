//! Settings, parsed once at start: one TOML file, every key overridable from the environment.
//!
//! The keys are stated once, in [`KEYS`], and nothing else is accepted. Every error is one sentence
//! that names the key and what it expects. The process environment is read here alone.

mod audit;
mod authorities;
mod credentials;
mod error;
mod fabric;
mod keys;
mod store;
mod values;
mod web;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use auth_interceptor::{Authority, KeySettings, Registration};

pub use self::error::ConfigError;
pub use self::fabric::{Endpoints, ErrorCasing, Fabric};
pub use self::keys::{Form, KEYS, Key, reference};
pub use self::store::{Database, Migrate, PostgresUrl, Store};
use self::values::Values;
pub use self::web::{Broker, Component, Web};
use crate::exchange;
use crate::jobs::WorkerSettings;
use crate::telemetry::audit::AuditSettings;
use crate::telemetry::collector::{CollectorSettings, OtlpProtocol};
use crate::telemetry::export::ExportSettings;
use crate::telemetry::identity::UserNaming;
use crate::telemetry::propagation::{PropagateTo, TrustInbound};

/// What every variable that overrides a key begins with: `SELVEDGE_SERVER__LISTEN`.
const PREFIX: &str = "SELVEDGE_";

/// All that an operator can set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Listeners and what they serve.
    pub server: Server,
    /// The front end; none: it is not served.
    pub web: Option<Web>,
    /// Where records are kept.
    pub store: Store,
    /// Who may issue tokens, by name; never empty.
    pub authorities: Vec<Authority>,
    /// The applications whose tokens are accepted, by name; never empty.
    pub registrations: Vec<Registration>,
    /// The same applications, as those whose tokens are exchanged.
    pub exchange: Vec<exchange::Registration>,
    /// Where Fabric and OneLake are.
    pub downstream: Downstream,
    /// The keys that seal stored refresh tokens: the first seals, all open. None: none are stored.
    pub sealing_key_files: Vec<PathBuf>,
    /// What is known of Fabric.
    pub fabric: Fabric,
    /// Work in the background.
    pub jobs: WorkerSettings,
    /// Logs and traces.
    pub telemetry: Telemetry,
    /// The life cycle of the authorities' keys.
    pub keys: KeySettings,
    /// Bounds on what callers can make the service hold.
    pub limits: Limits,
    /// The keys in force that weaken a check, to be said loudly at start.
    pub dangers: Vec<String>,
}

/// `[server]`.
#[derive(Clone, Debug)]
pub struct Server {
    /// Where calls are served.
    pub listen: SocketAddr,
    /// Where administrators are served.
    pub admin_listen: SocketAddr,
    /// Certificate chain and private key (PEM); none: plaintext.
    pub tls: Option<TlsFiles>,
    /// Origins of web pages that may call.
    pub cors_origins: Vec<String>,
    /// Whether the health service is served.
    pub health: bool,
    /// Whether the reflection service is served.
    pub reflection: bool,
    /// How long NOT_SERVING is announced before connections are told to go away.
    pub drain_delay: Duration,
    /// How long calls in flight may take after that.
    pub drain_timeout: Duration,
}

/// A certificate chain and its key.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The chain, leaf first.
    pub cert_file: PathBuf,
    /// The private key.
    pub key_file: PathBuf,
}

/// `[downstream]`: base URLs, without a slash at their end.
#[derive(Clone, Debug)]
pub struct Downstream {
    /// Fabric's REST API.
    pub fabric: String,
    /// Fabric's workload control API.
    pub workload_control: String,
    /// OneLake's DFS API.
    pub onelake: String,
    /// Certificates (PEM) trusted for them instead of the machine's; none: the machine's.
    pub root_certificates_pem: Option<Vec<u8>>,
}

/// `[telemetry]`.
#[derive(Clone, Debug)]
pub struct Telemetry {
    /// Which events are logged: a `tracing` filter.
    pub log: String,
    /// The file that the log is appended to; none: standard output.
    pub log_file: Option<PathBuf>,
    /// Where traces go; none: nowhere.
    pub export: Option<ExportSettings>,
    /// Whose traces are continued.
    pub trust_inbound: TrustInbound,
    /// Whose hosts learn of traces.
    pub propagate_to: PropagateTo,
    /// Where audit entries go.
    pub audit: AuditSettings,
    /// How users are named.
    pub users: UserNaming,
    /// Whether the administration listener serves the metrics.
    pub metrics: bool,
    /// How often metrics are pushed to where traces are exported to.
    pub metrics_interval: Duration,
    /// Where the runbooks are published that refusals link to; none: they link to none.
    pub runbook_url: Option<String>,
}

/// `[limits]`.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Largest header list of a call, in bytes.
    pub header_bytes: u32,
    /// Largest token, in bytes.
    pub token_bytes: usize,
    /// Largest message, in bytes.
    pub message_bytes: usize,
    /// Concurrent streams on one connection.
    pub streams: u32,
    /// Concurrent connections.
    pub connections: usize,
    /// Concurrent health watches of one peer.
    pub watch_streams: usize,
    /// The longest that a unary call may take, whatever deadline its caller asks for.
    pub unary_timeout: Duration,
}

/// `[cache]`. A key that cannot be read stops the start: what it sealed could not be opened.
fn read_sealing_key_files(values: &Values) -> Result<Vec<PathBuf>, ConfigError> {
    let path = "cache.key_files";
    let files: Vec<PathBuf> = values.texts(path)?.into_iter().map(PathBuf::from).collect();
    if files.iter().all(|file| std::fs::File::open(file).is_ok()) {
        Ok(files)
    } else {
        Err(values.refused(path, "a list of files that can be read"))
    }
}

impl Downstream {
    fn read(values: &Values) -> Result<Self, ConfigError> {
        let base = |path| {
            values
                .url(path)
                .map(|url| url.as_str().trim_end_matches('/').to_owned())
        };
        Ok(Self {
            fabric: base("downstream.fabric")?,
            workload_control: base("downstream.workload_control")?,
            onelake: base("downstream.onelake")?,
            root_certificates_pem: values
                .read_file("downstream.ca_file", |file| std::fs::read(file))?,
        })
    }
}

/// `[keys]`.
fn read_export(values: &Values) -> Result<Option<ExportSettings>, ConfigError> {
    let protocol = match values.choice("telemetry.otlp_protocol")? {
        "http" => OtlpProtocol::Http,
        _ => OtlpProtocol::Grpc,
    };
    let sample_ratio = values.fraction("telemetry.sample_ratio")?;
    let collector = values
        .plain_url("telemetry.otlp_endpoint")?
        .map(|endpoint| CollectorSettings { endpoint, protocol });
    let span_file = values
        .optional_text("telemetry.span_file")?
        .map(PathBuf::from);
    let is_wanted = collector.is_some() || span_file.is_some();
    Ok(is_wanted.then_some(ExportSettings {
        collector,
        span_file,
        sample_ratio,
    }))
}

fn read_keys(values: &Values) -> Result<KeySettings, ConfigError> {
    let keys = KeySettings {
        refresh: values.duration("keys.refresh")?,
        unknown_kid_cooldown: values.duration("keys.unknown_kid_cooldown")?,
        last_known_good: values.duration("keys.last_known_good")?,
    };
    // Shorter, and good keys would end before anybody had tried to read them again.
    if keys.last_known_good <= keys.refresh {
        return Err(values.refused("keys.last_known_good", "longer than keys.refresh"));
    }
    Ok(keys)
}

impl Settings {
    /// Reads the file, if there is one, and lays the environment over it.
    ///
    /// # Errors
    ///
    /// The first key that is unknown, missing or not what it has to be.
    pub fn load(file: Option<&Path>, environment: &Environment) -> Result<Self, ConfigError> {
        let text = match file {
            None => String::new(),
            Some(path) => std::fs::read_to_string(path).map_err(|source| ConfigError::File {
                path: path.to_owned(),
                source,
            })?,
        };
        Self::parse(&text, environment)
    }

    /// Reads TOML text and lays the environment over it.
    ///
    /// # Errors
    ///
    /// As [`Self::load`].
    pub fn parse(text: &str, environment: &Environment) -> Result<Self, ConfigError> {
        let values = Values::collect(text, environment)?;
        values.choice("version")?;
        let server = Server::read(&values)?;
        let (authorities, registrations) = authorities::read(&values)?;
        let exchange = credentials::read(&values, &authorities, &registrations)?;
        let web = Web::read(&values, &server, &exchange)?;
        let export = read_export(&values)?;
        Ok(Self {
            server,
            web,
            store: Store::read(&values)?,
            authorities,
            registrations,
            exchange,
            downstream: Downstream::read(&values)?,
            sealing_key_files: read_sealing_key_files(&values)?,
            fabric: Fabric::read(&values)?,
            jobs: WorkerSettings {
                workers: values.count("jobs.workers")?,
                lease: values.duration("jobs.lease")?,
            },
            telemetry: Telemetry {
                log: values.text("telemetry.log")?,
                log_file: values
                    .optional_text("telemetry.log_file")?
                    .map(PathBuf::from),
                trust_inbound: match values.choice("telemetry.trust_inbound")? {
                    "true" => TrustInbound::All,
                    "false" => TrustInbound::Nobody,
                    _ => TrustInbound::Auto,
                },
                propagate_to: PropagateTo::new(
                    &values.receivers("telemetry.propagate_to")?,
                    values.fraction("telemetry.sample_ratio")?,
                ),
                audit: audit::read(&values, export.as_ref())?,
                export,
                users: audit::read_users(&values)?,
                metrics: values.flag("telemetry.metrics")?,
                metrics_interval: values.duration("telemetry.metrics_interval")?,
                runbook_url: values.plain_url("telemetry.runbook_url")?,
            },
            keys: read_keys(&values)?,
            limits: Limits {
                header_bytes: values.count("limits.header_bytes")?,
                token_bytes: values.count("limits.token_bytes")?,
                message_bytes: values.count("limits.message_bytes")?,
                streams: values.count("limits.streams")?,
                connections: values.count("limits.connections")?,
                watch_streams: values.count("limits.watch_streams")?,
                unary_timeout: values.duration("limits.unary_timeout")?,
            },
            dangers: values.dangers()?,
        })
    }
}

impl Server {
    fn read(values: &Values) -> Result<Self, ConfigError> {
        let cert_file = values.optional_file("server.tls_cert_file")?;
        let key_file = values.optional_file("server.tls_key_file")?;
        let tls = match (cert_file, key_file) {
            (Some(cert_file), Some(key_file)) => Some(TlsFiles {
                cert_file,
                key_file,
            }),
            (None, None) => None,
            (Some(_), None) => return Err(values.missing("server.tls_key_file")),
            (None, Some(_)) => return Err(values.missing("server.tls_cert_file")),
        };
        let listen = |path| listener(values, path, values.address(path)?, tls.as_ref());
        Ok(Self {
            listen: listen("server.listen")?,
            admin_listen: listen("server.admin_listen")?,
            tls,
            cors_origins: values.origins("server.cors_origins")?,
            health: values.flag("server.health")?,
            reflection: values.flag("server.reflection")?,
            drain_delay: values.duration("server.drain_delay")?,
            drain_timeout: values.duration("server.drain_timeout")?,
        })
    }
}

/// What is sent in plaintext stays on this machine, unless the operator says otherwise.
fn listener(
    values: &Values,
    path: &str,
    address: SocketAddr,
    tls: Option<&TlsFiles>,
) -> Result<SocketAddr, ConfigError> {
    let is_safe = tls.is_some() || address.ip().is_loopback();
    if is_safe || values.flag("server.danger_plaintext")? {
        return Ok(address);
    }
    Err(values.refused(
        path,
        "a loopback address, or server.tls_cert_file and server.tls_key_file, or \
         server.danger_plaintext = true",
    ))
}

/// The `SELVEDGE_…` variables: the name without its prefix, and the value.
#[derive(Clone, Default)]
pub struct Environment(Vec<(String, String)>);

impl Environment {
    /// The variables of this process.
    ///
    /// # Errors
    ///
    /// A value that is not UTF-8.
    pub fn of_process() -> Result<Self, ConfigError> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that reads the environment"
        )]
        let variables = std::env::vars_os();
        let mut ours = Vec::new();
        for (name, value) in variables {
            let Some(name) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else {
                continue;
            };
            let value = value.into_string().map_err(|_| ConfigError::Invalid {
                key: format!("{PREFIX}{name}"),
                expects: "UTF-8 text".to_owned(),
            })?;
            ours.push((name.to_owned(), value));
        }
        Ok(Self(ours))
    }

    /// Variables as a caller states them, each with its full name; others than ours are left out.
    pub fn from_variables<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let ours = variables.into_iter().filter_map(|(name, value)| {
            Some((name.strip_prefix(PREFIX)?.to_owned(), value.to_owned()))
        });
        Self(ours.collect())
    }

    /// Whether no variable of ours is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whether whoever started this process wants no colour, as `NO_COLOR` says (no-color.org).
#[must_use]
pub fn is_colour_unwanted() -> bool {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one file that reads the environment"
    )]
    let asked = std::env::var_os("NO_COLOR");
    asked.is_some_and(|value| !value.is_empty())
}

impl std::fmt::Debug for Environment {
    /// The names alone: a value can be a secret set under a mistyped name.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}
