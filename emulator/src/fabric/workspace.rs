//! Workspaces and items as a seed describes them: what there is, and who may do what with it.

/// What a member may do in a workspace; each role includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WorkspaceRole {
    /// May look.
    Viewer,
    /// May also write content and create items.
    Contributor,
    /// May also add members below itself.
    Member,
    /// May do everything.
    Admin,
}

impl WorkspaceRole {
    /// The role that Fabric writes like this.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [
            ("Viewer", Self::Viewer),
            ("Contributor", Self::Contributor),
            ("Member", Self::Member),
            ("Admin", Self::Admin),
        ]
        .into_iter()
        .find(|(other, _)| other.eq_ignore_ascii_case(name))
        .map(|(_, role)| role)
    }
}

/// A workspace at start.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Workspace {
    /// Its id, a GUID.
    pub id: String,
    /// The id of its tenant.
    pub tenant: String,
    /// Its name for people.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The id of the Fabric capacity it runs on; without one, Fabric's items cannot be created.
    pub capacity: Option<String>,
    /// Its members by user principal name.
    pub roles: Vec<(String, WorkspaceRole)>,
    /// Its items.
    pub items: Vec<Item>,
}

impl Workspace {
    /// A workspace without capacity, members and items.
    pub fn new(id: impl Into<String>, tenant: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            tenant: tenant.into(),
            name: name.into(),
            description: String::new(),
            capacity: None,
            roles: Vec::new(),
            items: Vec::new(),
        }
    }

    /// Puts it on a capacity.
    #[must_use]
    pub fn on_capacity(mut self, id: impl Into<String>) -> Self {
        self.capacity = Some(id.into());
        self
    }

    /// Adds a member.
    #[must_use]
    pub fn with_role(mut self, upn: impl Into<String>, role: WorkspaceRole) -> Self {
        self.roles.push((upn.into(), role));
        self
    }

    /// Adds an item.
    #[must_use]
    pub fn with_item(mut self, item: Item) -> Self {
        self.items.push(item);
        self
    }
}

/// An item at start.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Item {
    /// Its id, a GUID.
    pub id: String,
    /// Its type, for example `Lakehouse`.
    pub kind: String,
    /// Its name for people.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The client id of the workload that owns its type; `None` for Fabric's own types.
    pub owner: Option<String>,
    /// Permissions on it by user principal name.
    pub permissions: Vec<(String, Vec<String>)>,
    /// What OneLake holds for it; `None` when it has no folders there.
    pub content: Option<Content>,
}

/// What OneLake holds for an item, beside its folders `Files` and `Tables`.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Content {
    /// Files by path from the item on, for example `Files/report.csv`.
    pub files: Vec<(String, Vec<u8>)>,
    /// Shortcuts by path from the item on.
    pub shortcuts: Vec<String>,
}

impl Item {
    /// An item of one of Fabric's types that nobody has permissions on, without content.
    pub fn new(id: impl Into<String>, kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            kind: kind.into(),
            name: name.into(),
            description: String::new(),
            owner: None,
            permissions: Vec::new(),
            content: None,
        }
    }

    /// Makes it an item of a workload's type.
    #[must_use]
    pub fn owned_by(mut self, client_id: impl Into<String>) -> Self {
        self.owner = Some(client_id.into());
        self
    }

    /// Lets a person do things with it.
    #[must_use]
    pub fn with_permissions(mut self, upn: impl Into<String>, permissions: &[&str]) -> Self {
        let permissions = permissions.iter().map(ToString::to_string).collect();
        self.permissions.push((upn.into(), permissions));
        self
    }

    /// Gives it its folders in OneLake.
    #[must_use]
    pub fn with_folders(mut self) -> Self {
        self.content.get_or_insert_default();
        self
    }

    /// Puts a file into OneLake.
    #[must_use]
    pub fn with_file(mut self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        let content = self.content.get_or_insert_default();
        content.files.push((path.into(), bytes.into()));
        self
    }

    /// Puts a shortcut to storage elsewhere into OneLake.
    #[must_use]
    pub fn with_shortcut(mut self, path: impl Into<String>) -> Self {
        let content = self.content.get_or_insert_default();
        content.shortcuts.push(path.into());
        self
    }
}
