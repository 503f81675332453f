//! A refusal's details, read back from the status that carries them.
//!
//! For those who write a refusal in another form than gRPC's, or keep it: what they say is what the
//! status says, whoever made it.

use std::time::Duration;

use prost::Message;
use tonic::Status;
use tonic_types::pb;

use super::{AuthChallenge, DOMAIN, Reason};

/// What the details of a status tell. A status without details tells nothing.
#[derive(Clone, Debug, Default)]
pub struct Details {
    /// Why the call was refused.
    pub reason: Option<Reason>,
    /// What the reason's comment in the contract promises, sorted by key.
    pub metadata: Vec<(String, String)>,
    /// What the front end can do about it.
    pub challenge: Option<AuthChallenge>,
    /// When the same call may be repeated.
    pub retry_after: Option<Duration>,
    /// Which fields of the request are not acceptable, and what would be.
    pub violations: Vec<(String, String)>,
    /// Where somebody can act.
    pub help: Vec<String>,
    /// What leads an operator to the cause.
    pub request_id: Option<String>,
}

impl Details {
    /// Reads the details of `status`. What is not one of a refusal's is passed over.
    #[must_use]
    pub fn of(status: &Status) -> Self {
        let mut told = Self::default();
        let details = pb::Status::decode(status.details()).unwrap_or_default();
        for detail in &details.details {
            let name = detail.type_url.rsplit('/').next().unwrap_or_default();
            told.read(name, &detail.value);
        }
        told
    }

    /// The metadata's value of this key.
    #[must_use]
    pub fn metadata(&self, key: &str) -> Option<&str> {
        let found = self.metadata.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.as_str())
    }

    /// [`retry_after`](Self::retry_after) in whole seconds, none of them too few.
    #[must_use]
    pub fn retry_after_seconds(&self) -> Option<u64> {
        let delay = self.retry_after?;
        Some(delay.as_secs() + u64::from(delay.subsec_nanos() > 0))
    }

    fn read(&mut self, name: &str, value: &[u8]) {
        match name {
            "google.rpc.ErrorInfo" => {
                let info: pb::ErrorInfo = decoded(value);
                if info.domain == DOMAIN {
                    self.reason = Reason::from_str_name(&format!("REASON_{}", info.reason));
                }
                self.metadata = info.metadata.into_iter().collect();
                self.metadata.sort_unstable();
            }
            "selvedge.refusal.v1.AuthChallenge" => self.challenge = Some(decoded(value)),
            "google.rpc.RetryInfo" => {
                let delay = decoded::<pb::RetryInfo>(value).retry_delay;
                self.retry_after = delay.and_then(|delay| delay.try_into().ok());
            }
            "google.rpc.BadRequest" => {
                let violations = decoded::<pb::BadRequest>(value).field_violations;
                let pairs = violations.into_iter().map(|it| (it.field, it.description));
                self.violations.extend(pairs);
            }
            "google.rpc.Help" => {
                let links = decoded::<pb::Help>(value).links;
                self.help.extend(links.into_iter().map(|link| link.url));
            }
            "google.rpc.RequestInfo" => {
                self.request_id = Some(decoded::<pb::RequestInfo>(value).request_id);
            }
            _ => {}
        }
    }
}

/// The details are this process's own: one that cannot be read was never written, and says nothing.
fn decoded<M: Message + Default>(value: &[u8]) -> M {
    M::decode(value).unwrap_or_default()
}
