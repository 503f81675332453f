//! `selvedge serve`: the service in production. Whatever is wrong with the configuration is said
//! before a port is bound.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;

use crate::app::{App, AppSettings, Listeners};
use crate::config::Settings;
use crate::store;
use crate::telemetry::audit::Trail;
use crate::telemetry::{LogSettings, Telemetry};
use crate::web;

/// Serves until `shutdown`, then drains.
///
/// # Errors
///
/// A log, store or listener that cannot be opened, or settings that contradict each other.
pub(super) async fn run(
    settings: &Settings,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    let log = LogSettings {
        filter: settings.telemetry.log.clone(),
        file: settings.telemetry.log_file.clone(),
    };
    let telemetry = Telemetry::start(&log, settings.telemetry.export.as_ref())?;
    for key in &settings.dangers {
        tracing::warn!(selvedge.config.key = %key, "a check is weakened by configuration");
    }

    let (trail, auditing) = Trail::start(&settings.telemetry.audit)?;
    let app_settings = AppSettings {
        audit: trail,
        spans: telemetry.spans(),
        ..AppSettings::try_from(settings)?
    };
    let store = store::open(&settings.store).await?;
    let app = App::new(app_settings, store.clone())?;

    let listeners = Listeners {
        service: listen("server.listen", settings.server.listen).await?,
        administration: listen("server.admin_listen", settings.server.admin_listen).await?,
        front_end: match &settings.web {
            None => Vec::new(),
            Some(web) => web::listen(web.listen)
                .await
                .with_context(|| cannot_listen("web.listen", web.listen))?,
        },
    };
    let front_end = listeners.front_end.first();
    tracing::info!(
        server.address = %listeners.service.local_addr()?,
        server.admin_address = %listeners.administration.local_addr()?,
        web.address = front_end
            .map(TcpListener::local_addr)
            .transpose()?
            .map(tracing::field::display),
        "listening"
    );
    app.serve(listeners, shutdown).await;
    store.close().await;
    auditing.end().await;
    tracing::info!("stopped");
    telemetry.end().await;
    Ok(())
}

async fn listen(key: &str, address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| cannot_listen(key, address))
}

fn cannot_listen(key: &str, address: SocketAddr) -> String {
    format!("the service cannot listen on {address} ({key})")
}
