//! The seeded directory: two tenants, accounts named for what they show, and the applications
//! of a Fabric workload.
//!
//! Every id and secret here is fixed and public on purpose: a client is configured once and works
//! against every run. They protect nothing, because the emulator only listens on loopback.

mod apps;
mod grants;
mod workspaces;

use super::access::{AccessPolicy, AccessRule};
use super::app::App;
use super::grant::Grant;
use super::{Account, Tenant};
use crate::fabric::Workspace;

pub use workspaces::{
    ARCHIVE_WORKSPACE_ID, CAPACITY_ID, FABRIKAM_WORKSPACE_ID, ITEM_ID, ITEM_TYPE, LAKEHOUSE_ID,
    SHARED_WORKSPACE_ID, WORKSPACE_ID,
};

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
/// The Application ID URI of Fabric's API.
pub const FABRIC_URI: &str = "https://analysis.windows.net/powerbi/api";
/// The delegated scopes of Fabric's API.
pub const FABRIC_SCOPES: [&str; 11] = [
    "Eventhouse.Read.All",
    "Fabric.Extend",
    "Item.Execute.All",
    "Item.Read.All",
    "Item.ReadWrite.All",
    "Item.Reshare.All",
    "KQLDatabase.ReadWrite.All",
    "Lakehouse.Read.All",
    "Warehouse.ReadWrite.All",
    "Workspace.Read.All",
    "Workspace.ReadWrite.All",
];
/// Azure Storage, the resource behind OneLake.
pub const STORAGE_CLIENT_ID: &str = "e406a681-f3d4-42a8-90b6-c2b029497af1";
/// The Application ID URI of Azure Storage.
pub const STORAGE_URI: &str = "https://storage.azure.com";
/// The one delegated scope of Azure Storage.
pub const STORAGE_SCOPE: &str = "user_impersonation";
/// Microsoft Graph, the resource of a request that names none.
pub const GRAPH_CLIENT_ID: &str = "00000003-0000-0000-c000-000000000000";
/// The Application ID URI of Microsoft Graph.
pub const GRAPH_URI: &str = "https://graph.microsoft.com";
/// The one delegated scope of Microsoft Graph here.
pub const GRAPH_SCOPE: &str = "User.Read";

/// The token broker: a page that signs a person in once for all the controls it hosts.
pub const BROKER_CLIENT_ID: &str = "c7f0a3e5-48d1-4b92-8e6f-0a5d91b7c306";
/// A control that picks a company: it calls Microsoft Graph for its user.
pub const COMPANY_PICKER_CLIENT_ID: &str = "3a8e5d17-b06c-4f29-9d84-e1c72f4b0a05";
/// The Application ID URI of the company picker.
pub const COMPANY_PICKER_URI: &str = "api://company-picker.contoso.test";
/// The company picker's client secret.
pub const COMPANY_PICKER_SECRET: &str = "company-picker-development-secret";
/// A control that picks a file: it calls Azure Storage for its user.
pub const FILE_PICKER_CLIENT_ID: &str = "e95b2c40-1f7a-4d63-a8c9-5b04d7e3f106";
/// The Application ID URI of the file picker.
pub const FILE_PICKER_URI: &str = "api://file-picker.contoso.test";
/// The file picker's client secret.
pub const FILE_PICKER_SECRET: &str = "file-picker-development-secret";
/// The delegated scopes of each control.
pub const CONTROL_SCOPES: [&str; 2] = ["access_as_user", "token.exchange"];

/// A command-line client: loopback redirect, device code and password, no secret.
pub const CLI_CLIENT_ID: &str = "b93a6f20-7c15-4e8d-a0d2-94f1c5e83b02";
/// A background service: secret or certificate, holds [`ADMIN_ROLE`].
pub const DAEMON_CLIENT_ID: &str = "2d7c4a91-e3f8-4b06-9c5d-70b8e1f6a403";
/// The daemon's client secret.
pub const DAEMON_SECRET: &str = "daemon-development-secret";
/// A back-end service without roles: its own token proves who it is, and nothing more.
pub const REPORTS_CLIENT_ID: &str = "6b1d94f8-c25e-4a07-b3f6-8e40a9d7c507";
/// The reports service's client secret.
pub const REPORTS_SECRET: &str = "reports-development-secret";

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
/// Must use a compliant device for storage.
pub const DEVICE: &str = "device@contoso.test";
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
    /// What Conditional Access demands of whom.
    pub access: Vec<AccessRule>,
    /// Fabric's workspaces with their items.
    pub workspaces: Vec<Workspace>,
}

impl Default for Seed {
    fn default() -> Self {
        Self {
            tenants: vec![
                Tenant::new(CONTOSO_TENANT_ID, CONTOSO_DOMAIN, "Contoso"),
                Tenant::new(FABRIKAM_TENANT_ID, FABRIKAM_DOMAIN, "Fabrikam"),
            ],
            accounts: accounts(),
            apps: apps::all(),
            grants: grants::all(),
            access: access(),
            workspaces: workspaces::all(),
        }
    }
}

/// The guest's name at home.
const GUEST_UPN: &str = "guest@fabrikam.test";

fn accounts() -> Vec<Account> {
    let mut guest = Account::new(GUEST_UPN, "Gael Guest", FABRIKAM_TENANT_ID);
    guest.alias = Some(GUEST.to_owned());
    guest.guest_of = vec![CONTOSO_TENANT_ID.to_owned()];
    vec![
        Account::new(CONSENTED, "Cora Consented", CONTOSO_TENANT_ID),
        Account::new(NO_CONSENT, "Noel Noconsent", CONTOSO_TENANT_ID),
        Account::new(MFA, "Mona Mfa", CONTOSO_TENANT_ID),
        Account::new(DEVICE, "Dana Device", CONTOSO_TENANT_ID),
        Account::new(BLOCKED, "Bruno Blocked", CONTOSO_TENANT_ID),
        guest,
        Account::new(OTHER_TENANT, "Otto Othertenant", FABRIKAM_TENANT_ID),
    ]
}

fn access() -> Vec<AccessRule> {
    vec![
        AccessRule::new(MFA, FABRIC_CLIENT_ID, AccessPolicy::Mfa),
        AccessRule::new(MFA, STORAGE_CLIENT_ID, AccessPolicy::Mfa),
        AccessRule::new(DEVICE, STORAGE_CLIENT_ID, AccessPolicy::CompliantDevice),
        AccessRule::new(BLOCKED, FABRIC_CLIENT_ID, AccessPolicy::Block),
        AccessRule::new(BLOCKED, STORAGE_CLIENT_ID, AccessPolicy::Block),
    ]
}
