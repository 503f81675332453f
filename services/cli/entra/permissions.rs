//! The permissions that the application needs of other APIs, and the ids that Entra knows them by.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::downstream::{self, FABRIC as FABRIC_URI, STORAGE as STORAGE_URI};

/// Power BI Service, which Fabric's APIs belong to.
const FABRIC: &str = "00000009-0000-0000-c000-000000000000";
const STORAGE: &str = "e406a681-f3d4-42a8-90b6-c2b029497af1";
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

/// A delegated permission of a Microsoft API.
struct Permission {
    /// The application id of the API.
    api: &'static str,
    /// The API's Application ID URI, without a slash at its end.
    uri: &'static str,
    name: &'static str,
    id: &'static str,
}

const fn of_fabric(name: &'static str, id: &'static str) -> Permission {
    Permission {
        api: FABRIC,
        uri: FABRIC_URI,
        name,
        id,
    }
}

/// What Fabric wants of every workload; `resolvePermissions` is called with it.
const FABRIC_EXTEND: &str = "Fabric.Extend";

/// Ids are Microsoft's and the same in every tenant.
const KNOWN: [Permission; 12] = [
    of_fabric(FABRIC_EXTEND, "7ba630b9-8110-4e27-8d17-81e5f2218787"),
    of_fabric("Workspace.Read.All", "b2f1b2fa-f35c-407c-979c-a858a808ba85"),
    of_fabric(
        "Warehouse.ReadWrite.All",
        "35735863-502b-4a11-8f65-b0bbe7ec8e95",
    ),
    Permission {
        api: STORAGE,
        uri: STORAGE_URI,
        name: "user_impersonation",
        id: "03e0da56-190b-40ad-a80c-ea378c433f7f",
    },
    of_fabric("Item.Execute.All", "caf40b1a-f10e-4da1-86e4-5fda17eb2b07"),
    of_fabric("Item.Read.All", "d2bc95fc-440e-4b0e-bafd-97182de7aef5"),
    of_fabric("Item.ReadWrite.All", "7a27a256-301d-4359-b77b-c2b759d2e362"),
    of_fabric("Item.Reshare.All", "02e8d710-956c-4760-b996-2e83935c2cf5"),
    of_fabric("Lakehouse.Read.All", "13060bfd-9305-4ec6-8388-8916580f4fa9"),
    of_fabric(
        "Eventhouse.Read.All",
        "cd1718e4-3e09-4381-a6e1-183e245f8613",
    ),
    of_fabric(
        "KQLDatabase.ReadWrite.All",
        "726667b1-01a6-4be4-b04c-e95eae4023a8",
    ),
    Permission {
        api: GRAPH,
        uri: "https://graph.microsoft.com",
        name: "User.Read",
        id: "e1fe6dd8-ba31-4d61-89e7-88639da4683d",
    },
];

impl Permission {
    fn is(&self, scope: &str) -> bool {
        scope
            .rsplit_once('/')
            .is_some_and(|(uri, name)| name == self.name && uri.trim_end_matches('/') == self.uri)
    }

    /// Whether the service's own calls need it, or Fabric does of every workload.
    fn is_our_own(&self) -> bool {
        self.name == FABRIC_EXTEND || downstream::SCOPES.iter().any(|scope| self.is(scope))
    }
}

/// `requiredResourceAccess`: what the service's own calls need, and what is configured besides.
pub(super) fn required(downstream_scopes: &[String]) -> Vec<Value> {
    let mut by_api = BTreeMap::<_, BTreeSet<_>>::new();
    for permission in &KNOWN {
        let configured = downstream_scopes.iter().any(|scope| permission.is(scope));
        if permission.is_our_own() || configured {
            by_api
                .entry(permission.api)
                .or_default()
                .insert(permission.id);
        }
    }
    let scope = |id| json!({ "id": id, "type": "Scope" });
    by_api
        .into_iter()
        .map(|(api, ids)| {
            let access: Vec<Value> = ids.into_iter().map(scope).collect();
            json!({ "resourceAppId": api, "resourceAccess": access })
        })
        .collect()
}

/// The scopes that are none of the known ones. `.default` stands for whatever was consented to, and
/// needs nothing.
pub(super) fn unknown(downstream_scopes: &[String]) -> impl Iterator<Item = &str> {
    downstream_scopes
        .iter()
        .map(String::as_str)
        .filter(|scope| !scope.ends_with("/.default"))
        .filter(|scope| !KNOWN.iter().any(|permission| permission.is(scope)))
}
