//! `selvedge.control.v1.ItemLifecycleService`.

use bytes::Bytes;
use tonic::{Request, Response, Status};

use super::Items;
use crate::call::{CallError, description, name, status};
use crate::contracts::control::v1::item_lifecycle_service_server::ItemLifecycleService;
use crate::contracts::control::v1::{
    CreateItemRequest, CreateItemResponse, DeleteItemRequest, DeleteItemResponse,
    GetItemPayloadRequest, GetItemPayloadResponse, UpdateItemRequest, UpdateItemResponse,
};
use crate::control::fields;
use crate::store::{Deletion, EMPTY_OBJECT, ItemChange, NewItem};

const DISPLAY_NAME: &str = "display_name";
const DESCRIPTION: &str = "description";
const MAX_PAYLOAD_BYTES: usize = 1024 * 1024;

#[tonic::async_trait]
impl ItemLifecycleService for Items {
    async fn create_item(
        &self,
        request: Request<CreateItemRequest>,
    ) -> Result<Response<CreateItemResponse>, Status> {
        let address = self.named(&request).map_err(status)?;
        let item = new_item(request.into_inner()).map_err(status)?;
        self.create(&address, item).await.map_err(status)?;
        Ok(Response::new(CreateItemResponse {}))
    }

    async fn update_item(
        &self,
        request: Request<UpdateItemRequest>,
    ) -> Result<Response<UpdateItemResponse>, Status> {
        let address = self.named(&request).map_err(status)?;
        let change = change(request.into_inner()).map_err(status)?;
        self.update(&address, change).await.map_err(status)?;
        Ok(Response::new(UpdateItemResponse {}))
    }

    async fn delete_item(
        &self,
        request: Request<DeleteItemRequest>,
    ) -> Result<Response<DeleteItemResponse>, Status> {
        let address = self.named(&request).map_err(status)?;
        // Fabric does not say which it is, and a soft one can still become the other.
        let deleted = self.delete(&address, Deletion::Soft).await;
        deleted.map_err(status)?;
        Ok(Response::new(DeleteItemResponse {}))
    }

    async fn get_item_payload(
        &self,
        request: Request<GetItemPayloadRequest>,
    ) -> Result<Response<GetItemPayloadResponse>, Status> {
        let address = self.named(&request).map_err(status)?;
        let item = self.read(&address).await.map_err(status)?;
        Ok(Response::new(GetItemPayloadResponse {
            item_payload: item.payload,
        }))
    }
}

fn new_item(request: CreateItemRequest) -> Result<NewItem, CallError> {
    let described = request
        .description
        .map(|text| description(text, DESCRIPTION));
    Ok(NewItem {
        display_name: Some(name(request.display_name, DISPLAY_NAME)?),
        description: described.transpose()?,
        payload: payload(request.creation_payload, "creation_payload")?.unwrap_or(EMPTY_OBJECT),
        definition: Vec::new(),
    })
}

fn change(request: UpdateItemRequest) -> Result<ItemChange, CallError> {
    let display_name = request.display_name.map(|text| name(text, DISPLAY_NAME));
    let described = request
        .description
        .map(|text| description(text, DESCRIPTION));
    Ok(ItemChange {
        display_name: display_name.transpose()?,
        description: described.transpose()?,
        payload: payload(request.update_payload, "update_payload")?,
        definition: None,
    })
}

fn payload(bytes: Bytes, field: &'static str) -> Result<Option<Bytes>, CallError> {
    let expected = "must be one JSON object in UTF-8 of at most 1 MiB, nested at most 64 deep";
    fields::object(bytes, MAX_PAYLOAD_BYTES, field, expected)
}

#[cfg(test)]
mod tests {
    use super::{change, new_item};
    use crate::call::CallError;
    use crate::contracts::control::v1::{CreateItemRequest, UpdateItemRequest};
    use crate::store::ItemChange;

    fn create(change: impl FnOnce(&mut CreateItemRequest)) -> Result<(), String> {
        let mut request = CreateItemRequest {
            display_name: "sample".to_owned(),
            ..Default::default()
        };
        change(&mut request);
        match new_item(request) {
            Ok(_) => Ok(()),
            Err(CallError::Field { field, .. }) => Err(field),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        assert!(create(|new| new.display_name = "\u{1f9f5}".repeat(256)).is_ok());
        let refused = create(|new| new.display_name = "x".repeat(257));
        assert_eq!(refused, Err("display_name".to_owned()));
        let refused = create(|new| new.display_name = String::new());
        assert_eq!(refused, Err("display_name".to_owned()));
        assert!(create(|new| new.description = Some("\u{1f9f5}".repeat(4_096))).is_ok());
        let refused = create(|new| new.description = Some("x".repeat(4_097)));
        assert_eq!(refused, Err("description".to_owned()));
        let refused = create(|new| new.display_name = "a\0b".to_owned());
        assert_eq!(refused, Err("display_name".to_owned()));
    }

    #[test]
    fn a_payload_is_an_object_or_absent() {
        for good in ["", "{}", " {\"a\": [1, 2.50]}"] {
            assert!(create(|new| new.creation_payload = good.into()).is_ok());
        }
        let large = format!("{{\"a\": \"{}\"}}", "x".repeat(1024 * 1024));
        for bad in ["[]", "1", "{", "{} {}", &large] {
            let bad = bad.to_owned();
            let refused = create(|new| new.creation_payload = bad.into());
            assert_eq!(refused, Err("creation_payload".to_owned()));
        }
    }

    #[test]
    fn what_an_update_does_not_set_it_does_not_change() {
        assert_eq!(
            change(UpdateItemRequest::default()),
            Ok(ItemChange::default())
        );
        let emptied = UpdateItemRequest {
            description: Some(String::new()),
            ..Default::default()
        };
        let emptied = change(emptied).unwrap();
        assert_eq!(emptied.description.as_deref(), Some(""));
        let nameless = UpdateItemRequest {
            display_name: Some(String::new()),
            ..Default::default()
        };
        assert!(change(nameless).is_err());
    }
}
