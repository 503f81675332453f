//! What every endpoint shares: the directory, the keys, the clock, what was handed out, and what
//! the emulated resources hold.

use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::directory::Directory;
use crate::entra::issued::Issued;
use crate::exchanges::Exchanges;
use crate::fabric::Fabric;
use crate::fault::Faults;
use crate::keys::ring::KeyRing;
use crate::onelake::OneLake;
use crate::portal::FrontEnds;
use crate::secret::ControlSecret;
use crate::trace_headers::Traced;

/// The emulated authority.
#[derive(Debug)]
pub(crate) struct Authority {
    /// `https://localhost:PORT`, the only origin that documents and issuers name.
    pub(crate) origin: String,
    pub(crate) directory: Directory,
    pub(crate) keys: KeyRing,
    pub(crate) clock: Clock,
    pub(crate) faults: Faults,
    pub(crate) issued: Issued,
    pub(crate) exchanges: Exchanges,
    pub(crate) fabric: Fabric,
    pub(crate) onelake: OneLake,
    pub(crate) front_ends: FrontEnds,
    pub(crate) control_secret: ControlSecret,
    pub(crate) traced: Traced,
    pub(crate) stopping: CancellationToken,
}

impl Authority {
    /// The issuer of version 1 tokens. Entra's is on another host, `sts.windows.net`; here it
    /// differs by path, so that a validator cannot take one version's issuer for the other's.
    pub(crate) fn issuer_v1(&self, tenant: &str) -> String {
        format!("{}/sts/{tenant}/", self.origin)
    }

    /// The issuer of version 2 tokens.
    pub(crate) fn issuer_v2(&self, tenant: &str) -> String {
        format!("{}/{tenant}/v2.0", self.origin)
    }
}
