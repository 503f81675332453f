//! What the demonstration prints, and its count of what went as it should.

use std::io::{self, Write as _};

use anyhow::{Result, bail};
use emulator::WorkloadReply;
use prost::Message as _;
use tonic::{Code, Status};
use tonic_types::{StatusExt as _, pb};

use crate::contracts::refusal::v1::AuthChallenge;
use crate::refusal::{Reason, actor, code, code_name, reason_name};

/// How a call should end.
#[derive(Clone, Copy, Debug)]
pub(super) enum Expected {
    Ok,
    Refused(Reason),
}

/// A call that has ended: its trace id as its caller chose it, and the status.
pub(super) struct Outcome<T> {
    pub(super) trace_id: String,
    pub(super) result: Result<T, Status>,
}

/// Prints each call and remembers whether all went as they should.
#[derive(Debug, Default)]
pub(super) struct Narration {
    right: usize,
    wrong: usize,
    /// The trace of the call that was refused last.
    refused: Option<String>,
}

impl Narration {
    pub(super) fn heading(&mut self, text: &str) -> io::Result<()> {
        writeln!(io::stdout().lock(), "\n{text}")
    }

    /// Prints the call's outcome and holds it against what it should be.
    pub(super) fn call<T>(
        &mut self,
        what: &str,
        expected: Expected,
        outcome: Outcome<T>,
    ) -> io::Result<Option<T>> {
        let Outcome { trace_id, result } = outcome;
        let (actual, reason, replied) = match &result {
            Ok(_) => (Code::Ok, String::new(), None),
            Err(status) => {
                let details = status.get_error_details();
                let reason = details.error_info().map(|info| info.reason.clone());
                let replied = details.request_info().map(|info| info.request_id.clone());
                (status.code(), reason.unwrap_or_default(), replied)
            }
        };
        let as_expected = match expected {
            Expected::Ok => result.is_ok(),
            // A refusal must carry the very trace id that the caller sent.
            Expected::Refused(expected) => {
                actual == code(expected)
                    && reason == reason_name(expected)
                    && replied.as_deref() == Some(trace_id.as_str())
            }
        };
        let mark = self.count(as_expected);
        if result.is_err() {
            self.refused = Some(trace_id.clone());
        }
        writeln!(
            io::stdout().lock(),
            "  {mark} {what:<58} {code:<19} {reason:<26} {acts:<30} trace {trace_id}",
            code = code_name(actual),
            acts = acts(&reason),
        )?;
        Ok(result.ok())
    }

    /// The same for a call that should be refused; returns what its front end is to do about it.
    pub(super) fn refusal<T>(
        &mut self,
        what: &str,
        reason: Reason,
        outcome: Outcome<T>,
    ) -> io::Result<AuthChallenge> {
        let challenge = outcome.result.as_ref().err().and_then(challenge);
        self.call(what, Expected::Refused(reason), outcome)?;
        Ok(challenge.unwrap_or_default())
    }

    /// Prints what the workload answered Fabric over REST, and holds it against what it should be.
    pub(super) fn reply(
        &mut self,
        what: &str,
        expected: Expected,
        reply: &WorkloadReply,
    ) -> io::Result<()> {
        let header = |name| {
            let value = reply
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok());
            value.unwrap_or_default()
        };
        let reason = header("selvedge-reason");
        let as_expected = match expected {
            Expected::Ok => reply.accepted(),
            Expected::Refused(expected) => {
                // A front end reads the body alone, so that has to be whole.
                reason == reason_name(expected) && reply.error().is_some()
            }
        };
        let mark = self.count(as_expected);
        let code = format!("HTTP {}", reply.status);
        // Of a success the contract says nothing more, so there is no trace id either.
        let rest = match header("selvedge-trace-id") {
            "" => String::new(),
            trace_id => format!("{reason:<26} {:<30} trace {trace_id}", acts(reason)),
        };
        let line = format!("  {mark} {what:<58} {code:<19} {rest}");
        writeln!(io::stdout().lock(), "{}", line.trim_end())
    }

    /// Prints a fact that is not one call's status.
    pub(super) fn fact(&mut self, what: &str, holds: bool) -> io::Result<()> {
        let mark = self.count(holds);
        writeln!(io::stdout().lock(), "  {mark} {what}")
    }

    fn count(&mut self, holds: bool) -> &'static str {
        if holds {
            self.right += 1;
            "ok "
        } else {
            self.wrong += 1;
            "BAD"
        }
    }

    pub(super) fn finish(self) -> Result<()> {
        let Self {
            right,
            wrong,
            refused,
        } = self;
        let mut out = io::stdout().lock();
        if let Some(trace_id) = refused {
            writeln!(
                out,
                "\nWhy was one refused? cargo run --quiet -- trace {trace_id}"
            )?;
        }
        writeln!(out, "\n{right} as they should be, {wrong} not")?;
        if wrong > 0 {
            bail!(
                "{wrong} of {} went otherwise than they should",
                right + wrong
            );
        }
        Ok(())
    }
}

/// Who has to act on a refusal for this reason.
fn acts(reason: &str) -> String {
    Reason::from_str_name(&format!("REASON_{reason}"))
        .map_or_else(String::new, |reason| format!("acts: {}", actor(reason)))
}

/// What a front end hands to `acquireAccessToken`, where the refusal says.
fn challenge(status: &Status) -> Option<AuthChallenge> {
    pb::Status::decode(status.details())
        .ok()?
        .details
        .iter()
        .find(|detail| {
            detail
                .type_url
                .ends_with("/selvedge.refusal.v1.AuthChallenge")
        })
        .and_then(|detail| AuthChallenge::decode(detail.value.as_slice()).ok())
}
