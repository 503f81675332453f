//! Every method whose policy names item permissions, from the contracts themselves: where Fabric
//! does not confirm them, nothing is done and nobody learns why.

use std::collections::BTreeSet;

use auth_interceptor::MethodPolicy;
use emulator::{Endpoint, Fault, seed};
use prost_reflect::{DescriptorPool, DynamicMessage, Kind, ReflectMessage as _, Value};
use selvedge::contracts::DESCRIPTOR_SET;

use crate::support::{Call, Reply, Running, user_token};

/// A call of the method about this item.
fn call(method: &MethodPolicy, token: &str, item_id: &str) -> Call {
    let pool = DescriptorPool::decode(DESCRIPTOR_SET).unwrap();
    let (service, name) = method.method().split_once('/').unwrap();
    let service = pool.get_service_by_name(service).unwrap();
    let described = service.methods().find(|described| described.name() == name);
    let mut message = DynamicMessage::new(described.unwrap().input());
    // What is written has to be there: whoever sends nothing is refused for that.
    if let Some(Kind::Message(row)) = message
        .descriptor()
        .get_field_by_name("rows")
        .map(|rows| rows.kind())
    {
        let mut row = DynamicMessage::new(row);
        row.set_field_by_name("json", Value::Bytes("1".into()));
        message.set_field_by_name("rows", Value::List(vec![Value::Message(row)]));
    }
    let item = method.policy().item_permissions().unwrap();
    for (field, id) in [
        (&item.workspace_field, seed::WORKSPACE_ID),
        (&item.item_field, item_id),
    ] {
        message.set_field_by_name(field, Value::String(id.to_owned()));
    }
    Call::to(&format!("/{}", method.method()))
        .bearer(token)
        .message(&message)
}

#[tokio::test]
async fn no_method_that_names_item_permissions_does_anything_without_them() {
    let running = Running::start().await;
    let emulator = &running.emulator;
    let client = running.raw().await;
    let token = user_token(emulator, seed::CONSENTED, &seed::WORKLOAD_SCOPES);
    let methods: Vec<_> = running
        .served_policies
        .iter()
        .filter(|method| method.policy().item_permissions().is_some())
        .collect();
    assert!(methods.len() >= 2, "the contracts have such methods");

    let mut denials = BTreeSet::new();
    for method in &methods {
        let needed = &method.policy().item_permissions().unwrap().permissions;
        let others: Vec<&str> = ["Read", "Write", "Execute", "Reshare"]
            .into_iter()
            .filter(|other| !needed.iter().any(|permission| **permission == **other))
            .collect();
        // No permission; every one but those needed; another item; an item that does not exist.
        for (granted, item_id) in [
            (&[][..], seed::ITEM_ID),
            (&others, seed::ITEM_ID),
            (&[], seed::LAKEHOUSE_ID),
            (&[], seed::CAPACITY_ID),
        ] {
            assert!(emulator.set_item_permissions(seed::CONSENTED, seed::ITEM_ID, granted));
            let reply = client.send(&call(method, &token, item_id)).await;
            let what = format!("{} {item_id} {granted:?}", method.method());
            assert_eq!(
                reply.verdict(),
                "PERMISSION_DENIED ITEM_PERMISSION_DENIED",
                "{what}"
            );
            denials.insert(told(&reply, item_id));
        }
        // Where Fabric does not say, the answer is not yes either.
        let silent = Fault::Status {
            code: 503,
            retry_after: None,
        };
        emulator.set_fault(Endpoint::ResolvePermissions, Some(silent));
        let reply = client.send(&call(method, &token, seed::ITEM_ID)).await;
        assert_eq!(reply.verdict(), "UNAVAILABLE DOWNSTREAM_UNAVAILABLE");
        emulator.set_fault(Endpoint::ResolvePermissions, None);
    }
    assert_eq!(
        denials.len(),
        1,
        "one denial, whatever the cause: {denials:?}"
    );
    assert_eq!(running.store.calls(), 0);
}

/// What a denial says, apart from what its caller has said before.
fn told(reply: &Reply, item_id: &str) -> String {
    let mut info = reply.error_info().unwrap();
    assert_eq!(info.metadata["itemId"], item_id);
    for own in ["itemId", "traceId", "method"] {
        info.metadata.remove(own);
    }
    format!("{} {info:?}", reply.rich_status().unwrap().message)
}
