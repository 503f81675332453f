//! `selvedge explain`: the checks a token goes through, which of them failed, and who must act.
//!
//! The token is read from a file or from standard input, never from the command line, which other
//! processes can see; and nothing of it is printed.

use std::io::{self, Read as _, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use auth_interceptor::{AuthError, Authenticator, Check, MethodPolicy, TokenKind};

use super::ConfigArgs;
use crate::app::{self, AppSettings};

/// How long the authorities' keys are waited for.
const KEYS_WAIT: Duration = Duration::from_secs(10);

/// More than any token that could be accepted, so that a wrong file is not read whole.
const MAX_INPUT: u64 = 1024 * 1024;

/// Checks a token as a call of a method would.
#[derive(clap::Args, Debug)]
pub(super) struct ExplainArgs {
    /// The method, such as `selvedge.data.v1.DataService/ReadData`.
    #[arg(long)]
    method: String,
    /// The file that holds the token; `-` is standard input. Unset: a call without a token.
    #[arg(long, value_name = "FILE")]
    token: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(super) async fn run(args: &ExplainArgs) -> Result<ExitCode> {
    let settings = args.config.load()?;
    let policies = app::policies()?;
    let name = args.method.trim_start_matches('/');
    let method = policies.iter().find(|method| method.method() == name);
    let token = args.token.as_ref().map(read_token).transpose()?;

    let result = match (method, token) {
        (None, _) => Err(AuthError::MethodNotFound),
        (Some(method), _) if method.policy().token_kinds().contains(&TokenKind::None) => Ok(()),
        (Some(_), None) => Err(AuthError::CredentialsMissing),
        (Some(method), Some(token)) => {
            explain(method, &token, &AppSettings::try_from(&settings)?).await?
        }
    };
    report(&mut io::stdout().lock(), name, &result)?;
    Ok(if result.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn explain(
    method: &MethodPolicy,
    token: &str,
    settings: &AppSettings,
) -> Result<Result<(), AuthError>> {
    let authenticator = Authenticator::start(&settings.auth)?;
    // Keys that do not come are a finding, not a failure of this command.
    let _ = tokio::time::timeout(KEYS_WAIT, authenticator.ready()).await;
    Ok(authenticator.explain(method, token).await)
}

fn read_token(path: &PathBuf) -> Result<String> {
    let mut input: Box<dyn io::Read> = if path.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        let file = std::fs::File::open(path)
            .with_context(|| format!("the token file {} cannot be opened", path.display()))?;
        Box::new(file)
    };
    let mut text = String::new();
    input
        .by_ref()
        .take(MAX_INPUT)
        .read_to_string(&mut text)
        .context("the token cannot be read as text")?;
    let text = text.trim();
    Ok(text.strip_prefix("Bearer ").unwrap_or(text).to_owned())
}

fn report(out: &mut impl Write, method: &str, result: &Result<(), AuthError>) -> io::Result<()> {
    writeln!(out, "{method}\n")?;
    let failed = result.as_ref().err().map(AuthError::check);
    for check in Check::ALL {
        let state = match failed {
            Some(failed) if check == failed => "FAILED",
            Some(failed) if check > failed => "not reached",
            _ => "passed",
        };
        writeln!(
            out,
            "  {state:11}  {:22}  {}",
            check.name(),
            check.description()
        )?;
    }
    writeln!(out)?;
    let error = match result {
        Ok(()) => return writeln!(out, "The call is let through."),
        Err(error) => error,
    };
    writeln!(
        out,
        "Refused:       {} ({})",
        error.reason(),
        code_name(error)
    )?;
    writeln!(out, "First failed:  {}: {error}", error.check().name())?;
    if let AuthError::ScopeMissing { required } | AuthError::AppRoleMissing { required } = error {
        writeln!(out, "Required:      {required}")?;
    }
    if let AuthError::TokenExpired { expired_at, now } = error {
        writeln!(
            out,
            "Expired:       {} seconds ago",
            now.saturating_sub(*expired_at)
        )?;
    }
    writeln!(out, "Who must act:  {}", error.actor().name())
}

/// The code as gRPC spells it.
fn code_name(error: &AuthError) -> &'static str {
    use tonic::Code;
    match error.code() {
        Code::Unauthenticated => "UNAUTHENTICATED",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Unavailable => "UNAVAILABLE",
        code => code.description(),
    }
}

#[cfg(test)]
mod tests {
    use auth_interceptor::AuthError;

    use super::report;

    fn text(result: &Result<(), AuthError>) -> String {
        let mut out = Vec::new();
        report(&mut out, "a.B/C", result).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn states<'a>(report: &'a str, state: &str) -> Vec<&'a str> {
        report
            .lines()
            .filter(|line| line.trim_start().starts_with(state))
            .collect()
    }

    #[test]
    fn the_first_failed_check_divides_the_passed_from_the_unreached() {
        let report = text(&Err(AuthError::TokenAudienceMismatch));
        let failed = states(&report, "FAILED");
        assert!(
            failed.len() == 1 && failed[0].contains("audience"),
            "{report}"
        );
        assert!(
            states(&report, "passed")
                .iter()
                .any(|line| line.contains("signature"))
        );
        assert!(
            states(&report, "not reached")
                .iter()
                .any(|line| line.contains("permissions"))
        );
        assert!(
            report.contains("TOKEN_AUDIENCE_MISMATCH (UNAUTHENTICATED)"),
            "{report}"
        );
        assert!(
            report.contains("Who must act:  the client's developer"),
            "{report}"
        );
    }

    #[test]
    fn a_call_that_is_let_through_has_passed_every_check() {
        let report = text(&Ok(()));
        assert!(states(&report, "FAILED").is_empty() && states(&report, "not reached").is_empty());
        assert!(report.ends_with("The call is let through.\n"));
    }
}
