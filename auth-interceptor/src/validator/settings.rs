//! Which authorities and registrations a validator accepts, and what makes no sense among them.

use std::sync::Arc;

use crate::authority::{Algorithm, Authority, AuthorityKind, Registration};
use crate::claims::TokenVersion;

/// Why authorities and registrations cannot be validated against.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Nobody could ever call.
    #[error("no authority is configured")]
    NoAuthority,
    /// Nobody could ever call.
    #[error("no registration is configured")]
    NoRegistration,
    /// Two authorities of one name.
    #[error("authority `{name}` is configured twice")]
    AuthorityRepeated {
        /// The name.
        name: String,
    },
    /// Two registrations of one name.
    #[error("registration `{name}` is configured twice")]
    RegistrationRepeated {
        /// The name.
        name: String,
    },
    /// No signature could be accepted.
    #[error("authority `{name}` accepts no signature algorithm")]
    NoAlgorithm {
        /// The authority.
        name: String,
    },
    /// No tenant could call.
    #[error("authority `{name}` allows no tenant")]
    NoTenant {
        /// The authority.
        name: String,
    },
    /// The tenant of a token could not be tied to its issuer.
    #[error("authority `{name}` has an issuer without {{tenantid}}: {issuer}")]
    IssuerWithoutTenant {
        /// The authority.
        name: String,
        /// The issuer.
        issuer: String,
    },
    /// One OpenID provider stands for one tenant.
    #[error(
        "authority `{name}` has an issuer with {{tenantid}}, which only Entra's have: {issuer}"
    )]
    IssuerWithTenant {
        /// The authority.
        name: String,
        /// The issuer.
        issuer: String,
    },
    /// A token's issuer would not say whose keys to use.
    #[error("authorities `{first}` and `{second}` have the same issuer")]
    IssuerShared {
        /// The one.
        first: String,
        /// The other.
        second: String,
    },
    /// A registration of an authority that is not there.
    #[error("registration `{name}` names the unknown authority `{authority}`")]
    AuthorityUnknown {
        /// The registration.
        name: String,
        /// The authority it names.
        authority: String,
    },
    /// An Entra registration is its client id.
    #[error("registration `{name}` has no client_id")]
    NoClientId {
        /// The registration.
        name: String,
    },
    /// No RFC 9068 token could be meant for it.
    #[error("registration `{name}` has no audiences")]
    NoAudience {
        /// The registration.
        name: String,
    },
    /// An empty string would be compared with a token's `aud`.
    #[error("registration `{name}` has an empty audience")]
    EmptyAudience {
        /// The registration.
        name: String,
    },
    /// A token would be meant for two registrations.
    #[error("registrations `{first}` and `{second}` have the same audience {audience}")]
    AudienceShared {
        /// The one.
        first: String,
        /// The other.
        second: String,
        /// What both would accept.
        audience: String,
    },
}

/// An authority, with the registrations that it issues tokens for.
#[derive(Debug)]
pub(super) struct Issuing {
    pub(super) kind: AuthorityKind,
    pub(super) algorithms: Vec<Algorithm>,
    registrations: Vec<Arc<Registration>>,
}

impl Issuing {
    /// The registration that a token of this version and audience is meant for.
    pub(super) fn registration(
        &self,
        version: TokenVersion,
        audience: &str,
    ) -> Option<&Arc<Registration>> {
        self.registrations
            .iter()
            .find(|registration| audiences(registration, version).any(|own| own == audience))
    }

    /// Whether the authority issues tokens with this `iss`, for some tenant or other.
    pub(super) fn could_issue(&self, issuer: &str) -> bool {
        match &self.kind {
            AuthorityKind::Entra {
                issuer_v1,
                issuer_v2,
                ..
            } => issuer_v1.could_match(issuer) || issuer_v2.could_match(issuer),
            AuthorityKind::Oidc { issuer: own, .. } => own.could_match(issuer),
        }
    }
}

/// Joins authorities and registrations, in the order of the authorities.
pub(super) fn join(
    authorities: &[Authority],
    registrations: &[Registration],
) -> Result<Vec<Issuing>, SettingsError> {
    if authorities.is_empty() {
        return Err(SettingsError::NoAuthority);
    }
    if registrations.is_empty() {
        return Err(SettingsError::NoRegistration);
    }
    for (at, authority) in authorities.iter().enumerate() {
        check_authority(authority)?;
        for earlier in authorities.iter().take(at) {
            check_authorities(earlier, authority)?;
        }
    }
    for (at, registration) in registrations.iter().enumerate() {
        check_registration(registration, authorities)?;
        for earlier in registrations.iter().take(at) {
            check_registrations(earlier, registration)?;
        }
    }
    let issuing = authorities.iter().map(|authority| Issuing {
        kind: authority.kind.clone(),
        algorithms: authority.algorithms.clone(),
        registrations: registrations
            .iter()
            .filter(|registration| registration.authority == authority.name)
            .cloned()
            .map(Arc::new)
            .collect(),
    });
    Ok(issuing.collect())
}

/// What a registration accepts as `aud` in a token of that version.
fn audiences(registration: &Registration, version: TokenVersion) -> impl Iterator<Item = &str> {
    let (client_id, listed) = match version {
        TokenVersion::V1 => (None, registration.audiences_v1.as_slice()),
        TokenVersion::V2 => (Some(registration.client_id.as_str()), [].as_slice()),
        TokenVersion::Rfc9068 => (None, registration.audiences.as_slice()),
    };
    client_id
        .into_iter()
        .chain(listed.iter().map(String::as_str))
}

fn check_authority(authority: &Authority) -> Result<(), SettingsError> {
    let name = || authority.name.clone();
    if authority.algorithms.is_empty() {
        return Err(SettingsError::NoAlgorithm { name: name() });
    }
    match &authority.kind {
        AuthorityKind::Entra {
            issuer_v1,
            issuer_v2,
            tenants,
        } => {
            if tenants.is_empty() {
                return Err(SettingsError::NoTenant { name: name() });
            }
            for issuer in [issuer_v1, issuer_v2] {
                if !issuer.has_tenant() {
                    return Err(SettingsError::IssuerWithoutTenant {
                        name: name(),
                        issuer: issuer.as_str().to_owned(),
                    });
                }
            }
        }
        AuthorityKind::Oidc { issuer, .. } => {
            if issuer.has_tenant() {
                return Err(SettingsError::IssuerWithTenant {
                    name: name(),
                    issuer: issuer.as_str().to_owned(),
                });
            }
        }
    }
    Ok(())
}

fn check_authorities(first: &Authority, second: &Authority) -> Result<(), SettingsError> {
    if first.name == second.name {
        return Err(SettingsError::AuthorityRepeated {
            name: first.name.clone(),
        });
    }
    let shared = issuers(first).any(|one| {
        issuers(second).any(|other| {
            one == other || one.could_match(other.as_str()) || other.could_match(one.as_str())
        })
    });
    if shared {
        return Err(SettingsError::IssuerShared {
            first: first.name.clone(),
            second: second.name.clone(),
        });
    }
    Ok(())
}

fn issuers(authority: &Authority) -> impl Iterator<Item = &crate::issuer::IssuerTemplate> {
    let (one, other) = match &authority.kind {
        AuthorityKind::Entra {
            issuer_v1,
            issuer_v2,
            ..
        } => (issuer_v1, Some(issuer_v2)),
        AuthorityKind::Oidc { issuer, .. } => (issuer, None),
    };
    std::iter::once(one).chain(other)
}

fn check_registration(
    registration: &Registration,
    authorities: &[Authority],
) -> Result<(), SettingsError> {
    let name = || registration.name.clone();
    let authority = authorities
        .iter()
        .find(|authority| authority.name == registration.authority)
        .ok_or_else(|| SettingsError::AuthorityUnknown {
            name: name(),
            authority: registration.authority.clone(),
        })?;
    match &authority.kind {
        AuthorityKind::Entra { .. } if registration.client_id.is_empty() => {
            return Err(SettingsError::NoClientId { name: name() });
        }
        AuthorityKind::Oidc { .. } if registration.audiences.is_empty() => {
            return Err(SettingsError::NoAudience { name: name() });
        }
        AuthorityKind::Entra { .. } | AuthorityKind::Oidc { .. } => {}
    }
    let mut listed = registration
        .audiences_v1
        .iter()
        .chain(&registration.audiences);
    if listed.any(String::is_empty) {
        return Err(SettingsError::EmptyAudience { name: name() });
    }
    Ok(())
}

fn check_registrations(first: &Registration, second: &Registration) -> Result<(), SettingsError> {
    if first.name == second.name {
        return Err(SettingsError::RegistrationRepeated {
            name: first.name.clone(),
        });
    }
    if first.authority != second.authority {
        return Ok(());
    }
    for version in [TokenVersion::V1, TokenVersion::V2, TokenVersion::Rfc9068] {
        // An OpenID provider's registrations may leave the client id empty: it is no audience.
        let shared = audiences(first, version)
            .filter(|audience| !audience.is_empty())
            .find(|audience| audiences(second, version).any(|other| other == *audience));
        if let Some(audience) = shared {
            return Err(SettingsError::AudienceShared {
                first: first.name.clone(),
                second: second.name.clone(),
                audience: audience.to_owned(),
            });
        }
    }
    Ok(())
}
