//! `WarehouseService`: warehouses that Fabric creates for the user.

use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::delegation::Delegation;
use crate::call::{CallError, guid, status};
use crate::contracts::data::v1 as contract;
use crate::contracts::data::v1::warehouse_service_server::WarehouseService;
use crate::contracts::data::v1::{CreateWarehouseRequest, CreateWarehouseResponse};
use crate::downstream::{NewWarehouse, Warehouse};

const MAX_NAME_CHARACTERS: usize = 128;
const MAX_DESCRIPTION_CHARACTERS: usize = 256;

/// Creates warehouses.
#[derive(Clone, Debug)]
pub struct Warehouses {
    delegation: Delegation,
}

impl Warehouses {
    /// Creates them as the calling user.
    #[must_use]
    pub fn new(delegation: Delegation) -> Self {
        Self { delegation }
    }
}

#[tonic::async_trait]
impl WarehouseService for Warehouses {
    async fn create_warehouse(
        &self,
        request: Request<CreateWarehouseRequest>,
    ) -> Result<Response<CreateWarehouseResponse>, Status> {
        let call = self.delegation.of(&request)?;
        let (workspace_id, warehouse) = read(request.into_inner()).map_err(status)?;
        let fabric = &call.downstream.fabric;
        let created = fabric
            .create_warehouse(&call.on_behalf_of, workspace_id, &warehouse)
            .await
            .map_err(status)?;
        Ok(Response::new(CreateWarehouseResponse {
            warehouse: Some(created.into()),
        }))
    }
}

fn read(request: CreateWarehouseRequest) -> Result<(Uuid, NewWarehouse), CallError> {
    let workspace_id = guid(&request.workspace_id, "workspace_id")?;
    let length = request.display_name.chars().count();
    if !(1..=MAX_NAME_CHARACTERS).contains(&length) {
        return Err(CallError::field(
            "display_name",
            "must be 1 to 128 characters",
        ));
    }
    if request.description.chars().count() > MAX_DESCRIPTION_CHARACTERS {
        return Err(CallError::field(
            "description",
            "must be at most 256 characters",
        ));
    }
    let warehouse = NewWarehouse {
        display_name: request.display_name,
        description: Some(request.description).filter(|text| !text.is_empty()),
    };
    Ok((workspace_id, warehouse))
}

impl From<Warehouse> for contract::Warehouse {
    fn from(warehouse: Warehouse) -> Self {
        Self {
            warehouse_id: warehouse.id.to_string(),
            workspace_id: warehouse.workspace_id.to_string(),
            display_name: warehouse.display_name,
            description: warehouse.description,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CreateWarehouseRequest, read};
    use crate::call::CallError;

    fn request(workspace_id: &str, name: &str, description: &str) -> CreateWarehouseRequest {
        CreateWarehouseRequest {
            workspace_id: workspace_id.into(),
            display_name: name.into(),
            description: description.into(),
        }
    }

    #[test]
    fn lengths_are_counted_in_characters_and_ids_are_guids() {
        let guid = "0f8fad5b-d9cb-469f-a165-70867728950e";
        let long = |count| "\u{1f9f5}".repeat(count);
        let (_, warehouse) = read(request(guid, &long(128), &long(256))).unwrap();
        assert_eq!(warehouse.description, Some(long(256)));
        let (_, warehouse) = read(request(guid, "n", "")).unwrap();
        assert_eq!(warehouse.description, None);
        for (request, expected) in [
            (request("", "n", ""), "workspace_id"),
            (request("../items", "n", ""), "workspace_id"),
            (request(guid, "", ""), "display_name"),
            (request(guid, &long(129), ""), "display_name"),
            (request(guid, "n", &long(257)), "description"),
        ] {
            let error = read(request).unwrap_err();
            assert!(matches!(&error, CallError::Field { field, .. } if field == expected));
        }
    }
}
