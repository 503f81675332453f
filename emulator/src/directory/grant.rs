//! Grants: what one application may do with another, and for whom.
//!
//! Pre-authorisation and roles hold for everybody, an administrator's consent for one tenant, a
//! person's consent for that person in one tenant.

use std::collections::BTreeSet;

use super::app::App;
use crate::locked::Locked;

/// For whom a grant holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GrantedFor {
    /// One account in one tenant: the person's own consent.
    Account {
        /// The tenant's id.
        tenant: String,
        /// The user principal name.
        upn: String,
    },
    /// Everybody: a pre-authorised client, or a first-party one.
    Everybody,
    /// Every account of a tenant, by its id: the consent of an administrator.
    Tenant(String),
}

impl GrantedFor {
    /// One account in one tenant.
    pub fn account(tenant: impl Into<String>, upn: impl Into<String>) -> Self {
        Self::Account {
            tenant: tenant.into(),
            upn: upn.into(),
        }
    }

    fn includes(&self, user: User<'_>) -> bool {
        match self {
            Self::Account { tenant, upn } => {
                tenant == user.tenant && upn.eq_ignore_ascii_case(user.upn)
            }
            Self::Everybody => true,
            Self::Tenant(tenant) => tenant == user.tenant,
        }
    }
}

/// A person in one tenant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct User<'a> {
    /// Tenant id.
    pub(crate) tenant: &'a str,
    /// User principal name.
    pub(crate) upn: &'a str,
}

/// What one application may do with another.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Grant {
    /// The client's id.
    pub client: String,
    /// The resource's client id.
    pub resource: String,
    /// Delegated scopes.
    pub scopes: Vec<String>,
    /// Application roles.
    pub roles: Vec<String>,
    /// For whom the scopes are granted.
    pub granted_for: GrantedFor,
}

impl Grant {
    /// A grant of scopes, for everybody.
    pub fn scopes(client: &str, resource: &str, scopes: &[&str]) -> Self {
        Self {
            scopes: scopes.iter().map(ToString::to_string).collect(),
            ..Self::of_nothing(client, resource)
        }
    }

    /// A grant of application roles.
    pub fn roles(client: &str, resource: &str, roles: &[&str]) -> Self {
        Self {
            roles: roles.iter().map(ToString::to_string).collect(),
            ..Self::of_nothing(client, resource)
        }
    }

    /// The grant for fewer than everybody.
    #[must_use]
    pub fn granted_for(mut self, granted_for: GrantedFor) -> Self {
        self.granted_for = granted_for;
        self
    }

    fn of_nothing(client: &str, resource: &str) -> Self {
        Self {
            client: client.to_owned(),
            resource: resource.to_owned(),
            scopes: Vec::new(),
            roles: Vec::new(),
            granted_for: GrantedFor::Everybody,
        }
    }

    fn is_between(&self, client: &App, resource: &App) -> bool {
        self.client == client.client_id && self.resource == resource.client_id
    }
}

/// Every grant in force. There is one at most for the same client, resource and holder, so people
/// who consent again and again add nothing.
#[derive(Debug)]
pub(super) struct Grants(Locked<Vec<Grant>>);

impl Grants {
    pub(super) fn new(grants: Vec<Grant>) -> Self {
        Self(Locked::new(grants))
    }

    /// The scopes of `resource` that `client` may use for `user`.
    pub(super) fn scopes(&self, client: &App, resource: &App, user: User<'_>) -> BTreeSet<String> {
        self.0
            .lock()
            .iter()
            .filter(|grant| grant.is_between(client, resource) && grant.granted_for.includes(user))
            .flat_map(|grant| grant.scopes.iter().cloned())
            .collect()
    }

    /// Whether `user`, or an administrator for them, has consented to anything of `client`.
    /// Pre-authorisation is nobody's consent.
    pub(super) fn has_consented(&self, client: &App, user: User<'_>) -> bool {
        self.0.lock().iter().any(|grant| {
            grant.client == client.client_id
                && grant.granted_for != GrantedFor::Everybody
                && grant.granted_for.includes(user)
        })
    }

    /// The roles of `resource` that were assigned to `client`.
    pub(super) fn roles(&self, client: &App, resource: &App) -> BTreeSet<String> {
        self.0
            .lock()
            .iter()
            .filter(|grant| grant.is_between(client, resource))
            .flat_map(|grant| grant.roles.iter().cloned())
            .collect()
    }

    /// Adds scopes to the grant that the same holder has, or a new grant.
    pub(super) fn add(&self, added: Grant) {
        let mut grants = self.0.lock();
        let known = grants.iter_mut().find(|grant| {
            grant.client == added.client
                && grant.resource == added.resource
                && grant.granted_for == added.granted_for
        });
        match known {
            Some(grant) => {
                for scope in added.scopes {
                    if !grant.scopes.contains(&scope) {
                        grant.scopes.push(scope);
                    }
                }
            }
            None => grants.push(added),
        }
    }

    /// Takes back what one holder granted; `false` when there was nothing.
    pub(super) fn remove(&self, client: &App, resource: &App, granted_for: &GrantedFor) -> bool {
        let mut grants = self.0.lock();
        let before = grants.len();
        grants.retain(|grant| {
            !(grant.is_between(client, resource) && grant.granted_for == *granted_for)
        });
        grants.len() < before
    }
}
