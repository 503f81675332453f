//! `selvedge`: reads the command line, does what it says, and says in one sentence what went wrong.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use selvedge::cli::{self, Cli};

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
