//! What is shown, in order.

mod control_plane;
mod mission;
mod obstacles;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use emulator::{Emulator, Endpoint, Rotation, TokenRequest, TokenVersion, seed};

use super::super::dev::Local;
use super::calls::{Calls, sign_in};
use super::narration::{Expected, Narration};
use crate::refusal::Reason;

/// The longest that anything here is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn run(local: &Local, narration: &mut Narration) -> Result<()> {
    let calls = Calls::connect(local.service).await?;
    let authority = &local.emulator;
    scopes(authority, &calls, narration).await?;
    strangers(authority, &calls, narration).await?;
    versions(authority, &calls, narration).await?;
    isolation(authority, &calls, narration).await?;
    announced_rotation(authority, &calls, narration).await?;
    unannounced_rotation(authority, &calls, narration).await?;
    mission::run(authority, &calls, narration).await?;
    control_plane::run(authority, &calls, narration).await?;
    obstacles::run(local, &calls, narration).await
}

async fn scopes(authority: &Emulator, calls: &Calls, narration: &mut Narration) -> Result<()> {
    narration.heading("A user signs in at the authority and calls with what was granted")?;
    let reader = sign_in(authority, seed::CONSENTED, &["data.read"]).await?;
    let writer = sign_in(authority, seed::CONSENTED, &["data.read", "data.write"]).await?;
    let written = calls.write(&writer, br#"{"colour": "indigo"}"#).await;
    narration.call("WriteData with data.write", Expected::Ok, written)?;
    let rows = narration.call(
        "ReadData with data.read",
        Expected::Ok,
        calls.read(Some(&reader)).await,
    )?;
    narration.fact(
        "    the row reads back byte for byte",
        rows.is_some_and(|rows| {
            rows.iter()
                .any(|row| row.json == br#"{"colour": "indigo"}"#[..])
        }),
    )?;
    let refused = calls.write(&reader, b"{}").await;
    narration.call(
        "WriteData without data.write",
        Expected::Refused(Reason::ScopeMissing),
        refused,
    )?;
    Ok(())
}

async fn strangers(authority: &Emulator, calls: &Calls, narration: &mut Narration) -> Result<()> {
    narration.heading("Nobody else gets in, and each learns why")?;
    let missing = Expected::Refused(Reason::CredentialsMissing);
    narration.call("ReadData with no token", missing, calls.read(None).await)?;

    let expired = authority.issue(&reader(TokenVersion::V2).issued_at(-7200));
    let outcome = calls.read(Some(&expired)).await;
    narration.call(
        "ReadData with an expired token",
        Expected::Refused(Reason::TokenExpired),
        outcome,
    )?;

    let foreign = authority.issue(
        &TokenRequest::delegated(seed::OTHER_TENANT, seed::LEDGER_CLIENT_ID)
            .scopes([seed::LEDGER_SCOPE]),
    );
    let outcome = calls.read(Some(&foreign)).await;
    let mismatch = Expected::Refused(Reason::TokenAudienceMismatch);
    narration.call(
        "ReadData with a token of another tenant's app",
        mismatch,
        outcome,
    )?;

    let forged = reader(TokenVersion::V2).header("kid", "a-key-of-my-own");
    let outcome = calls.read(Some(&authority.issue(&forged))).await;
    let unknown = Expected::Refused(Reason::SigningKeyUnknown);
    narration.call(
        "ReadData with a key that nobody publishes",
        unknown,
        outcome,
    )?;

    let daemon = TokenRequest::app_only(seed::DAEMON_CLIENT_ID, seed::WORKLOAD_CLIENT_ID)
        .roles([seed::ADMIN_ROLE]);
    let outcome = calls.read(Some(&authority.issue(&daemon))).await;
    let app_only = Expected::Refused(Reason::AppOnlyNotAllowed);
    narration.call(
        "ReadData with an application's own token",
        app_only,
        outcome,
    )?;
    Ok(())
}

async fn versions(authority: &Emulator, calls: &Calls, narration: &mut Narration) -> Result<()> {
    narration.heading("One application, two versions of token")?;
    for (version, name) in [(TokenVersion::V1, "1.0"), (TokenVersion::V2, "2.0")] {
        let token = authority.issue(
            &TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID)
                .scopes(["access_as_user"])
                .version(version),
        );
        let what = format!("GetProfile with a version {name} token");
        let profile = narration
            .call(&what, Expected::Ok, calls.profile(&token).await)?
            .flatten();
        let read = profile.is_some_and(|profile| profile.token_version == name);
        narration.fact(&format!("    the profile says version {name}"), read)?;
    }
    Ok(())
}

async fn isolation(authority: &Emulator, calls: &Calls, narration: &mut Narration) -> Result<()> {
    narration.heading("Two users cannot see each other's tasks")?;
    let first = sign_in(authority, seed::CONSENTED, &["access_as_user"]).await?;
    let second = sign_in(authority, seed::MFA, &["access_as_user"]).await?;
    let created = calls.create_task(&first, "weave a selvedge").await;
    let task = narration
        .call("CreateTask as the first user", Expected::Ok, created)?
        .flatten();
    let task = task.context("no task was created")?;

    let listed = narration.call(
        "ListTasks as the second user",
        Expected::Ok,
        calls.tasks(&second).await,
    )?;
    narration.fact(
        "    the second user's list is empty",
        listed.is_some_and(|tasks| tasks.is_empty()),
    )?;
    let deleted = calls.delete_task(&second, task.task_id.clone()).await;
    let absent = Expected::Refused(Reason::ResourceNotFound);
    narration.call(
        "DeleteTask of the first user's, as the second",
        absent,
        deleted,
    )?;
    let listed = narration.call(
        "ListTasks as the first user",
        Expected::Ok,
        calls.tasks(&first).await,
    )?;
    narration.fact(
        "    the first user's task is still there",
        listed.is_some_and(|tasks| tasks.iter().any(|kept| kept.task_id == task.task_id)),
    )?;
    Ok(())
}

async fn announced_rotation(
    authority: &Emulator,
    calls: &Calls,
    narration: &mut Narration,
) -> Result<()> {
    narration
        .heading("The authority rotates its key during traffic, one refresh ahead as Entra does")?;
    let done = AtomicBool::new(false);
    let served = AtomicUsize::new(0);
    let failed = AtomicUsize::new(0);
    let traffic = async {
        while !done.load(Ordering::Relaxed) {
            // A new token each time: it is signed by whichever key signs at the moment.
            let token = authority.issue(&reader(TokenVersion::V2));
            let counter = match calls.read(Some(&token)).await.result {
                Ok(_) => &served,
                Err(_) => &failed,
            };
            counter.fetch_add(1, Ordering::Relaxed);
        }
    };
    let rotation = async {
        let before = authority.signing_key(TokenVersion::V2).kid().to_owned();
        authority.rotate_keys(Rotation::Published);
        next_read_of_keys(authority).await?;
        authority.promote_key();
        next_read_of_keys(authority).await?;
        authority.withdraw_key(&before);
        next_read_of_keys(authority).await?;
        let after = authority.signing_key(TokenVersion::V2).kid().to_owned();
        done.store(true, Ordering::Relaxed);
        anyhow::Ok(before != after)
    };
    let (rotated, ()) = tokio::join!(rotation, traffic);
    let (served, failed) = (served.into_inner(), failed.into_inner());
    narration.fact("the signing key is another", rotated?)?;
    narration.fact(
        &format!("{served} calls served meanwhile, {failed} failed"),
        served > 0 && failed == 0,
    )?;
    let last = calls
        .read(Some(&authority.issue(&reader(TokenVersion::V2))))
        .await;
    narration.call("ReadData with the new key", Expected::Ok, last)?;
    Ok(())
}

async fn unannounced_rotation(
    authority: &Emulator,
    calls: &Calls,
    narration: &mut Narration,
) -> Result<()> {
    narration.heading("The authority rotates without a word")?;
    let old = authority.issue(&reader(TokenVersion::V2));
    authority.rotate_keys(Rotation::Unannounced);
    let begun = Instant::now();
    let token = authority.issue(&reader(TokenVersion::V2));
    let outcome = loop {
        let outcome = calls.read(Some(&token)).await;
        if outcome.result.is_ok() || begun.elapsed() > PATIENCE {
            break outcome;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let healed = begun.elapsed();
    narration.call("ReadData with the new key", Expected::Ok, outcome)?;
    narration.fact(
        &format!(
            "    healed after {} ms, within one cooldown of 2 s",
            healed.as_millis()
        ),
        healed < Duration::from_secs(2),
    )?;
    let outcome = calls.read(Some(&old)).await;
    let gone = Expected::Refused(Reason::SigningKeyUnknown);
    narration.call("ReadData with the old key", gone, outcome)?;
    Ok(())
}

/// A user's token that may read rows.
fn reader(version: TokenVersion) -> TokenRequest {
    TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID)
        .scopes(["data.read"])
        .version(version)
}

/// Waits until the service has read the authority's keys once more from start to end.
async fn next_read_of_keys(authority: &Emulator) -> Result<()> {
    // A read that is under way may have begun before the change, so two more must begin.
    let enough = authority.fetches(Endpoint::JwksV2) + 2;
    let begun = Instant::now();
    while authority.fetches(Endpoint::JwksV2) < enough {
        anyhow::ensure!(
            begun.elapsed() < PATIENCE,
            "the service does not read the keys"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
