//! Where `dev` serves the front end, under which names browsers meet it, and what its configuration
//! and its manifest say.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use emulator::{Emulator, FrontEnd, seed};
use tokio::net::TcpListener;

use crate::web;

/// A port of 127.0.0.1 and `[::1]`.
///
/// Fabric frames a development front end as `127.0.0.1`. Entra takes plain HTTP for the name
/// `localhost` alone, so that whatever signs in by itself or ends a sign-in goes by that name.
#[derive(Clone, Copy, Debug)]
pub(super) struct FrontEndAddress(pub(super) SocketAddr);

impl FrontEndAddress {
    pub(super) async fn listen(self) -> Result<Vec<TcpListener>> {
        web::listen(self.0)
            .await
            .with_context(|| format!("the front end cannot listen on {}", self.0))
    }

    /// Where pages of Fabric frame it.
    pub(super) fn framed(self) -> String {
        format!("http://{}", self.0)
    }

    /// Where people sign in by themselves, and where every sign-in ends.
    fn named(self) -> String {
        format!("http://localhost:{}", self.0.port())
    }

    /// The token broker's page.
    pub(super) fn broker_page(self) -> String {
        format!("{}/broker", self.named())
    }

    /// The origins that its pages call from.
    pub(super) fn origins(self) -> Vec<String> {
        vec![self.framed(), self.named()]
    }

    /// The section `[web]`.
    pub(super) fn configuration(self, service: SocketAddr, emulator: &Emulator) -> String {
        format!(
            r#"[web]
listen = "{listen}"
service = "http://{service}"
frame_ancestors = ["{portal}"]
broker_client_id = "{broker}"
broker_components = ["company-picker", "file-picker"]"#,
            listen = self.0,
            portal = emulator.origin(),
            broker = seed::BROKER_CLIENT_ID,
        )
    }

    /// What Fabric knows of it.
    pub(super) fn manifest(self) -> FrontEnd {
        FrontEnd {
            name: "Org.Selvedge".to_owned(),
            display_name: "Selvedge".to_owned(),
            url: self.framed(),
            client_id: seed::WORKLOAD_CLIENT_ID.to_owned(),
            audience: seed::WORKLOAD_URI.to_owned(),
            redirect_uri: format!("{}/close", self.named()),
        }
    }
}
