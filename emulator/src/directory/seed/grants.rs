//! The seeded consents: what each account, or everybody, has let an application do.

use super::{
    ADMIN_ROLE, BLOCKED, BROKER_CLIENT_ID, CLI_CLIENT_ID, COMPANY_PICKER_CLIENT_ID, CONSENTED,
    CONTOSO_TENANT_ID, CONTROL_SCOPES, DAEMON_CLIENT_ID, DEVICE, FABRIC_CLIENT_ID, FABRIC_SCOPES,
    FABRIC_WORKLOAD_CLIENT_ID, FABRIKAM_TENANT_ID, FILE_PICKER_CLIENT_ID, GRAPH_CLIENT_ID,
    GRAPH_SCOPE, GUEST_UPN, LEDGER_CLIENT_ID, LEDGER_SCOPE, MFA, OTHER_TENANT, PORTAL_CLIENT_ID,
    STORAGE_CLIENT_ID, STORAGE_SCOPE, WORKLOAD_CLIENT_ID, WORKLOAD_SCOPES,
};
use crate::directory::grant::{Grant, GrantedFor};

pub(super) fn all() -> Vec<Grant> {
    let mut grants = for_everybody();
    for (tenant, upn) in [
        (CONTOSO_TENANT_ID, CONSENTED),
        (CONTOSO_TENANT_ID, MFA),
        (CONTOSO_TENANT_ID, DEVICE),
        (CONTOSO_TENANT_ID, BLOCKED),
        (CONTOSO_TENANT_ID, GUEST_UPN),
        (FABRIKAM_TENANT_ID, GUEST_UPN),
        (FABRIKAM_TENANT_ID, OTHER_TENANT),
    ] {
        grants.extend(of_account(tenant, upn));
    }
    grants
}

/// What the workload and each control may do for one account: what the account without consent
/// has not agreed to.
fn of_account(tenant: &str, upn: &str) -> Vec<Grant> {
    let granted = GrantedFor::account(tenant, upn);
    [
        Grant::scopes(WORKLOAD_CLIENT_ID, FABRIC_CLIENT_ID, &FABRIC_SCOPES),
        Grant::scopes(WORKLOAD_CLIENT_ID, STORAGE_CLIENT_ID, &[STORAGE_SCOPE]),
        Grant::scopes(COMPANY_PICKER_CLIENT_ID, GRAPH_CLIENT_ID, &[GRAPH_SCOPE]),
        Grant::scopes(FILE_PICKER_CLIENT_ID, STORAGE_CLIENT_ID, &[STORAGE_SCOPE]),
    ]
    .map(|grant| grant.granted_for(granted.clone()))
    .into()
}

fn for_everybody() -> Vec<Grant> {
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
        grants.push(Grant::scopes(client, GRAPH_CLIENT_ID, &[GRAPH_SCOPE]));
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
    // Fabric's own page may read what it lets people choose from.
    grants.push(Grant::scopes(
        PORTAL_CLIENT_ID,
        FABRIC_CLIENT_ID,
        &["Item.Read.All", "Workspace.Read.All"],
    ));
    // The broker is pre-authorised by each control it hosts.
    for control in [COMPANY_PICKER_CLIENT_ID, FILE_PICKER_CLIENT_ID] {
        grants.push(Grant::scopes(BROKER_CLIENT_ID, control, &CONTROL_SCOPES));
    }
    grants
}
