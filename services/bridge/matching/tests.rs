//! Which of several templates a path is meant for.

use http::Method;

use super::{Found, RouteTree, segments};
use crate::bridge::routes::Routes;
use crate::contracts::DESCRIPTOR_SET;

fn find(verb: &Method, path: &str) -> Found {
    let routes = Routes::from_descriptor_set(DESCRIPTOR_SET).unwrap();
    RouteTree::new(&routes).find(verb, &segments(path))
}

fn method(verb: &Method, path: &str) -> Option<String> {
    match find(verb, path) {
        Found::Route(route) => Some(route.method_name().to_owned()),
        Found::OtherVerbs(..) | Found::Nothing => None,
    }
}

const ITEM: &str = "/workload/workspaces/w/items/Org.Type/i";
const FILES: &str = "/workload/data/v1/workspaces/w/lakehouses/l/files";

#[test]
fn a_path_and_a_verb_name_a_method() {
    for (verb, path, expected) in [
        (
            Method::POST,
            ITEM.to_owned(),
            "selvedge.control.v1.ItemLifecycleService/CreateItem",
        ),
        (
            Method::PATCH,
            ITEM.to_owned(),
            "selvedge.control.v1.ItemLifecycleService/UpdateItem",
        ),
        (
            Method::POST,
            format!("{ITEM}/onCreateItem"),
            "selvedge.control.v2.ItemNotificationService/OnCreateItem",
        ),
        (
            Method::GET,
            FILES.to_owned(),
            "selvedge.data.v1.LakehouseService/ListFiles",
        ),
        (
            Method::PUT,
            format!("{FILES}/a/b/c"),
            "selvedge.data.v1.LakehouseService/WriteFile",
        ),
        // `**` is no segment too; the handler then refuses the empty path.
        (
            Method::DELETE,
            FILES.to_owned(),
            "selvedge.data.v1.LakehouseService/DeleteFile",
        ),
        (
            Method::GET,
            "/workload/data/v1/rows".to_owned(),
            "selvedge.data.v1.DataService/ReadData",
        ),
    ] {
        assert_eq!(
            method(&verb, &path).as_deref(),
            Some(expected),
            "{verb} {path}"
        );
    }
}

#[test]
fn a_path_is_compared_as_it_was_sent() {
    for path in [
        "/workload",
        "/workload/",
        "/workload/data/v1/Tasks",
        "/workload/data/v1/tasks/",
        "/workload/data/v1//tasks",
        "/workload/data/v1/../v1/tasks",
        "/workload/data/v1/tasks:now",
        "/workload/data/v1/workspaces/w/lakehouses/l/files/",
        "/workload/data/v1/workspaces/w/lakehouses/l/files/a//b",
        "/workload/data/v1/workspaces//lakehouses/l/files",
    ] {
        assert!(matches!(find(&Method::GET, path), Found::Nothing), "{path}");
    }
}

#[test]
fn a_known_path_with_another_verb_names_the_verbs_it_has() {
    let Found::OtherVerbs(allowed, _) = find(&Method::PUT, ITEM) else {
        panic!("no route takes a PUT");
    };
    assert_eq!(allowed, [Method::POST, Method::PATCH, Method::DELETE]);
}

#[test]
fn a_long_path_is_matched_in_one_pass() {
    let deep = format!("{FILES}{}", "/a".repeat(100_000));
    assert!(method(&Method::GET, &deep).is_some());
    assert!(method(&Method::GET, &format!("{ITEM}{}", "/a".repeat(100_000))).is_none());
}
