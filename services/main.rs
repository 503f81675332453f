//! `selvedge`: reads the command line, does what it says, and says in one sentence what went wrong.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use mimalloc::MiMalloc;
use selvedge::cli::{self, Cli};

/// What a call leaves behind, such as spans and audit entries that wait to leave, lies among the memory
/// of calls that end at once. An allocator that keeps pieces of one size together does not have to search
/// between them for room, as one does that splits and merges.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    // A command line that cannot be read ends here, with exit code 2.
    let command_line = Cli::parse();
    match command_line.run().await {
        Ok(code) => code,
        Err(error) => {
            if !cli::reader_is_gone(&error) {
                // The whole chain on one line: each error states its own part and not its source.
                // Nobody is left to tell if standard error is gone.
                let _ = writeln!(std::io::stderr().lock(), "selvedge: {error:#}");
            }
            cli::exit_code(&error)
        }
    }
}
