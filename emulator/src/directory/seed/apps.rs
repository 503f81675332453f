//! The seeded applications: how each is registered, and what it may ask its users for.

use super::{
    ADMIN_ROLE, BROKER_CLIENT_ID, CLI_CLIENT_ID, COMPANY_PICKER_CLIENT_ID, COMPANY_PICKER_SECRET,
    COMPANY_PICKER_URI, CONTOSO_TENANT_ID, CONTROL_SCOPES, DAEMON_CLIENT_ID, DAEMON_SECRET,
    FABRIC_CLIENT_ID, FABRIC_SCOPES, FABRIC_URI, FABRIC_WORKLOAD_CLIENT_ID, FABRIKAM_TENANT_ID,
    FILE_PICKER_CLIENT_ID, FILE_PICKER_SECRET, FILE_PICKER_URI, GRAPH_CLIENT_ID, GRAPH_SCOPE,
    GRAPH_URI, LEDGER_CLIENT_ID, LEDGER_SCOPE, LEDGER_URI, PORTAL_CLIENT_ID, REPORTS_CLIENT_ID,
    REPORTS_SECRET, STORAGE_CLIENT_ID, STORAGE_SCOPE, STORAGE_URI, WORKLOAD_CLIENT_ID,
    WORKLOAD_SCOPES, WORKLOAD_SECRET, WORKLOAD_URI,
};
use crate::directory::TokenVersion;
use crate::directory::app::{App, AppKind, Permission, Redirect, RedirectKind};
use crate::secret::Secret;

pub(super) fn all() -> Vec<App> {
    vec![
        workload(),
        portal(),
        fabric(),
        fabric_client_for_workloads(),
        storage(),
        graph(),
        broker(),
        company_picker(),
        file_picker(),
        cli(),
        daemon(),
        reports(),
        ledger(),
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
    app.permissions = vec![
        Permission::new(FABRIC_CLIENT_ID, &FABRIC_SCOPES),
        Permission::new(STORAGE_CLIENT_ID, &[STORAGE_SCOPE]),
        Permission::new(GRAPH_CLIENT_ID, &[GRAPH_SCOPE]),
    ];
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
    app.identifier_uri = Some(FABRIC_URI.to_owned());
    app.scopes = FABRIC_SCOPES.map(str::to_owned).to_vec();
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

fn storage() -> App {
    let mut app = App::new(STORAGE_CLIENT_ID, "Azure Storage", CONTOSO_TENANT_ID);
    app.multi_tenant = true;
    app.kind = AppKind::Confidential;
    app.identifier_uri = Some(STORAGE_URI.to_owned());
    app.scopes = vec![STORAGE_SCOPE.to_owned()];
    app.token_version = TokenVersion::V1;
    app
}

fn graph() -> App {
    let mut app = App::new(GRAPH_CLIENT_ID, "Microsoft Graph", CONTOSO_TENANT_ID);
    app.multi_tenant = true;
    app.kind = AppKind::Confidential;
    app.identifier_uri = Some(GRAPH_URI.to_owned());
    app.scopes = vec![GRAPH_SCOPE.to_owned()];
    app.token_version = TokenVersion::V1;
    app
}

fn broker() -> App {
    let mut app = App::new(BROKER_CLIENT_ID, "Token broker", CONTOSO_TENANT_ID);
    app.multi_tenant = true;
    app.redirects = broker_redirects();
    app.permissions = vec![
        Permission::new(COMPANY_PICKER_CLIENT_ID, &CONTROL_SCOPES),
        Permission::new(FILE_PICKER_CLIENT_ID, &CONTROL_SCOPES),
    ];
    app
}

fn company_picker() -> App {
    let mut app = control(
        COMPANY_PICKER_CLIENT_ID,
        "Company picker",
        COMPANY_PICKER_URI,
        COMPANY_PICKER_SECRET,
    );
    app.permissions = vec![Permission::new(GRAPH_CLIENT_ID, &[GRAPH_SCOPE])];
    app
}

fn file_picker() -> App {
    let mut app = control(
        FILE_PICKER_CLIENT_ID,
        "File picker",
        FILE_PICKER_URI,
        FILE_PICKER_SECRET,
    );
    app.permissions = vec![Permission::new(STORAGE_CLIENT_ID, &[STORAGE_SCOPE])];
    app
}

/// A control of a page: a registration of its own, so that consent to it is consent to no other.
fn control(client_id: &str, name: &str, uri: &str, secret: &str) -> App {
    let mut app = App::new(client_id, name, CONTOSO_TENANT_ID);
    app.multi_tenant = true;
    app.kind = AppKind::Confidential;
    app.identifier_uri = Some(uri.to_owned());
    app.scopes = CONTROL_SCOPES.map(str::to_owned).to_vec();
    app.wants_idtyp = true;
    // Consent is given on the broker's page, in the control's name.
    app.redirects = broker_redirects();
    // One page asks for all that the broker's controls lack.
    app.known_clients = vec![BROKER_CLIENT_ID.to_owned()];
    app.secrets = vec![Secret::new(secret)];
    app
}

/// A broker of its own, and the one that a workload's front end serves.
fn broker_redirects() -> Vec<Redirect> {
    [
        "http://localhost:60007/close",
        "http://localhost:60006/broker/close",
    ]
    .map(|uri| Redirect::new(uri, RedirectKind::Spa))
    .into()
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

fn reports() -> App {
    let mut app = App::new(REPORTS_CLIENT_ID, "Selvedge reports", CONTOSO_TENANT_ID);
    app.kind = AppKind::Confidential;
    app.secrets = vec![Secret::new(REPORTS_SECRET)];
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
