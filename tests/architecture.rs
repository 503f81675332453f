//! Who may depend on whom, and the habits of the house that a compiler does not know.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder of the repository, without what tools put there.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.starts_with('.')
                || ["target", "node_modules", "__pycache__"].contains(&name.as_str())
            {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn rust_files(folder: &str) -> Vec<PathBuf> {
    let is_rust = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "rs");
    files(folder).into_iter().filter(is_rust).collect()
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap()
        .to_string_lossy()
        .into_owned()
}

/// Whether a file is compiled for unit tests alone.
fn is_test(path: &Path) -> bool {
    let name = relative(path);
    // The last makes the tokens that the validator's unit tests judge.
    name.ends_with("tests.rs") || name.contains("/tests/") || name.ends_with("/validator/mint.rs")
}

/// A file's lines without comments: what the compiler sees, near enough.
fn code(path: &Path) -> String {
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    text(path)
        .lines()
        .filter(is_code)
        .collect::<Vec<_>>()
        .join("\n")
}

/// The names in a manifest's dependency tables: `dependencies`, and whatever else ends so.
fn dependencies(manifest: &str, table: &str) -> BTreeSet<String> {
    let manifest: toml::Table = toml::from_str(&text(&root().join(manifest))).unwrap();
    let names = |table: &toml::Value| table.as_table().unwrap().keys().cloned().collect();
    manifest.get(table).map(names).unwrap_or_default()
}

fn members() -> BTreeSet<String> {
    ["selvedge", "auth-interceptor", "emulator", "xtask"]
        .map(str::to_owned)
        .into()
}

#[test]
fn the_workspace_has_these_members_and_no_other() {
    let manifest: toml::Table = toml::from_str(&text(&root().join("Cargo.toml"))).unwrap();
    let listed = manifest["workspace"]["members"].as_array().unwrap();
    let listed: BTreeSet<&str> = listed
        .iter()
        .map(|member| member.as_str().unwrap())
        .collect();
    assert_eq!(
        listed,
        BTreeSet::from([".", "auth-interceptor", "emulator", "xtask"])
    );
}

#[test]
fn the_interceptor_depends_on_no_other_member() {
    for table in ["dependencies", "build-dependencies"] {
        let found = dependencies("auth-interceptor/Cargo.toml", table);
        assert!(found.is_disjoint(&members()), "{table}: {found:?}");
    }
    // It may test against the authority, never against the service.
    let tests = dependencies("auth-interceptor/Cargo.toml", "dev-dependencies");
    assert!(!tests.contains("selvedge"));
    for path in rust_files("auth-interceptor") {
        let code = code(&path);
        for word in [
            "selvedge::",
            "selvedge.data",
            "selvedge.refusal",
            "selvedge/data",
        ] {
            assert!(
                !code.contains(word),
                "{} knows of our contracts: {word}",
                relative(&path)
            );
        }
    }
}

#[test]
fn the_emulator_depends_on_no_other_member() {
    for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let found = dependencies("emulator/Cargo.toml", table);
        assert!(found.is_disjoint(&members()), "{table}: {found:?}");
    }
}

#[test]
fn xtask_depends_on_no_other_member() {
    for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let found = dependencies("xtask/Cargo.toml", table);
        assert!(found.is_disjoint(&members()), "{table}: {found:?}");
    }
}

#[test]
fn pages_depend_on_no_member_and_on_nothing_outside_their_folder() {
    // The library is in the front end's folder and is of use without it.
    for folder in ["web", "web/challenge", "emulator/portal"] {
        let mut looked_at = 0;
        for path in files(folder) {
            let name = relative(&path);
            assert!(
                !name.ends_with(".rs") && !name.ends_with("Cargo.toml"),
                "{name}"
            );
            let is_script = [".ts", ".tsx", ".js"].iter().any(|end| name.ends_with(end));
            if !is_script || name.contains("/dist/") {
                continue;
            }
            for import in relative_imports(&path) {
                let target = resolved(path.parent().unwrap(), &import);
                assert!(target.starts_with(root().join(folder)), "{name}: {import}");
            }
            looked_at += 1;
        }
        assert!(looked_at >= 1, "{folder}");
        let manifest = text(&root().join(folder).join("package.json"));
        for elsewhere in ["\"file:", "\"link:", "\"git"] {
            assert!(!manifest.contains(elsewhere), "{folder} takes {elsewhere}");
        }
    }
}

/// What a script imports by a path, or refers to as a file beside it.
fn relative_imports(script: &Path) -> Vec<String> {
    let code = code(script);
    let words = code.split([' ', '(', ')', ';', ',', '\n']);
    let quoted = words.filter_map(|word| {
        let quote = word
            .chars()
            .next()
            .filter(|first| ['\'', '"'].contains(first))?;
        word.strip_prefix(quote)?.strip_suffix(quote)
    });
    let paths = quoted.filter(|text| text.starts_with("./") || text.starts_with("../"));
    paths.map(str::to_owned).collect()
}

/// The path that `relative` is from `folder`.
fn resolved(folder: &Path, relative: &str) -> PathBuf {
    let mut path = folder.to_owned();
    for part in relative.split('/') {
        match part {
            "." => {}
            ".." => {
                path.pop();
            }
            part => path.push(part),
        }
    }
    path
}

#[test]
fn the_emulator_is_behind_its_feature_and_used_by_dev_and_demo_alone() {
    let manifest: toml::Table = toml::from_str(&text(&root().join("Cargo.toml"))).unwrap();
    assert_eq!(
        manifest["dependencies"]["emulator"]["optional"].as_bool(),
        Some(true)
    );
    let feature = manifest["features"]["emulator"].as_array().unwrap();
    assert!(
        feature
            .iter()
            .any(|part| part.as_str() == Some("dep:emulator"))
    );
    // Unit tests have it as a development dependency, which no build ships.
    for path in rust_files("services")
        .into_iter()
        .filter(|path| !is_test(path))
    {
        let name = relative(&path);
        let may = ["services/cli/dev", "services/cli/demo"]
            .iter()
            .any(|start| name.starts_with(start));
        let uses = code(&path).contains("emulator::");
        assert!(may || !uses, "{name} uses the emulator");
    }
}

#[test]
fn the_domain_knows_neither_grpc_nor_the_contracts() {
    for domain in ["store", "exchange", "downstream", "jobs"] {
        let mut looked_at = 0;
        for path in rust_files("services") {
            let name = relative(&path);
            let own = name == format!("services/{domain}.rs")
                || name.starts_with(&format!("services/{domain}/"));
            if !own {
                continue;
            }
            let code = code(&path);
            for word in ["tonic", "contracts", "prost"] {
                assert!(!code.contains(word), "{name} knows {word}");
            }
            looked_at += 1;
        }
        assert!(looked_at >= 2, "{domain}");
    }
}

#[test]
fn no_handler_checks_authorization_again() {
    let handlers = rust_files("services").into_iter().filter(|path| {
        let name = relative(path);
        (name == "services/data.rs" || name.starts_with("services/data/")) && !is_test(path)
    });
    let mut looked_at = 0;
    for path in handlers {
        let code = code(&path);
        for word in ["has_scope", "has_role", "ScopeMissing", "TenantNotAllowed"] {
            assert!(!code.contains(word), "{} asks {word}", relative(&path));
        }
        looked_at += 1;
    }
    assert!(looked_at >= 4);
}

#[test]
fn the_environment_is_read_by_the_configuration_alone() {
    for folder in ["services", "auth-interceptor/src", "emulator/src"] {
        for path in rust_files(folder).into_iter().filter(|path| !is_test(path)) {
            let code = code(&path);
            let reads = [
                "env::var",
                "env::vars",
                "env::args_os",
                "env::temp_dir",
                "env::home_dir",
            ];
            let reads = reads.iter().any(|read| code.contains(read));
            assert!(
                !reads || relative(&path) == "services/config.rs",
                "{}",
                relative(&path)
            );
        }
    }
}

#[test]
fn the_wall_clock_is_read_in_one_place() {
    for folder in ["services", "auth-interceptor/src", "emulator/src"] {
        for path in rust_files(folder) {
            let code = code(&path);
            let reads = code.contains("SystemTime::now") || code.contains("Timestamp::now");
            let name = relative(&path);
            assert!(!reads || name == "auth-interceptor/src/clock.rs", "{name}");
        }
    }
}

#[test]
fn the_validator_is_a_function_of_its_arguments() {
    let validator = rust_files("auth-interceptor/src")
        .into_iter()
        .filter(|path| {
            let name = relative(path);
            ["validator", "jws", "claims", "issuer"]
                .iter()
                .any(|part| name.starts_with(&format!("auth-interceptor/src/{part}")))
                && !is_test(path)
        });
    let mut looked_at = 0;
    for path in validator {
        let code = code(&path);
        for word in [
            "reqwest",
            "tokio",
            "Clock::",
            "Instant::",
            "rand::",
            "async fn",
        ] {
            assert!(
                !code.contains(word),
                "{} reaches for {word}",
                relative(&path)
            );
        }
        looked_at += 1;
    }
    assert!(looked_at >= 5);
}

#[test]
fn only_one_file_knows_where_the_build_puts_generated_code() {
    for path in rust_files("services") {
        let generated = code(&path).contains("include_proto!")
            || code(&path).contains("include_file_descriptor_set!")
            || code(&path).contains("OUT_DIR");
        assert!(
            !generated || relative(&path) == "services/contracts.rs",
            "{}",
            relative(&path)
        );
    }
}

#[test]
fn every_file_opens_with_what_it_is_for() {
    for folder in [
        "services",
        "auth-interceptor",
        "emulator",
        "tests",
        "xtask",
        "benches",
    ] {
        if !root().join(folder).is_dir() {
            continue;
        }
        let bare = rust_files(folder)
            .into_iter()
            .filter(|path| !text(path).starts_with("//!"));
        let bare: Vec<_> = bare.map(|path| relative(&path)).collect();
        assert!(bare.is_empty(), "without a //!: {bare:?}");
    }
    assert!(text(&root().join("build.rs")).starts_with("//!"));
}

#[test]
fn names_say_what_things_are() {
    const BANNED: [&str; 7] = [
        "utils", "util", "common", "helpers", "misc", "core", "manager",
    ];

    for folder in [
        "services",
        "auth-interceptor",
        "emulator",
        "tests",
        "xtask",
        "proto",
    ] {
        for path in files(folder) {
            let name = relative(&path);
            for part in Path::new(&name).components() {
                let part = part.as_os_str().to_string_lossy();
                let stem = part.split('.').next().unwrap();
                let words: Vec<&str> = stem.split(['_', '-']).collect();
                assert!(words.iter().all(|word| !BANNED.contains(word)), "{name}");
            }
        }
    }
}

#[test]
fn modules_are_files_beside_their_folders() {
    for folder in ["services", "auth-interceptor", "emulator", "tests", "xtask"] {
        for path in rust_files(folder) {
            assert_ne!(path.file_name().unwrap(), "mod.rs", "{}", relative(&path));
        }
    }
}

#[test]
fn main_is_a_story_of_under_sixty_lines() {
    assert!(text(&root().join("services/main.rs")).lines().count() <= 60);
}

#[test]
fn no_test_is_skipped_and_no_code_is_unfinished() {
    // Spelled apart, so that this file does not find itself.
    let banned = [
        ["#[ign", "ore"],
        ["should_p", "anic"],
        ["todo", "!("],
        ["unimplement", "ed!("],
        ["TO", "DO"],
        ["FIX", "ME"],
    ];
    for folder in ["services", "auth-interceptor", "emulator", "tests", "xtask"] {
        for path in rust_files(folder) {
            let text = text(&path);
            for word in banned.map(|parts| parts.concat()) {
                assert!(!text.contains(&word), "{}: {word}", relative(&path));
            }
        }
    }
}

#[test]
fn the_policy_option_has_one_copy() {
    let copies: Vec<_> = ["proto", "auth-interceptor/proto", "tests"]
        .into_iter()
        .flat_map(files)
        .filter(|path| path.ends_with("selvedge/auth/v1/policy.proto"))
        .collect();
    assert_eq!(copies.len(), 1, "{copies:?}");
}
