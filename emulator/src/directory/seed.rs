//! The seeded directory: two tenants, accounts named for what they show, and the applications
//! of a Fabric workload.
//!
//! Every id and secret here is fixed and public on purpose: a client is configured once and works
//! against every run. They protect nothing, because the emulator only listens on loopback.

use super::app::{App, AppKind, Grant, Redirect, RedirectKind};
use super::{Account, Tenant, TokenVersion};
use crate::secret::Secret;

/// The first tenant: publisher of the workload, home of most accounts.
pub const CONTOSO_TENANT_ID: &str = "7b1e3c52-0d64-4f5a-9a3e-6c1f0f9d2a11";
/// The first tenant's domain.
pub const CONTOSO_DOMAIN: &str = "contoso.test";
/// The second tenant.
pub const FABRIKAM_TENANT_ID: &str = "c4d80f6e-93b7-4e0b-8f25-1d7a5b3e9c22";
/// The second tenant's domain.
pub const FABRIKAM_DOMAIN: &str = "fabrikam.test";

/// The workload: the resource application that Selvedge guards.
pub const WORKLOAD_CLIENT_ID: &str = "5e1fed9e-0a7c-4d3b-b1a8-2f6c9e4d7a01";
/// The Application ID URI of the workload.
pub const WORKLOAD_URI: &str =
    "api://localdevinstance/7b1e3c52-0d64-4f5a-9a3e-6c1f0f9d2a11/Org.Selvedge";
/// The workload's client secret.
pub const WORKLOAD_SECRET: &str = "workload-development-secret";
/// The delegated scopes of the workload.
pub const WORKLOAD_SCOPES: [&str; 9] = [
    "FabricWorkloadControl",
    "data.read",
    "data.write",
    "workspaces.read",
    "warehouses.write",
    "lakehouse.read",
    "lakehouse.write",
    "access_as_user",
    "token.exchange",
];
/// The application role of the workload.
pub const ADMIN_ROLE: &str = "Selvedge.Admin";

/// The Fabric portal, whose tokens a workload's front end receives.
pub const PORTAL_CLIENT_ID: &str = "871c010f-5e61-4fb1-83ac-98610a7e9110";
/// Power BI Service, the Fabric back end: a caller of workloads and a resource.
pub const FABRIC_CLIENT_ID: &str = "00000009-0000-0000-c000-000000000000";
/// Fabric Client for Workloads: a caller of workloads.
pub const FABRIC_WORKLOAD_CLIENT_ID: &str = "d2450708-699c-41e3-8077-b0c8341509aa";
/// Microsoft Graph, the resource of a request that names none.
pub const GRAPH_CLIENT_ID: &str = "00000003-0000-0000-c000-000000000000";

/// A command-line client: loopback redirect, device code and password, no secret.
pub const CLI_CLIENT_ID: &str = "b93a6f20-7c15-4e8d-a0d2-94f1c5e83b02";
/// A background service: secret or certificate, holds [`ADMIN_ROLE`].
pub const DAEMON_CLIENT_ID: &str = "2d7c4a91-e3f8-4b06-9c5d-70b8e1f6a403";
/// The daemon's client secret.
pub const DAEMON_SECRET: &str = "daemon-development-secret";

/// A resource application of the second tenant: tokens for it are nobody else's business.
pub const LEDGER_CLIENT_ID: &str = "94c1b7d3-5f2e-4a68-8e19-c3d60a7f5b04";
/// Its Application ID URI.
pub const LEDGER_URI: &str = "api://ledger.fabrikam.test";
/// Its one delegated scope.
pub const LEDGER_SCOPE: &str = "entries.read";

/// The password of every account at the token endpoint's password grant. The sign-in page asks
/// for none.
pub const PASSWORD: &str = "development-password";

/// Signs in and has consented to everything.
pub const CONSENTED: &str = "consented@contoso.test";
/// Has consented to the workload, not to what the workload calls.
pub const NO_CONSENT: &str = "no-consent@contoso.test";
/// Must prove a second factor for what the workload calls.
pub const MFA: &str = "mfa@contoso.test";
/// Is kept by policy from what the workload calls.
pub const BLOCKED: &str = "blocked@contoso.test";
/// At home in the second tenant, a guest of the first.
pub const GUEST: &str = "guest@contoso.test";
/// A member of the second tenant alone.
pub const OTHER_TENANT: &str = "other-tenant@fabrikam.test";

/// What a directory holds at start.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Seed {
    /// The tenants.
    pub tenants: Vec<Tenant>,
    /// The accounts.
    pub accounts: Vec<Account>,
    /// The applications.
    pub apps: Vec<App>,
    /// What applications may do with one another.
    pub grants: Vec<Grant>,
}

impl Default for Seed {
    fn default() -> Self {
        Self {
            tenants: vec![
                Tenant::new(CONTOSO_TENANT_ID, CONTOSO_DOMAIN, "Contoso"),
                Tenant::new(FABRIKAM_TENANT_ID, FABRIKAM_DOMAIN, "Fabrikam"),
            ],
            accounts: accounts(),
            apps: vec![
                workload(),
                portal(),
                fabric(),
                fabric_client_for_workloads(),
                graph(),
                cli(),
                daemon(),
                ledger(),
            ],
            grants: grants(),
        }
    }
}

fn accounts() -> Vec<Account> {
    let mut guest = Account::new("guest@fabrikam.test", "Gael Guest", FABRIKAM_TENANT_ID);
    guest.alias = Some(GUEST.to_owned());
    guest.guest_of = vec![CONTOSO_TENANT_ID.to_owned()];
    vec![
        Account::new(CONSENTED, "Cora Consented", CONTOSO_TENANT_ID),
        Account::new(NO_CONSENT, "Noel Noconsent", CONTOSO_TENANT_ID),
        Account::new(MFA, "Mona Mfa", CONTOSO_TENANT_ID),
        Account::new(BLOCKED, "Bruno Blocked", CONTOSO_TENANT_ID),
        guest,
        Account::new(OTHER_TENANT, "Otto Othertenant", FABRIKAM_TENANT_ID),
    ]
}

fn workload() -> App {
    let mut app = App::new(WORKLOAD_CLIENT_ID, "Selvedge workload", CONTOSO_TENANT_ID);
    app.multi_tenant = true;
    app.kind = AppKind::Confidential;
    app.identifier_uri = Some(WORKLOAD_URI.to_owned());
    app.scopes = WORKLOAD_SCOPES.map(str::to_owned).to_vec();
    app.roles = vec![ADMIN_ROLE.to_owned()];
    app.token_version = TokenVersion::V1;
    app.wants_idtyp = true;
    app.redirects = vec![Redirect::new(
        "http://localhost:60006/close",
        RedirectKind::Spa,
    )];
    app.secrets = vec![Secret::new(WORKLOAD_SECRET)];
    app
}

fn portal() -> App {
    let mut app = App::new(PORTAL_CLIENT_ID, "Microsoft Power BI", CONTOSO_TENANT_ID);
    app.multi_tenant = true;
    app.redirects = vec![
        Redirect::new("https://localhost/portal/close", RedirectKind::Spa),
        Redirect::new("http://localhost:60006/close", RedirectKind::Spa),
    ];
    app
}

fn fabric() -> App {
    let mut app = App::new(FABRIC_CLIENT_ID, "Power BI Service", CONTOSO_TENANT_ID);
    app.multi_tenant = true;
    app.kind = AppKind::Confidential;
    app.identifier_uri = Some("https://analysis.windows.net/powerbi/api".to_owned());
    app.scopes = [
        "Fabric.Extend",
        "Item.Execute.All",
        "Item.Read.All",
        "Item.ReadWrite.All",
        "Item.Reshare.All",
        "Lakehouse.Read.All",
        "Workspace.Read.All",
    ]
    .map(str::to_owned)
    .to_vec();
    app.token_version = TokenVersion::V1;
    app
}

fn fabric_client_for_workloads() -> App {
    let mut app = App::new(
        FABRIC_WORKLOAD_CLIENT_ID,
        "Fabric Client for Workloads",
        CONTOSO_TENANT_ID,
    );
    app.multi_tenant = true;
    app.kind = AppKind::Confidential;
    app
}

fn graph() -> App {
    let mut app = App::new(GRAPH_CLIENT_ID, "Microsoft Graph", CONTOSO_TENANT_ID);
    app.multi_tenant = true;
    app.kind = AppKind::Confidential;
    app.identifier_uri = Some("https://graph.microsoft.com".to_owned());
    app.scopes = vec!["User.Read".to_owned()];
    app.token_version = TokenVersion::V1;
    app
}

fn cli() -> App {
    let mut app = App::new(CLI_CLIENT_ID, "Selvedge command line", CONTOSO_TENANT_ID);
    app.multi_tenant = true;
    app.redirects = vec![
        Redirect::new("http://localhost", RedirectKind::Native),
        Redirect::new("http://127.0.0.1", RedirectKind::Native),
    ];
    app
}

fn daemon() -> App {
    let mut app = App::new(DAEMON_CLIENT_ID, "Selvedge daemon", CONTOSO_TENANT_ID);
    app.multi_tenant = true;
    app.kind = AppKind::Confidential;
    app.redirects = vec![Redirect::new(
        "http://localhost/signed-in",
        RedirectKind::Web,
    )];
    app.secrets = vec![Secret::new(DAEMON_SECRET)];
    app
}

fn ledger() -> App {
    let mut app = App::new(LEDGER_CLIENT_ID, "Fabrikam ledger", FABRIKAM_TENANT_ID);
    app.multi_tenant = true;
    app.kind = AppKind::Confidential;
    app.identifier_uri = Some(LEDGER_URI.to_owned());
    app.scopes = vec![LEDGER_SCOPE.to_owned()];
    app
}

fn grants() -> Vec<Grant> {
    let mut grants = vec![
        Grant::scopes(
            FABRIC_WORKLOAD_CLIENT_ID,
            WORKLOAD_CLIENT_ID,
            &["FabricWorkloadControl"],
        ),
        Grant::scopes(
            FABRIC_CLIENT_ID,
            WORKLOAD_CLIENT_ID,
            &["FabricWorkloadControl"],
        ),
        Grant::roles(DAEMON_CLIENT_ID, WORKLOAD_CLIENT_ID, &[ADMIN_ROLE]),
        Grant::scopes(CLI_CLIENT_ID, LEDGER_CLIENT_ID, &[LEDGER_SCOPE]),
    ];
    for client in [WORKLOAD_CLIENT_ID, CLI_CLIENT_ID, DAEMON_CLIENT_ID] {
        grants.push(Grant::scopes(client, WORKLOAD_CLIENT_ID, &WORKLOAD_SCOPES));
        grants.push(Grant::scopes(client, GRAPH_CLIENT_ID, &["User.Read"]));
    }
    // The portal is pre-authorised for the data plane; the control scope is Fabric's own.
    let data_plane: Vec<_> = WORKLOAD_SCOPES
        .into_iter()
        .filter(|scope| *scope != "FabricWorkloadControl")
        .collect();
    grants.push(Grant::scopes(
        PORTAL_CLIENT_ID,
        WORKLOAD_CLIENT_ID,
        &data_plane,
    ));
    grants
}
