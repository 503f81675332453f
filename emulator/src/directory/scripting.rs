//! What people change in a directory while it runs. Each answers `false` for a name that the
//! directory does not know, and changes nothing then.

use super::access::{AccessPolicy, AccessRule};
use super::app::{App, ClientCertificate};
use super::grant::{Grant, GrantedFor};
use super::{Account, Directory, TokenVersion};
use crate::secret::Secret;

// === Applications ===

impl Directory {
    pub(crate) fn set_token_version(&self, client_id: &str, version: TokenVersion) -> bool {
        self.with_app(client_id, |app| self.changes.set_version(app, version))
    }

    pub(crate) fn add_certificate(&self, client_id: &str, certificate: ClientCertificate) -> bool {
        self.with_app(client_id, |app| {
            self.changes.add_certificate(app, certificate);
        })
    }

    pub(crate) fn add_secret(&self, client_id: &str, secret: Secret) -> bool {
        self.with_app(client_id, |app| self.changes.add_secret(app, secret))
    }

    pub(crate) fn expire_secrets(&self, client_id: &str) -> bool {
        self.with_app(client_id, |app| self.changes.expire_secrets(app))
    }

    fn with_app(&self, client_id: &str, act: impl FnOnce(&App)) -> bool {
        self.app(client_id).map(act).is_some()
    }
}

// === Consent ===

impl Directory {
    /// Consents in a person's name, in every tenant that knows them.
    pub(crate) fn grant_consent(&self, upn: &str, client_id: &str, scopes: &[String]) -> bool {
        let account = self.account_called(upn);
        let (Some(client), Some(parsed)) = (self.app(client_id), self.parse_scopes(scopes)) else {
            return false;
        };
        for tenant in tenants_of(&account) {
            let granted_for = GrantedFor::account(tenant, &account.upn);
            self.consent(client, &parsed, &granted_for);
        }
        true
    }

    /// Consents in a tenant's name.
    pub(crate) fn grant_tenant_consent(
        &self,
        tenant: &str,
        client_id: &str,
        scopes: &[String],
    ) -> bool {
        let (Some(tenant), Some(client), Some(parsed)) = (
            self.tenant(tenant),
            self.app(client_id),
            self.parse_scopes(scopes),
        ) else {
            return false;
        };
        self.consent(client, &parsed, &GrantedFor::Tenant(tenant.id.clone()));
        true
    }

    /// Takes back a person's own consent; what an administrator or a pre-authorisation grants
    /// stays.
    pub(crate) fn revoke_consent(&self, upn: &str, client_id: &str, resource: &str) -> bool {
        let account = self.account_called(upn);
        let (Some(client), Some(resource)) = (self.app(client_id), self.resource(resource)) else {
            return false;
        };
        for tenant in tenants_of(&account) {
            let granted_for = GrantedFor::account(tenant, &account.upn);
            self.grants.remove(client, resource, &granted_for);
        }
        true
    }

    /// Takes back the consent of a tenant's administrator.
    pub(crate) fn revoke_tenant_consent(
        &self,
        tenant: &str,
        client_id: &str,
        resource: &str,
    ) -> bool {
        let (Some(tenant), Some(client), Some(resource)) = (
            self.tenant(tenant),
            self.app(client_id),
            self.resource(resource),
        ) else {
            return false;
        };
        let granted_for = GrantedFor::Tenant(tenant.id.clone());
        self.grants.remove(client, resource, &granted_for);
        true
    }

    /// Records consent to scopes of resources.
    pub(crate) fn consent(
        &self,
        client: &App,
        scopes: &[(&App, Vec<String>)],
        granted_for: &GrantedFor,
    ) {
        for (resource, names) in scopes {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            self.grants.add(
                Grant::scopes(&client.client_id, &resource.client_id, &names)
                    .granted_for(granted_for.clone()),
            );
        }
    }

    /// Every scope as `<resource>/<name>`, of a resource that has it.
    fn parse_scopes(&self, scopes: &[String]) -> Option<Vec<(&App, Vec<String>)>> {
        scopes
            .iter()
            .map(|scope| {
                let (resource, name) = scope.rsplit_once('/')?;
                let resource = self.resource(resource)?;
                let known = resource.scopes.iter().any(|known| known == name);
                known.then(|| (resource, vec![name.to_owned()]))
            })
            .collect()
    }
}

// === Accounts and their Conditional Access ===

impl Directory {
    pub(crate) fn set_disabled(&self, upn: &str, disabled: bool) {
        let account = self.account_called(upn);
        self.changes.set_disabled(&account.upn, disabled);
    }

    pub(crate) fn set_access_policy(
        &self,
        upn: &str,
        resource: &str,
        policy: AccessPolicy,
    ) -> Option<AccessRule> {
        let account = self.account_called(upn);
        let resource = self.resource(resource)?;
        let rule = AccessRule::new(&account.upn, &resource.client_id, policy);
        self.access.set(rule.clone());
        Some(rule)
    }

    pub(crate) fn clear_access_policy(&self, upn: &str, resource: &str) -> bool {
        let account = self.account_called(upn);
        self.resource(resource)
            .is_some_and(|resource| self.access.clear(&account.upn, &resource.client_id))
    }
}

fn tenants_of(account: &Account) -> impl Iterator<Item = &str> {
    let guest_of = account.guest_of.iter().map(String::as_str);
    std::iter::once(account.home_tenant.as_str()).chain(guest_of)
}
