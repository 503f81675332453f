//! From a message to JSON.

use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, ReflectMessage as _, SerializeOptions, Value,
};
use serde_json::value::RawValue;

use super::JsonMapping;

impl JsonMapping {
    /// Writes `message`. A field that holds its default is not written, as proto3's mapping has it.
    ///
    /// # Errors
    ///
    /// A handler's fault: a field that should hold one JSON value holds something else.
    pub(in crate::bridge) fn write(
        &self,
        message: DynamicMessage,
    ) -> Result<Vec<u8>, serde_json::Error> {
        let mut document = Vec::new();
        self.write_message(message, &mut document)?;
        Ok(document)
    }

    /// Writes the value of `field` in `message`.
    ///
    /// # Errors
    ///
    /// See [`write`](Self::write).
    pub(in crate::bridge) fn write_field(
        &self,
        mut message: DynamicMessage,
        field: &FieldDescriptor,
    ) -> Result<Vec<u8>, serde_json::Error> {
        let value = message
            .take_field(field)
            .unwrap_or_else(|| Value::default_value_for_field(field));
        let mut document = Vec::new();
        self.write_value(field, value, &mut document)?;
        Ok(document)
    }

    fn write_message(
        &self,
        mut message: DynamicMessage,
        document: &mut Vec<u8>,
    ) -> Result<(), serde_json::Error> {
        let descriptor = message.descriptor();
        let mut special = Vec::new();
        if self.is_special_message(&descriptor) {
            for field in descriptor.fields().filter(|field| self.is_special(field)) {
                let is_set = message.has_field(&field);
                let value = message.take_field(&field).filter(|_| is_set);
                special.extend(value.map(|value| (field, value)));
            }
        }
        // What proto3's mapping can write is written by it, and the rest behind that.
        let start = document.len();
        write_plain(&message, document)?;
        if special.is_empty() {
            return Ok(());
        }
        let closing = document.pop();
        let mut is_first = document.len() == start + 1;
        for (field, value) in special {
            if !std::mem::take(&mut is_first) {
                document.push(b',');
            }
            serde_json::to_writer(&mut *document, field.json_name())?;
            document.push(b':');
            self.write_value(&field, value, document)?;
        }
        document.extend(closing);
        Ok(())
    }

    fn write_value(
        &self,
        field: &FieldDescriptor,
        value: Value,
        document: &mut Vec<u8>,
    ) -> Result<(), serde_json::Error> {
        match (value, field.kind()) {
            (Value::List(values), _) => {
                document.push(b'[');
                for (index, value) in values.into_iter().enumerate() {
                    if index > 0 {
                        document.push(b',');
                    }
                    self.write_value(field, value, document)?;
                }
                document.push(b']');
                Ok(())
            }
            (Value::Message(message), _) => self.write_message(message, document),
            (Value::Bytes(json), _) if self.is_raw(field) && json.is_empty() => {
                document.extend_from_slice(b"null");
                Ok(())
            }
            (Value::Bytes(json), _) if self.is_raw(field) => {
                // Only checked: it stands in the document as it is.
                let _: &RawValue = serde_json::from_slice(&json)?;
                document.extend_from_slice(&json);
                Ok(())
            }
            (Value::EnumNumber(number), Kind::Enum(values)) => {
                let spelled = self
                    .spelling(&values)
                    .and_then(|spelling| spelling.names.get(&number));
                let value = values.get_value(number);
                match spelled
                    .map(String::as_str)
                    .or(value.as_ref().map(|v| v.name()))
                {
                    Some(name) => serde_json::to_writer(document, name),
                    None => serde_json::to_writer(document, &number),
                }
            }
            (value, _) => write_one(field, value, document),
        }
    }
}

fn write_plain(message: &DynamicMessage, document: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    let mut serializer = serde_json::Serializer::new(document);
    message.serialize_with_options(&mut serializer, &SerializeOptions::new())
}

/// Writes one value that proto3's mapping can write, out of a message that holds nothing else.
fn write_one(
    field: &FieldDescriptor,
    value: Value,
    document: &mut Vec<u8>,
) -> Result<(), serde_json::Error> {
    let mut message = DynamicMessage::new(field.parent_message().clone());
    let value = if field.is_list() {
        Value::List(vec![value])
    } else {
        value
    };
    if message.try_set_field(field, value).is_err() {
        return Ok(());
    }
    let options = SerializeOptions::new().skip_default_fields(false);
    let all = message.serialize_with_options(serde_json::value::Serializer, &options)?;
    let one = all
        .get(field.json_name())
        .map_or(&serde_json::Value::Null, |value| {
            match (value, field.is_list()) {
                (serde_json::Value::Array(values), true) => {
                    values.first().unwrap_or(&serde_json::Value::Null)
                }
                (value, _) => value,
            }
        });
    serde_json::to_writer(document, one)
}
