//! Runs the JOSE vectors that Project Wycheproof publishes, every one of them, two ways.
//!
//! ```text
//! cargo run -p auth-interceptor --example wycheproof -- DIRECTORY
//! ```
//!
//! DIRECTORY holds the `json_web_*_test.json` files. Each group's public keys are published by a
//! TLS authority of its own, beside one key of ours so that a set of nothing but bad keys is read
//! too.
//!
//! 1. Each vector is sent as the bearer token to a guarded service, over a socket. None of them is
//!    an access token (their payloads are `foo` and the like), so each must be answered
//!    UNAUTHENTICATED.
//! 2. For that very reason the call cannot tell a good signature from a bad one: the payload's
//!    structure is refused first. So the checks up to the signature are run alone, and their
//!    verdict must be the published one. A signature by an algorithm that is not accepted from
//!    anybody (HMAC, RS384, ES512…) and an encrypted token must be refused whatever the file says.
//!
//! Where the two disagree, `exceptions.rs` says why. Any other disagreement is exit code 1.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a report to its reader, which fails by a panic where it cannot be made"
)]

mod exceptions;
mod guarded;
#[path = "../../tests/tls_documents.rs"]
mod tls_documents;

use std::path::Path;
use std::process::ExitCode;

use auth_interceptor::AuthError;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use exceptions::{EXCEPTIONS, Exception};
use guarded::Guarded;

const FILES: [&str; 4] = [
    "json_web_crypto_test.json",
    "json_web_encryption_test.json",
    "json_web_key_test.json",
    "json_web_signature_test.json",
];

const ACCEPTED: [&str; 3] = ["ES256", "PS256", "RS256"];

/// What became of the vectors of a file.
#[derive(Default)]
struct Report {
    vectors: usize,
    /// Answered UNAUTHENTICATED over the socket.
    refused: usize,
    /// Of these: refused by the client's HTTP, which cannot send such a value.
    unsendable: usize,
    /// Signatures that verify, as published.
    verified: usize,
    /// Vectors that do not, as published.
    rejected: usize,
    /// Of these: by the arithmetic of the signature, with all else in order.
    by_signature: usize,
    /// Valid ones of algorithms that nobody may use here, and encrypted ones.
    not_offered: usize,
    exceptions: Vec<&'static Exception>,
    disagreements: Vec<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Some(directory) = std::env::args_os().nth(1) else {
        println!("usage: wycheproof DIRECTORY, the one with the json_web_*_test.json files");
        return ExitCode::from(2);
    };
    let mut agreed = true;
    let mut explained = 0;
    for file in FILES {
        let report = run(Path::new(&directory), file).await;
        println!(
            "{file}: {} vectors, {} refused over the socket ({} unsendable), \
             signatures: {} verified, {} rejected ({} by the signature itself), {} not offered, \
             {} exceptions",
            report.vectors,
            report.refused,
            report.unsendable,
            report.verified,
            report.rejected,
            report.by_signature,
            report.not_offered,
            report.exceptions.len(),
        );
        for exception in &report.exceptions {
            println!("  {}: {}", exception.id, exception.why);
        }
        for disagreement in &report.disagreements {
            println!("  DISAGREEMENT {disagreement}");
        }
        explained += report.exceptions.len();
        agreed &= report.disagreements.is_empty();
    }
    if explained != EXCEPTIONS.len() {
        println!("the table of exceptions explains vectors that there are not, or that agree");
        agreed = false;
    }
    if agreed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

async fn run(directory: &Path, file: &str) -> Report {
    let text = std::fs::read(directory.join(file)).expect("the file is in the directory");
    let document: Value = serde_json::from_slice(&text).unwrap();
    let mut report = Report::default();
    for group in document["testGroups"].as_array().unwrap() {
        let guarded = Guarded::start(&group["public"]).await;
        for vector in group["tests"].as_array().unwrap() {
            report.take(file, vector, &guarded).await;
        }
    }
    assert_eq!(document["numberOfTests"], report.vectors);
    report
}

impl Report {
    async fn take(&mut self, file: &str, vector: &Value, guarded: &Guarded) {
        self.vectors += 1;
        let id = vector["tcId"].as_u64().unwrap();
        let token = match [&vector["jws"], &vector["jwe"]] {
            [Value::String(token), _] | [_, Value::String(token)] => token.clone(),
            // The JSON serialization.
            [Value::Null, jwe] => jwe.to_string(),
            [jws, _] => jws.to_string(),
        };
        match guarded.call(&token).await {
            Some(status) if status.code() == tonic::Code::Unauthenticated => self.refused += 1,
            None => {
                self.refused += 1;
                self.unsendable += 1;
            }
            Some(status) => self
                .disagreements
                .push(format!("{id}: answered {:?}", status.code())),
        }

        let valid = vector["result"] == "valid";
        let offered = algorithm(&token).is_some_and(|name| ACCEPTED.contains(&name.as_str()));
        let outcome = guarded.signature.verify(&token);
        match (valid && offered, &outcome) {
            (true, Ok(())) => self.verified += 1,
            (false, Err(_)) if valid => self.not_offered += 1,
            (false, Err(error)) => {
                self.rejected += 1;
                let by_signature = matches!(error, AuthError::TokenSignatureInvalid { .. });
                self.by_signature += usize::from(by_signature);
            }
            (true, Err(_)) | (false, Ok(())) => {
                let explained = EXCEPTIONS.iter().find(|exception| {
                    exception.file == file
                        && exception.id == id
                        && exception.verifies == outcome.is_ok()
                });
                match explained {
                    Some(exception) => self.exceptions.push(exception),
                    None => self.disagreements.push(format!(
                        "{id}: {}, published as {}: {}",
                        outcome.map_or_else(|error| error.reason(), |()| "verifies"),
                        vector["result"],
                        vector["comment"],
                    )),
                }
            }
        }
    }
}

/// The algorithm that a token's header names, read as leniently as can be.
fn algorithm(token: &str) -> Option<String> {
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next()?).ok()?;
    let header: Value = serde_json::from_slice(&header).ok()?;
    header["alg"].as_str().map(str::to_owned)
}
