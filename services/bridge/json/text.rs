//! A field's value from plain text, as paths and queries hold it.

use prost_reflect::{FieldDescriptor, Kind, Value};

use super::read::plain;
use super::{JsonMapping, is_well_known};

impl JsonMapping {
    /// Whether the field, or each of its values, can be written as plain text.
    pub(in crate::bridge) fn is_text(&self, field: &FieldDescriptor) -> bool {
        match field.kind() {
            // Those that JSON writes as a string, or as a plain value.
            Kind::Message(message) => {
                is_well_known(&message)
                    && !field.is_list()
                    && !matches!(
                        message.name(),
                        "Any" | "Struct" | "ListValue" | "Value" | "Empty"
                    )
            }
            Kind::Bytes => !self.is_raw(field),
            _ => true,
        }
    }

    /// The value that `text` is for the field; for a repeated field, one of its values.
    pub(in crate::bridge) fn read_text(
        &self,
        field: &FieldDescriptor,
        text: &str,
    ) -> Result<Value, &'static str> {
        if let Kind::Enum(values) = field.kind()
            && let Some(spelling) = self.spelling(&values)
        {
            return spelling
                .numbers
                .get(text)
                .map(|number| Value::EnumNumber(*number))
                .ok_or("must be a name that the contract has for it");
        }
        let json = match (field.kind(), text) {
            (Kind::Bool, "true") => true.into(),
            (Kind::Bool, "false") => false.into(),
            (Kind::Message(message), "true" | "false") if message.name() == "BoolValue" => {
                (text == "true").into()
            }
            _ => serde_json::Value::from(text),
        };
        let json = if field.is_list() {
            serde_json::Value::Array(vec![json])
        } else {
            json
        };
        let expected = "must be a value of the field's type";
        match plain(field, json).map_err(|_| expected)? {
            Some(Value::List(mut values)) => values.pop().ok_or(expected),
            Some(value) => Ok(value),
            // The default is no value to a field that cannot tell the two apart.
            None => Ok(Value::default_value_for_field(field)),
        }
    }
}
