//! Scripting Fabric and OneLake: who may do what, how warehouses come about, how long pages are.

use super::{WarehouseCreation, WorkspaceRole};
use crate::authority::Authority;
use crate::{Emulator, onelake};

impl Emulator {
    /// Where Fabric's REST API is; workload control is at `/workload-control` below it.
    #[must_use]
    pub fn fabric_url(&self) -> String {
        format!("{}{}", self.origin(), super::PREFIX)
    }

    /// Where OneLake's DFS endpoint is.
    #[must_use]
    pub fn onelake_url(&self) -> String {
        format!("{}{}", self.origin(), onelake::PREFIX)
    }

    /// Sets what a person may do with an item from now on; nothing when `permissions` is empty.
    /// `false` when there is no such item.
    pub fn set_item_permissions(&self, upn: &str, item: &str, permissions: &[&str]) -> bool {
        let permissions = permissions.iter().map(ToString::to_string).collect();
        self.authority.set_item_permissions(upn, item, permissions)
    }

    /// Sets a person's role in a workspace, or takes it away. `false` when there is no such
    /// workspace.
    pub fn set_workspace_role(
        &self,
        upn: &str,
        workspace: &str,
        role: Option<WorkspaceRole>,
    ) -> bool {
        self.authority.set_workspace_role(upn, workspace, role)
    }

    /// Sets how warehouses are created from now on.
    pub fn set_warehouse_creation(&self, creation: WarehouseCreation) {
        self.authority.fabric.state().warehouse_creation = creation;
    }

    /// Sets how many workspaces a page of their list has, at least one.
    pub fn set_workspace_page_size(&self, size: usize) {
        self.authority.set_workspace_page_size(size);
    }

    /// Sets how many paths a page of OneLake's listings has, at least one.
    pub fn set_onelake_page_size(&self, size: usize) {
        self.authority.set_onelake_page_size(size);
    }
}

/// What the control routes and the handle script.
impl Authority {
    pub(crate) fn set_item_permissions(
        &self,
        upn: &str,
        item: &str,
        permissions: Vec<String>,
    ) -> bool {
        let inventory = &mut self.fabric.state().inventory;
        inventory.set_permissions(&self.directory, item, upn, permissions)
    }

    pub(crate) fn set_workspace_role(
        &self,
        upn: &str,
        workspace: &str,
        role: Option<WorkspaceRole>,
    ) -> bool {
        let inventory = &mut self.fabric.state().inventory;
        inventory.set_role(&self.directory, workspace, upn, role)
    }

    pub(crate) fn set_workspace_page_size(&self, size: usize) {
        self.fabric.state().workspace_page_size = size.max(1);
    }

    pub(crate) fn set_onelake_page_size(&self, size: usize) {
        self.onelake.stored().page_size = size.max(1);
    }
}
