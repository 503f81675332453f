//! Where the downstream APIs are, and how long they may take.

use std::sync::Arc;
use std::time::Duration;

use auth_interceptor::{Propagate, Unpropagated};

use crate::config;
use crate::requests::{RequestObserver, Unobserved};

/// Where the downstream APIs are, and how long they may take.
#[derive(Clone, Debug)]
pub struct DownstreamSettings {
    /// Fabric's public API: an `https` URL, with its version.
    pub fabric: String,
    /// Fabric's API for workloads: an `https` URL, with its version.
    pub workload_control: String,
    /// OneLake's DFS endpoint: an `https` origin.
    pub onelake: String,
    /// The only roots that may vouch for them (PEM); none: the machine's.
    pub root_certificates_pem: Option<Vec<u8>>,
    /// How long one answer may take, to the last byte of a JSON document or to the first of a file.
    pub answer_timeout: Duration,
    /// How long a file may stand still between two of its parts.
    pub idle_timeout: Duration,
    /// Which of them learn of the traces that calls are of.
    pub propagate: Arc<dyn Propagate>,
    /// Who watches.
    pub observer: Arc<dyn RequestObserver>,
}

impl From<&config::Downstream> for DownstreamSettings {
    fn from(settings: &config::Downstream) -> Self {
        Self {
            fabric: settings.fabric.clone(),
            workload_control: settings.workload_control.clone(),
            onelake: settings.onelake.clone(),
            root_certificates_pem: settings.root_certificates_pem.clone(),
            answer_timeout: Duration::from_secs(20),
            idle_timeout: Duration::from_secs(30),
            propagate: Arc::new(Unpropagated),
            observer: Arc::new(Unobserved),
        }
    }
}

/// Downstream APIs that cannot be called.
#[derive(Debug, thiserror::Error)]
pub enum DownstreamStartError {
    /// An address is not an `https` URL.
    #[error("the address of a downstream API is not an https URL")]
    Address,
    /// The roots are not certificates.
    #[error("the roots for downstream APIs are not PEM certificates")]
    RootCertificates,
    /// The HTTP client cannot be built.
    #[error("the client for downstream APIs cannot be built")]
    Client(#[source] reqwest::Error),
}
