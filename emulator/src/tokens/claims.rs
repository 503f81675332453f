//! The claims of Entra's tokens: what version 1, version 2 and id tokens hold, and in what form.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use super::{ClientAuthentication, Proven, Subject, TokenRequest};
use crate::authority::Authority;
use crate::directory::seed;
use crate::directory::{Account, App, AppKind, TokenVersion};
use crate::random;

/// Everybody signs in from this machine.
const CLIENT_ADDRESS: &str = "127.0.0.1";

/// A token request with every default and name resolved.
struct Resolved<'a> {
    request: &'a TokenRequest,
    version: TokenVersion,
    tenant: String,
    account: Option<Account>,
    resource: Option<&'a App>,
    client: Option<&'a App>,
}

impl Authority {
    pub(super) fn version_of(&self, request: &TokenRequest) -> TokenVersion {
        request.version.unwrap_or_else(|| {
            self.directory
                .resource(&request.resource)
                .map_or(TokenVersion::V2, |app| self.directory.token_version(app))
        })
    }

    pub(super) fn access_token_claims(
        &self,
        request: &TokenRequest,
        version: TokenVersion,
    ) -> Map<String, Value> {
        let token = self.resolve(request, version);
        let mut claims = self.common_claims(&token);
        match version {
            TokenVersion::V1 => token.add_v1(&mut claims),
            TokenVersion::V2 => token.add_v2(&mut claims),
        }
        match &token.account {
            Some(account) => token.add_delegated(&mut claims, account),
            None => token.add_app_only(&mut claims),
        }
        if let Some(account) = &token.account
            && account.home_tenant != token.tenant
        {
            claims.insert(
                "idp".to_owned(),
                json!(self.issuer_v1(&account.home_tenant)),
            );
        }
        claims
    }

    fn resolve<'a>(&'a self, request: &'a TokenRequest, version: TokenVersion) -> Resolved<'a> {
        let resource = self.directory.resource(&request.resource);
        let account = match &request.subject {
            Subject::Account(upn) => Some(self.directory.account_called(upn)),
            Subject::Client => None,
        };
        let tenant = match (&request.tenant, &account) {
            (Some(tenant), _) => self
                .directory
                .tenant(tenant)
                .map_or_else(|| tenant.clone(), |tenant| tenant.id.clone()),
            (None, Some(account)) => account.home_tenant.clone(),
            (None, None) => resource.map_or_else(
                || seed::CONTOSO_TENANT_ID.to_owned(),
                |app| app.publisher_tenant.clone(),
            ),
        };
        Resolved {
            request,
            version,
            tenant,
            account,
            resource,
            client: self.directory.app(&request.client),
        }
    }

    /// The claims that both versions and both kinds of subject share.
    fn common_claims(&self, token: &Resolved<'_>) -> Map<String, Value> {
        let request = token.request;
        let issued_at = self
            .clock
            .now()
            .saturating_add_signed(request.issued_at_offset);
        let issuer = match token.version {
            TokenVersion::V1 => self.issuer_v1(&token.tenant),
            TokenVersion::V2 => self.issuer_v2(&token.tenant),
        };
        let mut claims = members(json!({
            "aud": token.audience(),
            "iss": issuer,
            "iat": issued_at,
            "nbf": issued_at,
            "exp": issued_at.saturating_add(request.lifetime),
            "aio": token.aio(issued_at),
            "rh": rh(),
            "tid": token.tenant,
            "uti": uti(),
            "ver": token.version.claim(),
        }));
        if !request.roles.is_empty() {
            claims.insert("roles".to_owned(), json!(request.roles));
        }
        if !request.authentication_contexts.is_empty() {
            claims.insert("acrs".to_owned(), json!(request.authentication_contexts));
        }
        if !request.client_capabilities.is_empty() {
            claims.insert("xms_cc".to_owned(), json!(request.client_capabilities));
        }
        if token.account.is_none() && token.version == TokenVersion::V1 {
            claims.insert("idp".to_owned(), json!(issuer));
        }
        claims
    }

    /// The claims of an id token, which is always of version 2.
    pub(crate) fn id_token_claims(
        &self,
        client: &App,
        account: &Account,
        tenant: &str,
        signed_in_at: u64,
        nonce: Option<&str>,
    ) -> Map<String, Value> {
        let now = self.clock.now();
        let mut claims = members(json!({
            "aud": client.client_id,
            "iss": self.issuer_v2(tenant),
            "iat": now,
            "nbf": now,
            "exp": now.saturating_add(3600),
            "auth_time": signed_in_at,
            "login_hint": login_hint(account),
            "name": account.name,
            "oid": account.object_id(tenant),
            "preferred_username": account.upn,
            "rh": rh(),
            "sub": random::derived_subject(&[tenant, &account.upn, &client.client_id]),
            "tid": tenant,
            "uti": uti(),
            "ver": "2.0",
        }));
        if let Some(nonce) = nonce {
            claims.insert("nonce".to_owned(), json!(nonce));
        }
        if account.home_tenant != tenant {
            claims.insert(
                "idp".to_owned(),
                json!(self.issuer_v1(&account.home_tenant)),
            );
        }
        claims
    }
}

impl Resolved<'_> {
    fn aio(&self, issued_at: u64) -> String {
        if self.account.is_none() {
            return STANDARD.encode(random::bytes::<48>());
        }
        let request = self.request;
        let proven = Proven {
            at: request.signed_in_at.unwrap_or(issued_at),
            methods: request.authentication_methods.clone(),
            compliant_device: request.compliant_device,
            contexts: request.authentication_contexts.clone(),
        };
        proven.record()
    }

    fn audience(&self) -> &str {
        match (self.resource, self.version) {
            (Some(app), TokenVersion::V1) => app.audience_v1(),
            (Some(app), TokenVersion::V2) => &app.client_id,
            (None, _) => &self.request.resource,
        }
    }

    fn client_authentication(&self) -> ClientAuthentication {
        self.request
            .authentication
            .unwrap_or_else(|| match self.client {
                // Fabric's own applications hold certificates.
                _ if is_fabric(&self.request.client) => ClientAuthentication::Certificate,
                Some(app) if app.kind == AppKind::Public => ClientAuthentication::Public,
                _ => ClientAuthentication::Secret,
            })
    }

    fn add_v1(&self, claims: &mut Map<String, Value>) {
        claims.insert("appid".to_owned(), json!(self.request.client));
        claims.insert(
            "appidacr".to_owned(),
            json!(self.client_authentication().claim()),
        );
        let Some(account) = &self.account else {
            return;
        };
        let (given, family) = account
            .name
            .split_once(' ')
            .unwrap_or((account.name.as_str(), ""));
        claims.extend(members(json!({
            "acr": "1",
            "amr": self.request.authentication_methods,
            "given_name": given,
            "family_name": family,
            "ipaddr": CLIENT_ADDRESS,
            "unique_name": account.upn,
        })));
        if self.request.compliant_device {
            let device = random::derived_guid(&["device", &self.tenant, &account.upn]);
            claims.insert("deviceid".to_owned(), json!(device));
        }
        // A guest's user principal name is the home tenant's business.
        if account.home_tenant == self.tenant {
            claims.insert("upn".to_owned(), json!(account.upn));
        }
    }

    fn add_v2(&self, claims: &mut Map<String, Value>) {
        claims.insert("azp".to_owned(), json!(self.request.client));
        claims.insert(
            "azpacr".to_owned(),
            json!(self.client_authentication().claim()),
        );
        if let Some(account) = &self.account {
            claims.insert("preferred_username".to_owned(), json!(account.upn));
        }
    }

    fn add_delegated(&self, claims: &mut Map<String, Value>, account: &Account) {
        // Pairwise between the person and the resource, unlike the object id.
        let resource = self
            .resource
            .map_or(self.request.resource.as_str(), |app| &app.client_id);
        let subject = random::derived_subject(&[&self.tenant, &account.upn, resource]);
        claims.extend(members(json!({
            "name": account.name,
            "oid": account.object_id(&self.tenant),
            "scp": self.request.scopes.join(" "),
            "sub": subject,
        })));
        // As an optional claim it is for app-only tokens, so here it appears only when asked for.
        if self.request.idtyp == Some(true) {
            claims.insert("idtyp".to_owned(), json!("user"));
        }
    }

    fn add_app_only(&self, claims: &mut Map<String, Value>) {
        let principal = self.client.map_or_else(
            || random::derived_guid(&["service principal", &self.tenant, &self.request.client]),
            |app| app.service_principal(&self.tenant),
        );
        claims.insert("oid".to_owned(), json!(principal));
        claims.insert("sub".to_owned(), json!(principal));
        let wanted = self.resource.is_some_and(|app| app.wants_idtyp);
        if self.request.idtyp.unwrap_or(wanted) {
            claims.insert("idtyp".to_owned(), json!("app"));
        }
    }
}

/// What MSAL sends back as `login_hint` to name an account without its name.
pub(crate) fn login_hint(account: &Account) -> String {
    format!("O.{}", URL_SAFE_NO_PAD.encode(&account.upn))
}

fn is_fabric(client: &str) -> bool {
    [seed::FABRIC_CLIENT_ID, seed::FABRIC_WORKLOAD_CLIENT_ID].contains(&client)
}

fn uti() -> String {
    URL_SAFE_NO_PAD.encode(random::bytes::<16>())
}

/// An opaque value of the length and look that Entra gives it.
fn rh() -> String {
    format!("1.{}.", URL_SAFE_NO_PAD.encode(random::bytes::<30>()))
}

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
