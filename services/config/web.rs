//! `[web]`: where the front end is served, who may frame it, and what its token broker may ask for.
//!
//! A broker whose exchanges would all be refused stops the start, in a sentence that names the key of
//! the registration that would refuse.

use std::net::SocketAddr;

use auth_interceptor::AuthorityKind;

use super::error::ConfigError;
use super::fabric::{ENDPOINT, is_endpoint};
use super::values::Values;
use super::{Server, listener};
use crate::exchange::Registration;

/// `[web]`, where something is to be served.
#[derive(Clone, Debug)]
pub struct Web {
    /// Where.
    pub listen: SocketAddr,
    /// The URL at which pages reach the service, without a slash at its end.
    pub service: String,
    /// The pages that may show the front end in a frame, as CSP host sources.
    pub frame_ancestors: Vec<String>,
    /// What the token broker's page gets tokens for; none: there is no broker.
    pub broker: Option<Broker>,
}

/// A page that gets tokens for several registrations by one sign-in.
#[derive(Clone, Debug)]
pub struct Broker {
    /// The client application that the page is.
    pub client_id: String,
    /// Where its users sign in, whichever tenant is theirs.
    pub authority: String,
    /// The registrations, as configured; never empty.
    pub components: Vec<Component>,
}

/// A registration that a broker gets tokens for.
#[derive(Clone, Debug)]
pub struct Component {
    /// The registration's name.
    pub name: String,
    /// Its application id.
    pub client_id: String,
    /// What its tokens are asked for by.
    pub audience: String,
    /// What they can be exchanged for.
    pub scopes: Vec<String>,
}

impl Web {
    pub(super) fn read(
        values: &Values,
        server: &Server,
        registrations: &[Registration],
    ) -> Result<Option<Self>, ConfigError> {
        let address = values.optional_address("web.listen")?;
        let service = service(values)?;
        let frame_ancestors = values.texts("web.frame_ancestors")?;
        if !frame_ancestors.iter().all(|source| is_host_source(source)) {
            return Err(values.refused(
                "web.frame_ancestors",
                "a list of hosts with their scheme such as https://*.fabric.microsoft.com",
            ));
        }
        let broker = Broker::read(values, registrations)?;
        let Some(address) = address else {
            return Ok(None);
        };
        Ok(Some(Self {
            listen: listener(values, "web.listen", address, server.tls.as_ref())?,
            service: service.ok_or_else(|| ConfigError::Missing {
                key: "web.service".to_owned(),
                expects: ENDPOINT.to_owned(),
            })?,
            frame_ancestors,
            broker,
        }))
    }
}

fn service(values: &Values) -> Result<Option<String>, ConfigError> {
    let path = "web.service";
    let service = values.optional_text(path)?;
    if service.as_deref().is_none_or(is_endpoint) {
        Ok(service)
    } else {
        Err(values.refused(path, ENDPOINT))
    }
}

impl Broker {
    fn read(values: &Values, registrations: &[Registration]) -> Result<Option<Self>, ConfigError> {
        let path = "web.broker_components";
        let names = values.texts(path)?;
        let client_id = match (values.guid("web.broker_client_id")?, names.as_slice()) {
            (None, []) => return Ok(None),
            (None, _) => return Err(values.missing("web.broker_client_id")),
            (Some(_), []) => return Err(values.missing(path)),
            (Some(client_id), _) => client_id,
        };
        let mut chosen: Vec<&Registration> = Vec::with_capacity(names.len());
        for name in &names {
            let registration = registrations
                .iter()
                .find(|registration| registration.name == *name)
                .filter(|registration| {
                    matches!(registration.authority.kind, AuthorityKind::Entra { .. })
                });
            let is_new = chosen.iter().all(|one| one.name != *name);
            let Some(registration) = registration.filter(|_| is_new) else {
                return Err(values.refused(path, COMPONENTS));
            };
            can_exchange(values, registration, &client_id)?;
            chosen.push(registration);
        }
        let Some(first) = chosen.first() else {
            return Err(values.missing(path));
        };
        let authority = &first.authority;
        if chosen
            .iter()
            .any(|one| one.authority.name != authority.name)
        {
            return Err(values.refused(path, COMPONENTS));
        }
        let components = chosen.iter().map(|one| Component::of(values, one));
        Ok(Some(Self {
            client_id,
            authority: format!("{}/organizations", authority.url),
            components: components.collect::<Result<_, _>>()?,
        }))
    }
}

const COMPONENTS: &str =
    "a list of names of registrations, all of one Entra authority and none twice";

/// Whether the exchange would give the broker's page a token of this registration at all.
fn can_exchange(
    values: &Values,
    registration: &Registration,
    client_id: &String,
) -> Result<(), ConfigError> {
    let name = &registration.name;
    let refused = |leaf: &str, expects: &str| {
        let expects = format!("{expects}, as web.broker_components names the registration");
        Err(values.refused(&format!("registrations.{name}.{leaf}"), expects))
    };
    if registration.credential.is_none() {
        return refused("secret_file", "to be set, or another credential");
    }
    if !registration.token_clients.contains(client_id) {
        return refused("token_clients", "web.broker_client_id among them");
    }
    if registration.downstream_scopes.is_empty() {
        return refused("downstream_scopes", "at least one scope");
    }
    Ok(())
}

impl Component {
    fn of(values: &Values, registration: &Registration) -> Result<Self, ConfigError> {
        let uris = values.texts(&format!("registrations.{}.audiences_v1", registration.name))?;
        Ok(Self {
            name: registration.name.clone(),
            client_id: registration.client_id.clone(),
            // Entra knows an application by its id as well as by its URI.
            audience: uris
                .into_iter()
                .next()
                .unwrap_or_else(|| registration.client_id.clone()),
            scopes: registration.downstream_scopes.clone(),
        })
    }
}

/// Whether this is a host source of CSP level 3 with a scheme and without a path. What could end the
/// directive or mean something else in it (a semicolon, a space, a quoted keyword) is none.
fn is_host_source(source: &str) -> bool {
    let Some((scheme, host)) = source.split_once("://") else {
        return false;
    };
    let (host, port) = host.split_once(':').unwrap_or((host, "443"));
    let host = host.strip_prefix("*.").unwrap_or(host);
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    matches!(scheme, "https" | "http")
        && host.split('.').all(is_label)
        && (port == "*" || port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::is_host_source;

    #[test]
    fn a_frame_ancestor_is_a_host_and_cannot_end_its_directive() {
        for good in [
            "https://*.fabric.microsoft.com",
            "https://teams.microsoft.com",
            "https://localhost:5443",
            "http://127.0.0.1:*",
        ] {
            assert!(is_host_source(good), "{good}");
        }
        for bad in [
            "",
            "*",
            "https:",
            "https://",
            "https://*",
            "'self'",
            "'none'",
            "teams.microsoft.com",
            "https://contoso.com; script-src *",
            "https://contoso.com *",
            "https://contoso.com,https://fabrikam.com",
            "https://contoso.com/",
            "https://contoso.com/page",
            "https://contoso..com",
            "https://a.*.contoso.com",
            "https://contoso.com:",
            "https://contoso.com:65536",
            "https://user@contoso.com",
            "https://contoso.com\r\nset-cookie:a",
            "ftp://contoso.com",
            "data://contoso.com",
        ] {
            assert!(!is_host_source(bad), "{bad}");
        }
    }
}
