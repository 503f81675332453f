//! What requests of OTLP say of this process, whatever they carry.

use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyKind;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;

use super::export;

/// Which process it is.
pub(super) fn resource() -> Resource {
    let resource = export::resource();
    let attributes = resource
        .iter()
        .map(|(key, value)| attribute(key.as_str(), AnyKind::StringValue(value.to_string())));
    Resource {
        attributes: attributes.collect(),
        ..Default::default()
    }
}

/// What in it has recorded this.
pub(super) fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: env!("CARGO_PKG_NAME").to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..Default::default()
    }
}

/// A key and what it says.
pub(super) fn attribute(key: &str, value: AnyKind) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..Default::default()
    }
}
