//! One field's values.

use prost_reflect::{FieldDescriptor, Kind};
use serde_json::{Map, Value, json};

use super::{Members, Schemas};
use crate::contracts::rest::v1::FieldRest;

impl Schemas<'_> {
    /// The field, with its comment.
    pub(in crate::bridge::openapi) fn field(
        &mut self,
        field: &FieldDescriptor,
        members: Members,
    ) -> Value {
        let rest = self.rest_of(field);
        let mut schema = if field.is_map() {
            let value = match field.kind() {
                Kind::Message(entry) => self.value(
                    &entry.map_entry_value_field(),
                    &FieldRest::default(),
                    members,
                ),
                _ => json!({}),
            };
            json!({"type": "object", "additionalProperties": value})
        } else if field.is_list() {
            let mut list = json!({"type": "array", "items": self.value(field, &rest, members)});
            add_positive(&mut list, "minItems", rest.min_items);
            add_positive(&mut list, "maxItems", rest.max_items);
            list
        } else {
            self.value(field, &rest, members)
        };
        add(&mut schema, "description", self.comments.of_field(field));
        schema
    }

    /// One value of the field.
    fn value(&mut self, field: &FieldDescriptor, rest: &FieldRest, members: Members) -> Value {
        match field.kind() {
            Kind::Bool => json!({"type": "boolean"}),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => integer("int32", rest.not_negative),
            Kind::Uint32 | Kind::Fixed32 => integer("int64", true),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => long(rest.not_negative),
            Kind::Uint64 | Kind::Fixed64 => long(true),
            Kind::Float => json!({"type": "number", "format": "float"}),
            Kind::Double => json!({"type": "number", "format": "double"}),
            Kind::String => text(rest),
            Kind::Bytes if rest.json_object => json!({"type": "object"}),
            Kind::Bytes if rest.raw_json => json!({}),
            // `format` is for those who have not learned `contentEncoding` yet.
            Kind::Bytes => {
                json!({"type": "string", "contentEncoding": "base64", "format": "byte"})
            }
            Kind::Enum(descriptor) => self.enumeration(&descriptor),
            Kind::Message(message) => {
                well_known(message.full_name()).unwrap_or_else(|| self.message(&message, members))
            }
        }
    }
}

/// Whether JSON has one plain value for the message, which is no object.
pub(in crate::bridge::openapi) fn is_plain(full_name: &str) -> bool {
    well_known(full_name).is_some()
}

/// The messages for which proto3's JSON mapping has a form of their own.
fn well_known(full_name: &str) -> Option<Value> {
    match full_name {
        "google.protobuf.Timestamp" => Some(json!({"type": "string", "format": "date-time"})),
        "google.protobuf.Duration" => {
            Some(json!({"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$"}))
        }
        "google.protobuf.FieldMask" => {
            Some(json!({"type": "string", "pattern": r"^([A-Za-z0-9.]+(,[A-Za-z0-9.]+)*)?$"}))
        }
        _ => None,
    }
}

fn integer(format: &str, not_negative: bool) -> Value {
    let mut schema = json!({"type": "integer", "format": format});
    if not_negative {
        add(&mut schema, "minimum", 0);
    }
    schema
}

/// 64 bits are text, because JSON's numbers are not precise enough everywhere.
fn long(not_negative: bool) -> Value {
    let pattern = if not_negative {
        "^(0|[1-9][0-9]{0,18})$"
    } else {
        "^(0|-?[1-9][0-9]{0,18})$"
    };
    json!({"type": "string", "format": "int64", "pattern": pattern})
}

fn text(rest: &FieldRest) -> Value {
    let mut schema = json!({"type": "string"});
    for (keyword, value) in [("format", &rest.format), ("pattern", &rest.pattern)] {
        if !value.is_empty() {
            add(&mut schema, keyword, value.as_str());
        }
    }
    add_positive(&mut schema, "minLength", rest.min_length);
    add_positive(&mut schema, "maxLength", rest.max_length);
    schema
}

fn add_positive(schema: &mut Value, keyword: &str, value: u32) {
    if value > 0 {
        add(schema, keyword, value);
    }
}

fn add(schema: &mut Value, keyword: &str, value: impl Into<Value>) {
    if let Value::Object(schema) = schema {
        let schema: &mut Map<String, Value> = schema;
        schema.insert(keyword.to_owned(), value.into());
    }
}
