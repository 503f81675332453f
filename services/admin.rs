//! `AdministrationService`: what an operator may order of a running service.
//!
//! To be served on the administration listener alone. Every order leaves one audit entry and
//! one event in the log, whatever comes of it: who gave it, what it was, which tenant it was about. A
//! user is named to nobody.

use std::sync::Arc;

use auth_interceptor::{Authenticator, AuthorityStatus, Caller, TenantId};
use tonic::{Request, Response, Status};

use crate::call::{CallError, is_text};
use crate::contracts::admin::v1::administration_service_server::AdministrationService;
use crate::contracts::admin::v1::{
    AuthorityKeys, ForgetTenantRequest, ForgetTenantResponse, ForgetUserRequest,
    ForgetUserResponse, RefreshKeysRequest, RefreshKeysResponse,
};
use crate::exchange::TokenExchange;
use crate::refusal::{Refusal, reason_name};
use crate::telemetry::audit::{Audit, Order};

/// The longest object id: a GUID is 36, and an OpenID provider's `sub` is at most 255 (OpenID
/// Connect Core section 2).
const MAX_OBJECT_ID_CHARACTERS: usize = 255;

/// Carries out an operator's orders.
#[derive(Clone, Debug)]
pub struct Administration {
    authenticator: Arc<Authenticator>,
    exchange: Arc<TokenExchange>,
    audit: Arc<Audit>,
}

impl Administration {
    /// Orders go to this process's own keys and exchange.
    #[must_use]
    pub fn new(
        authenticator: Arc<Authenticator>,
        exchange: Arc<TokenExchange>,
        audit: Arc<Audit>,
    ) -> Self {
        Self {
            authenticator,
            exchange,
            audit,
        }
    }

    async fn forget(
        &self,
        tenant: Result<TenantId, CallError>,
        object_id: Option<&str>,
    ) -> Result<(), CallError> {
        let tenant = tenant?;
        if object_id.is_some_and(|id| !is_text(id, 1..=MAX_OBJECT_ID_CHARACTERS)) {
            return Err(CallError::Field {
                field: "object_id".to_owned(),
                expected: "must have 1 to 255 characters without NUL",
            });
        }
        Ok(self.exchange.forget(tenant, object_id).await?)
    }

    /// Leaves the order in the audit trail and in the log, and turns what came of it into the answer.
    ///
    /// The user whom an order is about is in neither: object ids identify people, and logs travel.
    fn audited<T>(
        &self,
        request: &Request<T>,
        order: &'static str,
        target: Option<TenantId>,
        outcome: Result<(), CallError>,
    ) -> Result<(), Status> {
        let refusal = outcome.err().map(Refusal::from);
        let by = Caller::of(request).ok().and_then(Caller::claims);
        let order = Order {
            by,
            order,
            failure: refusal
                .as_ref()
                .map(|refusal| reason_name(refusal.reason())),
            target,
        };
        self.audit.ordered(&order);
        tracing::info!(
            selvedge.admin.order = order.order,
            selvedge.admin.outcome = order.outcome(),
            selvedge.admin.reason = order.failure,
            selvedge.admin.target.tenant.id = target.map(tracing::field::display),
            selvedge.client_app.id = by.map(|claims| claims.client().as_str()),
            selvedge.tenant.id = by.map(|claims| tracing::field::display(claims.tenant())),
            selvedge.token.uti = by.and_then(auth_interceptor::Claims::token_id),
            "selvedge.admin.audit"
        );
        refusal.map_or(Ok(()), |refusal| Err(refusal.into()))
    }
}

#[tonic::async_trait]
impl AdministrationService for Administration {
    async fn forget_user(
        &self,
        request: Request<ForgetUserRequest>,
    ) -> Result<Response<ForgetUserResponse>, Status> {
        let order = request.get_ref();
        let tenant = tenant(&order.tenant_id);
        let about = tenant.as_ref().ok().copied();
        let done = self.forget(tenant, Some(&order.object_id)).await;
        self.audited(&request, "forget_user", about, done)
            .map(|()| Response::new(ForgetUserResponse {}))
    }

    async fn forget_tenant(
        &self,
        request: Request<ForgetTenantRequest>,
    ) -> Result<Response<ForgetTenantResponse>, Status> {
        let tenant = tenant(&request.get_ref().tenant_id);
        let about = tenant.as_ref().ok().copied();
        let done = self.forget(tenant, None).await;
        self.audited(&request, "forget_tenant", about, done)
            .map(|()| Response::new(ForgetTenantResponse {}))
    }

    async fn refresh_keys(
        &self,
        request: Request<RefreshKeysRequest>,
    ) -> Result<Response<RefreshKeysResponse>, Status> {
        self.authenticator.refresh_keys().await;
        let authorities = self.authenticator.status();
        self.audited(&request, "refresh_keys", None, Ok(()))?;
        Ok(Response::new(RefreshKeysResponse {
            authorities: authorities.into_iter().map(AuthorityKeys::from).collect(),
        }))
    }
}

fn tenant(text: &str) -> Result<TenantId, CallError> {
    let tenant = text.to_ascii_lowercase().parse();
    tenant.map_err(|_| CallError::Field {
        field: "tenant_id".to_owned(),
        expected: "must be a GUID",
    })
}

impl From<AuthorityStatus> for AuthorityKeys {
    fn from(status: AuthorityStatus) -> Self {
        Self {
            authority: status.name.to_string(),
            keys: i32::try_from(status.keys).unwrap_or(i32::MAX),
            last_error: status.last_error.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests;
