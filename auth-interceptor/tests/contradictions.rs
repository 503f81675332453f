//! Contracts that no service could enforce: each is refused by its own name for what is wrong.

use auth_interceptor::{GuardedServices, PlainRefusal, Policies, Policy, PolicyError};
use std::sync::Arc;

use crate::contract::{descriptor_set, policies};
use crate::guarded::recording;

const DATA: &str = "plane: PLANE_DATA token_kinds: TOKEN_KIND_DELEGATED";

#[test]
fn each_contradiction_is_named_with_its_method() {
    let scoped = format!("{DATA} scopes: {{ values: \"a\" }}");
    let cases = [
        (
            "token_kinds: TOKEN_KIND_NONE".to_owned(),
            "plane is unset or unknown",
        ),
        ("plane: PLANE_DATA".to_owned(), "no token kind is given"),
        (
            "plane: PLANE_DATA token_kinds: TOKEN_KIND_UNSPECIFIED".to_owned(),
            "a token kind is unset or unknown",
        ),
        (
            "plane: PLANE_DATA token_kinds: [TOKEN_KIND_NONE, TOKEN_KIND_DELEGATED] \
             scopes: { values: \"a\" }"
                .to_owned(),
            "a public method demands something",
        ),
        (
            "plane: PLANE_DATA token_kinds: TOKEN_KIND_NONE scopes: { values: \"a\" }".to_owned(),
            "a public method demands something",
        ),
        (
            "plane: PLANE_DATA token_kinds: TOKEN_KIND_NONE allowed_clients: \"a\"".to_owned(),
            "a public method demands something",
        ),
        (
            "plane: PLANE_DATA token_kinds: TOKEN_KIND_NONE authentication_context: \"c1\""
                .to_owned(),
            "a public method demands something",
        ),
        (
            DATA.to_owned(),
            "scopes are for methods that take a user's token, which all need them",
        ),
        (
            "plane: PLANE_DATA token_kinds: TOKEN_KIND_APP_ONLY roles: { values: \"r\" } \
             scopes: { values: \"a\" }"
                .to_owned(),
            "scopes are for methods that take a user's token, which all need them",
        ),
        (
            "plane: PLANE_DATA token_kinds: TOKEN_KIND_APP_ONLY".to_owned(),
            "roles are for methods that take an application's token, which all need them",
        ),
        (
            format!("{scoped} roles: {{ values: \"r\" }}"),
            "roles are for methods that take an application's token, which all need them",
        ),
        (
            format!("{scoped} subject_may_be_empty: true"),
            "only subject-and-app methods can have an empty subject token",
        ),
        (
            format!("{scoped} tenant_header_may_be_absent: true"),
            "only control-plane methods have a tenant header",
        ),
        (
            "plane: PLANE_CONTROL token_kinds: TOKEN_KIND_DELEGATED scopes: { values: \"a\" }"
                .to_owned(),
            "control-plane methods take subject-and-app tokens only",
        ),
        (
            format!("{DATA} scopes: {{ }}"),
            "a group of scopes or roles is empty",
        ),
        (
            format!("{DATA} scopes: {{ values: \"\" }}"),
            "a scope or role is not an RFC 6749 scope-token",
        ),
        (
            format!("{DATA} scopes: {{ values: \"a b\" }}"),
            "a scope or role is not an RFC 6749 scope-token",
        ),
        (
            format!("{DATA} scopes: {{ values: 'a\"b' }}"),
            "a scope or role is not an RFC 6749 scope-token",
        ),
        (
            format!("{DATA} scopes: {{ values: \"a\\\\b\" }}"),
            "a scope or role is not an RFC 6749 scope-token",
        ),
        (
            format!("{DATA} scopes: {{ values: \"a\\nb\" }}"),
            "a scope or role is not an RFC 6749 scope-token",
        ),
        (
            format!("{DATA} scopes: {{ values: \"lé\" }}"),
            "a scope or role is not an RFC 6749 scope-token",
        ),
        (
            "plane: PLANE_DATA token_kinds: TOKEN_KIND_APP_ONLY roles: { values: \"a b\" }"
                .to_owned(),
            "a scope or role is not an RFC 6749 scope-token",
        ),
        (
            format!("{scoped} authentication_context: 'c\"1'"),
            "authentication_context is not printable ASCII without space and quotes",
        ),
        (
            format!("{scoped} item_permissions: {{ workspace_field: \"service\" }}"),
            "item_permissions names no permission",
        ),
        (
            format!(
                "{scoped} item_permissions: {{ permissions: \"Read\" \
                 workspace_field: \"service\" item_field: \"item_id\" }}"
            ),
            "item_permissions names a field that the request does not have",
        ),
    ];
    for (option, contradiction) in cases {
        let error = policies(&option).expect_err(&option);
        assert_eq!(
            error.to_string(),
            format!("the policy of grpc.health.v1.Health/Check is contradictory: {contradiction}"),
            "{option}"
        );
    }
}

#[test]
fn a_method_without_a_policy_keeps_its_service_from_being_served() {
    let policies = Policies::from_descriptor_set(&descriptor_set("")).unwrap();
    let error = add_health(policies).err().unwrap();
    assert!(matches!(error, PolicyError::MethodWithoutPolicy { .. }));
    assert_eq!(
        error.to_string(),
        "grpc.health.v1.Health/Check states no policy, so grpc.health.v1.Health cannot be served"
    );
}

#[test]
fn a_service_that_nobody_speaks_of_is_not_served() {
    let error = add_health(Policies::default()).err().unwrap();
    assert_eq!(
        error.to_string(),
        "the service grpc.health.v1.Health is in no contract and has no declared policy"
    );
}

#[test]
fn a_declaration_replaces_what_the_contract_says_of_a_method() {
    let policies = Policies::from_descriptor_set(&descriptor_set("")).unwrap();
    let read = Policy::delegated(&["data.read"]);
    let policies = policies.declare("grpc.health.v1.Health", &["Check"], &read);
    assert!(add_health(policies).is_ok());
}

#[test]
fn bytes_that_are_no_descriptor_set_are_refused() {
    let error = Policies::from_descriptor_set(b"\xff\xff").unwrap_err();
    assert_eq!(error.to_string(), "the descriptor set cannot be read");
}

fn add_health(policies: Policies) -> Result<(), PolicyError> {
    let mut services = GuardedServices::new(policies, Arc::new(PlainRefusal::new("a")));
    services.add(recording(&Arc::default())).map(|_| ())
}
