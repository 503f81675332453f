//! What the demonstration prints, and its count of what went as it should.

use std::io::{self, Write as _};

use anyhow::{Result, bail};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::refusal::{Reason, code, code_name, reason_name};

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
        writeln!(
            io::stdout().lock(),
            "  {mark} {what:<58} {code:<18} {reason:<24} trace {trace_id}",
            code = code_name(actual),
        )?;
        Ok(result.ok())
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
        let Self { right, wrong } = self;
        writeln!(
            io::stdout().lock(),
            "\n{right} as they should be, {wrong} not"
        )?;
        if wrong > 0 {
            bail!(
                "{wrong} of {} went otherwise than they should",
                right + wrong
            );
        }
        Ok(())
    }
}
