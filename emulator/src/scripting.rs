//! Scripting the directory: what owners, administrators and users change while it runs.
//!
//! Names are those of the directory: user principal names, client ids, Application ID URIs. An
//! account that it does not know is a member of the tenant whose domain the name has.

use crate::Emulator;
use crate::directory::{AccessPolicy, AccessRule, ClientCertificate, TokenVersion};
use crate::secret::Secret;

// === Applications ===

impl Emulator {
    /// Sets the version of the tokens that a resource application receives from now on.
    pub fn set_token_version(&self, client_id: &str, version: TokenVersion) {
        self.authority
            .directory
            .set_token_version(client_id, version);
    }

    /// Registers a certificate for an application's client assertions; `false` when there is no
    /// such application.
    pub fn add_certificate(&self, client_id: &str, certificate: ClientCertificate) -> bool {
        self.authority
            .directory
            .add_certificate(client_id, certificate)
    }

    /// Registers another client secret; `false` when there is no such application.
    pub fn add_secret(&self, client_id: &str, secret: Secret) -> bool {
        self.authority.directory.add_secret(client_id, secret)
    }

    /// Lets every client secret that an application has now expire; `false` when there is no such
    /// application.
    pub fn expire_secret(&self, client_id: &str) -> bool {
        self.authority.directory.expire_secrets(client_id)
    }
}

// === Consent ===

impl Emulator {
    /// Consents in a person's name to an application's use of scopes, each spelled
    /// `<resource>/<name>`; `false` when an application or a scope is unknown, and nothing is
    /// granted then.
    pub fn grant_consent<S: Into<String>>(
        &self,
        upn: &str,
        client_id: &str,
        scopes: impl IntoIterator<Item = S>,
    ) -> bool {
        let scopes: Vec<String> = scopes.into_iter().map(Into::into).collect();
        self.authority
            .directory
            .grant_consent(upn, client_id, &scopes)
    }

    /// Consents as a tenant's administrator, for everybody in it.
    pub fn grant_tenant_consent<S: Into<String>>(
        &self,
        tenant: &str,
        client_id: &str,
        scopes: impl IntoIterator<Item = S>,
    ) -> bool {
        let scopes: Vec<String> = scopes.into_iter().map(Into::into).collect();
        self.authority
            .directory
            .grant_tenant_consent(tenant, client_id, &scopes)
    }

    /// Takes back a person's own consent to an application's use of a resource (client id or
    /// Application ID URI). What an administrator granted stays.
    pub fn revoke_consent(&self, upn: &str, client_id: &str, resource: &str) -> bool {
        self.authority
            .directory
            .revoke_consent(upn, client_id, resource)
    }

    /// Takes back the consent of a tenant's administrator.
    pub fn revoke_tenant_consent(&self, tenant: &str, client_id: &str, resource: &str) -> bool {
        self.authority
            .directory
            .revoke_tenant_consent(tenant, client_id, resource)
    }
}

// === Accounts and their Conditional Access ===

impl Emulator {
    /// Demands something of an account before a resource (client id or Application ID URI) is open
    /// to it, instead of what was demanded before. The rule's id is what a claims challenge names;
    /// `None` when there is no such resource.
    pub fn set_access_policy(
        &self,
        upn: &str,
        resource: &str,
        policy: AccessPolicy,
    ) -> Option<AccessRule> {
        self.authority
            .directory
            .set_access_policy(upn, resource, policy)
    }

    /// Demands nothing any more; `false` when nothing was demanded.
    pub fn clear_access_policy(&self, upn: &str, resource: &str) -> bool {
        self.authority.directory.clear_access_policy(upn, resource)
    }

    /// Disables an account: it gets no token by any grant.
    pub fn disable_account(&self, upn: &str) {
        self.authority.directory.set_disabled(upn, true);
    }

    /// Enables an account again.
    pub fn enable_account(&self, upn: &str) {
        self.authority.directory.set_disabled(upn, false);
    }
}
