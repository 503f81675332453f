//! The permissions that calls need, as the scopes of an exchange.

use std::sync::{Arc, LazyLock};

use crate::exchange::Scopes;

/// The resource that Fabric's tokens are for. `https://api.fabric.microsoft.com` exists too, and
/// the older endpoints do not take it.
pub const FABRIC: &str = "https://analysis.windows.net/powerbi/api";
/// The resource that OneLake's tokens are for.
pub const STORAGE: &str = "https://storage.azure.com";

const WORKSPACE_READ: &str = "https://analysis.windows.net/powerbi/api/Workspace.Read.All";
const WAREHOUSE_WRITE: &str = "https://analysis.windows.net/powerbi/api/Warehouse.ReadWrite.All";
const FABRIC_DEFAULT: &str = "https://analysis.windows.net/powerbi/api/.default";
const STORAGE_USER: &str = "https://storage.azure.com/user_impersonation";

/// Every scope that the service's own handlers exchange for.
pub const SCOPES: [&str; 4] = [
    WORKSPACE_READ,
    WAREHOUSE_WRITE,
    FABRIC_DEFAULT,
    STORAGE_USER,
];

/// To list workspaces.
pub(super) static LIST_WORKSPACES: LazyLock<Arc<Scopes>> = LazyLock::new(|| scopes(WORKSPACE_READ));
/// To create a warehouse, and to follow the operation that does.
pub(super) static CREATE_WAREHOUSE: LazyLock<Arc<Scopes>> =
    LazyLock::new(|| scopes(WAREHOUSE_WRITE));
/// To call Fabric's API for workloads: the user's half and the application's.
pub(super) static WORKLOAD_CONTROL: LazyLock<Arc<Scopes>> =
    LazyLock::new(|| scopes(FABRIC_DEFAULT));
/// To use OneLake.
pub(super) static ONELAKE: LazyLock<Arc<Scopes>> = LazyLock::new(|| scopes(STORAGE_USER));

#[expect(
    clippy::expect_used,
    reason = "the callers are the constants above, and a test reads each"
)]
fn scopes(scope: &'static str) -> Arc<Scopes> {
    Arc::new(Scopes::parse(&[scope]).expect("a constant that is a scope"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_is_of_the_resource_that_is_called() {
        for scopes in [&LIST_WORKSPACES, &CREATE_WAREHOUSE, &WORKLOAD_CONTROL] {
            assert_eq!(scopes.resource(), FABRIC);
        }
        assert_eq!(ONELAKE.resource(), STORAGE);
        for scope in SCOPES {
            assert_eq!(scopes(scope).as_str(), scope);
        }
    }
}
