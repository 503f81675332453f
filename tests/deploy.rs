//! What operators get beside the program: runbooks, rules and dashboards, held to what the program
//! does.

mod dashboards;
mod measured;
mod objective;
mod prometheus;
mod runbooks;

use std::path::{Path, PathBuf};

use selvedge::refusal::Reason;

/// A file below `deploy/`.
fn path(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("deploy")
        .join(relative)
}

fn read(relative: &str) -> String {
    let path = path(relative);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every reason that is ever sent.
fn reasons() -> impl Iterator<Item = Reason> {
    (1..).map_while(|number| Reason::try_from(number).ok())
}

/// Compares a generated file with what it has to be, or writes it.
#[track_caller]
#[expect(
    clippy::disallowed_methods,
    reason = "`cargo xtask bless` asks through the environment"
)]
fn assert_generated(relative: &str, wanted: &str) {
    if std::env::var_os("XTASK_BLESS").is_some() {
        std::fs::write(path(relative), wanted).unwrap();
        return;
    }
    let found = std::fs::read_to_string(path(relative)).unwrap_or_default();
    assert_eq!(
        found, wanted,
        "deploy/{relative}: run `cargo xtask bless` and review the difference"
    );
}
