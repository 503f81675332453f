//! Path, query and body, and who wins where they name one field.

use std::sync::Arc;

use http::{Method, Uri};
use prost::Message as _;
use prost_reflect::DynamicMessage;

use super::Binding;
use crate::bridge::json::{JsonMapping, Unreadable};
use crate::bridge::matching::{Found, RouteTree, segments};
use crate::bridge::routes::{Route, Routes};
use crate::call::CallError;
use crate::contracts::DESCRIPTOR_SET;
use crate::contracts::control::v1::CreateItemRequest;
use crate::contracts::data::v1::write_file_request::Part;
use crate::contracts::data::v1::{
    ListFilesRequest, ReadDataRequest, ReadFileRequest, UpdateTaskRequest, WriteDataRequest,
    WriteFileRequest,
};

fn bind(verb: &Method, target: &str, body: Option<&str>) -> Result<DynamicMessage, Unreadable> {
    let routes = Routes::from_descriptor_set(DESCRIPTOR_SET).unwrap();
    let uri: Uri = target.parse().unwrap();
    let Found::Route(route): Found = RouteTree::new(&routes).find(verb, &segments(uri.path()))
    else {
        panic!("{target} has no route");
    };
    let route: Arc<Route> = route;
    let binding = Binding {
        route: &route,
        mapping: &JsonMapping::of(routes.pool()).unwrap(),
        uri: &uri,
    };
    match body {
        Some(body) => binding.with_body(body.as_bytes()),
        None => binding.without_body().map_err(Unreadable::Field),
    }
}

fn typed<M: prost::Message + Default>(message: &DynamicMessage) -> M {
    M::decode(message.encode_to_vec().as_slice()).unwrap()
}

fn get<M: prost::Message + Default>(target: &str) -> M {
    typed(&bind(&Method::GET, target, None).unwrap())
}

#[track_caller]
fn refused(verb: &Method, target: &str, body: Option<&str>) -> String {
    match bind(verb, target, body) {
        Err(Unreadable::Field(CallError::Field { field, .. })) => field,
        other => panic!("{target}: {other:?}"),
    }
}

const ROWS: &str = "/workload/data/v1/workspaces/w/items/i/rows";
const FILES: &str = "/workload/data/v1/workspaces/w/lakehouses/l/files";

#[test]
fn path_and_query_name_fields_in_either_spelling() {
    let expected = ReadDataRequest {
        workspace_id: "w".into(),
        item_id: "i".into(),
        page_size: 7,
        page_token: "a b&c".into(),
    };
    for query in [
        "pageSize=7&pageToken=a+b%26c",
        "page_token=a%20b%26c&page_size=7",
    ] {
        assert_eq!(get::<ReadDataRequest>(&format!("{ROWS}?{query}")), expected);
    }
    let files: ListFilesRequest = get(&format!("{FILES}?recursive=true&folder=a/b"));
    assert!(files.recursive);
    assert_eq!(files.folder, "a/b");
}

#[test]
fn parameters_that_name_no_field_are_passed_over() {
    for query in [
        "api-version=2016-10-01",
        "access_token=secret",
        "page_size.x=1",
        "=1",
        "&&",
        "%ff=1",
        "PageSize=1",
    ] {
        let request: ReadDataRequest = get(&format!("{ROWS}?{query}"));
        assert_eq!(
            (request.page_size, request.item_id.as_str()),
            (0, "i"),
            "{query}"
        );
    }
}

#[test]
fn a_parameter_that_is_no_value_is_refused_by_name() {
    for query in [
        "pageSize=",
        "pageSize=x",
        "pageSize=1.5",
        "pageSize=99999999999",
    ] {
        assert_eq!(
            refused(&Method::GET, &format!("{ROWS}?{query}"), None),
            "page_size"
        );
    }
    let twice = format!("{ROWS}?pageSize=1&page_size=2");
    assert_eq!(refused(&Method::GET, &twice, None), "page_size");
    let text = format!("{FILES}?recursive=yes");
    assert_eq!(refused(&Method::GET, &text, None), "recursive");
}

#[test]
fn what_the_path_names_cannot_be_overruled() {
    let request: ReadDataRequest = get(&format!("{ROWS}?workspaceId=other&item_id=other"));
    assert_eq!(
        (request.workspace_id.as_str(), request.item_id.as_str()),
        ("w", "i")
    );

    let body = r#"{"workspaceId":"other","itemId":"other","rows":[{}]}"#;
    let request: WriteDataRequest = typed(&bind(&Method::POST, ROWS, Some(body)).unwrap());
    assert_eq!(
        (request.workspace_id.as_str(), request.item_id.as_str()),
        ("w", "i")
    );
    assert_eq!(request.rows.len(), 1);
}

#[test]
fn a_path_of_several_segments_keeps_encoded_slashes() {
    let request: ReadFileRequest = get(&format!("{FILES}/a%20b/c%2Fd?offset=5"));
    let location = request.location.unwrap();
    assert_eq!(location.path, "a b/c%2Fd");
    assert_eq!(location.lakehouse_id, "l");
    assert_eq!(request.offset, 5);
    for path in ["%", "%ff", "a/%zz"] {
        let field = refused(&Method::GET, &format!("{FILES}/{path}"), None);
        assert_eq!(field, "location.path");
    }
}

#[test]
fn a_body_field_leaves_the_other_fields_to_the_query() {
    let target = "/workload/data/v1/tasks/t?updateMask=title,completed&task.title=ignored";
    let request: UpdateTaskRequest = typed(
        &bind(
            &Method::PATCH,
            target,
            Some(r#"{"title":"x","taskId":"y"}"#),
        )
        .unwrap(),
    );
    let task = request.task.unwrap();
    assert_eq!((task.task_id.as_str(), task.title.as_str()), ("t", "x"));
    assert_eq!(request.update_mask.unwrap().paths, ["title", "completed"]);
}

#[test]
fn a_patch_without_a_mask_changes_the_members_that_it_has() {
    for (query, document, paths) in [
        // A default value is told from an absent one by the mask alone.
        (
            "",
            r#"{"completed":false,"title":"x"}"#,
            Some(vec!["completed", "title"]),
        ),
        (
            "",
            r#"{"description":"","taskId":"y","etag":"e"}"#,
            Some(vec!["description"]),
        ),
        ("", r#"{"title":"x","completed":null,"etag":""}"#, None),
        ("", "{}", None),
        ("", "", None),
        (
            "?updateMask=title",
            r#"{"completed":false}"#,
            Some(vec!["title"]),
        ),
    ] {
        let target = format!("/workload/data/v1/tasks/t{query}");
        let request: UpdateTaskRequest =
            typed(&bind(&Method::PATCH, &target, Some(document)).unwrap());
        let mask = request.update_mask.map(|mask| mask.paths);
        let expected = paths.map(|paths| paths.iter().map(ToString::to_string).collect());
        assert_eq!(mask, expected, "{document}");
    }
}

#[test]
fn a_whole_body_leaves_nothing_to_the_query() {
    let target = "/workload/workspaces/w/items/T/i?displayName=ignored";
    let body = r#"{"creationPayload": {"n": 9007199254740993}, "displayName": "n", "new": 1}"#;
    let request: CreateItemRequest = typed(&bind(&Method::POST, target, Some(body)).unwrap());
    assert_eq!(request.display_name, "n");
    assert_eq!(&request.creation_payload[..], br#"{"n": 9007199254740993}"#);
    let empty: CreateItemRequest = typed(&bind(&Method::POST, target, Some("")).unwrap());
    assert_eq!(
        (empty.item_type.as_str(), empty.display_name.as_str()),
        ("T", "")
    );
}

#[test]
fn the_first_message_of_a_stream_is_its_address() {
    let message = bind(&Method::PUT, &format!("{FILES}/a/b"), None).unwrap();
    let request: WriteFileRequest = typed(&message);
    assert!(matches!(request.part, Some(Part::Location(location)) if location.path == "a/b"));
}
