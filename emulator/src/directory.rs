//! The directory: tenants, accounts and applications, and what each may do.
//!
//! It answers questions and issues nothing. All of it is fixed at start except what people change
//! while it runs: an application's owner its token version and certificates, users and
//! administrators their consent and their Conditional Access.

mod access;
mod app;
mod changes;
mod grant;
mod scripting;
pub mod seed;

use std::collections::BTreeSet;

use access::AccessRules;
use changes::Changes;
use grant::Grants;

use crate::random;

pub use access::{AccessPolicy, AccessRule};
pub use app::{
    App, AppKind, ClientCertificate, Permission, Redirect, RedirectKind, UnusableCertificate,
};
pub(crate) use changes::SecretState;
pub(crate) use grant::User;
pub use grant::{Grant, GrantedFor};
pub use seed::Seed;

/// The version of an access token: which endpoint's shape its claims have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenVersion {
    /// `ver` 1.0: the audience is the Application ID URI, the client is `appid`.
    V1,
    /// `ver` 2.0: the audience is the client id, the client is `azp`.
    V2,
}

impl TokenVersion {
    /// The value of the `ver` claim.
    #[must_use]
    pub fn claim(self) -> &'static str {
        match self {
            Self::V1 => "1.0",
            Self::V2 => "2.0",
        }
    }
}

/// A tenant.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Tenant {
    /// Its id, a GUID.
    pub id: String,
    /// Its one verified domain.
    pub domain: String,
    /// Its name for people.
    pub name: String,
}

impl Tenant {
    /// A tenant.
    pub fn new(id: impl Into<String>, domain: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            domain: domain.into(),
            name: name.into(),
        }
    }
}

/// A person who can sign in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Account {
    /// The user principal name in the home tenant.
    pub upn: String,
    /// Another name that signs the same person in.
    pub alias: Option<String>,
    /// The name for people.
    pub name: String,
    /// The id of the tenant that owns the account.
    pub home_tenant: String,
    /// The ids of tenants that invited the account.
    pub guest_of: Vec<String>,
}

impl Account {
    /// A member of `home_tenant`.
    pub fn new(
        upn: impl Into<String>,
        name: impl Into<String>,
        home_tenant: impl Into<String>,
    ) -> Self {
        Self {
            upn: upn.into(),
            alias: None,
            name: name.into(),
            home_tenant: home_tenant.into(),
            guest_of: Vec::new(),
        }
    }

    /// Whether the account exists in a tenant, as a member or as a guest.
    #[must_use]
    pub fn is_in(&self, tenant: &str) -> bool {
        self.home_tenant == tenant || self.guest_of.iter().any(|guest| guest == tenant)
    }

    /// The account's object id in a tenant; every tenant gives it another.
    #[must_use]
    pub fn object_id(&self, tenant: &str) -> String {
        random::derived_guid(&["user", tenant, &self.upn])
    }

    fn is_called(&self, name: &str) -> bool {
        self.upn.eq_ignore_ascii_case(name)
            || self
                .alias
                .as_deref()
                .is_some_and(|alias| alias.eq_ignore_ascii_case(name))
    }
}

/// What a request's tenant segment means.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TenantSegment<'a> {
    /// One tenant, by id or domain.
    One(&'a Tenant),
    /// `common` or `organizations`: the home tenant of whoever signs in.
    Any,
}

/// Tenants, accounts and applications.
#[derive(Debug)]
pub struct Directory {
    tenants: Vec<Tenant>,
    accounts: Vec<Account>,
    apps: Vec<App>,
    grants: Grants,
    access: AccessRules,
    changes: Changes,
}

impl Directory {
    pub(crate) fn new(seed: Seed) -> Self {
        Self {
            tenants: seed.tenants,
            accounts: seed.accounts,
            apps: seed.apps,
            grants: Grants::new(seed.grants),
            access: AccessRules::new(seed.access),
            changes: Changes::default(),
        }
    }

    /// Every tenant; the first is the workload's publisher.
    #[must_use]
    pub fn tenants(&self) -> &[Tenant] {
        &self.tenants
    }

    /// Every account.
    #[must_use]
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// Every application.
    #[must_use]
    pub fn apps(&self) -> &[App] {
        &self.apps
    }

    /// A tenant by id or domain.
    #[must_use]
    pub fn tenant(&self, id_or_domain: &str) -> Option<&Tenant> {
        self.tenants.iter().find(|tenant| {
            tenant.id.eq_ignore_ascii_case(id_or_domain)
                || tenant.domain.eq_ignore_ascii_case(id_or_domain)
        })
    }

    /// An account by any of its names.
    #[must_use]
    pub fn account(&self, name: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.is_called(name))
    }

    /// A known account, or a member made up on the spot, so that a test has as many as it likes: of
    /// the tenant whose domain the name has, or else of the first.
    pub(crate) fn account_called(&self, upn: &str) -> Account {
        if let Some(account) = self.account(upn) {
            return account.clone();
        }
        let tenant = upn
            .rsplit_once('@')
            .and_then(|(_, domain)| self.tenant(domain))
            .or_else(|| self.tenants.first())
            .map_or_else(String::new, |tenant| tenant.id.clone());
        Account::new(upn, upn, tenant)
    }

    /// An application by client id.
    #[must_use]
    pub fn app(&self, client_id: &str) -> Option<&App> {
        self.apps
            .iter()
            .find(|app| app.client_id.eq_ignore_ascii_case(client_id))
    }

    /// A resource application by client id or Application ID URI.
    #[must_use]
    pub fn resource(&self, identifier: &str) -> Option<&App> {
        let identifier = identifier.trim_end_matches('/');
        self.app(identifier).or_else(|| {
            self.apps.iter().find(|app| {
                app.identifier_uri
                    .as_deref()
                    .is_some_and(|uri| uri == identifier)
            })
        })
    }

    /// Which token version a resource application asks for at present.
    #[must_use]
    pub fn token_version(&self, app: &App) -> TokenVersion {
        self.changes.version(app).unwrap_or(app.token_version)
    }

    /// The certificates an application may sign assertions with at present.
    pub(crate) fn certificates(&self, app: &App) -> Vec<ClientCertificate> {
        let mut certificates = app.certificates.clone();
        certificates.extend(self.changes.certificates(app));
        certificates
    }

    /// What a presented client secret is worth at present.
    pub(crate) fn judge_secret(&self, app: &App, presented: &[u8]) -> SecretState {
        self.changes.judge_secret(app, presented)
    }

    /// Whether an administrator has disabled an account.
    pub(crate) fn is_disabled(&self, account: &Account) -> bool {
        self.changes.is_disabled(&account.upn)
    }

    pub(crate) fn tenant_segment(&self, segment: &str) -> Option<TenantSegment<'_>> {
        match segment {
            "common" | "organizations" => Some(TenantSegment::Any),
            segment => self.tenant(segment).map(TenantSegment::One),
        }
    }

    /// The scopes of `resource` that `client` may use for a person.
    pub(crate) fn consented_scopes(
        &self,
        client: &App,
        resource: &App,
        user: User<'_>,
    ) -> BTreeSet<String> {
        self.grants.scopes(client, resource, user)
    }

    /// Whether a person, or an administrator for them, has consented to anything of `client`.
    pub(crate) fn has_consented(&self, client: &App, user: User<'_>) -> bool {
        self.grants.has_consented(client, user)
    }

    /// The roles of `resource` that were assigned to `client`.
    pub(crate) fn assigned_roles(&self, client: &App, resource: &App) -> BTreeSet<String> {
        self.grants.roles(client, resource)
    }

    /// What Conditional Access demands of an account for a resource.
    pub(crate) fn access_rule(&self, upn: &str, resource: &App) -> Option<AccessRule> {
        self.access.of(upn, &resource.client_id)
    }

    /// Those rules of an account that a claims challenge names.
    pub(crate) fn access_rules_named(&self, upn: &str, ids: &[String]) -> Vec<AccessRule> {
        self.access.named(upn, ids)
    }
}
