//! The table of our own contracts, and contracts that contradict themselves.

use std::collections::BTreeMap;

use http::{Method, StatusCode};

use protox::file::{
    ChainFileResolver, File, FileResolver, GoogleFileResolver, IncludeFileResolver,
};

use super::{BodyField, ErrorForm, RouteError, Routes};
use crate::contracts::DESCRIPTOR_SET;

/// The fixture's source, in memory.
struct Source(String);

impl FileResolver for Source {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        if name == "fixture.proto" {
            File::from_source(name, &self.0)
        } else {
            Err(protox::Error::file_not_found(name))
        }
    }
}

/// Reads the routes of a contract with one service `fixture.Service`, which `rpcs` are in.
fn read(rpcs: &str) -> Result<Routes, RouteError> {
    let source = format!(
        r#"syntax = "proto3";
        package fixture;
        import "google/api/annotations.proto";
        import "selvedge/rest/v1/options.proto";
        message Request {{
          string name = 1;
          bytes content = 2;
          repeated string tags = 3;
          Request inner = 4;
          int32 number = 5;
        }}
        service Service {{ {rpcs} }}"#
    );
    let mut resolver = ChainFileResolver::new();
    resolver.add(Source(source));
    resolver.add(IncludeFileResolver::new("proto".into()));
    resolver.add(GoogleFileResolver::new());
    let mut compiler = protox::Compiler::with_file_resolver(resolver);
    compiler.include_imports(true);
    compiler.open_file("fixture.proto").unwrap();
    Routes::from_descriptor_set(&compiler.encode_file_descriptor_set())
}

/// One method with this rule, and this option text behind it.
fn rule(rule: &str, more: &str) -> Result<Routes, RouteError> {
    read(&format!(
        "rpc Call(Request) returns (Request) {{ option (google.api.http) = {{{rule}}}; {more} }}"
    ))
}

#[test]
fn the_contracts_routes_can_all_be_served() {
    let routes = Routes::from_descriptor_set(DESCRIPTOR_SET).unwrap();
    let mut by_method: BTreeMap<&str, usize> = BTreeMap::new();
    for route in routes.iter() {
        assert!(
            route.template.shape().starts_with("/workload/"),
            "{route:?}"
        );
        *by_method.entry(route.method_name()).or_default() += 1;
    }
    assert_eq!(by_method["selvedge.data.v1.DataService/ReadData"], 2);
    assert!(!by_method.contains_key("selvedge.exchange.v1.TokenExchangeService/ExchangeToken"));
}

#[test]
fn a_route_says_what_its_contract_says() {
    let routes = Routes::from_descriptor_set(DESCRIPTOR_SET).unwrap();
    let of = |name: &str| {
        routes
            .iter()
            .find(|route| route.method_name().ends_with(name))
            .unwrap()
    };

    let update = of("TaskService/UpdateTask");
    assert_eq!(update.verb, Method::PATCH);
    assert!(matches!(&update.body, BodyField::Field(field) if field.name() == "task"));
    assert_eq!(update.variables[0].to_string(), "task.task_id");
    assert_eq!(update.error_form, ErrorForm::Unspecified);
    assert!(!update.ignore_unknown_members);

    let create = of("JobService/CreateItemJobInstance");
    assert_eq!(create.success_status, StatusCode::ACCEPTED);
    assert!(create.empty_body && create.ignore_unknown_members);
    assert_eq!(create.body, BodyField::Whole);
    assert_eq!(create.error_form, ErrorForm::FabricFirstGeneration);

    assert!(of("LakehouseService/WriteFile").takes_bytes());
    assert!(of("LakehouseService/ReadFile").gives_bytes());
}

#[test]
fn only_served_methods_keep_their_routes() {
    let routes = Routes::from_descriptor_set(DESCRIPTOR_SET).unwrap();
    let served = routes.served(|method| method == "selvedge.data.v1.ProfileService/GetProfile");
    assert_eq!(served.iter().count(), 1);
}

#[test]
fn a_rule_that_contradicts_its_method_fails_the_start() {
    for (text, more) in [
        (r#"get: "/a/{unknown}""#, ""),
        (r#"get: "/a/{tags}""#, ""),
        (r#"get: "/a/{inner}""#, ""),
        (r#"get: "/a/{number=**}""#, ""),
        (r#"get: "/a/{name}/{name}""#, ""),
        (r#"get: "/a" body: "*""#, ""),
        (r#"delete: "/a" body: "inner""#, ""),
        (r#"post: "/a" body: "unknown""#, ""),
        (r#"get: "/a" response_body: "unknown""#, ""),
        (r#"custom: {kind: "HEAD" path: "/a"}"#, ""),
        ("", ""),
        (
            r#"get: "/a" additional_bindings {get: "/b" additional_bindings {get: "/c"}}"#,
            "",
        ),
        (
            r#"get: "/a""#,
            "option (selvedge.rest.v1.method) = {success_status: 404};",
        ),
        (
            r#"get: "/a""#,
            "option (selvedge.rest.v1.method) = {octet_stream: true};",
        ),
        (
            r#"get: "/a" response_body: "inner""#,
            "option (selvedge.rest.v1.method) = {empty_body: true};",
        ),
    ] {
        let error = rule(text, more).unwrap_err();
        assert!(
            matches!(&error, RouteError::Contradiction { method, .. } if method == "fixture.Service/Call"),
            "{text}: {error}"
        );
    }
}

#[test]
fn a_path_that_is_no_template_fails_the_start() {
    let error = rule(r#"get: "a""#, "").unwrap_err();
    assert!(matches!(error, RouteError::Template { .. }));
}

#[test]
fn two_routes_for_one_verb_and_one_path_fail_the_start() {
    let error = rule(
        r#"get: "/a/{name}" additional_bindings {get: "/a/{number}"}"#,
        "",
    )
    .unwrap_err();
    assert!(matches!(&error, RouteError::Ambiguous { path, .. } if path == "/a/*"));
    assert!(
        rule(
            r#"get: "/a/{name}" additional_bindings {put: "/a/{number}"}"#,
            ""
        )
        .is_ok()
    );
}

#[test]
fn a_stream_is_of_bytes_in_one_direction() {
    let stream = |request: &str, response: &str, rule: &str| {
        read(&format!(
            "rpc Call({request} Request) returns ({response} Request) {{
               option (google.api.http) = {{{rule}}};
               option (selvedge.rest.v1.method) = {{octet_stream: true}};
             }}"
        ))
    };
    assert!(stream("stream", "", r#"put: "/a" body: "content""#).is_ok());
    assert!(stream("", "stream", r#"get: "/a" response_body: "content""#).is_ok());
    assert!(stream("stream", "", r#"put: "/a" body: "*""#).is_err());
    assert!(stream("stream", "", r#"put: "/a" body: "name""#).is_err());
    assert!(stream("", "stream", r#"get: "/a""#).is_err());
    assert!(
        stream(
            "stream",
            "stream",
            r#"put: "/a" body: "content" response_body: "content""#
        )
        .is_err()
    );
    assert!(
        read(r#"rpc Call(Request) returns (stream Request) { option (google.api.http) = {get: "/a"}; }"#)
            .is_err()
    );
}
