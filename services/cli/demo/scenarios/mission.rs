//! What a workload is for: Fabric and OneLake as the user, with a refusal that its front end heals.

use anyhow::{Context as _, Result};
use emulator::{AccessPolicy, Emulator, TokenRequest, WarehouseCreation, seed};

use super::super::calls::{Call, Calls};
use super::super::narration::{Expected, Narration};
use crate::refusal::Reason;

/// More than ASCII, so that bytes and characters are not the same number.
const CONTENT: &[u8] = "Gr\u{fc}\u{df}e aus dem Gewebe \u{1f9f5}\n".as_bytes();

pub(super) async fn run(
    authority: &Emulator,
    calls: &Calls,
    narration: &mut Narration,
) -> Result<()> {
    consent(authority, calls, narration).await?;
    step_up(authority, calls, narration).await?;
    operation(authority, calls, narration).await
}

async fn consent(authority: &Emulator, calls: &Calls, narration: &mut Narration) -> Result<()> {
    narration.heading("Listing workspaces needs a consent that the user has not given")?;
    let token = authority.issue(
        &TokenRequest::delegated(seed::NO_CONSENT, seed::WORKLOAD_CLIENT_ID)
            .scopes(["workspaces.read"]),
    );
    let call = Call::with(&token);
    let challenge = narration.refusal(
        "ListWorkspaces without consent",
        Reason::ConsentRequired,
        calls.workspaces(call).await,
    )?;
    let scope = challenge
        .additional_scopes_to_consent
        .first()
        .context("the refusal names no scope")?;
    narration.fact(
        &format!("    acquireAccessToken({{additionalScopesToConsent: [{scope:?}]}})"),
        challenge.retryable,
    )?;
    authority.grant_consent(
        seed::NO_CONSENT,
        seed::WORKLOAD_CLIENT_ID,
        &challenge.additional_scopes_to_consent,
    );
    let listed = narration.call(
        "ListWorkspaces again, with the very same token",
        Expected::Ok,
        calls.workspaces(call.again()).await,
    )?;
    let listed = listed.unwrap_or_default();
    narration.fact(
        &format!("    {} workspaces of that user", listed.len()),
        listed
            .iter()
            .any(|workspace| workspace.workspace_id == seed::WORKSPACE_ID),
    )?;
    Ok(())
}

async fn step_up(authority: &Emulator, calls: &Calls, narration: &mut Narration) -> Result<()> {
    narration.heading("Writing to OneLake needs a second factor that the sign-in lacked")?;
    let rule = authority.set_access_policy(seed::MFA, seed::STORAGE_URI, AccessPolicy::Mfa);
    let scopes = ["lakehouse.read", "lakehouse.write"];
    let request = TokenRequest::delegated(seed::MFA, seed::WORKLOAD_CLIENT_ID).scopes(scopes);
    let token = authority.issue(&request);
    let challenge = narration.refusal(
        "WriteFile with one factor",
        Reason::InteractionRequired,
        calls.write_file(Call::with(&token), CONTENT).await,
    )?;
    let demanded = format!(
        r#"{{"access_token":{{"capolids":{{"essential":true,"values":["{}"]}}}}}}"#,
        rule.map(|rule| rule.id()).unwrap_or_default()
    );
    narration.fact(
        &format!("    acquireAccessToken({{claimsForConditionalAccessPolicy: {demanded}}})"),
        challenge.claims_for_conditional_access_policy == demanded,
    )?;
    let token = authority.issue(&request.stepped_up());
    narration.call(
        "WriteFile with the token of a second factor",
        Expected::Ok,
        calls.write_file(Call::with(&token).again(), CONTENT).await,
    )?;
    let read = narration.call(
        "ReadFile",
        Expected::Ok,
        calls.read_file(Call::with(&token)).await,
    )?;
    narration.fact(
        &format!("    {} bytes read back identical", CONTENT.len()),
        read.as_deref() == Some(CONTENT),
    )?;
    Ok(())
}

async fn operation(authority: &Emulator, calls: &Calls, narration: &mut Narration) -> Result<()> {
    narration.heading("Fabric creates a warehouse in its own time")?;
    authority.set_warehouse_creation(WarehouseCreation::LongRunning {
        polls: 2,
        retry_after: 1,
    });
    let token = authority.issue(
        &TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID)
            .scopes(["warehouses.write"]),
    );
    let created = narration.call(
        "CreateWarehouse",
        Expected::Ok,
        calls.create_warehouse(Call::with(&token), "Weft").await,
    )?;
    narration.fact(
        "    the warehouse is there once the operation has succeeded",
        created
            .flatten()
            .is_some_and(|warehouse| warehouse.display_name == "Weft"),
    )?;
    let again = calls.create_warehouse(Call::with(&token), "Weft").await;
    narration.refusal(
        "CreateWarehouse with a name that is taken",
        Reason::DownstreamRejected,
        again,
    )?;
    Ok(())
}
