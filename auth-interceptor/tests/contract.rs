//! A contract for the health service that states policies as its owner might: the proto file of
//! gRPC's own repository, with the option on each method.

use std::path::Path;

use auth_interceptor::{Policies, PolicyError};
use protox::file::{
    ChainFileResolver, File, FileResolver, GoogleFileResolver, IncludeFileResolver,
};

const FILE: &str = "health.proto";

/// The policies of a contract in which `Check` states `check` and `Watch` is public.
pub(crate) fn policies(check: &str) -> Result<Policies, PolicyError> {
    Policies::from_descriptor_set(&descriptor_set(&format!(
        "option (selvedge.auth.v1.policy) = {{ {check} }};"
    )))
}

/// The contract, compiled, with these options on `Check`.
pub(crate) fn descriptor_set(check_options: &str) -> Vec<u8> {
    let source = format!(
        r#"
        syntax = "proto3";
        package grpc.health.v1;
        import "selvedge/auth/v1/policy.proto";
        message HealthCheckRequest {{ string service = 1; }}
        message HealthCheckResponse {{ int32 status = 1; }}
        service Health {{
          rpc Check(HealthCheckRequest) returns (HealthCheckResponse) {{ {check_options} }}
          rpc Watch(HealthCheckRequest) returns (stream HealthCheckResponse) {{
            option (selvedge.auth.v1.policy) = {{ plane: PLANE_DATA token_kinds: TOKEN_KIND_NONE }};
          }}
        }}
        "#
    );
    let mut resolver = ChainFileResolver::new();
    resolver.add(Source(source));
    resolver.add(IncludeFileResolver::new(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("proto"),
    ));
    resolver.add(GoogleFileResolver::new());
    let mut compiler = protox::Compiler::with_file_resolver(resolver);
    compiler.include_imports(true).open_file(FILE).unwrap();
    compiler.encode_file_descriptor_set()
}

struct Source(String);

impl FileResolver for Source {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        if name == FILE {
            File::from_source(name, &self.0)
        } else {
            Err(protox::Error::file_not_found(name))
        }
    }
}
