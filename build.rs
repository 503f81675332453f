//! Compiles `proto/` to Rust and to the descriptor set that policies are read from.
//!
//! No `protoc` is needed. The build fails on a method without a policy, so that no such method can
//! ever be served; `tests/contracts.rs` includes this file to prove it on a fixture contract.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// Where the contracts are: ours, and the policy option's one copy.
const ROOTS: [&str; 2] = ["proto", "auth-interceptor/proto"];

/// Messages that hold a secret, claims, or who somebody is: what they print is written by hand.
const SECRETS: [&str; 6] = [
    ".selvedge.admin.v1.ForgetUserRequest",
    ".selvedge.control.v1.NameValuePair",
    ".selvedge.data.v1.Profile",
    ".selvedge.exchange.v1.ExchangeTokenRequest",
    ".selvedge.exchange.v1.ExchangeTokenResponse",
    ".selvedge.refusal.v1.AuthChallenge",
];

/// The option that every method must carry.
const POLICY: &str = "selvedge.auth.v1.policy";

#[allow(
    clippy::disallowed_methods,
    reason = "cargo tells a build script where to write"
)]
#[cfg_attr(test, allow(dead_code))]
fn main() -> Result<()> {
    for root in ROOTS {
        println!("cargo:rerun-if-changed={root}");
    }
    // The compiler is told of the bundle's files, but not of one that is new.
    println!("cargo:rerun-if-changed=web/dist");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").context("cargo sets OUT_DIR")?);
    let files = proto_files(Path::new("proto"))?;
    compile(&ROOTS.map(PathBuf::from), &files, &out)
}

/// Compiles `files`, found below `roots`, into `out`: Rust modules by package, and
/// `descriptor_set.bin`.
///
/// # Errors
///
/// A contract that does not compile, or a method in it without a policy: the message names it.
pub fn compile(roots: &[PathBuf], files: &[PathBuf], out: &Path) -> Result<()> {
    let mut compiler = protox::Compiler::new(roots)?;
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(files)?;

    require_policies(&compiler.descriptor_pool())?;

    // Encoded by the compiler itself: prost's types would drop the options that policies are.
    std::fs::write(
        out.join("descriptor_set.bin"),
        compiler.encode_file_descriptor_set(),
    )?;
    tonic_prost_build::configure()
        .out_dir(out)
        .codec_path("crate::codec::StrictProstCodec")
        .bytes(".")
        .skip_debug(SECRETS)
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}

fn require_policies(pool: &prost_reflect::DescriptorPool) -> Result<()> {
    let policy = pool
        .get_extension_by_name(POLICY)
        .with_context(|| format!("no contract imports the option {POLICY}"))?;
    for service in pool.services() {
        for method in service.methods() {
            if !method.options().has_extension(&policy) {
                bail!(
                    "{} states no policy: add `option (selvedge.auth.v1.policy)` to it",
                    method.full_name()
                );
            }
        }
    }
    Ok(())
}

fn proto_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(proto_files(&path)?);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
