//! What Fabric knows at present: workspaces, their members, their items and who may use those.
//!
//! People are known by tenant and object id, as tokens name them; user principal names are
//! translated once, on the way in. A workspace of another tenant does not exist for anybody here.
//! Nor does an item that its workload has not accepted yet, or that is deleted.

pub(crate) mod stage;

use std::collections::{BTreeMap, HashMap};

use super::workspace::{Item, Workspace, WorkspaceRole};
use crate::directory::Directory;
use crate::random;
use crate::resource::User;
use stage::{Definition, Stage};

/// Every workspace by id.
#[derive(Debug, Default)]
pub(crate) struct Inventory(BTreeMap<String, Entry>);

#[derive(Debug)]
struct Entry {
    about: WorkspaceAbout,
    /// By object id.
    roles: HashMap<String, WorkspaceRole>,
    /// By item id.
    items: BTreeMap<String, Owned>,
}

#[derive(Debug)]
struct Owned {
    about: ItemAbout,
    /// By object id.
    permissions: HashMap<String, Vec<String>>,
    stage: Stage,
    definition: Option<Definition>,
}

/// What a workspace is called.
#[derive(Clone, Debug)]
pub(crate) struct WorkspaceAbout {
    pub(crate) id: String,
    pub(crate) tenant: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) kind: &'static str,
    pub(crate) capacity: Option<String>,
}

/// What an item is called, and whose it is.
#[derive(Clone, Debug)]
pub(crate) struct ItemAbout {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) workspace: String,
    pub(crate) owner: Option<String>,
}

/// Why a workspace is not open to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closed {
    /// There is no such workspace in the person's tenant.
    Unknown,
    /// The person's role does not allow that, or there is none.
    Denied,
}

/// Why an item was not added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unaddable {
    /// Another item of the type has the name.
    NameInUse,
    /// The workspace is full.
    Full,
}

/// Fabric allows 1,000 items in a workspace.
const ITEMS: usize = 1000;

impl Inventory {
    pub(crate) fn new(seeded: Vec<Workspace>, directory: &Directory) -> Self {
        let entry = |workspace: Workspace| {
            let person = |upn: &str| object_id(directory, upn, &workspace.tenant);
            let owned = |item: Item| Owned {
                permissions: item
                    .permissions
                    .iter()
                    .map(|(upn, permissions)| (person(upn), permissions.clone()))
                    .collect(),
                about: ItemAbout {
                    id: item.id,
                    kind: item.kind,
                    name: item.name,
                    description: item.description,
                    workspace: workspace.id.clone(),
                    owner: item.owner,
                },
                stage: Stage::Present,
                definition: None,
            };
            let roles = workspace
                .roles
                .iter()
                .map(|(upn, role)| (person(upn), *role))
                .collect();
            let items = workspace.items.into_iter().map(owned);
            let items = items.map(|item| (item.about.id.clone(), item)).collect();
            Entry {
                about: WorkspaceAbout {
                    id: workspace.id.clone(),
                    tenant: workspace.tenant.clone(),
                    name: workspace.name,
                    description: workspace.description,
                    kind: "Workspace",
                    capacity: workspace.capacity,
                },
                roles,
                items,
            }
        };
        let entries = seeded.into_iter().map(entry);
        Self(
            entries
                .map(|entry| (entry.about.id.clone(), entry))
                .collect(),
        )
    }

    /// The workspaces where a person has a role, by id; their own is one of them.
    pub(crate) fn workspaces_of(&self, user: &User) -> Vec<(WorkspaceAbout, WorkspaceRole)> {
        let shared = self.0.values().filter_map(|entry| {
            let role = entry.role_of(user)?;
            Some((entry.about.clone(), role))
        });
        let mut workspaces: Vec<_> = shared.collect();
        workspaces.push((personal(user), WorkspaceRole::Admin));
        workspaces.sort_by(|(one, _), (other, _)| one.id.cmp(&other.id));
        workspaces
    }

    /// The workspace, when the person has at least that role in it.
    pub(crate) fn workspace(
        &self,
        id: &str,
        user: &User,
        role: WorkspaceRole,
    ) -> Result<&WorkspaceAbout, Closed> {
        let entry = self.entry(id, &user.tenant)?;
        if entry.role_of(user).is_some_and(|has| has >= role) {
            Ok(&entry.about)
        } else {
            Err(Closed::Denied)
        }
    }

    /// Whether there is such a workspace in the tenant.
    pub(crate) fn has_workspace(&self, id: &str, tenant: &str) -> bool {
        self.entry(id, tenant).is_ok()
    }

    /// An item, whoever asks.
    pub(crate) fn item(&self, workspace: &str, id: &str) -> Option<&ItemAbout> {
        self.present(workspace, id).map(|item| &item.about)
    }

    /// A workspace's items.
    pub(crate) fn items(&self, workspace: &str) -> impl Iterator<Item = &ItemAbout> {
        let entries = self.0.get(workspace).into_iter();
        let items = entries.flat_map(|entry| entry.items.values());
        items
            .filter(|item| item.is_present())
            .map(|item| &item.about)
    }

    /// The ids of a workspace's items.
    pub(crate) fn item_ids(&self, workspace: &str) -> Vec<String> {
        self.items(workspace).map(|item| item.id.clone()).collect()
    }

    /// What a person may do with an item.
    pub(crate) fn permissions(&self, workspace: &str, item: &str, user: &User) -> Vec<String> {
        self.entry(workspace, &user.tenant)
            .ok()
            .and_then(|entry| entry.items.get(item))
            .filter(|item| item.is_present())
            .and_then(|item| item.permissions.get(&user.object_id))
            .cloned()
            .unwrap_or_default()
    }

    /// Adds an item to the workspace it names.
    pub(crate) fn add(&mut self, item: ItemAbout) -> Result<(), Unaddable> {
        let entry = self.0.get_mut(&item.workspace).ok_or(Unaddable::Full)?;
        entry.add(Owned {
            about: item,
            permissions: HashMap::new(),
            stage: Stage::Present,
            definition: None,
        })
    }

    pub(crate) fn set_role(
        &mut self,
        directory: &Directory,
        workspace: &str,
        upn: &str,
        role: Option<WorkspaceRole>,
    ) -> bool {
        let Some(entry) = self.0.get_mut(workspace) else {
            return false;
        };
        let person = object_id(directory, upn, &entry.about.tenant);
        match role {
            Some(role) => entry.roles.insert(person, role),
            None => entry.roles.remove(&person),
        };
        true
    }

    pub(crate) fn set_permissions(
        &mut self,
        directory: &Directory,
        item: &str,
        upn: &str,
        permissions: Vec<String>,
    ) -> bool {
        for entry in self.0.values_mut() {
            if let Some(item) = entry.items.get_mut(item) {
                let person = object_id(directory, upn, &entry.about.tenant);
                item.permissions.insert(person, permissions);
                return true;
            }
        }
        false
    }

    fn present(&self, workspace: &str, id: &str) -> Option<&Owned> {
        let item = self.0.get(workspace)?.items.get(id)?;
        item.is_present().then_some(item)
    }

    fn entry(&self, id: &str, tenant: &str) -> Result<&Entry, Closed> {
        self.0
            .get(id)
            .filter(|entry| entry.about.tenant == tenant)
            .ok_or(Closed::Unknown)
    }
}

impl Entry {
    /// Adds an item whose name no other of its type has.
    fn add(&mut self, item: Owned) -> Result<(), Unaddable> {
        let taken = self.items.values().any(|other| {
            !matches!(other.stage, Stage::Deleted)
                && other.about.kind == item.about.kind
                && other.about.name.to_lowercase() == item.about.name.to_lowercase()
        });
        if taken {
            return Err(Unaddable::NameInUse);
        }
        if self.items.len() >= ITEMS {
            return Err(Unaddable::Full);
        }
        self.items.insert(item.about.id.clone(), item);
        Ok(())
    }

    fn role_of(&self, user: &User) -> Option<WorkspaceRole> {
        (self.about.tenant == user.tenant)
            .then(|| self.roles.get(&user.object_id).copied())
            .flatten()
    }
}

/// Everybody has a workspace of their own, on no capacity. It is listed and holds nothing.
fn personal(user: &User) -> WorkspaceAbout {
    WorkspaceAbout {
        id: random::derived_guid(&["my workspace", &user.tenant, &user.object_id]),
        tenant: user.tenant.clone(),
        name: "My workspace".to_owned(),
        description: String::new(),
        kind: "Personal",
        capacity: None,
    }
}

/// The object id of a person in a tenant, known to the directory or made up for a test.
fn object_id(directory: &Directory, upn: &str, tenant: &str) -> String {
    directory.account(upn).map_or_else(
        || random::derived_guid(&["user", tenant, upn]),
        |account| account.object_id(tenant),
    )
}
