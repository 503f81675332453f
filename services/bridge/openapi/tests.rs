//! The document is whole, and says nothing that the contracts do not.

use std::collections::BTreeSet;

use auth_interceptor::{MethodPolicy, Policies};
use serde_json::{Value, json};

use super::document;
use crate::bridge::Casings;
use crate::bridge::json::JsonMapping;
use crate::bridge::routes::Routes;
use crate::config::ErrorCasing;
use crate::contracts::DESCRIPTOR_SET;

fn written(v1: ErrorCasing) -> bytes::Bytes {
    let routes = Routes::from_descriptor_set(DESCRIPTOR_SET).unwrap();
    let policies = Policies::from_descriptor_set(DESCRIPTOR_SET).unwrap();
    let policies: Vec<&MethodPolicy> = policies.iter().collect();
    let policy = |method: &str| {
        let found = policies.iter().find(|policy| policy.method() == method);
        found.map(|policy| policy.policy())
    };
    let v2 = ErrorCasing::Camel;
    let mapping = JsonMapping::of(routes.pool()).unwrap();
    document(&routes, &mapping, policy, Casings { v1, v2 })
}

fn parsed(v1: ErrorCasing) -> Value {
    serde_json::from_slice(&written(v1)).unwrap()
}

const ITEM: &str = "/workload/workspaces/{workspaceId}/items/{itemType}/{itemId}";

fn operation<'d>(document: &'d Value, path: &str, verb: &str) -> &'d Value {
    let operation = &document["paths"][path][verb];
    assert!(operation.is_object(), "{verb} {path}");
    operation
}

fn body(operation: &Value) -> &Value {
    &operation["requestBody"]["content"]["application/json"]["schema"]
}

#[track_caller]
fn parameter<'d>(operation: &'d Value, name: &str) -> &'d Value {
    let mut parameters = operation["parameters"].as_array().unwrap().iter();
    parameters.find(|it| it["name"] == name).unwrap()
}

#[test]
fn every_route_is_an_operation_of_its_own() {
    let document = parsed(ErrorCasing::Pascal);
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.values().flat_map(|path| path.as_object().unwrap());
    let ids: Vec<&str> = operations
        .map(|(_, operation)| operation["operationId"].as_str().unwrap())
        .collect();
    let routes = Routes::from_descriptor_set(DESCRIPTOR_SET).unwrap();
    assert_eq!(ids.len(), routes.iter().count());
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
}

#[test]
fn the_same_contracts_make_the_same_bytes() {
    assert_eq!(written(ErrorCasing::Pascal), written(ErrorCasing::Pascal));
}

#[test]
fn everything_referred_to_is_there() {
    fn visit(value: &Value, document: &Value) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                }
                members.values().for_each(|value| visit(value, document));
            }
            Value::Array(values) => values.iter().for_each(|value| visit(value, document)),
            _ => {}
        }
    }
    for casing in [ErrorCasing::Pascal, ErrorCasing::Camel] {
        let document = parsed(casing);
        visit(&document, &document);
    }
}

#[test]
fn nothing_goes_without_a_word() {
    let document = parsed(ErrorCasing::Pascal);
    for path in document["paths"].as_object().unwrap().values() {
        for operation in path.as_object().unwrap().values() {
            let id = &operation["operationId"];
            assert_ne!(operation["summary"], "", "{id}");
            for parameter in operation["parameters"].as_array().unwrap() {
                let is_described = parameter["description"] != "" || parameter["$ref"] != "";
                assert!(is_described, "{id}: {parameter}");
            }
        }
    }
}

#[test]
fn fabrics_calls_are_described_as_fabric_knows_them() {
    let document = parsed(ErrorCasing::Pascal);
    let create = operation(&document, ITEM, "post");

    assert_eq!(create["operationId"], "ItemLifecycleService_CreateItem");
    assert_eq!(create["summary"], "Keeps a new item");
    assert_eq!(
        create["security"],
        json!([{"subjectAndApp": ["FabricWorkloadControl"]}])
    );
    let tenant = json!({"$ref": "#/components/parameters/TenantId"});
    assert!(create["parameters"].as_array().unwrap().contains(&tenant));
    assert_eq!(
        parameter(create, "itemId")["schema"],
        json!({"type": "string", "format": "uuid", "minLength": 1})
    );
    // What the path holds is not in the body.
    let properties = body(create)["properties"].as_object().unwrap();
    let members: Vec<&String> = properties.keys().collect();
    assert_eq!(members, ["creationPayload", "description", "displayName"]);
    assert_eq!(body(create)["required"], json!(["displayName"]));
    assert_eq!(properties["displayName"]["maxLength"], 256);
    assert_eq!(properties["creationPayload"]["type"], "object");
    // Fabric may learn new members first.
    assert!(body(create).get("additionalProperties").is_none());
    let success = &create["responses"]["200"];
    assert!(success.get("content").is_none(), "its success has no body");
    assert_eq!(
        create["responses"]["409"]["$ref"],
        "#/components/responses/FabricPascalRefusal409"
    );
}

#[test]
fn a_patch_requires_nothing_and_a_deletion_has_no_body() {
    let document = parsed(ErrorCasing::Pascal);
    let tasks = "/workload/data/v1/tasks";
    assert_eq!(
        body(operation(&document, tasks, "post"))["$ref"],
        "#/components/schemas/Task"
    );
    let task = "/workload/data/v1/tasks/{taskId}";
    let update = operation(&document, task, "patch");
    assert!(body(update).get("required").is_none());
    assert_eq!(body(update)["additionalProperties"], false);
    assert_eq!(parameter(update, "updateMask")["in"], "query");
    assert_eq!(
        parameter(update, "taskId")["description"],
        "The task's id (GUID)."
    );
    let delete = operation(&document, task, "delete");
    assert!(delete.get("requestBody").is_none());
    assert_eq!(parameter(delete, "etag")["in"], "query");
}

#[test]
fn files_are_bytes_in_both_directions() {
    let document = parsed(ErrorCasing::Pascal);
    let file = "/workload/data/v1/workspaces/{workspaceId}/lakehouses/{lakehouseId}/files/{path}";
    let bytes = json!({"type": "string", "format": "binary"});
    let write = operation(&document, file, "put");
    let taken = &write["requestBody"]["content"]["application/octet-stream"]["schema"];
    assert_eq!(taken, &bytes);
    let read = operation(&document, file, "get");
    let given = &read["responses"]["200"]["content"]["application/octet-stream"]["schema"];
    assert_eq!(given, &bytes);
    assert_eq!(
        parameter(read, "offset")["schema"]["type"],
        "string",
        "64 bits are text in JSON"
    );
}

#[test]
fn refusals_are_described_in_the_form_they_have() {
    let pascal = parsed(ErrorCasing::Pascal);
    let schemas = &pascal["components"]["schemas"];
    let response = &schemas["ErrorResponsePascal"]["properties"];
    assert_eq!(response["Source"]["enum"], json!([0, 1, 2]));
    assert_eq!(
        schemas["ErrorResponsePascal"]["required"],
        json!(["ErrorCode", "Message", "Source"])
    );
    assert_eq!(
        response["MoreDetails"]["items"]["$ref"],
        "#/components/schemas/ErrorExtendedInformationPascal"
    );
    let values = &schemas["ErrorSource"]["enum"];
    assert_eq!(values, &json!(["System", "User", "External"]));

    let camel = parsed(ErrorCasing::Camel);
    let create = operation(&camel, ITEM, "post");
    assert_eq!(
        create["responses"]["401"]["$ref"],
        "#/components/responses/FabricRefusal401"
    );
    let responses = &camel["components"]["responses"];
    let of_fabric = responses["FabricRefusal401"]["description"].as_str();
    assert!(of_fabric.unwrap().contains("CONSENT_REQUIRED"));
    let of_others = responses["Refusal403"]["description"].as_str();
    assert!(of_others.unwrap().contains("CONSENT_REQUIRED"));
    let profile = operation(&camel, "/workload/data/v1/profile", "get");
    assert!(profile["responses"].get("409").is_none());
    assert!(profile["responses"].get("413").is_none());
}
