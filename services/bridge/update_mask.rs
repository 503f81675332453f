//! What a PATCH changes where no mask says so: the members that its document has, and no other.
//!
//! A message cannot tell a member that was given as `false` or `""` from one that was not given, and
//! JSON can. So where it matters, the mask is made of the document's members (AIP-134).

use std::collections::BTreeMap;

use http::Method;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, Value};
use serde_json::value::RawValue;

use super::routes::{BodyField, Route};

/// The field that names what to change (AIP-134).
const MASK_FIELD: &str = "update_mask";
/// A condition of the change and no part of it (AIP-154).
const ETAG_FIELD: &str = "etag";

/// Sets the mask of a PATCH that has none and whose `document` gives a member its default value.
/// `document` is what `request` was read from.
pub(super) fn complete(route: &Route, request: &mut DynamicMessage, document: &[u8]) {
    let Some((mask, body)) = fields(route) else {
        return;
    };
    if request.has_field(&mask) {
        return;
    }
    let paths = given(route, &body, document);
    let value = request.get_field(&body).into_owned();
    let Value::Message(changed) = value else {
        return;
    };
    if paths.iter().all(|field| changed.has_field(field)) {
        return;
    }
    let names = paths
        .iter()
        .map(|field| Value::String(field.name().to_owned()));
    let names = Value::List(names.collect());
    if let Value::Message(mask) = request.get_field_mut(&mask) {
        // A field mask has this field: it was told by its type's name.
        let _ = mask.try_set_field_by_name("paths", names);
    }
}

/// The mask, and the field that it is about, of a route that has both.
fn fields(route: &Route) -> Option<(FieldDescriptor, FieldDescriptor)> {
    let BodyField::Field(body) = &route.body else {
        return None;
    };
    let mask = route.method.input().get_field_by_name(MASK_FIELD)?;
    let is_mask = matches!(mask.kind(), Kind::Message(message) if message.full_name() == "google.protobuf.FieldMask");
    let is_message = matches!(body.kind(), Kind::Message(_)) && !body.is_list() && !body.is_map();
    (route.verb == Method::PATCH && is_mask && is_message).then(|| (mask, body.clone()))
}

/// The fields that `document` has a value for and that the path does not name.
fn given(route: &Route, body: &FieldDescriptor, document: &[u8]) -> Vec<FieldDescriptor> {
    let Kind::Message(message) = body.kind() else {
        return Vec::new();
    };
    let members: BTreeMap<String, &RawValue> = serde_json::from_slice(document).unwrap_or_default();
    let values = members.iter().filter(|(_, value)| value.get() != "null");
    let fields = values.filter_map(|(name, _)| {
        message
            .get_field_by_json_name(name)
            .or_else(|| message.get_field_by_name(name))
    });
    fields
        .filter(|field| field.name() != ETAG_FIELD)
        .filter(|field| {
            route
                .variables
                .iter()
                .all(|variable| variable.leaf() != field)
        })
        .collect()
}
