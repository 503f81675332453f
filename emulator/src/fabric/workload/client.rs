//! Fabric, calling a workload for one user.

use std::sync::Arc;

use http::{HeaderValue, Method, Request, header};
use http_body_util::Full;

use super::variant::HeaderVariant;
use super::{
    Generation, Registered, RegistrationError, Speaking, WorkloadCallError, WorkloadRegistration,
    WorkloadReply, WorkloadRequest,
};
use crate::Emulator;
use crate::authority::Authority;
use crate::random;

impl Emulator {
    /// Lets Fabric know where a workload is, in the place of what it knew of the same item type
    /// and generation.
    ///
    /// # Errors
    /// When the base URL is not an `http` address of this machine, or 64 workloads are known.
    pub fn register_workload(
        &self,
        registration: WorkloadRegistration,
    ) -> Result<(), RegistrationError> {
        self.authority.fabric.workloads.register(registration)
    }

    /// Fabric, calling the workload of an item type for a user; `None` when none is registered.
    #[must_use]
    pub fn workload_client(
        &self,
        item_type: &str,
        generation: Generation,
        upn: &str,
    ) -> Option<WorkloadClient> {
        WorkloadClient::new(self.authority.clone(), item_type, generation, upn)
    }

    /// The headers by which Fabric would call a workload's application for a user, or by which
    /// nobody should: for clients that make the rest of the request themselves.
    #[must_use]
    pub fn fabric_authorization(
        &self,
        upn: &str,
        client_id: &str,
        variant: HeaderVariant,
    ) -> http::HeaderMap {
        let speaking = Speaking {
            upn: upn.to_owned(),
            tenant: None,
            client_id: client_id.to_owned(),
            stepped_up: false,
            activity: random::guid(),
        };
        self.authority.fabric_headers(&speaking, variant, true)
    }
}

/// Fabric, calling a workload for one user.
///
/// It makes the calls of the generation that the workload is registered with, and lets its own view
/// of the items follow the answers: an item is provisional until the workload accepts it; a refusal
/// stops a creation, an update and a restoration, and never a deletion.
///
/// ```no_run
/// # async fn example(emulator: emulator::Emulator) {
/// use emulator::{Generation, HeaderVariant, ItemOrder, WorkloadRegistration, seed};
///
/// let generation = Generation::First;
/// let workload = WorkloadRegistration::new("http://127.0.0.1:5000/workload", generation);
/// emulator.register_workload(workload).unwrap();
///
/// let fabric = emulator
///     .workload_client(seed::ITEM_TYPE, generation, seed::CONSENTED)
///     .unwrap();
/// let item = ItemOrder::fresh(seed::WORKSPACE_ID).named("report").with_payload("{}");
/// assert!(fabric.create_item(&item).await.unwrap().accepted());
///
/// let forged = fabric.with_header(HeaderVariant::Swapped);
/// assert_eq!(forged.update_item(&item).await.unwrap().status, 401);
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct WorkloadClient {
    pub(super) authority: Arc<Authority>,
    pub(super) workload: Registered,
    pub(super) speaking: Speaking,
    variant: HeaderVariant,
    /// Whether a deletion carries the user's token, which Fabric's do not.
    deletes_as_user: bool,
}

impl WorkloadClient {
    pub(crate) fn new(
        authority: Arc<Authority>,
        item_type: &str,
        generation: Generation,
        upn: &str,
    ) -> Option<Self> {
        let workload = authority
            .fabric
            .workloads
            .registered(item_type, generation)?;
        Some(Self {
            speaking: Speaking {
                upn: upn.to_owned(),
                tenant: None,
                client_id: workload.client_id.clone(),
                stepped_up: false,
                activity: random::guid(),
            },
            authority,
            workload,
            variant: HeaderVariant::WellFormed,
            deletes_as_user: false,
        })
    }

    /// With the user signed in to another tenant than their own.
    pub fn in_tenant(mut self, tenant: impl Into<String>) -> Self {
        self.speaking.tenant = Some(tenant.into());
        self
    }

    /// With a user who has satisfied every Conditional Access policy but a block.
    pub fn stepped_up(mut self) -> Self {
        self.speaking.stepped_up = true;
        self
    }

    /// With headers of another form than Fabric's.
    pub fn with_header(mut self, variant: HeaderVariant) -> Self {
        self.variant = variant;
        self
    }

    /// Deletes with the user's token, as Fabric may.
    pub fn deleting_as_user(mut self) -> Self {
        self.deletes_as_user = true;
        self
    }

    /// Makes one request, to which Fabric's own view pays no heed.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn send(
        &self,
        request: &WorkloadRequest,
    ) -> Result<WorkloadReply, WorkloadCallError> {
        let variant = match self.variant {
            HeaderVariant::WellFormed if !request.with_subject => HeaderVariant::EmptySubject,
            variant => variant,
        };
        let address = self.workload.base_url.at(&request.path);
        let mut sent = Request::new(Full::new(request.body.clone().unwrap_or_default()));
        *sent.uri_mut() = address.ok_or(WorkloadCallError::InvalidRequest)?;
        *sent.method_mut() = Method::from_bytes(request.method.as_bytes())
            .map_err(|_| WorkloadCallError::InvalidRequest)?;
        *sent.headers_mut() =
            self.authority
                .fabric_headers(&self.speaking, variant, request.with_tenant);
        if request.body.is_some() {
            let json = HeaderValue::from_static("application/json");
            sent.headers_mut().insert(header::CONTENT_TYPE, json);
        }
        let answer = self.authority.fabric.workloads.transport.send(sent).await?;
        Ok(answer.into())
    }

    /// Asks the workload where a tenant's calls are to go; without tenant header and user.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn resolve_endpoint(
        &self,
        context: &[(&str, &str)],
    ) -> Result<WorkloadReply, WorkloadCallError> {
        let context: Vec<_> = context
            .iter()
            .map(|(name, value)| serde_json::json!({ "name": name, "value": value }))
            .collect();
        let path = match self.workload.generation {
            Generation::First => "/resolve-api-path-placeholder",
            Generation::Second => "/resolve-endpoint",
        };
        let body = serde_json::json!({ "context": context }).to_string();
        let request = WorkloadRequest::post(path.to_owned()).with_body(body);
        self.send(&request.without_subject().without_tenant()).await
    }

    pub(super) fn deletion(&self, request: WorkloadRequest) -> WorkloadRequest {
        if self.deletes_as_user {
            request
        } else {
            request.without_subject()
        }
    }
}
