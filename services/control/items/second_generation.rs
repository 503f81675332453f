//! `selvedge.control.v2.ItemNotificationService`.

use tonic::{Request, Response, Status};

use super::Items;
use crate::call::{CallError, status};
use crate::contracts::control::v2::item_notification_service_server::ItemNotificationService;
use crate::contracts::control::v2::{
    DeleteType, OnCreateItemRequest, OnCreateItemResponse, OnDeleteItemRequest,
    OnDeleteItemResponse, OnRestoreItemRequest, OnRestoreItemResponse, OnUpdateItemRequest,
    OnUpdateItemResponse,
};
use crate::control::definition;
use crate::store::{Deletion, EMPTY_OBJECT, ItemChange, NewItem};

#[tonic::async_trait]
impl ItemNotificationService for Items {
    async fn on_create_item(
        &self,
        request: Request<OnCreateItemRequest>,
    ) -> Result<Response<OnCreateItemResponse>, Status> {
        let address = self.named(&request).map_err(status)?;
        let parts = definition::parts(request.into_inner().definition).map_err(status)?;
        let item = NewItem {
            display_name: None,
            description: None,
            payload: EMPTY_OBJECT,
            definition: parts.unwrap_or_default(),
        };
        self.create(&address, item).await.map_err(status)?;
        Ok(Response::new(OnCreateItemResponse {}))
    }

    async fn on_update_item(
        &self,
        request: Request<OnUpdateItemRequest>,
    ) -> Result<Response<OnUpdateItemResponse>, Status> {
        let address = self.named(&request).map_err(status)?;
        let parts = definition::parts(request.into_inner().definition).map_err(status)?;
        let change = ItemChange {
            definition: parts,
            ..ItemChange::default()
        };
        self.update(&address, change).await.map_err(status)?;
        Ok(Response::new(OnUpdateItemResponse {}))
    }

    async fn on_delete_item(
        &self,
        request: Request<OnDeleteItemRequest>,
    ) -> Result<Response<OnDeleteItemResponse>, Status> {
        let address = self.named(&request).map_err(status)?;
        let deletion = deletion(request.get_ref().delete_type()).map_err(status)?;
        self.delete(&address, deletion).await.map_err(status)?;
        Ok(Response::new(OnDeleteItemResponse {}))
    }

    async fn on_restore_item(
        &self,
        request: Request<OnRestoreItemRequest>,
    ) -> Result<Response<OnRestoreItemResponse>, Status> {
        let address = self.named(&request).map_err(status)?;
        let parts = definition::parts(request.into_inner().definition).map_err(status)?;
        self.restore(&address, parts).await.map_err(status)?;
        Ok(Response::new(OnRestoreItemResponse {}))
    }
}

/// A number that the contract does not name reads as unset.
fn deletion(of: DeleteType) -> Result<Deletion, CallError> {
    match of {
        DeleteType::Soft => Ok(Deletion::Soft),
        DeleteType::Hard => Ok(Deletion::Hard),
        DeleteType::Unspecified => Err(CallError::field("delete_type", "must be Hard or Soft")),
    }
}
