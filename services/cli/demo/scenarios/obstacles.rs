//! What stands between a user and Fabric, each with its reason and with whoever has to act.

use std::time::{Duration, Instant};

use anyhow::Result;
use emulator::{Emulator, Endpoint, Fault, Secret, TokenRequest, seed};

use super::super::super::dev::Local;
use super::super::calls::{Call, Calls};
use super::super::narration::{Expected, Narration};
use crate::refusal::Reason;

/// The longest that a replaced credential is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

const NEW_SECRET: &str = "workload-rotated-secret";

pub(super) async fn run(local: &Local, calls: &Calls, narration: &mut Narration) -> Result<()> {
    let authority = &local.emulator;
    narration.heading("Some refusals no front end heals, and each says so")?;
    blocked(authority, calls, narration).await?;
    declined(authority, calls, narration).await?;
    unreachable(authority, calls, narration).await?;
    expired_secret(local, calls, narration).await
}

/// A new token each time: what is remembered of others has no part in it.
fn lister(authority: &Emulator, upn: &str) -> String {
    authority
        .issue(&TokenRequest::delegated(upn, seed::WORKLOAD_CLIENT_ID).scopes(["workspaces.read"]))
}

async fn blocked(authority: &Emulator, calls: &Calls, narration: &mut Narration) -> Result<()> {
    let token = lister(authority, seed::BLOCKED);
    let challenge = narration.refusal(
        "ListWorkspaces as a user whom a policy blocks",
        Reason::BlockedByPolicy,
        calls.workspaces(Call::with(&token)).await,
    )?;
    narration.fact(
        "    a dialog can explain it, no retry helps",
        !challenge.retryable,
    )?;
    Ok(())
}

async fn declined(authority: &Emulator, calls: &Calls, narration: &mut Narration) -> Result<()> {
    authority.revoke_consent(seed::GUEST, seed::WORKLOAD_CLIENT_ID, seed::FABRIC_URI);
    let token = lister(authority, seed::GUEST);
    let call = Call::with(&token);
    let first = calls.workspaces(call).await;
    narration.refusal(
        "ListWorkspaces without consent",
        Reason::ConsentRequired,
        first,
    )?;
    let again = calls.workspaces(call.again()).await;
    narration.refusal(
        "ListWorkspaces again, after the user has declined",
        Reason::ConsentRequired,
        again,
    )?;
    Ok(())
}

async fn unreachable(authority: &Emulator, calls: &Calls, narration: &mut Narration) -> Result<()> {
    let before = lister(authority, seed::CONSENTED);
    let served = calls.workspaces(Call::with(&before)).await;
    narration.call("ListWorkspaces", Expected::Ok, served)?;
    let gone = Fault::Status {
        code: 503,
        retry_after: None,
    };
    authority.set_fault(Endpoint::Token, Some(gone));
    let other = lister(authority, seed::DEVICE);
    let refused = calls.workspaces(Call::with(&other)).await;
    narration.refusal(
        "ListWorkspaces of another user, with the authority gone",
        Reason::AuthorityUnavailable,
        refused,
    )?;
    let served = calls.workspaces(Call::with(&before)).await;
    narration.call(
        "ListWorkspaces of the first, whose token is at hand",
        Expected::Ok,
        served,
    )?;
    authority.set_fault(Endpoint::Token, None);
    Ok(())
}

async fn expired_secret(local: &Local, calls: &Calls, narration: &mut Narration) -> Result<()> {
    let authority = &local.emulator;
    authority.expire_secret(seed::WORKLOAD_CLIENT_ID);
    let token = lister(authority, seed::CONSENTED);
    let refused = calls.workspaces(Call::with(&token)).await;
    narration.refusal(
        "ListWorkspaces with an expired client secret",
        Reason::ClientCredentialInvalid,
        refused,
    )?;
    authority.add_secret(seed::WORKLOAD_CLIENT_ID, Secret::new(NEW_SECRET));
    std::fs::write(local.workload_secret(), NEW_SECRET)?;
    let begun = Instant::now();
    let healed = loop {
        let outcome = calls.workspaces(Call::with(&token)).await;
        if outcome.result.is_ok() || begun.elapsed() > PATIENCE {
            break outcome;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    narration.call(
        "ListWorkspaces with the secret replaced, without a restart",
        Expected::Ok,
        healed,
    )?;
    Ok(())
}
