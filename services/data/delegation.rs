//! What handlers call downstream APIs with: the exchange, the APIs, and the user of the call.

use std::sync::Arc;

use auth_interceptor::{AuthError, Caller};
use tonic::{Request, Status};

use crate::call::{CallError, freshness, status};
use crate::downstream::{ConfirmedItem, Downstream, DownstreamError, ItemId, OnBehalfOf};
use crate::exchange::TokenExchange;
use crate::store::Owner;
use crate::transport::deadline::CallDeadline;

/// The means of every handler that calls downstream APIs as its user.
#[derive(Clone, Debug)]
pub struct Delegation {
    exchange: Arc<TokenExchange>,
    downstream: Arc<Downstream>,
}

impl Delegation {
    /// Exchanges by `exchange` and calls `downstream`.
    #[must_use]
    pub fn new(exchange: Arc<TokenExchange>, downstream: Arc<Downstream>) -> Self {
        Self {
            exchange,
            downstream,
        }
    }

    /// The call of this request, whose user downstream APIs are to meet.
    pub(super) fn of<T>(&self, request: &Request<T>) -> Result<DelegatedCall, Status> {
        let caller = Caller::of(request).map_err(|error| status(&error))?;
        let subject = caller
            .subject_token()
            .ok_or_else(|| status(&AuthError::AppOnlyNotAllowed))?;
        let deadline = request.extensions().get::<CallDeadline>();
        Ok(DelegatedCall {
            owner: subject.claims().into(),
            on_behalf_of: OnBehalfOf::new(
                Arc::clone(&self.exchange),
                subject.clone(),
                freshness(request.metadata()),
                deadline.map(|deadline| deadline.0),
            ),
            caller: caller.clone(),
            downstream: Arc::clone(&self.downstream),
        })
    }
}

/// A call that is made with the means of its user.
pub(super) struct DelegatedCall {
    /// The user.
    pub(super) owner: Owner,
    /// The user, as downstream APIs meet them.
    pub(super) on_behalf_of: OnBehalfOf,
    /// The APIs.
    pub(super) downstream: Arc<Downstream>,
    caller: Caller,
}

impl DelegatedCall {
    /// Has Fabric confirm what the method's policy demands for the item. A policy that demands
    /// nothing opens nothing.
    pub(super) async fn confirm(&self, item: ItemId) -> Result<ConfirmedItem, CallError> {
        let denied = DownstreamError::ItemPermissionDenied {
            item_id: item.item_id,
        };
        let needed = self.caller.item_permissions().ok_or(denied)?;
        let items = &self.downstream.items;
        Ok(items.confirm(&self.on_behalf_of, item, needed).await?)
    }
}
