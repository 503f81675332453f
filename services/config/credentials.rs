//! What `[registrations.*]` say of the exchange: the credential, and who may receive what.

use std::net::IpAddr;
use std::path::PathBuf;

use auth_interceptor::{Authority, Registration};

use super::error::ConfigError;
use super::values::Values;
use crate::exchange::{self, Consent, CredentialSource};
use crate::secret::Secret;

/// The keys that name a credential: at most one of them.
const CREDENTIALS: [&str; 4] = [
    "secret_file",
    "certificate_file",
    "federated_token_file",
    "managed_identity",
];

/// The registrations of `registrations` as the exchange sees them.
pub(super) fn read(
    values: &Values,
    authorities: &[Authority],
    registrations: &[Registration],
) -> Result<Vec<exchange::Registration>, ConfigError> {
    let mut read = Vec::with_capacity(registrations.len());
    for registration in registrations {
        let name = &registration.name;
        let key = |leaf: &str| format!("registrations.{name}.{leaf}");
        let authority = authorities
            .iter()
            .find(|authority| authority.name == registration.authority)
            .ok_or_else(|| values.missing(&key("authority")))?;
        read.push(exchange::Registration {
            name: name.clone(),
            authority: authority.clone(),
            client_id: registration.client_id.clone(),
            publisher_tenant: registration.publisher_tenant,
            credential: credential(values, registration)?,
            consent: match values.choice(&key("consent"))? {
                "full" => Consent::Full,
                _ => Consent::Incremental,
            },
            token_clients: values.texts(&key("token_clients"))?,
            token_services: token_services(values, registration)?,
            downstream_scopes: values.texts(&key("downstream_scopes"))?,
        });
    }
    Ok(read)
}

fn credential(
    values: &Values,
    registration: &Registration,
) -> Result<Option<CredentialSource>, ConfigError> {
    let key = |leaf: &str| format!("registrations.{}.{leaf}", registration.name);
    let mut set = Vec::new();
    for leaf in CREDENTIALS {
        let path = key(leaf);
        let counts = values.is_set(&path) && (leaf != "managed_identity" || values.flag(&path)?);
        if counts {
            set.push(leaf);
        }
    }
    if let [_, second, ..] = set.as_slice() {
        return Err(values.refused(&key(second), "to be the registration's only credential"));
    }
    if let Some(leaf) = set.first()
        && registration.client_id.is_empty()
    {
        return Err(values.refused(
            &key(leaf),
            format!(
                "registrations.{}.client_id to be set too",
                registration.name
            ),
        ));
    }
    let managed_identity = CredentialSource::ManagedIdentity {
        url: identity_url(values, &key("managed_identity_url"))?,
        client_id: values.guid(&key("managed_identity_client_id"))?,
    };
    let key_file = values.optional_file(&key("key_file"))?;
    if key_file.is_some() && !set.contains(&"certificate_file") {
        return Err(values.missing(&key("certificate_file")));
    }
    Ok(match set.first().copied() {
        Some("secret_file") => {
            // Read now, so that an empty file stops the start; read again when it changes.
            values.read_file(&key("secret_file"), |file| {
                Secret::from_file(file).map(drop)
            })?;
            Some(CredentialSource::Secret {
                file: PathBuf::from(values.text(&key("secret_file"))?),
            })
        }
        Some("certificate_file") => Some(CredentialSource::Certificate {
            certificate_file: values
                .optional_file(&key("certificate_file"))?
                .ok_or_else(|| values.missing(&key("certificate_file")))?,
            key_file: key_file.ok_or_else(|| values.missing(&key("key_file")))?,
        }),
        Some("federated_token_file") => Some(CredentialSource::FederatedToken {
            file: values
                .optional_file(&key("federated_token_file"))?
                .ok_or_else(|| values.missing(&key("federated_token_file")))?,
        }),
        Some(_) => Some(managed_identity),
        None => None,
    })
}

/// The endpoint speaks plain HTTP, so it must not be further away than this machine's own link.
fn identity_url(values: &Values, path: &str) -> Result<String, ConfigError> {
    let text = values.text(path)?;
    let url = text.parse::<reqwest::Url>().ok();
    let host = url
        .as_ref()
        .and_then(reqwest::Url::host_str)
        .unwrap_or_default();
    let near = match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => address.is_link_local() || address.is_loopback(),
        Ok(IpAddr::V6(address)) => address.is_unicast_link_local() || address.is_loopback(),
        Err(_) => false,
    };
    let plain = url
        .as_ref()
        .is_some_and(|url| url.scheme() == "http" && url.query().is_none());
    if near && plain {
        Ok(text)
    } else {
        Err(values.refused(
            path,
            "an http URL of a link-local or loopback address, without query",
        ))
    }
}

/// A back end proves itself by an app token of the publisher's tenant, so there must be one.
fn token_services(
    values: &Values,
    registration: &Registration,
) -> Result<Vec<String>, ConfigError> {
    let path = format!("registrations.{}.token_services", registration.name);
    let services = values.texts(&path)?;
    if !services.is_empty() && registration.publisher_tenant.is_none() {
        return Err(values.refused(
            &path,
            format!(
                "registrations.{}.publisher_tenant to be set too",
                registration.name
            ),
        ));
    }
    Ok(services)
}
