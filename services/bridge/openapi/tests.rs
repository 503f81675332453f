use std::collections::BTreeSet;

use auth_interceptor::Policies;
use serde_json::{Value, json};

use super::{document, forms};
use crate::bridge::routes::Routes;
use crate::config::ErrorCasing;
use crate::contracts::DESCRIPTOR_SET;

fn bytes(v1: ErrorCasing) -> bytes::Bytes {
    let routes = Routes::from_descriptor_set(DESCRIPTOR_SET).unwrap();
    let policies = Policies::from_descriptor_set(DESCRIPTOR_SET).unwrap();
    document(&routes, &policies, forms(v1, ErrorCasing::Camel))
}

fn parsed() -> Value {
    serde_json::from_slice(&bytes(ErrorCasing::Pascal)).unwrap()
}

#[test]
fn a_dump() {
    std::fs::write("/tmp/openapi.json", bytes(ErrorCasing::Pascal)).unwrap();
}
