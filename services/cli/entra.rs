//! `selvedge entra`: what Microsoft Entra ID has to know of a registration.
//!
//! Nothing is sent anywhere: the output is for whoever may change the registration.

mod application;
mod consent_text;
mod permissions;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use auth_interceptor::{Authority, AuthorityKind, Registration};
use clap::{Args, Subcommand, ValueEnum};
use reqwest::Url;

use self::application::Application;
use super::ConfigArgs;
use crate::app;
use crate::config::Settings;
use crate::contracts::DESCRIPTOR_SET;
use crate::exchange;

/// What Entra has to know.
#[derive(Args, Debug)]
pub(super) struct EntraArgs {
    #[command(subcommand)]
    command: EntraCommand,
}

#[derive(Subcommand, Debug)]
enum EntraCommand {
    /// Print the app registration that the contracts and a configuration imply.
    Manifest(ManifestArgs),
}

#[derive(Args, Debug)]
struct ManifestArgs {
    /// The registration's name in the configuration. Unset: the only one.
    #[arg(long)]
    registration: Option<String>,
    /// An address that the front end returns to after signing in, besides `/close` of each
    /// server.cors_origins that Entra takes, and `/broker/close` for one of web.broker_components.
    /// May be repeated.
    #[arg(long, value_name = "URI")]
    redirect_uri: Vec<Url>,
    /// What to print.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(ValueEnum, Clone, Copy, Debug, Default)]
enum Format {
    /// A Microsoft Graph `application`, as the body of `PATCH /applications(appId='…')`.
    #[default]
    Application,
    /// The address at which an administrator of each configured tenant consents.
    AdminConsent,
}

pub(super) fn run(args: &EntraArgs) -> Result<ExitCode> {
    let EntraCommand::Manifest(args) = &args.command;
    let settings = args.config.load()?;
    let chosen = Chosen::of(&settings, args.registration.as_deref())?;
    let mut out = io::stdout().lock();
    match args.format {
        Format::AdminConsent => {
            for url in chosen.admin_consent_urls() {
                writeln!(out, "{url}")?;
            }
        }
        Format::Application => {
            let application = Application {
                registration: chosen.registration,
                exchange: chosen.exchange,
                control_clients: &settings.fabric.app_ids,
                redirect_uris: redirect_uris(&settings, chosen.registration, &args.redirect_uri),
                policies: &app::policies()?,
                sentences: &consent_text::sentences(DESCRIPTOR_SET)?,
            };
            writeln!(out, "{:#}", application.to_json()?)?;
            let mut notes = io::stderr().lock();
            for scope in application.unknown_permissions() {
                writeln!(
                    notes,
                    "note: the permission id of {scope} is not known here; add it by hand"
                )?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A registration with Entra, as both sides of the service see it.
struct Chosen<'s> {
    registration: &'s Registration,
    exchange: &'s exchange::Registration,
    authority: &'s Authority,
}

impl<'s> Chosen<'s> {
    fn of(settings: &'s Settings, name: Option<&str>) -> Result<Self> {
        let registration = match (name, settings.registrations.as_slice()) {
            (Some(name), registrations) => registrations
                .iter()
                .find(|registration| registration.name == name)
                .with_context(|| format!("no registration is called {name}"))?,
            (None, [only]) => only,
            (None, _) => bail!("there are several registrations: say which with --registration"),
        };
        let exchange = settings
            .exchange
            .iter()
            .find(|exchange| exchange.name == registration.name)
            .context("the registration is not configured")?;
        let authority = &exchange.authority;
        if !matches!(authority.kind, AuthorityKind::Entra { .. }) {
            bail!(
                "the registration {} is not with Entra, so Entra has nothing to know of it",
                registration.name
            );
        }
        Ok(Self {
            registration,
            exchange,
            authority,
        })
    }

    fn admin_consent_urls(&self) -> impl Iterator<Item = String> {
        let tenants = match &self.authority.kind {
            AuthorityKind::Entra { tenants, .. } => tenants.as_slice(),
            AuthorityKind::Oidc { .. } => &[],
        };
        tenants.iter().map(|tenant| {
            format!(
                "{}/{tenant}/adminconsent?client_id={}",
                self.authority.url, self.registration.client_id
            )
        })
    }
}

/// Where a front end's sign-in ends: its page that closes itself, and for a component of the token
/// broker, in whose name its page asks for consent, that page's too. Entra takes `http` for the name
/// `localhost` alone, which stands for the loopback address too.
fn redirect_uris(settings: &Settings, registration: &Registration, further: &[Url]) -> Vec<String> {
    let broker = settings.web.as_ref().and_then(|web| web.broker.as_ref());
    let is_component = broker.is_some_and(|broker| {
        let mut components = broker.components.iter();
        components.any(|component| component.name == registration.name)
    });
    let paths: &[&str] = if is_component {
        &["/close", "/broker/close"]
    } else {
        &["/close"]
    };
    let is_taken = |origin: &&String| {
        let url = origin.parse::<Url>();
        url.is_ok_and(|url| url.scheme() == "https" || url.host_str() == Some("localhost"))
    };
    settings
        .server
        .cors_origins
        .iter()
        .filter(is_taken)
        .flat_map(|origin| paths.iter().map(move |path| format!("{origin}{path}")))
        .chain(further.iter().map(Url::to_string))
        .collect()
}

#[cfg(test)]
mod tests;
