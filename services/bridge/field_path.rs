//! A field of a request message, or of a message within it, as path templates and query parameters
//! name one.

use std::fmt;

use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage as _, Value,
};

/// Fields from the request message down to the one that is meant; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FieldPath {
    parents: Vec<FieldDescriptor>,
    leaf: FieldDescriptor,
}

impl FieldPath {
    /// The field that `name` names, from `message` on: `task.task_id`, or in JSON's spelling
    /// `task.taskId`. Every field but the last is one message.
    pub(super) fn resolve(message: &MessageDescriptor, name: &str) -> Option<Self> {
        let mut message = message.clone();
        let mut parents = Vec::new();
        let mut names = name.split('.');
        let mut field = field_of(&message, names.next()?)?;
        for name in names {
            let Kind::Message(inner) = field.kind() else {
                return None;
            };
            if field.is_list() || field.is_map() {
                return None;
            }
            message = inner;
            parents.push(std::mem::replace(&mut field, field_of(&message, name)?));
        }
        Some(Self {
            parents,
            leaf: field,
        })
    }

    /// The field that is meant.
    pub(super) fn leaf(&self) -> &FieldDescriptor {
        &self.leaf
    }

    /// The field of the request message that is meant or holds what is meant.
    pub(super) fn root(&self) -> &FieldDescriptor {
        self.parents.first().unwrap_or(&self.leaf)
    }

    /// The message in `request` that holds the field; made where it is not there yet.
    pub(super) fn holder<'m>(
        &self,
        request: &'m mut DynamicMessage,
    ) -> Option<&'m mut DynamicMessage> {
        let mut message = request;
        for parent in &self.parents {
            if message.descriptor() != *parent.parent_message() {
                return None;
            }
            message = match message.get_field_mut(parent) {
                Value::Message(inner) => inner,
                _ => return None,
            };
        }
        Some(message)
    }
}

fn field_of(message: &MessageDescriptor, name: &str) -> Option<FieldDescriptor> {
    message
        .get_field_by_name(name)
        .or_else(|| message.get_field_by_json_name(name))
}

impl fmt::Display for FieldPath {
    /// The field as the contract spells it: `task.task_id`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for parent in &self.parents {
            write!(f, "{}.", parent.name())?;
        }
        f.write_str(self.leaf.name())
    }
}
