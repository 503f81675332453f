//! `selvedge demo`: walks through what the service does, against a fresh `dev`, and checks itself.
//!
//! Every call is a real one over a socket, with a token that the emulator issued. The command ends
//! with success only if each went as it should.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use anyhow::{Context as _, Result};
use uuid::Uuid;

use super::STATE_DIR;
use super::dev::{self, Local, LocalSettings};
use crate::telemetry::export::Spans;
use crate::telemetry::{LogSettings, Telemetry};

mod calls;
mod narration;
mod scenarios;

use narration::Narration;

/// Reads keys often enough to watch, where a real authority is read once an hour.
const KEY_TIMES: &str = "[keys]\nrefresh = \"1s\"\nunknown_kid_cooldown = \"2s\"";

/// Runs every scenario.
///
/// # Errors
///
/// The first thing that could not even be tried, or how many calls went otherwise than they should.
pub async fn run() -> Result<()> {
    let mut narration = Narration::default();
    narration.heading("Starting the service beside an emulator of Entra ID, Fabric and OneLake")?;
    let state_dir = Path::new(STATE_DIR);
    let folder = state_dir.join(format!("demo-{}", Uuid::new_v4()));
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("{} cannot be created", folder.display()))?;
    // Standard output is the narration's.
    let log = LogSettings {
        filter: "off".to_owned(),
        file: None,
    };
    // Beside those of `dev`, where `selvedge trace` looks for them when all else is gone.
    let telemetry = Telemetry::start(&log, Some(&dev::traces(state_dir)))?;
    let outcome = walk(&folder, &mut narration, telemetry.spans()).await;
    telemetry.end().await;
    std::fs::remove_dir_all(&folder)
        .with_context(|| format!("{} cannot be removed", folder.display()))?;
    outcome?;
    narration.finish()
}

async fn walk(folder: &Path, narration: &mut Narration, spans: Spans) -> Result<()> {
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let local = Local::start(&LocalSettings {
        service: anywhere,
        administration: anywhere,
        authority: anywhere,
        front_end: None,
        state_dir: folder,
        keys: KEY_TIMES,
        spans,
    })
    .await?;
    let outcome = scenarios::run(&local, narration).await;
    local.stop().await?;
    outcome
}
