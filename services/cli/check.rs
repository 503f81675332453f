//! `selvedge check`: whether `serve` would start and be ready, without serving anything or changing
//! what is kept.

use std::error::Error;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use auth_interceptor::{Authenticator, AuthorityStatus, UnixSeconds};

use crate::app::{self, AppSettings};
use crate::config::{self, ConfigError, Database, Migrate, Settings};
use crate::exchange::{AuthorityClient, CredentialStatus, Registration};
use crate::store::{self, OpenError};

/// How long the authorities' keys are waited for.
const KEYS_WAIT: Duration = Duration::from_secs(10);

/// How far the clocks may be apart: what token validation forgives.
const MAX_SKEW_SECONDS: u64 = 60;

/// What became of one thing that was checked.
type Finding = Result<String, String>;

pub(super) async fn run(settings: Result<Settings, ConfigError>) -> Result<ExitCode> {
    let mut report = Report::default();
    match usable(settings) {
        Err(error) => report.add("configuration", Err(format!("{error:#}")))?,
        Ok((settings, app_settings)) => {
            report.add("configuration", Ok(describe(&settings)))?;
            report.add("front end", front_end(&settings))?;
            report.add("policies", policies())?;
            report.add("store", store(&settings.store).await)?;
            for (subject, finding) in authorities(&app_settings).await {
                report.add(&subject, finding)?;
            }
            for (subject, finding) in credentials(&app_settings) {
                report.add(&subject, finding)?;
            }
        }
    }
    Ok(report.exit_code())
}

fn usable(settings: Result<Settings, ConfigError>) -> Result<(Settings, AppSettings)> {
    let settings = settings?;
    let app_settings = AppSettings::try_from(&settings)?;
    Ok((settings, app_settings))
}

/// Prints findings as they come and remembers whether one was bad.
#[derive(Default)]
struct Report {
    failed: bool,
}

impl Report {
    fn add(&mut self, subject: &str, finding: Finding) -> io::Result<()> {
        let (state, text) = match finding {
            Ok(text) => ("ok", text),
            Err(text) => {
                self.failed = true;
                ("FAILED", text)
            }
        };
        writeln!(io::stdout().lock(), "{state:6}  {subject:24}  {text}")
    }

    fn exit_code(&self) -> ExitCode {
        if self.failed {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }
}

fn describe(settings: &Settings) -> String {
    let authorities: Vec<_> = settings
        .authorities
        .iter()
        .map(|authority| authority.name.as_str())
        .collect();
    let registrations: Vec<_> = settings
        .registrations
        .iter()
        .map(|registration| registration.name.as_str())
        .collect();
    let names = format!(
        "tokens of {} for {}",
        authorities.join(", "),
        registrations.join(", ")
    );
    match settings.dangers.as_slice() {
        [] => names,
        dangers => format!("{names}; weakened by {}", dangers.join(", ")),
    }
}

/// Where the front end is served. Behind a proxy its pages have other origins than their listener, so
/// that whether they are among those that may call is the operator's to see.
fn front_end(settings: &Settings) -> Finding {
    let Some(web) = &settings.web else {
        return Ok("not served: web.listen is not set".to_owned());
    };
    let origins = settings.server.cors_origins.join(", ");
    if origins.is_empty() {
        return Err("its pages cannot call: server.cors_origins is empty".to_owned());
    }
    let broker = match &web.broker {
        None => String::new(),
        Some(broker) => {
            let names = broker.components.iter().map(|one| one.name.as_str());
            let names: Vec<_> = names.collect();
            format!(", with a token broker for {}", names.join(", "))
        }
    };
    Ok(format!(
        "served on {}{broker}; its pages call {} from {origins}",
        web.listen, web.service
    ))
}

fn policies() -> Finding {
    let policies = app::policies().map_err(sentence)?;
    Ok(format!(
        "{} methods state a policy",
        policies.iter().count()
    ))
}

async fn store(settings: &config::Store) -> Finding {
    // Whatever is configured, a check only looks.
    let checked = config::Store {
        migrate: Migrate::Check,
        ..settings.clone()
    };
    let changes_allowed = settings.migrate == Migrate::Auto;
    let database = &settings.database;
    match store::open(&checked).await {
        Ok(store) => {
            let answer = store.ping().await;
            store.close().await;
            answer
                .map(|()| format!("{database} answers, and its schema is current"))
                .map_err(sentence)
        }
        Err(OpenError::Behind { pending }) if changes_allowed => Ok(format!(
            "{database} answers; the start will apply {pending} migrations"
        )),
        Err(OpenError::Engine(_)) if changes_allowed && can_be_created(database) => Ok(format!(
            "{database} is not there yet; the start will create it"
        )),
        Err(error) => Err(sentence(error)),
    }
}

/// A file can; a database of a server is its administrator's to create.
fn can_be_created(database: &Database) -> bool {
    let Database::Sqlite(file) = database else {
        return false;
    };
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    !file.exists() && folder.unwrap_or(Path::new(".")).is_dir()
}

async fn authorities(settings: &AppSettings) -> Vec<(String, Finding)> {
    let authenticator = match Authenticator::start(&settings.auth) {
        Ok(authenticator) => authenticator,
        Err(error) => return vec![("authorities".to_owned(), Err(sentence(error)))],
    };
    // Keys that do not come are what the findings say.
    let _ = tokio::time::timeout(KEYS_WAIT, authenticator.ready()).await;
    let status = authenticator.status();
    status
        .iter()
        .flat_map(|authority| {
            let name = &authority.name;
            [
                (format!("keys of {name}"), keys(authority)),
                (format!("clock of {name}"), skew(authority)),
            ]
        })
        .collect()
}

fn keys(authority: &AuthorityStatus) -> Finding {
    match (authority.keys, &authority.last_error) {
        (0, Some(error)) => Err(error.clone()),
        (0, None) => Err("the authority did not answer in time".to_owned()),
        (count, _) => Ok(format!("{count} signing keys")),
    }
}

fn skew(authority: &AuthorityStatus) -> Finding {
    match authority.clock_skew_seconds {
        None => Ok("the authority does not say what time it is".to_owned()),
        Some(skew) if skew.unsigned_abs() > MAX_SKEW_SECONDS => Err(format!(
            "this machine's clock and the authority's are {} s apart",
            skew.abs()
        )),
        Some(skew) => Ok(format!("{} s apart", skew.abs())),
    }
}

/// Whether each registration's credential can be read, and how long it counts. No authority is asked:
/// that would be a sign-in, which a check has no business to leave in an audit log.
fn credentials(settings: &AppSettings) -> Vec<(String, Finding)> {
    let registrations = &settings.exchange.registrations;
    let clock = &settings.exchange.clock;
    let client = match AuthorityClient::new(registrations, clock) {
        Ok(client) => client,
        Err(error) => return vec![("credentials".to_owned(), Err(sentence(error)))],
    };
    let now = clock.now();
    let finding = |registration: &Registration| match client.credential_status(&registration.name) {
        None => Ok("none: the registration guards and does not exchange".to_owned()),
        Some(Err(error)) => Err(sentence(error)),
        Some(Ok(status)) => lifetime(&status, now),
    };
    registrations
        .iter()
        .map(|registration| {
            let subject = format!("credential of {}", registration.name);
            (subject, finding(registration))
        })
        .collect()
}

fn lifetime(status: &CredentialStatus, now: UnixSeconds) -> Finding {
    const DAY_SECONDS: u64 = 24 * 60 * 60;
    let kind = status.kind;
    match status.expires_at {
        None => Ok(kind.to_owned()),
        Some(expires_at) if expires_at <= now => Err(format!("{kind}, expired")),
        Some(expires_at) => Ok(format!(
            "{kind}, counts for {} more days",
            (expires_at - now) / DAY_SECONDS
        )),
    }
}

/// An error and its sources on one line.
fn sentence(error: impl Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    text
}
