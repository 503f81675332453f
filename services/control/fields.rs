//! The fields that requests of the control plane share, and what they have to be.

use auth_interceptor::{AuthError, Caller};
use bytes::Bytes;
use tonic::Request;

use crate::call::{CallError, guid};
use crate::contracts::control::{v1, v2};
use crate::json;
use crate::store::ItemAddress;

/// A request about one item.
pub(super) trait NamesItem {
    /// The workspace that the item is in.
    fn workspace_id(&self) -> &str;
    /// What kind of item it is.
    fn item_type(&self) -> &str;
    /// The item.
    fn item_id(&self) -> &str;
}

macro_rules! names_item {
    ($($request:path),* $(,)?) => {$(
        impl NamesItem for $request {
            fn workspace_id(&self) -> &str {
                &self.workspace_id
            }

            fn item_type(&self) -> &str {
                &self.item_type
            }

            fn item_id(&self) -> &str {
                &self.item_id
            }
        }
    )*};
}

names_item!(
    v1::CreateItemRequest,
    v1::UpdateItemRequest,
    v1::DeleteItemRequest,
    v1::GetItemPayloadRequest,
    v2::OnCreateItemRequest,
    v2::OnUpdateItemRequest,
    v2::OnDeleteItemRequest,
    v2::OnRestoreItemRequest,
    v1::CreateItemJobInstanceRequest,
    v1::GetItemJobInstanceStateRequest,
    v1::CancelItemJobInstanceRequest,
    v2::OnCreateJobInstanceRequest,
    v2::OnGetJobInstanceStatusRequest,
    v2::OnCancelJobInstanceRequest,
);

/// The item that a request names, in the tenant of its caller.
pub(super) fn address<T: NamesItem>(
    request: &Request<T>,
    item_types: &[String],
) -> Result<ItemAddress, CallError> {
    // Every policy of the plane that speaks of items demands the tenant.
    let tenant = Caller::of(request)?
        .tenant()
        .ok_or(AuthError::MethodPolicyMissing)?;
    let request = request.get_ref();
    let item_type = request.item_type();
    if !item_types.iter().any(|known| known == item_type) {
        return Err(CallError::field(
            "item_type",
            "must be an item type of this workload",
        ));
    }
    Ok(ItemAddress {
        tenant,
        workspace_id: guid(request.workspace_id(), "workspace_id")?,
        item_type: item_type.to_owned(),
        item_id: guid(request.item_id(), "item_id")?,
    })
}

/// A JSON object that is kept byte for byte; none if the request holds none.
pub(super) fn object(
    bytes: Bytes,
    limit: usize,
    field: &'static str,
    expected: &'static str,
) -> Result<Option<Bytes>, CallError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    if bytes.len() <= limit && json::is_one_object(&bytes) {
        Ok(Some(bytes))
    } else {
        Err(CallError::field(field, expected))
    }
}
