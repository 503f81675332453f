//! What an authenticator is told: whom to trust, for which applications, and within which bounds.

use std::sync::Arc;

use crate::authority::{Authority, KeySettings, Registration};
use crate::clock::Clock;
use crate::observer::{Observer, Unobserved};
use crate::propagate::{Propagate, Unpropagated};

/// What an [`Authenticator`](super::Authenticator) is made from.
#[derive(Clone, Debug)]
pub struct AuthSettings {
    /// Who may issue tokens.
    pub authorities: Vec<Authority>,
    /// The applications whose tokens are accepted.
    pub registrations: Vec<Registration>,
    /// The applications that Fabric itself calls with, by client id: on the control plane nobody
    /// else's own token is accepted.
    pub fabric_apps: Vec<String>,
    /// The key life cycle.
    pub keys: KeySettings,
    /// The largest token read, in bytes.
    pub token_bytes: usize,
    /// The memory that remembered tokens may take, in bytes.
    pub remembered_bytes: u64,
    /// The wall clock.
    pub clock: Clock,
    /// Who watches.
    pub observer: Arc<dyn Observer>,
    /// Who learns of the traces that reads of keys are of.
    pub propagate: Arc<dyn Propagate>,
}

impl AuthSettings {
    /// The client ids that Fabric calls with in the public cloud: "Power BI Service", and "Fabric
    /// Client for Workloads".
    pub const FABRIC_APPS: [&str; 2] = [
        "00000009-0000-0000-c000-000000000000",
        "d2450708-699c-41e3-8077-b0c8341509aa",
    ];

    /// The defaults: Fabric's applications in the public cloud, 16 KiB a token, 64 MiB remembered, the
    /// machine's clock, nobody who watches or learns of traces.
    #[must_use]
    pub fn new(authorities: Vec<Authority>, registrations: Vec<Registration>) -> Self {
        Self {
            authorities,
            registrations,
            fabric_apps: Self::FABRIC_APPS.map(str::to_owned).into(),
            keys: KeySettings::default(),
            token_bytes: 16 * 1024,
            remembered_bytes: 64 * 1024 * 1024,
            clock: Clock::system(),
            observer: Arc::new(Unobserved),
            propagate: Arc::new(Unpropagated),
        }
    }
}
