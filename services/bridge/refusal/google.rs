//! `google.rpc.Status` as Google's REST APIs write it (AIP-193): within a member `error`, whose
//! `code` is the HTTP status.

use std::sync::LazyLock;

use http::StatusCode;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use prost_types::Any;
use serde_json::{Value, json};
use tonic::Status;
use tonic_types::pb;

use crate::contracts::DESCRIPTOR_SET;
use crate::refusal::code_name;

/// The contracts, among them every message that a detail can be.
static CONTRACTS: LazyLock<DescriptorPool> =
    LazyLock::new(|| DescriptorPool::decode(DESCRIPTOR_SET).unwrap_or_default());

/// The body of a refusal.
pub(super) fn body(status: &Status, http_status: StatusCode) -> Value {
    let details = pb::Status::decode(status.details()).unwrap_or_default();
    let details: Vec<Value> = details.details.iter().filter_map(detail).collect();
    json!({
        "error": {
            "code": http_status.as_u16(),
            "status": code_name(status.code()),
            "message": status.message(),
            "details": details,
        }
    })
}

/// A detail in proto3 JSON. One that the contracts do not know cannot be written in JSON.
fn detail(any: &Any) -> Option<Value> {
    let name = any.type_url.rsplit('/').next()?;
    let descriptor = CONTRACTS.get_message_by_name(name)?;
    let message = DynamicMessage::decode(descriptor, any.value.as_slice()).ok()?;
    let options = SerializeOptions::new();
    let mut value = message
        .serialize_with_options(serde_json::value::Serializer, &options)
        .ok()?;
    value
        .as_object_mut()?
        .insert("@type".to_owned(), any.type_url.clone().into());
    Some(value)
}
