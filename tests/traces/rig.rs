//! A service that exports its traces, beside its authority and a collector.

use auth_interceptor::Clock;
use emulator::Emulator;

use super::receiver::Receiver;
use crate::support::process::ServiceProcess;
use crate::support::running::start_emulator;
use crate::support::temporary::TemporaryFolder;
use crate::support::{Call, READ_DATA, RawClient, eventually, read_token};

pub(super) struct Rig {
    pub(super) receiver: Receiver,
    pub(super) emulator: Emulator,
    pub(super) served: ServiceProcess,
    pub(super) client: RawClient,
    _folder: TemporaryFolder,
}

impl Rig {
    /// Starts all three and waits until calls are served; all traces are exported. `settings` of the
    /// environment may depend on where the authority is.
    pub(super) async fn start(settings: impl Fn(&Emulator) -> Vec<(&'static str, String)>) -> Self {
        let receiver = Receiver::start("grpc").await;
        let emulator = start_emulator(Clock::system()).await;
        let folder = TemporaryFolder::new();
        let mut settings = settings(&emulator);
        settings.push(("SELVEDGE_TELEMETRY__OTLP_ENDPOINT", receiver.url.clone()));
        settings.push(("SELVEDGE_TELEMETRY__SAMPLE_RATIO", "1".to_owned()));
        let settings: Vec<(&str, &str)> = settings
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let served = ServiceProcess::start_with(&emulator, folder.path(), "info", &settings).await;
        let client = served.client().await;
        eventually("a call is served", async || {
            let call = Call::to(READ_DATA).bearer(&read_token(&emulator));
            client.send(&call).await.verdict() == "OK"
        })
        .await;
        Self {
            receiver,
            emulator,
            served,
            client,
            _folder: folder,
        }
    }
}
