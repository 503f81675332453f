//! `[authorities.*]` and `[registrations.*]`: who may issue tokens, and for which applications.
//!
//! What would let in a stranger stops the start: no tenants, no audience, an issuer or an audience
//! that is stated twice, a host on this machine that nobody called local.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};

use auth_interceptor::{Algorithm, Authority, AuthorityKind, IssuerTemplate, Registration};

use super::error::ConfigError;
use super::values::Values;

/// Microsoft's public cloud, whose 1.0 issuer is on a host of its own.
const PUBLIC_CLOUD: &str = "https://login.microsoftonline.com";

pub(super) fn read(values: &Values) -> Result<(Vec<Authority>, Vec<Registration>), ConfigError> {
    let authorities = at_least_one(values, "authorities", read_authority)?;
    refuse_shared_issuers(values, &authorities)?;

    let registrations = at_least_one(values, "registrations", |values, name| {
        read_registration(values, name, &authorities)
    })?;
    refuse_shared_audiences(values, &registrations)?;
    Ok((authorities, registrations))
}

fn at_least_one<T>(
    values: &Values,
    section: &'static str,
    read: impl Fn(&Values, &str) -> Result<T, ConfigError>,
) -> Result<Vec<T>, ConfigError> {
    let tables: Vec<T> = values
        .names(section)
        .map(|name| read(values, name))
        .collect::<Result<_, _>>()?;
    if tables.is_empty() {
        return Err(ConfigError::Missing {
            key: section.to_owned(),
            expects: format!("at least one table [{section}.<name>]"),
        });
    }
    Ok(tables)
}

// === Authorities ===

fn read_authority(values: &Values, name: &str) -> Result<Authority, ConfigError> {
    let key = |leaf: &str| format!("authorities.{name}.{leaf}");
    let kind = values.choice(&key("kind"))?;

    let url = values.url(&key("url"))?;
    let local_allowed = values.flag(&key("danger_allow_local_authority"))?;
    if !local_allowed && is_this_machine(&url) {
        return Err(values.refused(
            &key("url"),
            format!(
                "a host that is not this machine, or authorities.{name}.\
                 danger_allow_local_authority = true"
            ),
        ));
    }
    // As the operator wrote it: an issuer is compared byte for byte, and parsing would normalise.
    let url = values.text(&key("url"))?.trim_end_matches('/').to_owned();

    let kind = if kind == "oidc" {
        read_oidc(values, name, &url)?
    } else {
        read_entra(values, name, &url)?
    };
    Ok(Authority {
        name: name.to_owned(),
        url,
        kind,
        algorithms: read_algorithms(values, &key("algorithms"))?,
        root_certificates_pem: values.read_file(&key("ca_file"), |file| std::fs::read(file))?,
    })
}

fn read_entra(values: &Values, name: &str, url: &str) -> Result<AuthorityKind, ConfigError> {
    let key = |leaf: &str| format!("authorities.{name}.{leaf}");
    refuse_if_set(values, name, &["issuer", "tenant"], "oidc")?;

    let issuer = |leaf: &str, default: String| {
        let issuer = values.optional_text(&key(leaf))?.unwrap_or(default);
        if issuer.matches("{tenantid}").count() != 1 {
            return Err(values.refused(&key(leaf), "an issuer with {tenantid} in it, once"));
        }
        Ok(IssuerTemplate::new(&issuer))
    };
    let default_v1 = if url == PUBLIC_CLOUD {
        "https://sts.windows.net/{tenantid}/".to_owned()
    } else {
        format!("{url}/{{tenantid}}/")
    };
    let tenants = values.tenants(&key("tenants"))?;
    if tenants.is_empty() {
        return Err(values.refused(&key("tenants"), "a list of at least one tenant id"));
    }
    Ok(AuthorityKind::Entra {
        issuer_v1: issuer("issuer_v1", default_v1)?,
        issuer_v2: issuer("issuer_v2", format!("{url}/{{tenantid}}/v2.0"))?,
        tenants,
    })
}

fn read_oidc(values: &Values, name: &str, url: &str) -> Result<AuthorityKind, ConfigError> {
    let key = |leaf: &str| format!("authorities.{name}.{leaf}");
    refuse_if_set(
        values,
        name,
        &["issuer_v1", "issuer_v2", "tenants"],
        "entra",
    )?;

    let issuer = values
        .optional_text(&key("issuer"))?
        .unwrap_or_else(|| url.to_owned());
    if issuer.contains("{tenantid}") {
        return Err(values.refused(&key("issuer"), "one issuer, without a template"));
    }
    let tenant = values
        .tenant(&key("tenant"))?
        .ok_or_else(|| values.missing(&key("tenant")))?;
    Ok(AuthorityKind::Oidc {
        issuer: IssuerTemplate::new(&issuer),
        tenant,
    })
}

fn refuse_if_set(
    values: &Values,
    name: &str,
    leaves: &[&str],
    other_kind: &str,
) -> Result<(), ConfigError> {
    for leaf in leaves {
        let path = format!("authorities.{name}.{leaf}");
        if values.is_set(&path) {
            return Err(values.refused(&path, format!("an authority of kind {other_kind}")));
        }
    }
    Ok(())
}

fn read_algorithms(values: &Values, path: &str) -> Result<Vec<Algorithm>, ConfigError> {
    let expected = || values.refused(path, "a list of RS256, PS256 and ES256, at least one");
    let algorithms: Vec<Algorithm> = values
        .texts(path)?
        .iter()
        .map(|text| text.parse())
        .collect::<Result<_, _>>()
        .map_err(|_| expected())?;
    if algorithms.is_empty() {
        Err(expected())
    } else {
        Ok(algorithms)
    }
}

/// Whether the host is a loopback or unspecified address or a name for one. The URL parser has
/// already made `127.1` and `0x7f000001` into what they are.
fn is_this_machine(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    match address.map(|address| address.to_canonical()) {
        Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_unspecified(),
        Ok(IpAddr::V6(address)) => {
            address == Ipv6Addr::LOCALHOST || address == Ipv6Addr::UNSPECIFIED
        }
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

/// A token's `iss` must lead to one authority.
fn refuse_shared_issuers(values: &Values, authorities: &[Authority]) -> Result<(), ConfigError> {
    let mut seen = BTreeSet::new();
    for authority in authorities {
        let issuers = match &authority.kind {
            AuthorityKind::Entra {
                issuer_v1,
                issuer_v2,
                ..
            } => {
                vec![("issuer_v1", issuer_v1), ("issuer_v2", issuer_v2)]
            }
            AuthorityKind::Oidc { issuer, .. } => vec![("issuer", issuer)],
        };
        for (leaf, issuer) in issuers {
            if !seen.insert(issuer.as_str().to_owned()) {
                let path = format!("authorities.{}.{leaf}", authority.name);
                return Err(values.refused(&path, "an issuer that is stated once"));
            }
        }
    }
    Ok(())
}

// === Registrations ===

fn read_registration(
    values: &Values,
    name: &str,
    authorities: &[Authority],
) -> Result<Registration, ConfigError> {
    let key = |leaf: &str| format!("registrations.{name}.{leaf}");
    let authority = values.text(&key("authority"))?;
    let Some(issuer) = authorities.iter().find(|known| known.name == authority) else {
        return Err(values.refused(&key("authority"), "the name of a table in [authorities]"));
    };

    let client_id = values.guid(&key("client_id"))?;
    let audiences = values.texts(&key("audiences"))?;
    let audiences_v1 = values.texts(&key("audiences_v1"))?;
    let client_id = match &issuer.kind {
        AuthorityKind::Entra { .. } => {
            if !audiences.is_empty() {
                return Err(values.refused(&key("audiences"), "an authority of kind oidc"));
            }
            client_id.ok_or_else(|| values.missing(&key("client_id")))?
        }
        AuthorityKind::Oidc { .. } => {
            if !audiences_v1.is_empty() {
                return Err(values.refused(&key("audiences_v1"), "an authority of kind entra"));
            }
            if audiences.is_empty() {
                return Err(values.refused(&key("audiences"), "a list of at least one audience"));
            }
            client_id.unwrap_or_default()
        }
    };
    Ok(Registration {
        name: name.to_owned(),
        authority,
        client_id,
        audiences_v1,
        audiences,
        publisher_tenant: values.tenant(&key("publisher_tenant"))?,
        allowed_clients: values.texts(&key("allowed_clients"))?,
        claims_capable_clients: values.texts(&key("claims_capable_clients"))?,
    })
}

/// A token's authority and `aud` must lead to one registration.
fn refuse_shared_audiences(
    values: &Values,
    registrations: &[Registration],
) -> Result<(), ConfigError> {
    let mut seen = BTreeSet::new();
    for registration in registrations {
        let audiences = std::iter::once(("client_id", &registration.client_id))
            .filter(|(_, client_id)| registration.audiences.is_empty() && !client_id.is_empty())
            .chain(
                registration
                    .audiences_v1
                    .iter()
                    .map(|audience| ("audiences_v1", audience)),
            )
            .chain(
                registration
                    .audiences
                    .iter()
                    .map(|audience| ("audiences", audience)),
            );
        for (leaf, audience) in audiences {
            if !seen.insert((registration.authority.clone(), audience.clone())) {
                let path = format!("registrations.{}.{leaf}", registration.name);
                return Err(values.refused(&path, "an audience that is stated once"));
            }
        }
    }
    Ok(())
}
