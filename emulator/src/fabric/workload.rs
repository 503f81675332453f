//! Fabric's calls to a workload: its items and jobs, in both generations of the workload API.
//!
//! Fabric speaks REST here, with the two tokens of `SubjectAndAppToken1.0`, to wherever a workload
//! is registered. It is called from tests, demonstrations and the control routes, never by a
//! request from outside. Tokens go to this machine only.

mod address;
mod authorization;
mod call_error;
mod client;
mod error_response;
mod items;
mod jobs;
mod order;
mod reply;
mod request;
mod transport;
mod variant;

use std::collections::HashMap;

use thiserror::Error;

use crate::locked::Locked;
use address::BaseUrl;
use transport::Transport;

pub use super::inventory::stage::DeleteType;
pub use call_error::WorkloadCallError;
pub use client::WorkloadClient;
pub use error_response::{ErrorCasing, FrontEndReaction, WorkloadError, WorkloadErrorDetail};
pub use jobs::{JobPolling, JobRun};
pub use order::{ItemOrder, JobOrder};
pub use reply::{JobState, WorkloadReply};
pub use request::WorkloadRequest;
pub use variant::HeaderVariant;

pub(crate) use authorization::Speaking;

/// Registrations remembered at once.
const REGISTRATIONS: usize = 64;

/// A generation of Fabric's workload API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Generation {
    /// Of the Workload Development Kit: the workload keeps an item's payload.
    First,
    /// Of the Extensibility Toolkit: Fabric keeps an item's definition.
    Second,
}

impl Generation {
    /// Both, the older first.
    pub const ALL: [Self; 2] = [Self::First, Self::Second];
}

/// Where Fabric finds the workload of an item type: what a workload's manifest says.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WorkloadRegistration {
    /// The type of the items, for example [`seed::ITEM_TYPE`](crate::seed::ITEM_TYPE).
    pub item_type: String,
    /// Where the workload is, for example `http://127.0.0.1:5000/workload`.
    pub base_url: String,
    /// The workload's application, which Fabric's tokens are for.
    pub client_id: String,
    /// How the workload is called.
    pub generation: Generation,
}

impl WorkloadRegistration {
    /// The workload of the seeded application and item type, at a base URL.
    pub fn new(base_url: impl Into<String>, generation: Generation) -> Self {
        Self {
            item_type: crate::seed::ITEM_TYPE.to_owned(),
            base_url: base_url.into(),
            client_id: crate::seed::WORKLOAD_CLIENT_ID.to_owned(),
            generation,
        }
    }

    /// For items of another type.
    #[must_use]
    pub fn for_items_of(mut self, item_type: impl Into<String>) -> Self {
        self.item_type = item_type.into();
        self
    }

    /// Of another application.
    #[must_use]
    pub fn of_application(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = client_id.into();
        self
    }
}

/// Why a workload was not registered.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegistrationError {
    /// The address is nowhere that this Fabric calls.
    #[error("the base URL is not an http address of this machine")]
    BaseUrl,
    /// There are as many as may be.
    #[error("too many workloads are registered")]
    Full,
}

/// The registered workloads, and the one client that reaches them.
#[derive(Debug, Default)]
pub(crate) struct Workloads {
    registered: Locked<HashMap<(String, Generation), Registered>>,
    transport: Transport,
}

/// A registration that was found usable.
#[derive(Clone, Debug)]
struct Registered {
    item_type: String,
    base_url: BaseUrl,
    client_id: String,
    generation: Generation,
}

impl Workloads {
    /// Registers a workload, in the place of the one with its item type and generation.
    pub(crate) fn register(
        &self,
        registration: WorkloadRegistration,
    ) -> Result<(), RegistrationError> {
        let registered = Registered {
            base_url: BaseUrl::parse(&registration.base_url).ok_or(RegistrationError::BaseUrl)?,
            item_type: registration.item_type,
            client_id: registration.client_id,
            generation: registration.generation,
        };
        let key = (registered.item_type.clone(), registered.generation);
        let mut workloads = self.registered.lock();
        if workloads.len() >= REGISTRATIONS && !workloads.contains_key(&key) {
            return Err(RegistrationError::Full);
        }
        workloads.insert(key, registered);
        Ok(())
    }

    fn registered(&self, item_type: &str, generation: Generation) -> Option<Registered> {
        let key = (item_type.to_owned(), generation);
        self.registered.lock().get(&key).cloned()
    }
}
