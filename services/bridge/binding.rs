//! The gRPC request message that a REST request is: body first, then query, then path, each of which
//! has its own fields.
//!
//! What the path names was matched and cannot be overruled: neither a body nor a query sets a field
//! that is in the path.

use std::borrow::Cow;
use std::collections::HashSet;

use http::Uri;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, Value};

use super::field_path::FieldPath;
use super::json::{JsonMapping, JsonReader, Unreadable};
use super::matching::segments;
use super::routes::{BodyField, Route};
use super::update_mask;
use crate::call::CallError;

/// Binds requests to one route.
#[derive(Clone, Copy, Debug)]
pub(super) struct Binding<'b> {
    pub(super) route: &'b Route,
    pub(super) mapping: &'b JsonMapping,
    /// Where the request was sent; the route was found by its path.
    pub(super) uri: &'b Uri,
}

impl Binding<'_> {
    /// The request message of `body`, a JSON document. An empty body is an empty object.
    pub(super) fn with_body(&self, body: &[u8]) -> Result<DynamicMessage, Unreadable> {
        let mut request = DynamicMessage::new(self.route.method.input());
        let reader = JsonReader {
            mapping: self.mapping,
            ignore_unknown_members: self.route.ignore_unknown_members,
        };
        match &self.route.body {
            _ if body.is_empty() => {}
            BodyField::None => {}
            BodyField::Whole => request = reader.message(&self.route.method.input(), body)?,
            BodyField::Field(field) => {
                if let Some(value) = reader.field(field, body)? {
                    set(&mut request, field, value).map_err(Unreadable::Field)?;
                }
            }
        }
        self.bind_address(&mut request).map_err(Unreadable::Field)?;
        update_mask::complete(self.route, &mut request, body);
        Ok(request)
    }

    /// The request message without a body.
    pub(super) fn without_body(&self) -> Result<DynamicMessage, CallError> {
        let mut request = DynamicMessage::new(self.route.method.input());
        self.bind_address(&mut request)?;
        Ok(request)
    }

    fn bind_address(&self, request: &mut DynamicMessage) -> Result<(), CallError> {
        self.bind_query(request)?;
        self.bind_path(request)
    }

    /// Parameters that name no field are passed over: callers and gateways add their own.
    fn bind_query(&self, request: &mut DynamicMessage) -> Result<(), CallError> {
        let query = self.uri.query().unwrap_or_default();
        let mut seen = HashSet::new();
        for (name, text) in form_urlencoded::parse(query.as_bytes()) {
            let Some(path) = self.parameter(&name) else {
                continue;
            };
            let field = path.leaf();
            if !field.is_list() && !seen.insert(path.to_string()) {
                return Err(CallError::field(path.to_string(), "must be given once"));
            }
            self.bind_text(request, &path, text)?;
        }
        Ok(())
    }

    fn parameter(&self, name: &str) -> Option<FieldPath> {
        FieldPath::resolve(&self.route.method.input(), name)
            .filter(|path| self.route.is_in_query(path) && self.mapping.is_text(path.leaf()))
            .filter(|path| !path.leaf().is_map())
    }

    fn bind_path(&self, request: &mut DynamicMessage) -> Result<(), CallError> {
        let path = segments(self.uri.path());
        let variables = self.route.template.variables().iter();
        for (variable, field) in variables.zip(&self.route.variables) {
            let text = variable.value(&path).map_err(|_| {
                CallError::field(field.to_string(), "must be percent-encoded UTF-8")
            })?;
            self.bind_text(request, field, text.into())?;
        }
        Ok(())
    }

    fn bind_text(
        &self,
        request: &mut DynamicMessage,
        path: &FieldPath,
        text: Cow<'_, str>,
    ) -> Result<(), CallError> {
        let violation = |expected| CallError::field(path.to_string(), expected);
        let field = path.leaf();
        let value = match field.kind() {
            Kind::String => Value::String(text.into_owned()),
            _ => self.mapping.read_text(field, &text).map_err(violation)?,
        };
        let holder = path
            .holder(request)
            .ok_or_else(|| violation("must be set in one place"))?;
        if !field.is_list() {
            return set(holder, field, value);
        }
        if let Value::List(values) = holder.get_field_mut(field) {
            values.push(value);
        }
        Ok(())
    }
}

fn set(
    message: &mut DynamicMessage,
    field: &FieldDescriptor,
    value: Value,
) -> Result<(), CallError> {
    message
        .try_set_field(field, value)
        .map_err(|_| CallError::field(field.name(), "must be a value of the field's type"))
}

#[cfg(test)]
mod tests;
