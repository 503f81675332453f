//! The folders and files of one item, by path from the item on.
//!
//! `Files` and `Tables` are the item's own: they are there as long as it is. A file's content is
//! elsewhere; the tree says which content a path has at present, so a file that is replaced leaves
//! those who read it with what they began to read.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use super::condition::Condition;
use super::disk::Content;
use crate::random;

/// The item's own folders.
pub(super) const MANAGED: [&str; 2] = ["Files", "Tables"];
/// Paths of an item.
const PATHS: usize = 16 * 1024;

/// The paths of an item. Sorted, so that what is in a folder follows it.
#[derive(Debug)]
pub(super) struct Tree(BTreeMap<String, Node>);

/// A file or folder.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) etag: String,
    pub(super) modified: u64,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Folder,
    File(Arc<Content>),
    /// A folder whose content is in storage elsewhere, which is not emulated.
    Shortcut,
}

/// Why a path cannot be what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conflict {
    /// There is nothing at the path.
    Absent,
    /// There is something at the path.
    Exists,
    /// What is at the path is not what the condition names.
    Changed,
    /// The path is the item's own.
    Managed,
    /// The path is a folder.
    NotAFile,
    /// The path or an element of it is a file.
    NotAFolder,
    /// The folder has content.
    NotEmpty,
    /// The item has as many paths as it may.
    Full,
}

impl Node {
    pub(super) fn new(kind: Kind, now: u64) -> Self {
        Self {
            kind,
            etag: etag(),
            modified: now,
        }
    }

    /// As `ETag` has it.
    pub(super) fn entity_tag(&self) -> String {
        format!("\"{}\"", self.etag)
    }

    pub(super) fn is_folder(&self) -> bool {
        !matches!(self.kind, Kind::File(_))
    }

    pub(super) fn length(&self) -> u64 {
        match &self.kind {
            Kind::File(content) => content.length(),
            Kind::Folder | Kind::Shortcut => 0,
        }
    }
}

impl Tree {
    pub(super) fn new(now: u64) -> Self {
        let folder = |path: &str| (path.to_owned(), Node::new(Kind::Folder, now));
        Self(MANAGED.into_iter().map(folder).collect())
    }

    pub(super) fn get(&self, path: &str) -> Option<&Node> {
        self.0.get(path)
    }

    /// Puts a file, folder or shortcut at a path, with the folders that lead there. A file replaces
    /// a file if the condition holds; a folder stays as it is.
    pub(super) fn put(
        &mut self,
        path: &str,
        node: Node,
        condition: &Condition,
    ) -> Result<Node, Conflict> {
        let Some((parents, _)) = path.rsplit_once('/') else {
            return Err(Conflict::Managed);
        };
        self.hold(path, condition)?;
        match self.0.get(path) {
            Some(old) if old.is_folder() && !node.is_folder() => return Err(Conflict::NotAFile),
            Some(old) if !old.is_folder() && node.is_folder() => {
                return Err(Conflict::NotAFolder);
            }
            Some(old) if old.is_folder() => return Ok(old.clone()),
            _ => {}
        }
        self.add_folders(parents, node.modified)?;
        if self.0.len() >= PATHS {
            return Err(Conflict::Full);
        }
        self.0.insert(path.to_owned(), node.clone());
        Ok(node)
    }

    /// Holds what is at a path to a condition.
    pub(super) fn hold(&self, path: &str, condition: &Condition) -> Result<(), Conflict> {
        match condition {
            condition if condition.holds(self.get(path)) => Ok(()),
            Condition::Absent => Err(Conflict::Exists),
            _ => Err(Conflict::Changed),
        }
    }

    /// Marks a file as changed, if the path still has that content.
    pub(super) fn touch(&mut self, path: &str, content: &Arc<Content>, now: u64) -> Option<Node> {
        let node = self.0.get_mut(path)?;
        match &node.kind {
            Kind::File(present) if Arc::ptr_eq(present, content) => {
                node.etag = etag();
                node.modified = now;
                Some(node.clone())
            }
            _ => None,
        }
    }

    /// Removes a file, or a folder with all that is in it when `recursive`.
    pub(super) fn remove(&mut self, path: &str, recursive: bool) -> Result<(), Conflict> {
        if !path.contains('/') {
            return Err(Conflict::Managed);
        }
        if !self.0.contains_key(path) {
            return Err(Conflict::Absent);
        }
        let within: Vec<String> = self.within(path).map(|(path, _)| path.to_owned()).collect();
        if !within.is_empty() && !recursive {
            return Err(Conflict::NotEmpty);
        }
        self.0.remove(path);
        for path in within {
            self.0.remove(&path);
        }
        Ok(())
    }

    /// All that is in a folder, at any depth. The empty path is the item itself.
    pub(super) fn within<'a>(&'a self, folder: &str) -> impl Iterator<Item = (&'a str, &'a Node)> {
        let prefix = if folder.is_empty() {
            String::new()
        } else {
            format!("{folder}/")
        };
        self.0
            .range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded))
            .take_while(move |(path, _)| path.starts_with(&prefix))
            .map(|(path, node)| (path.as_str(), node))
    }

    fn add_folders(&mut self, path: &str, now: u64) -> Result<(), Conflict> {
        let ends = path.match_indices('/').map(|(end, _)| end);
        for end in ends.chain([path.len()]) {
            let (folder, _) = path.split_at(end);
            match self.0.get(folder) {
                Some(node) if node.is_folder() => {}
                Some(_) => return Err(Conflict::NotAFolder),
                // Only what is below the item's own folders is anybody's to make.
                None if !folder.contains('/') => return Err(Conflict::Managed),
                None if self.0.len() >= PATHS => return Err(Conflict::Full),
                None => {
                    let node = Node::new(Kind::Folder, now);
                    self.0.insert(folder.to_owned(), node);
                }
            }
        }
        Ok(())
    }
}

fn etag() -> String {
    format!("0x{:X}", u64::from_be_bytes(random::bytes()))
}
