//! Fabric itself calling: the emulator's, over REST, in both generations of the workload API.

mod bad_input;
pub(crate) mod endpoints;
pub(crate) mod items;
mod jobs;
mod refused_callers;
mod tenants;

use emulator::{
    Emulator, ErrorCasing, Generation, ItemOrder, WorkloadClient, WorkloadRegistration,
    WorkloadReply, seed,
};
use selvedge::store::{Item, ItemAddress, Store as _, StoreError};

use crate::support::{Running, evidence};

/// A running service that the emulated Fabric knows.
pub(crate) struct ControlPlane {
    pub(crate) running: Running,
}

impl ControlPlane {
    pub(crate) async fn start() -> Self {
        Self::of(Running::start().await)
    }

    /// Lets the Fabric beside a service know it.
    pub(crate) fn of(running: Running) -> Self {
        for generation in Generation::ALL {
            let url = format!("http://{}/workload", running.address);
            let workload = WorkloadRegistration::new(url, generation);
            running.emulator.register_workload(workload).unwrap();
        }
        Self { running }
    }

    pub(crate) fn emulator(&self) -> &Emulator {
        &self.running.emulator
    }

    /// Fabric, calling for somebody.
    pub(crate) fn fabric(&self, generation: Generation, upn: &str) -> WorkloadClient {
        self.emulator()
            .workload_client(seed::ITEM_TYPE, generation, upn)
            .unwrap()
    }

    /// What the service keeps of an item; none when it is deleted, or never was.
    pub(crate) async fn kept(&self, tenant: &str, item: &ItemOrder) -> Option<Item> {
        let address = ItemAddress {
            tenant: tenant.parse().unwrap(),
            workspace_id: item.workspace().parse().unwrap(),
            item_type: seed::ITEM_TYPE.to_owned(),
            item_id: item.id().parse().unwrap(),
        };
        match self.running.store.item(&address).await {
            Ok(item) => Some(item),
            Err(StoreError::NotFound) => None,
            Err(error) => panic!("{error}"),
        }
    }
}

/// An item in the workspace of the demonstrations that is not there yet.
pub(crate) fn fresh(name: &str) -> ItemOrder {
    ItemOrder::fresh(seed::WORKSPACE_ID).named(name)
}

/// The path of an item below the workload's base URL.
pub(crate) fn path_of(item: &ItemOrder) -> String {
    let (workspace, kind, id) = (item.workspace(), seed::ITEM_TYPE, item.id());
    format!("/workspaces/{workspace}/items/{kind}/{id}")
}

/// Asserts that a call was refused, in the spelling that its generation is configured with.
#[track_caller]
pub(crate) fn assert_refused(
    reply: &WorkloadReply,
    generation: Generation,
    status: u16,
    reason: &str,
) {
    let error = reply.error();
    let error = error.unwrap_or_else(|| panic!("{} is no ErrorResponse: {reply:?}", reply.status));
    let casing = match generation {
        Generation::First => ErrorCasing::Pascal,
        Generation::Second => ErrorCasing::Camel,
    };
    assert_eq!(error.casing, casing);
    assert_eq!((reply.status, &*error.error_code), (status, reason));
    assert_eq!(header(reply, "selvedge-reason"), reason);
    evidence::refused(None, "rest", reason, header(reply, "selvedge-trace-id"));
    assert_eq!(header(reply, "content-type"), "application/json");
}

/// A header of an answer, which has to have it.
#[track_caller]
pub(crate) fn header<'a>(reply: &'a WorkloadReply, name: &str) -> &'a str {
    reply.headers[name].to_str().unwrap()
}
