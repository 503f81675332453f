//! A workload's items: each call in both generations, and what the answer changes in Fabric.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::address::path;
use super::order::ItemOrder;
use super::request::Object;
use super::{
    DeleteType, Generation, WorkloadCallError, WorkloadClient, WorkloadReply, WorkloadRequest,
};
use crate::Emulator;
use crate::fabric::inventory::stage::{Definition, Renaming, Unprovisionable};
use crate::fabric::inventory::{Closed, Inventory, ItemAbout, Unaddable};

/// The part of a definition that holds an item's payload.
const PAYLOAD_PART: &str = "payload.json";

type Reply = Result<WorkloadReply, WorkloadCallError>;

impl WorkloadClient {
    /// Creates an item: it is provisional until the workload accepts it, and gone if it does not.
    ///
    /// # Errors
    /// When Fabric itself refuses, or there is no answer.
    pub async fn create_item(&self, item: &ItemOrder) -> Reply {
        let tenant = self.tenant();
        let about = ItemAbout {
            id: item.item.clone(),
            kind: self.workload.item_type.clone(),
            name: item.display_name.clone().unwrap_or_default(),
            description: item.description.clone().unwrap_or_default(),
            workspace: item.workspace.clone(),
            owner: Some(self.workload.client_id.clone()),
        };
        self.inventory(|inventory| {
            let directory = &self.authority.directory;
            inventory.provision(directory, about, &self.speaking.upn, &tenant)
        })?;
        let request = match self.workload.generation {
            Generation::First => WorkloadRequest::post(self.item_path(item, &[])).with_body(
                Object::default()
                    .text("displayName", item.display_name.as_deref())
                    .text("description", item.description.as_deref())
                    .json("creationPayload", item.payload.as_deref())
                    .write(),
            ),
            Generation::Second => WorkloadRequest::post(self.item_path(item, &["onCreateItem"]))
                .with_body(
                    Object::default()
                        .json("definition", item.definition().as_deref())
                        .write(),
                ),
        };
        let reply = self.send(&request).await;
        let accepted = reply.as_ref().is_ok_and(WorkloadReply::accepted);
        self.inventory(|inventory| {
            if accepted {
                inventory.accept(&item.workspace, &item.item);
                self.keep_definition(inventory, item);
            } else {
                inventory.withdraw(&item.workspace, &item.item);
            }
        });
        if accepted {
            let now = self.authority.clock.now();
            self.authority.onelake.add_item(&item.item, now);
        }
        reply
    }

    /// Changes what the order says of an item, unless the workload refuses.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn update_item(&self, item: &ItemOrder) -> Reply {
        let request = match self.workload.generation {
            Generation::First => WorkloadRequest::patch(self.item_path(item, &[])).with_body(
                Object::default()
                    .text("displayName", item.display_name.as_deref())
                    .text("description", item.description.as_deref())
                    .json("updatePayload", item.payload.as_deref())
                    .write(),
            ),
            Generation::Second => WorkloadRequest::post(self.item_path(item, &["onUpdateItem"]))
                .with_body(
                    Object::default()
                        .json("definition", item.definition().as_deref())
                        .write(),
                ),
        };
        let reply = self.send(&request).await?;
        if reply.accepted() {
            let renaming = Renaming {
                name: item.display_name.clone(),
                description: item.description.clone(),
            };
            self.inventory(|inventory| {
                inventory.rename(&item.workspace, &item.item, renaming);
                self.keep_definition(inventory, item);
            });
        }
        Ok(reply)
    }

    /// Deletes an item, whatever the workload says to it; without the user's token unless told
    /// otherwise. The first generation has no soft deletion.
    ///
    /// # Errors
    /// When there is no answer. The item is deleted then too.
    pub async fn delete_item(&self, item: &ItemOrder, kind: DeleteType) -> Reply {
        let (request, kind) = match self.workload.generation {
            Generation::First => (
                WorkloadRequest::delete(self.item_path(item, &[])),
                DeleteType::Hard,
            ),
            Generation::Second => {
                let body = json!({ "deleteType": kind.name() }).to_string();
                let path = self.item_path(item, &["onDeleteItem"]);
                (WorkloadRequest::post(path).with_body(body), kind)
            }
        };
        self.inventory(|inventory| inventory.delete(&item.workspace, &item.item, kind));
        if kind == DeleteType::Hard {
            self.authority.onelake.remove_item(&item.item);
        }
        self.send(&self.deletion(request)).await
    }

    /// Restores an item after its soft deletion, with the definition that Fabric has kept, unless
    /// the workload refuses.
    ///
    /// # Errors
    /// When there is nothing to restore, or no answer.
    pub async fn restore_item(&self, item: &ItemOrder) -> Reply {
        if self.workload.generation == Generation::First {
            return Err(WorkloadCallError::NotInGeneration);
        }
        let kept = self.inventory(|inventory| {
            let restorable = inventory.is_restorable(&item.workspace, &item.item);
            restorable.then(|| {
                inventory
                    .definition(&item.workspace, &item.item)
                    .map(written)
            })
        });
        let definition = kept.ok_or(WorkloadCallError::NothingToRestore)?;
        let body = Object::default().json("definition", definition.as_deref());
        let path = self.item_path(item, &["onRestoreItem"]);
        let reply = self
            .send(&WorkloadRequest::post(path).with_body(body.write()))
            .await?;
        if reply.accepted() {
            self.inventory(|inventory| inventory.restore(&item.workspace, &item.item));
        }
        Ok(reply)
    }

    /// Reads an item's payload, as when its editor opens. The second generation asks Fabric.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn item_payload(&self, item: &ItemOrder) -> Reply {
        if self.workload.generation == Generation::Second {
            return Err(WorkloadCallError::NotInGeneration);
        }
        let path = self.item_path(item, &["payload"]);
        self.send(&WorkloadRequest::get(path)).await
    }

    /// The path of an item, or of what is below it.
    pub(super) fn item_path(&self, item: &ItemOrder, below: &[&str]) -> String {
        self.path_below(&item.workspace, &item.item, below)
    }

    pub(super) fn path_below(&self, workspace: &str, item: &str, below: &[&str]) -> String {
        let kind = self.workload.item_type.as_str();
        path(&[&["workspaces", workspace, "items", kind, item], below].concat())
    }

    pub(super) fn inventory<T>(&self, act: impl FnOnce(&mut Inventory) -> T) -> T {
        act(&mut self.authority.fabric.state().inventory)
    }

    /// In the second generation, what the workload has accepted is Fabric's to keep.
    fn keep_definition(&self, inventory: &mut Inventory, item: &ItemOrder) {
        if self.workload.generation == Generation::Second
            && let Some(payload) = &item.payload
        {
            let part = (PAYLOAD_PART.to_owned(), payload.clone().into_bytes());
            inventory.define(&item.workspace, &item.item, Definition::from([part]));
        }
    }

    fn tenant(&self) -> String {
        let directory = &self.authority.directory;
        match &self.speaking.tenant {
            Some(name) => directory
                .tenant(name)
                .map_or_else(|| name.clone(), |tenant| tenant.id.clone()),
            None => directory.account_called(&self.speaking.upn).home_tenant,
        }
    }
}

impl ItemOrder {
    fn definition(&self) -> Option<String> {
        let payload = self.payload.clone()?.into_bytes();
        let part = (PAYLOAD_PART.to_owned(), payload);
        Some(written(&Definition::from([part])))
    }
}

/// A definition as Fabric sends it.
pub(super) fn written(definition: &Definition) -> String {
    let parts: Vec<Value> = definition
        .iter()
        .map(|(path, payload)| {
            json!({
                "path": path,
                "payload": STANDARD.encode(payload),
                "payloadType": "InlineBase64",
            })
        })
        .collect();
    json!({ "parts": parts }).to_string()
}

impl From<Unprovisionable> for WorkloadCallError {
    fn from(unprovisionable: Unprovisionable) -> Self {
        match unprovisionable {
            Unprovisionable::Closed(Closed::Unknown | Closed::Denied) => Self::UnknownWorkspace,
            Unprovisionable::Unaddable(Unaddable::NameInUse) => Self::NameInUse,
            Unprovisionable::Unaddable(Unaddable::Full) => Self::WorkspaceFull,
        }
    }
}

// === What Fabric knows of items ===

impl Emulator {
    /// Whether Fabric has an item: accepted by its workload, and not deleted.
    #[must_use]
    pub fn has_item(&self, workspace: &str, item: &str) -> bool {
        let fabric = self.authority.fabric.state();
        fabric.inventory.item(workspace, item).is_some()
    }

    /// What an item is called in Fabric; `None` when there is no such item.
    #[must_use]
    pub fn item_name(&self, workspace: &str, item: &str) -> Option<String> {
        let fabric = self.authority.fabric.state();
        let item = fabric.inventory.item(workspace, item)?;
        Some(item.name.clone())
    }

    /// A part of the definition that Fabric keeps of an item of the second generation, deleted
    /// ones included.
    #[must_use]
    pub fn item_definition(&self, workspace: &str, item: &str, part: &str) -> Option<Vec<u8>> {
        let fabric = self.authority.fabric.state();
        let definition = fabric.inventory.definition(workspace, item)?;
        definition.get(part).cloned()
    }
}
