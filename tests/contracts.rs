//! The contracts: no method without a policy can be built or served, and nothing in them goes
//! without a word.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use auth_interceptor::{GuardedServices, Policies, PolicyError};
use prost::Message as _;
use prost_types::source_code_info::Location;
use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto, FileDescriptorSet};
use selvedge::contracts::DESCRIPTOR_SET;
use selvedge::refusal::{Reason, SelvedgeRefusal, actor, code, code_name};

use crate::support::temporary::TemporaryFolder;

#[allow(
    dead_code,
    unreachable_pub,
    clippy::print_stdout,
    reason = "it is a build script, and one function is ours"
)]
#[path = "../build.rs"]
mod build_script;

/// A contract below `tests/fixtures/`, and the folders that its imports are found in.
pub(crate) fn fixture(name: &str, file: &str) -> ([PathBuf; 2], PathBuf) {
    let root = Path::new("tests/fixtures").join(name);
    let file = root.join(file);
    ([root, PathBuf::from("auth-interceptor/proto")], file)
}

/// The fixture as a descriptor set, which the compiler is content with.
pub(crate) fn descriptor_set(name: &str, file: &str) -> Vec<u8> {
    let (roots, file) = fixture(name, file);
    let mut compiler = protox::Compiler::new(roots).unwrap();
    compiler.include_imports(true).open_file(file).unwrap();
    compiler.encode_file_descriptor_set()
}

const HEALTH: &str = "grpc/health/v1/health.proto";

#[test]
fn a_method_without_a_policy_fails_the_build_by_name() {
    let (roots, file) = fixture("unguarded", "selvedge/fixture/v1/unguarded.proto");
    let out = TemporaryFolder::new();
    let error = build_script::compile(&roots, &[file], out.path())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("selvedge.fixture.v1.FixtureService.Unguarded"),
        "{error}"
    );
    assert!(error.contains("policy"), "{error}");
    let written = std::fs::read_dir(out.path()).unwrap().count();
    assert_eq!(written, 0, "nothing is generated from such a contract");
}

#[test]
fn the_same_build_takes_contracts_whose_methods_all_state_one() {
    let (roots, file) = fixture("step_up", HEALTH);
    let out = TemporaryFolder::new();
    build_script::compile(&roots, &[file], out.path()).unwrap();
    assert!(out.path().join("descriptor_set.bin").exists());
}

#[tokio::test]
pub(crate) async fn a_served_method_without_a_policy_stops_the_start() {
    let policies = Policies::from_descriptor_set(&descriptor_set("half_guarded", HEALTH)).unwrap();
    let error = add_health(policies).unwrap_err();
    let PolicyError::MethodWithoutPolicy { method, service } = &error else {
        panic!("another error: {error}");
    };
    assert_eq!(method, "grpc.health.v1.Health/Watch");
    assert_eq!(service, "grpc.health.v1.Health");
    assert!(error.to_string().contains(method), "{error}");
}

#[tokio::test]
async fn a_served_service_in_no_contract_stops_the_start() {
    let policies = Policies::from_descriptor_set(DESCRIPTOR_SET).unwrap();
    let error = add_health(policies).unwrap_err();
    assert!(
        matches!(&error, PolicyError::UnknownService { service } if service == "grpc.health.v1.Health"),
        "{error}"
    );
}

fn add_health(policies: Policies) -> Result<(), PolicyError> {
    let (_reporter, health) = tonic_health::server::health_reporter();
    let mut services = GuardedServices::new(policies, Arc::new(SelvedgeRefusal));
    services.add(health).map(|_| ())
}

#[test]
fn a_policy_that_contradicts_itself_stops_the_start() {
    for (contradiction, policy) in [
        (
            "no plane",
            r#"token_kinds: TOKEN_KIND_DELEGATED scopes: {values: "a"}"#,
        ),
        (
            "no kind of token",
            r#"plane: PLANE_DATA scopes: {values: "a"}"#,
        ),
        (
            "a user without a scope",
            "plane: PLANE_DATA token_kinds: TOKEN_KIND_DELEGATED",
        ),
        (
            "an application without a role",
            "plane: PLANE_DATA token_kinds: TOKEN_KIND_APP_ONLY",
        ),
        (
            "a public method that demands a scope",
            r#"plane: PLANE_DATA token_kinds: TOKEN_KIND_NONE scopes: {values: "a"}"#,
        ),
        (
            "an empty group",
            "plane: PLANE_DATA token_kinds: TOKEN_KIND_DELEGATED scopes: {}",
        ),
        (
            "two scopes in one text",
            r#"plane: PLANE_DATA token_kinds: TOKEN_KIND_DELEGATED scopes: {values: "a b"}"#,
        ),
        (
            "a bearer token on the control plane",
            r#"plane: PLANE_CONTROL token_kinds: TOKEN_KIND_DELEGATED scopes: {values: "a"}"#,
        ),
        (
            "a field that is not there",
            r#"plane: PLANE_DATA token_kinds: TOKEN_KIND_DELEGATED scopes: {values: "a"}
               item_permissions: {permissions: "Read" workspace_field: "w" item_field: "i"}"#,
        ),
    ] {
        let folder = TemporaryFolder::new();
        let file = folder.path().join("contradictory.proto");
        let contract = format!(
            r#"syntax = "proto3";
               package selvedge.fixture.v1;
               import "selvedge/auth/v1/policy.proto";
               service FixtureService {{
                 rpc Call(Empty) returns (Empty) {{ option (selvedge.auth.v1.policy) = {{ {policy} }}; }}
               }}
               message Empty {{}}"#
        );
        std::fs::write(&file, contract).unwrap();
        let roots = [folder.path(), Path::new("auth-interceptor/proto")];
        let mut compiler = protox::Compiler::new(roots).unwrap();
        compiler.include_imports(true).open_file(&file).unwrap();
        let error = Policies::from_descriptor_set(&compiler.encode_file_descriptor_set());
        assert!(
            matches!(&error, Err(PolicyError::Contradictory { method, .. })
                if method == "selvedge.fixture.v1.FixtureService/Call"),
            "{contradiction}: {error:?}"
        );
    }
}

#[test]
fn every_element_of_every_contract_has_a_comment() {
    let mut bare = Vec::new();
    for file in our_files() {
        for (path, name) in elements(&file) {
            if comment(&file, &path).is_empty() {
                bare.push(format!("{}: {name}", file.name()));
            }
        }
    }
    assert!(bare.is_empty(), "without a comment:\n{}", bare.join("\n"));
}

#[test]
fn the_comment_of_every_reason_says_its_code_and_who_acts() {
    let files = our_files();
    let file = files
        .iter()
        .find(|file| file.name().ends_with("refusal/v1/reason.proto"))
        .unwrap();
    let values = &file.enum_type[0].value;
    assert!(values.len() > 48, "every reason is there");
    for (position, value) in values.iter().enumerate() {
        let reason = Reason::try_from(value.number()).unwrap();
        if reason == Reason::Unspecified {
            continue;
        }
        let position = i32::try_from(position).unwrap();
        let comment = comment(file, &[5, 0, 2, position]);
        let stated = comment.trim().split(['.', ',']).next().unwrap();
        assert_eq!(stated, code_name(code(reason)), "{}", value.name());
        let words: Vec<&str> = comment.split_whitespace().collect();
        let text = words.join(" ").to_lowercase();
        let actor = actor(reason).to_lowercase();
        let acts = ["acts", "waits"].map(|verb| text.find(&format!("{actor} {verb}")));
        assert!(
            acts.iter().any(Option::is_some),
            "{}: {actor}",
            value.name()
        );
    }
}

fn our_files() -> Vec<FileDescriptorProto> {
    let set = FileDescriptorSet::decode(DESCRIPTOR_SET).unwrap();
    let ours: Vec<_> = set
        .file
        .into_iter()
        .filter(|file| file.package().starts_with("selvedge."))
        .collect();
    assert!(ours.len() >= 6, "the contracts are there");
    ours
}

/// The paths of all named elements of a file (descriptor.proto, `SourceCodeInfo.Location.path`).
fn elements(file: &FileDescriptorProto) -> Vec<(Vec<i32>, String)> {
    let mut found = Vec::new();
    for (at, message) in numbered(&file.message_type) {
        message_elements(&mut found, vec![4, at], message);
    }
    for (at, of) in numbered(&file.enum_type) {
        enum_elements(&mut found, vec![5, at], of);
    }
    for (at, service) in numbered(&file.service) {
        found.push((vec![6, at], service.name().to_owned()));
        for (method_at, method) in numbered(&service.method) {
            let name = format!("{}.{}", service.name(), method.name());
            found.push((vec![6, at, 2, method_at], name));
        }
    }
    for (at, extension) in numbered(&file.extension) {
        found.push((vec![7, at], extension.name().to_owned()));
    }
    found
}

fn message_elements(
    found: &mut Vec<(Vec<i32>, String)>,
    path: Vec<i32>,
    message: &DescriptorProto,
) {
    if message
        .options
        .as_ref()
        .is_some_and(|options| options.map_entry())
    {
        return;
    }
    for (at, field) in numbered(&message.field) {
        found.push((
            joined(&path, 2, at),
            format!("{}.{}", message.name(), field.name()),
        ));
    }
    for (at, nested) in numbered(&message.nested_type) {
        message_elements(found, joined(&path, 3, at), nested);
    }
    for (at, of) in numbered(&message.enum_type) {
        enum_elements(found, joined(&path, 4, at), of);
    }
    found.push((path, message.name().to_owned()));
}

fn enum_elements(found: &mut Vec<(Vec<i32>, String)>, path: Vec<i32>, of: &EnumDescriptorProto) {
    for (at, value) in numbered(&of.value) {
        found.push((joined(&path, 2, at), value.name().to_owned()));
    }
    found.push((path, of.name().to_owned()));
}

fn joined(path: &[i32], field: i32, at: i32) -> Vec<i32> {
    [path, &[field, at]].concat()
}

fn numbered<T>(elements: &[T]) -> impl Iterator<Item = (i32, &T)> {
    elements
        .iter()
        .enumerate()
        .map(|(at, element)| (i32::try_from(at).unwrap(), element))
}

fn comment(file: &FileDescriptorProto, path: &[i32]) -> String {
    let info = file
        .source_code_info
        .as_ref()
        .expect("contracts keep their comments");
    let at = |location: &&Location| location.path == path;
    let location = info.location.iter().find(at);
    location
        .map(|location| location.leading_comments().trim().to_owned())
        .unwrap_or_default()
}
