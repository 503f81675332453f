//! Messages in JSON: proto3's mapping by reflection, with what the contracts add to it.
//!
//! Added are two things: `bytes` fields whose value is one JSON value, which stands in the document
//! byte for byte, and enum values with a spelling of their own. Reading goes member by member, so
//! that whatever is wrong is told with the field's name.

mod read;
mod text;
mod write;

use std::collections::{HashMap, HashSet};

use prost_reflect::{
    DescriptorPool, EnumDescriptor, ExtensionDescriptor, FieldDescriptor, Kind, MessageDescriptor,
};

pub(super) use self::read::{JsonReader, Unreadable};
use super::routes::{RouteError, read_option};
use crate::contracts::rest::v1::{EnumValueRest, FieldRest};

/// What the contracts say of fields and enum values in JSON, by full name.
#[derive(Clone, Debug, Default)]
pub(super) struct JsonMapping {
    /// Fields that hold one JSON value.
    raw: HashSet<String>,
    /// Enums of which a value has a spelling.
    spelled: HashMap<String, Spelling>,
    /// Messages that hold any of these, however deep.
    special: HashSet<String>,
}

/// The spellings of an enum's values.
#[derive(Clone, Debug, Default)]
pub(super) struct Spelling {
    numbers: HashMap<String, i32>,
    names: HashMap<i32, String>,
}

impl Spelling {
    /// The spelling of the value of this number.
    pub(super) fn name(&self, number: i32) -> Option<&str> {
        self.names.get(&number).map(String::as_str)
    }
}

impl JsonMapping {
    /// Reads the options of every field and enum in `pool`.
    ///
    /// # Errors
    ///
    /// An option where it cannot be honoured, or one spelling for two values.
    pub(super) fn of(pool: &DescriptorPool) -> Result<Self, RouteError> {
        let option = |name| {
            pool.get_extension_by_name(name)
                .ok_or(RouteError::Option(name))
        };
        let field_option = option("selvedge.rest.v1.field")?;
        let value_option = option("selvedge.rest.v1.enum_value")?;
        let mut mapping = Self::default();
        for values in pool.all_enums() {
            if let Some(spelling) = spelling(&values, &value_option)? {
                mapping
                    .spelled
                    .insert(values.full_name().to_owned(), spelling);
            }
        }
        for message in pool.all_messages() {
            for field in message.fields() {
                if is_raw(&field, &field_option)? {
                    mapping.raw.insert(field.full_name().to_owned());
                }
            }
        }
        mapping.find_special(pool)?;
        Ok(mapping)
    }

    /// Marks messages until no more are found: a message is special by its own fields, or by those
    /// of a message within it.
    fn find_special(&mut self, pool: &DescriptorPool) -> Result<(), RouteError> {
        loop {
            let before = self.special.len();
            for message in pool.all_messages() {
                let special: Vec<_> = message
                    .fields()
                    .filter(|field| self.is_special(field))
                    .collect();
                if let Some(map) = special.iter().find(|field| field.is_map()) {
                    return Err(RouteError::Json {
                        name: map.full_name().to_owned(),
                        contradiction: "a map whose values have a JSON form of their own",
                    });
                }
                if !special.is_empty() {
                    self.special.insert(message.full_name().to_owned());
                }
            }
            if self.special.len() == before {
                return Ok(());
            }
        }
    }

    /// Whether the field holds one JSON value.
    pub(super) fn is_raw(&self, field: &FieldDescriptor) -> bool {
        self.raw.contains(field.full_name())
    }

    /// The spellings of the enum's values, if it has any.
    pub(super) fn spelling(&self, values: &EnumDescriptor) -> Option<&Spelling> {
        self.spelled.get(values.full_name())
    }

    fn is_special(&self, field: &FieldDescriptor) -> bool {
        match field.kind() {
            Kind::Bytes => self.is_raw(field),
            Kind::Enum(values) => self.spelling(&values).is_some(),
            Kind::Message(message) => self.is_special_message(&message),
            _ => false,
        }
    }

    fn is_special_message(&self, message: &MessageDescriptor) -> bool {
        self.special.contains(message.full_name())
    }
}

fn is_raw(field: &FieldDescriptor, option: &ExtensionDescriptor) -> Result<bool, RouteError> {
    let rest: FieldRest = read_option(&field.options(), option, "selvedge.rest.v1.field")?;
    if rest.raw_json && field.kind() != Kind::Bytes {
        return Err(RouteError::Json {
            name: field.full_name().to_owned(),
            contradiction: "raw_json on a field that is not bytes",
        });
    }
    Ok(rest.raw_json)
}

fn spelling(
    values: &EnumDescriptor,
    option: &ExtensionDescriptor,
) -> Result<Option<Spelling>, RouteError> {
    let mut spelling = Spelling::default();
    for value in values.values() {
        let options = value.options();
        if !options.has_extension(option) {
            continue;
        }
        let rest: EnumValueRest = read_option(&options, option, "selvedge.rest.v1.enum_value")?;
        let before = spelling.numbers.insert(rest.name.clone(), value.number());
        if rest.name.is_empty() || before.is_some() {
            return Err(RouteError::Json {
                name: values.full_name().to_owned(),
                contradiction: "an empty spelling, or one for two values",
            });
        }
        spelling.names.insert(value.number(), rest.name);
    }
    Ok((!spelling.numbers.is_empty()).then_some(spelling))
}

/// Whether proto3 gives the message a JSON form that is not an object of its fields.
fn is_well_known(message: &MessageDescriptor) -> bool {
    message.package_name() == "google.protobuf"
}

#[cfg(test)]
mod tests;
