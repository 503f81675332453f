//! Fabric calls the workload, over REST and in both generations of its workload API: an item from
//! its creation to its end, jobs on it, and a refusal that Fabric's front end heals.

use anyhow::{Context as _, Result};
use emulator::{
    DeleteType, Emulator, FrontEndReaction, Generation, ItemOrder, JobOrder, JobPolling, JobRun,
    TokenRequest, WorkloadClient, seed,
};
use serde_json::json;

use super::super::calls::{Call, Calls};
use super::super::narration::{Expected, Narration};
use crate::refusal::Reason;

/// More digits than a float holds, and a space that no writer of JSON would leave.
const PAYLOAD: &str = r#"{"threads": 12345678901234567890123}"#;
const CHANGED: &str = r#"{"threads": 98765432109876543210987}"#;
const ROWS: [&[u8]; 2] = [br#"{"colour": "indigo"}"#, br#"{"colour": "madder"}"#];

pub(super) async fn run(
    authority: &Emulator,
    calls: &Calls,
    narration: &mut Narration,
) -> Result<()> {
    for (generation, which) in [(Generation::First, "first"), (Generation::Second, "second")] {
        narration.heading(&format!(
            "Fabric calls over REST, in the {which} generation of its workload API"
        ))?;
        let fabric = fabric(authority, generation, seed::CONSENTED)?;
        let item = ItemOrder::fresh(seed::WORKSPACE_ID)
            .named(format!("Selvedge {which}"))
            .with_payload(PAYLOAD);
        Scene {
            authority,
            calls,
            narration: &mut *narration,
            fabric,
            generation,
            item,
        }
        .play()
        .await?;
    }
    consent(authority, narration).await
}

/// One item of one generation.
struct Scene<'a> {
    authority: &'a Emulator,
    calls: &'a Calls,
    narration: &'a mut Narration,
    fabric: WorkloadClient,
    generation: Generation,
    item: ItemOrder,
}

impl Scene<'_> {
    async fn play(mut self) -> Result<()> {
        self.begin().await?;
        self.export().await?;
        self.cancel().await?;
        self.end().await
    }

    async fn begin(&mut self) -> Result<()> {
        let created = self.fabric.create_item(&self.item).await?;
        self.narration
            .reply("Fabric creates an item", Expected::Ok, &created)?;
        let change = self.item.clone().with_payload(CHANGED);
        let updated = self.fabric.update_item(&change).await?;
        self.narration
            .reply("Fabric updates it", Expected::Ok, &updated)?;
        if self.generation == Generation::First {
            let read = self.fabric.item_payload(&self.item).await?;
            self.narration
                .reply("Fabric reads its payload", Expected::Ok, &read)?;
            let body = format!(r#"{{"itemPayload":{CHANGED}}}"#);
            self.narration
                .fact("    byte for byte what was written", read.body == body)?;
        }
        Ok(())
    }

    async fn export(&mut self) -> Result<()> {
        let token = self.authority.issue(
            &TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID)
                .scopes(["data.read", "data.write"]),
        );
        let written = self
            .calls
            .write_under(Call::with(&token), &self.item, &ROWS)
            .await;
        self.narration.call(
            "WriteData of two rows under the item",
            Expected::Ok,
            written,
        )?;
        let path = format!("demo/{}.jsonl", self.item.id());
        let job = export_job(&self.item, "ExportRows", &path);
        let run = self.fabric.run_job(&job, JobPolling::default()).await?;
        self.narration.reply(
            "Fabric orders an export of the rows",
            Expected::Ok,
            &run.created,
        )?;
        self.narration.fact(
            &format!("    {}", run.statuses.join(", then ")),
            run.completed(),
        )?;
        let path = format!("Files/{path}");
        let exported = self
            .authority
            .onelake_file(seed::LAKEHOUSE_ID, &path)
            .await
            .unwrap_or_default();
        let identical = ROWS
            .iter()
            .all(|row| exported.windows(row.len()).any(|part| part == *row));
        self.narration.fact(
            &format!(
                "    {} bytes in OneLake, both rows identical",
                exported.len()
            ),
            identical,
        )?;
        Ok(())
    }

    async fn cancel(&mut self) -> Result<()> {
        let path = format!("demo/{}-again.jsonl", self.item.id());
        let job = export_job(&self.item, "ExportRowsRepeatedly", &path);
        let run = self
            .fabric
            .run_job(&job, JobPolling::default().at_most(2))
            .await?;
        self.narration.reply(
            "Fabric orders an export every minute, for hours",
            Expected::Ok,
            &run.created,
        )?;
        self.narration.fact("    it goes on", is_under_way(&run))?;
        let cancelled = self.fabric.cancel_job(&job).await?;
        self.narration
            .reply("Fabric cancels it", Expected::Ok, &cancelled)?;
        let asked = self.fabric.job_state(&job).await?;
        let status = asked.job_state().map(|state| state.status);
        let status = status.unwrap_or_default();
        self.narration
            .fact(&format!("    {status}"), status == "Cancelled")?;
        Ok(())
    }

    async fn end(&mut self) -> Result<()> {
        let deleted = self
            .fabric
            .delete_item(&self.item, DeleteType::Soft)
            .await?;
        self.narration.reply(
            "Fabric deletes the item, without a user's token",
            Expected::Ok,
            &deleted,
        )?;
        let gone = self.fabric.update_item(&self.item).await?;
        self.narration.reply(
            "Fabric updates it all the same",
            Expected::Refused(Reason::ItemNotFound),
            &gone,
        )?;
        if self.generation == Generation::Second {
            let restored = self.fabric.restore_item(&self.item).await?;
            self.narration
                .reply("Fabric restores it", Expected::Ok, &restored)?;
            let updated = self.fabric.update_item(&self.item).await?;
            self.narration
                .reply("Fabric updates it again", Expected::Ok, &updated)?;
        }
        Ok(())
    }
}

async fn consent(authority: &Emulator, narration: &mut Narration) -> Result<()> {
    narration.heading("A job needs a consent that the user has not given, and Fabric says so")?;
    let fabric = fabric(authority, Generation::First, seed::NO_CONSENT)?;
    let item = ItemOrder::fresh(seed::WORKSPACE_ID).named("Selvedge without consent");
    let created = fabric.create_item(&item).await?;
    narration.reply("Fabric creates an item", Expected::Ok, &created)?;
    let path = format!("demo/{}.jsonl", item.id());
    let job = export_job(&item, "ExportRows", &path);
    let refused = fabric.create_job(&job).await?;
    narration.reply(
        "Fabric orders an export without consent",
        Expected::Refused(Reason::ConsentRequired),
        &refused,
    )?;
    let reaction = refused.error().map(|error| error.reaction());
    let scopes = match reaction {
        Some(FrontEndReaction::Consent { scopes }) => scopes,
        _ => Vec::new(),
    };
    narration.fact(
        &format!("    acquireAccessToken({{additionalScopesToConsent: {scopes:?}}})"),
        !scopes.is_empty(),
    )?;
    authority.grant_consent(seed::NO_CONSENT, seed::WORKLOAD_CLIENT_ID, scopes);
    let run = fabric.run_job(&job, JobPolling::default()).await?;
    narration.reply("Fabric orders it again", Expected::Ok, &run.created)?;
    narration.fact(
        &format!("    {}", run.statuses.join(", then ")),
        run.completed(),
    )?;
    Ok(())
}

fn fabric(authority: &Emulator, generation: Generation, upn: &str) -> Result<WorkloadClient> {
    authority
        .workload_client(seed::ITEM_TYPE, generation, upn)
        .context("the workload is not registered")
}

/// A job that writes the item's rows to a file of the seeded lakehouse; one that repeats does so
/// every minute, for hours.
fn export_job(item: &ItemOrder, name: &str, path: &str) -> JobOrder {
    let payload = json!({
        "lakehouse": { "workspaceId": seed::WORKSPACE_ID, "lakehouseId": seed::LAKEHOUSE_ID },
        "path": path,
        "rounds": 480,
        "intervalSeconds": 60,
    });
    JobOrder::new(item, format!("{}.{name}", seed::ITEM_TYPE)).with_payload(payload.to_string())
}

fn is_under_way(run: &JobRun) -> bool {
    run.state().is_some_and(|state| !state.has_ended())
}
