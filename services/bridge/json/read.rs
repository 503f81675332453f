//! From JSON to a message.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use bytes::Bytes;
use prost_reflect::{
    DeserializeOptions, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor,
    ReflectMessage as _, Value,
};
use serde::de::value::MapDeserializer;
use serde::de::{
    Deserializer as _, Error as _, IgnoredAny, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;

use super::{JsonMapping, is_well_known};
use crate::call::CallError;
use crate::refusal::bounded;

/// How deep messages may lie within each other: a contract may be recursive, a stack is not endless.
const MAX_DEPTH: usize = 32;

/// Why a document is not the message that it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::bridge) enum Unreadable {
    /// It is no JSON document.
    Malformed,
    /// A member is not what the contract says.
    Field(CallError),
}

/// Reads documents as one route's contract says.
#[derive(Clone, Copy, Debug)]
pub(in crate::bridge) struct JsonReader<'m> {
    /// What the contracts say of fields in JSON.
    pub(in crate::bridge) mapping: &'m JsonMapping,
    /// Whether members that the contract does not know are skipped.
    pub(in crate::bridge) ignore_unknown_members: bool,
}

impl JsonReader<'_> {
    /// Reads `document` as a message of this type.
    pub(in crate::bridge) fn message(
        &self,
        message: &MessageDescriptor,
        document: &[u8],
    ) -> Result<DynamicMessage, Unreadable> {
        self.read_message(message, parse(document)?, Place::Document)
            .map_err(Unreadable::Field)
    }

    /// Reads `document` as the value of `field`; `None` for `null`, which is no value.
    pub(in crate::bridge) fn field(
        &self,
        field: &FieldDescriptor,
        document: &[u8],
    ) -> Result<Option<Value>, Unreadable> {
        let json = parse(document)?;
        if json.get() == "null" {
            return Ok(None);
        }
        self.read_field(field, json, Place::Field(&Place::Document, field))
            .map_err(Unreadable::Field)
    }

    fn read_message(
        &self,
        message: &MessageDescriptor,
        json: &RawValue,
        place: Place<'_>,
    ) -> Result<DynamicMessage, CallError> {
        if place.depth() > MAX_DEPTH {
            return Err(place.violation("must not lie so deep"));
        }
        let mut violation = None;
        let members = Members {
            reader: self,
            message: DynamicMessage::new(message.clone()),
            place,
            violation: &mut violation,
        };
        // JSON it is, so what fails is a violation found on the way, or no object at all.
        let read = json.deserialize_map(members);
        read.map_err(|_| violation.unwrap_or_else(|| place.violation("must be a JSON object")))
    }

    /// The value of `field`; `None` where JSON's mapping gives it none.
    fn read_field(
        &self,
        field: &FieldDescriptor,
        json: &RawValue,
        place: Place<'_>,
    ) -> Result<Option<Value>, CallError> {
        if !field.is_list() || !self.is_read_here(field) {
            return self.read_one(field, json, place);
        }
        let mut violation = None;
        let elements = Elements {
            reader: self,
            field,
            place,
            violation: &mut violation,
        };
        let read = json.deserialize_seq(elements);
        read.map(|values| Some(Value::List(values)))
            .map_err(|_| violation.unwrap_or_else(|| place.violation("must be a JSON array")))
    }

    /// Whether the field is one of those that the reader knows more of than proto3's mapping does.
    fn is_read_here(&self, field: &FieldDescriptor) -> bool {
        match field.kind() {
            Kind::Message(message) => !field.is_map() && !is_well_known(&message),
            _ => self.mapping.is_special(field),
        }
    }

    fn read_one(
        &self,
        field: &FieldDescriptor,
        json: &RawValue,
        place: Place<'_>,
    ) -> Result<Option<Value>, CallError> {
        if !self.is_read_here(field) {
            return plain(field, json)
                .map_err(|_| place.violation("must be a value of the field's type"));
        }
        match field.kind() {
            Kind::Message(message) => self
                .read_message(&message, json, place)
                .map(|message| Some(Value::Message(message))),
            Kind::Enum(values) => {
                let name: Option<Cow<'_, str>> = serde_json::from_str(json.get()).ok();
                let spelling = self.mapping.spelling(&values);
                let number = name.and_then(|name| spelling?.numbers.get(name.as_ref()));
                number
                    .map(|number| Some(Value::EnumNumber(*number)))
                    .ok_or_else(|| place.violation("must be a name that the contract has for it"))
            }
            _ => Ok(Some(Value::Bytes(Bytes::copy_from_slice(
                json.get().as_bytes(),
            )))),
        }
    }
}

fn parse(document: &[u8]) -> Result<&RawValue, Unreadable> {
    // What is skipped is not looked at for its encoding, so that is done for all of it at once.
    let text = std::str::from_utf8(document).map_err(|_| Unreadable::Malformed)?;
    serde_json::from_str(text).map_err(|_| Unreadable::Malformed)
}

/// The value of `field` as proto3's own mapping reads it, from a message of this one member.
pub(super) fn plain<'de, V>(
    field: &FieldDescriptor,
    value: V,
) -> Result<Option<Value>, serde_json::Error>
where
    V: IntoDeserializer<'de, serde_json::Error>,
{
    let member = MapDeserializer::new(std::iter::once((field.name(), value)));
    let options = DeserializeOptions::new();
    let mut message =
        DynamicMessage::deserialize_with_options(field.parent_message().clone(), member, &options)?;
    Ok(message.take_field(field))
}

/// Where in the request message the reader is.
#[derive(Clone, Copy)]
enum Place<'p> {
    Document,
    Field(&'p Place<'p>, &'p FieldDescriptor),
    Element(&'p Place<'p>, usize),
}

impl Place<'_> {
    fn depth(&self) -> usize {
        let mut depth = 0;
        let mut place = self;
        while let Self::Field(outer, _) | Self::Element(outer, _) = place {
            depth += 1;
            place = outer;
        }
        depth
    }

    fn violation(&self, expected: &'static str) -> CallError {
        match self {
            Self::Document => CallError::field("body", expected),
            Self::Field(..) | Self::Element(..) => CallError::field(self.to_string(), expected),
        }
    }

    /// A member that is not in the contract. Its name is the caller's own.
    fn unknown(&self, name: &str) -> CallError {
        let name = bounded(name);
        let path = match self {
            Self::Document => name,
            Self::Field(..) | Self::Element(..) => format!("{self}.{name}"),
        };
        CallError::field(path, "is not a field of the contract")
    }
}

impl fmt::Display for Place<'_> {
    /// The place as the contract spells it: `rows[3].json`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document => Ok(()),
            Self::Field(Self::Document, field) => f.write_str(field.name()),
            Self::Field(outer, field) => write!(f, "{outer}.{}", field.name()),
            Self::Element(outer, index) => write!(f, "{outer}[{index}]"),
        }
    }
}

/// Reads an object's members into a message.
struct Members<'r> {
    reader: &'r JsonReader<'r>,
    message: DynamicMessage,
    place: Place<'r>,
    /// What is wrong, which serde's error cannot carry.
    violation: &'r mut Option<CallError>,
}

impl Members<'_> {
    fn read(&mut self, field: &FieldDescriptor, json: &RawValue) -> Result<(), CallError> {
        let place = Place::Field(&self.place, field);
        if json.get() == "null" {
            return Ok(());
        }
        let Some(value) = self.reader.read_field(field, json, place)? else {
            return Ok(());
        };
        let others = field.containing_oneof();
        let mut others = others.iter().flat_map(|oneof| oneof.fields());
        if others.any(|other| other != *field && self.message.has_field(&other)) {
            return Err(place.violation("must not be set beside another of its kind"));
        }
        self.message
            .try_set_field(field, value)
            .map_err(|_| place.violation("must be a value of the field's type"))
    }

    fn fail<E: serde::de::Error>(&mut self, violation: CallError) -> E {
        *self.violation = Some(violation);
        E::custom("a member is not what the contract says")
    }
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = DynamicMessage;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<DynamicMessage, A::Error> {
        let descriptor = self.message.descriptor();
        let mut seen = HashSet::new();
        while let Some(name) = map.next_key::<Cow<'_, str>>()? {
            let field = descriptor
                .get_field_by_json_name(&name)
                .or_else(|| descriptor.get_field_by_name(&name));
            let Some(field) = field else {
                if self.reader.ignore_unknown_members {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
                let violation = self.place.unknown(&name);
                return Err(self.fail(violation));
            };
            // Readers differ in which of two members counts, so neither does.
            if !seen.insert(field.number()) {
                let violation = Place::Field(&self.place, &field).violation("must be given once");
                return Err(self.fail(violation));
            }
            let json = map.next_value::<&RawValue>()?;
            if let Err(violation) = self.read(&field, json) {
                return Err(self.fail(violation));
            }
        }
        Ok(self.message)
    }
}

/// Reads an array's elements into a repeated field.
struct Elements<'r> {
    reader: &'r JsonReader<'r>,
    field: &'r FieldDescriptor,
    place: Place<'r>,
    violation: &'r mut Option<CallError>,
}

impl<'de> Visitor<'de> for Elements<'_> {
    type Value = Vec<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Vec<Value>, A::Error> {
        let mut values = Vec::new();
        while let Some(json) = elements.next_element::<&RawValue>()? {
            let place = Place::Element(&self.place, values.len());
            match self.reader.read_one(self.field, json, place) {
                Ok(Some(value)) => values.push(value),
                Ok(None) => {
                    *self.violation = Some(place.violation("must be a value"));
                    return Err(A::Error::custom("an element is no value"));
                }
                Err(violation) => {
                    *self.violation = Some(violation);
                    return Err(A::Error::custom("an element is not what the contract says"));
                }
            }
        }
        Ok(values)
    }
}
