//! How far the items of a workload's types have come: Fabric puts each to its workload, and its own
//! view follows the answer.
//!
//! A refusal undoes what was provisional. Nothing undoes a deletion but a restoration that the
//! workload accepts.

use std::collections::{BTreeMap, HashMap};

use super::{Closed, Inventory, ItemAbout, Owned, Unaddable, object_id};
use crate::directory::Directory;

/// How far an item has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its workload has been asked and has not answered.
    Provisional,
    /// It is there.
    Present,
    /// It can be restored.
    Deleted,
}

/// Whether a deletion can be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteType {
    /// It cannot.
    Hard,
    /// It can.
    Soft,
}

impl DeleteType {
    /// As Fabric writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hard => "Hard",
            Self::Soft => "Soft",
        }
    }
}

/// What an update changes: `None` leaves what is there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Renaming {
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
}

/// An item's content by the path of each part.
pub(crate) type Definition = BTreeMap<String, Vec<u8>>;

/// What a person may do with the items they create.
const CREATOR: [&str; 3] = ["Read", "Write", "Reshare"];

impl Owned {
    pub(super) fn is_present(&self) -> bool {
        self.stage == Stage::Present
    }
}

impl Inventory {
    /// Takes an item's id and name until its workload answers. An id that Fabric knows is being
    /// created once more, and stays as it is.
    pub(crate) fn provision(
        &mut self,
        directory: &Directory,
        item: ItemAbout,
        creator: &str,
        tenant: &str,
    ) -> Result<(), Unprovisionable> {
        self.entry(&item.workspace, tenant)?;
        let Some(entry) = self.0.get_mut(&item.workspace) else {
            return Err(Closed::Unknown.into());
        };
        if entry.items.contains_key(&item.id) {
            return Ok(());
        }
        let permissions = CREATOR.map(str::to_owned).to_vec();
        let creator = object_id(directory, creator, tenant);
        entry.add(Owned {
            about: item,
            permissions: HashMap::from([(creator, permissions)]),
            stage: Stage::Provisional,
            definition: None,
        })?;
        Ok(())
    }

    /// Its workload has accepted a new item.
    pub(crate) fn accept(&mut self, workspace: &str, id: &str) {
        self.advance(workspace, id, Stage::Provisional, Stage::Present);
    }

    /// Its workload has refused a new item.
    pub(crate) fn withdraw(&mut self, workspace: &str, id: &str) {
        if let Some(entry) = self.0.get_mut(workspace)
            && entry.items.get(id).map(|item| item.stage) == Some(Stage::Provisional)
        {
            entry.items.remove(id);
        }
    }

    /// Its workload has accepted a restoration.
    pub(crate) fn restore(&mut self, workspace: &str, id: &str) {
        self.advance(workspace, id, Stage::Deleted, Stage::Present);
    }

    /// Whether an item can be restored.
    pub(crate) fn is_restorable(&self, workspace: &str, id: &str) -> bool {
        let item = self.0.get(workspace).and_then(|entry| entry.items.get(id));
        item.is_some_and(|item| item.stage == Stage::Deleted)
    }

    /// Its workload has accepted an update.
    pub(crate) fn rename(&mut self, workspace: &str, id: &str, renaming: Renaming) {
        let entry = self.0.get_mut(workspace);
        let Some(item) = entry.and_then(|entry| entry.items.get_mut(id)) else {
            return;
        };
        if let Some(name) = renaming.name {
            item.about.name = name;
        }
        if let Some(description) = renaming.description {
            item.about.description = description;
        }
    }

    /// Deletes an item, whatever its workload says.
    pub(crate) fn delete(&mut self, workspace: &str, id: &str, kind: DeleteType) {
        match kind {
            DeleteType::Soft => self.advance(workspace, id, Stage::Present, Stage::Deleted),
            DeleteType::Hard => {
                if let Some(entry) = self.0.get_mut(workspace) {
                    entry.items.remove(id);
                }
            }
        }
    }

    /// Keeps an item's definition, as Fabric does in the second generation of its workload API.
    pub(crate) fn define(&mut self, workspace: &str, id: &str, definition: Definition) {
        let entry = self.0.get_mut(workspace);
        if let Some(item) = entry.and_then(|entry| entry.items.get_mut(id)) {
            item.definition = Some(definition);
        }
    }

    /// The definition that Fabric keeps of an item, deleted ones included.
    pub(crate) fn definition(&self, workspace: &str, id: &str) -> Option<&Definition> {
        let item = self.0.get(workspace)?.items.get(id)?;
        item.definition.as_ref()
    }

    fn advance(&mut self, workspace: &str, id: &str, from: Stage, to: Stage) {
        let entry = self.0.get_mut(workspace);
        if let Some(item) = entry.and_then(|entry| entry.items.get_mut(id))
            && item.stage == from
        {
            item.stage = to;
        }
    }
}

/// Why an item was not even put to its workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unprovisionable {
    /// The workspace.
    Closed(Closed),
    /// The name, or the number of items.
    Unaddable(Unaddable),
}

impl From<Closed> for Unprovisionable {
    fn from(closed: Closed) -> Self {
        Self::Closed(closed)
    }
}

impl From<Unaddable> for Unprovisionable {
    fn from(unaddable: Unaddable) -> Self {
        Self::Unaddable(unaddable)
    }
}
