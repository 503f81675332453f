//! Messages, enums and fields as JSON Schema: proto3's JSON mapping, with what the contracts' own
//! options add to it.

mod field;

use std::collections::BTreeMap;

pub(super) use field::is_plain;
use prost_reflect::{
    DescriptorPool, EnumDescriptor, ExtensionDescriptor, FieldDescriptor, MessageDescriptor,
};
use serde_json::{Map, Value, json};

use super::comments::Comments;
use super::reference;
use crate::bridge::json::JsonMapping;
use crate::contracts::rest::v1::FieldRest;

/// Whether an object may have members that the contract does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Members {
    /// Only those that it knows.
    Known,
    /// Others too, and they are passed over.
    Any,
}

/// Whether an object has to have the members that the contract requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// It has.
    Whole,
    /// It has not: what is absent stays as it was.
    Partial,
}

/// The schemas that the document has components for so far.
pub(super) struct Schemas<'c> {
    comments: &'c Comments,
    pool: DescriptorPool,
    mapping: &'c JsonMapping,
    field_option: Option<ExtensionDescriptor>,
    /// The component of each message and enum, by its full name.
    names: BTreeMap<String, String>,
    components: Map<String, Value>,
}

impl<'c> Schemas<'c> {
    pub(super) fn new(
        pool: &DescriptorPool,
        mapping: &'c JsonMapping,
        comments: &'c Comments,
    ) -> Self {
        Self {
            comments,
            pool: pool.clone(),
            mapping,
            field_option: pool.get_extension_by_name("selvedge.rest.v1.field"),
            names: BTreeMap::new(),
            components: Map::new(),
        }
    }

    /// All components.
    pub(super) fn components(self) -> Value {
        self.components.into()
    }

    /// Adds a component that no contract has.
    pub(super) fn add(&mut self, name: &str, schema: Value) -> Value {
        self.components.insert(name.to_owned(), schema);
        reference("schemas", name)
    }

    /// The component of this name.
    pub(super) fn component(&self, name: &str) -> Option<&Value> {
        self.components.get(name)
    }

    /// States that the component of this name always has these members.
    pub(super) fn require(&mut self, name: &str, members: &[&str]) {
        if let Some(Value::Object(schema)) = self.components.get_mut(name) {
            schema.insert("required".to_owned(), json!(members));
        }
    }

    /// The component of the message of this full name.
    pub(super) fn named(&mut self, full_name: &str, members: Members) -> Value {
        match self.pool.get_message_by_name(full_name) {
            Some(message) => self.message(&message, members),
            None => json!({}),
        }
    }

    /// A message, as a reference to its component.
    pub(super) fn message(&mut self, message: &MessageDescriptor, members: Members) -> Value {
        let (name, is_new) = self.name_of(message.full_name(), message.name());
        if is_new {
            // It holds the place, so that a message within itself ends.
            self.components.insert(name.clone(), Value::Null);
            let schema = self.object(message, &[], members, Presence::Whole);
            self.components.insert(name.clone(), schema);
        }
        reference("schemas", &name)
    }

    /// A message without the fields that the path holds, in place.
    pub(super) fn object(
        &mut self,
        message: &MessageDescriptor,
        in_path: &[FieldDescriptor],
        members: Members,
        presence: Presence,
    ) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in message.fields().filter(|field| !in_path.contains(field)) {
            let mut schema = self.field(&field, members);
            if self.comments.is_output_only(&field)
                && let Value::Object(schema) = &mut schema
            {
                schema.insert("readOnly".to_owned(), true.into());
            }
            if presence == Presence::Whole && self.comments.is_required(&field) {
                required.push(field.json_name().to_owned());
            }
            properties.insert(field.json_name().to_owned(), schema);
        }
        let mut schema = json!({
            "type": "object",
            "description": self.comments.of_message(message),
            "properties": properties,
        });
        if let Value::Object(schema) = &mut schema {
            if !required.is_empty() {
                schema.insert("required".to_owned(), required.into());
            }
            if members == Members::Known {
                schema.insert("additionalProperties".to_owned(), false.into());
            }
        }
        schema
    }

    /// An enum, as a reference to its component: the values that are ever sent or taken.
    fn enumeration(&mut self, descriptor: &EnumDescriptor) -> Value {
        let (name, is_new) = self.name_of(descriptor.full_name(), descriptor.name());
        if is_new {
            let spelling = self.mapping.spelling(descriptor);
            let names: Vec<String> = descriptor
                .values()
                .filter(|value| value.number() != 0)
                .map(|value| {
                    let name = spelling.and_then(|spelling| spelling.name(value.number()));
                    name.unwrap_or(value.name()).to_owned()
                })
                .collect();
            let schema = json!({
                "type": "string",
                "description": self.comments.of_enum(descriptor),
                "enum": names,
            });
            self.components.insert(name.clone(), schema);
        }
        reference("schemas", &name)
    }

    fn rest_of(&self, field: &FieldDescriptor) -> FieldRest {
        let option = self.field_option.as_ref();
        option
            .and_then(|option| {
                let options = field.options();
                let value = options.get_extension(option);
                value.as_message()?.transcode_to().ok()
            })
            .unwrap_or_default()
    }

    /// The component's name, and whether it is new: the short name, unless another has it.
    fn name_of(&mut self, full_name: &str, short: &str) -> (String, bool) {
        if let Some(name) = self.names.get(full_name) {
            return (name.clone(), false);
        }
        let name = if self.components.contains_key(short) {
            full_name
        } else {
            short
        };
        self.names.insert(full_name.to_owned(), name.to_owned());
        (name.to_owned(), true)
    }
}
