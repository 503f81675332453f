//! The seeded workspaces, a lakehouse with files and tables, and an item of the workload's own type.

use super::{
    CONSENTED, CONTOSO_TENANT_ID, DEVICE, FABRIKAM_TENANT_ID, GUEST, MFA, NO_CONSENT, OTHER_TENANT,
    WORKLOAD_CLIENT_ID,
};
use crate::fabric::{Item, Workspace, WorkspaceRole};

/// The workspace of the demonstrations, on a Fabric capacity.
pub const WORKSPACE_ID: &str = "1f0a6c3e-7b52-4d98-a4c1-6e92d5038b01";
/// A workspace where [`CONSENTED`] may only look.
pub const ARCHIVE_WORKSPACE_ID: &str = "2a7d94b1-05e8-4c63-9f1e-b83c60d7f402";
/// A workspace on no capacity: Fabric's items cannot be created there.
pub const SHARED_WORKSPACE_ID: &str = "3c5e81f7-d2a9-4b06-8d74-05f9a1c6e203";
/// A workspace of the second tenant.
pub const FABRIKAM_WORKSPACE_ID: &str = "4d91b06a-3f7c-4e15-b2a8-c7e04f95d104";
/// The Fabric capacity of both tenants' workspaces.
pub const CAPACITY_ID: &str = "5e02d7c9-81b4-4f3a-96e5-2a7c8b0f1d05";
/// A lakehouse of [`WORKSPACE_ID`]: two tables, one of them in a schema, a shortcut and two files.
pub const LAKEHOUSE_ID: &str = "6b38f5d0-c417-4a92-8e6b-f1d09a2c7e06";
/// An item of the workload's own type in [`WORKSPACE_ID`].
pub const ITEM_ID: &str = "7d64a1e8-592f-4c0b-a7d3-3e8b5c90f607";
/// The type of [`ITEM_ID`].
pub const ITEM_TYPE: &str = "Org.Selvedge.Sample";

const EMPTY_LOG: &[u8] = br#"{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}"#;

pub(super) fn all() -> Vec<Workspace> {
    vec![
        Workspace::new(WORKSPACE_ID, CONTOSO_TENANT_ID, "Selvedge")
            .on_capacity(CAPACITY_ID)
            .with_role(CONSENTED, WorkspaceRole::Admin)
            .with_role(NO_CONSENT, WorkspaceRole::Contributor)
            .with_role(MFA, WorkspaceRole::Contributor)
            .with_role(DEVICE, WorkspaceRole::Contributor)
            .with_role(GUEST, WorkspaceRole::Viewer)
            .with_item(lakehouse())
            .with_item(item()),
        Workspace::new(ARCHIVE_WORKSPACE_ID, CONTOSO_TENANT_ID, "Archive")
            .on_capacity(CAPACITY_ID)
            .with_role(CONSENTED, WorkspaceRole::Viewer)
            .with_role(MFA, WorkspaceRole::Admin),
        Workspace::new(SHARED_WORKSPACE_ID, CONTOSO_TENANT_ID, "Shared reports")
            .with_role(CONSENTED, WorkspaceRole::Member)
            .with_role(NO_CONSENT, WorkspaceRole::Viewer),
        Workspace::new(FABRIKAM_WORKSPACE_ID, FABRIKAM_TENANT_ID, "Fabrikam")
            .on_capacity(CAPACITY_ID)
            .with_role(OTHER_TENANT, WorkspaceRole::Admin),
    ]
}

fn lakehouse() -> Item {
    Item::new(LAKEHOUSE_ID, "Lakehouse", "sales")
        .with_file("Files/readme.txt", "Grüße aus dem Seehaus\n")
        .with_file("Files/2026/orders.csv", "id,total\n1,9.50\n2,12.00\n")
        .with_file(
            "Tables/orders/_delta_log/00000000000000000000.json",
            EMPTY_LOG,
        )
        .with_file(
            "Tables/finance/budget/_delta_log/00000000000000000000.json",
            EMPTY_LOG,
        )
        .with_shortcut("Tables/customers")
}

/// [`GUEST`] is a member of the workspace, and may not use the item.
fn item() -> Item {
    Item::new(ITEM_ID, ITEM_TYPE, "sample")
        .owned_by(WORKLOAD_CLIENT_ID)
        .with_permissions(CONSENTED, &["Read", "Write"])
        .with_permissions(MFA, &["Read", "Write"])
        .with_permissions(DEVICE, &["Read", "Write"])
        .with_permissions(NO_CONSENT, &["Read"])
        .with_folders()
}
