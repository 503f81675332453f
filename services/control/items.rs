//! Items, as Fabric orders them in either generation of its workload API.
//!
//! Both generations speak of the same items. What the first keeps is a payload, what the second keeps
//! is a definition, and neither touches what the other wrote.

mod first_generation;
mod second_generation;

use std::sync::Arc;

use auth_interceptor::Clock;
use tonic::Request;

use super::fields::{self, NamesItem};
use crate::call::CallError;
use crate::store::{
    DefinitionPart, Deletion, Item, ItemAddress, ItemChange, NewItem, Store, StoreError,
};

/// Keeps items.
#[derive(Clone, Debug)]
pub struct Items {
    store: Arc<dyn Store>,
    clock: Clock,
    item_types: Arc<[String]>,
}

impl Items {
    /// Keeps those of the types that the workload's manifest names.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Clock, item_types: Arc<[String]>) -> Self {
        Self {
            store,
            clock,
            item_types,
        }
    }

    /// The item that a request names.
    fn named<T: NamesItem>(&self, request: &Request<T>) -> Result<ItemAddress, CallError> {
        fields::address(request, &self.item_types)
    }

    async fn create(&self, address: &ItemAddress, item: NewItem) -> Result<(), CallError> {
        let created = self.store.create_item(address, item, self.clock.now());
        created.await.map_err(|error| of_item(address, error))
    }

    async fn read(&self, address: &ItemAddress) -> Result<Item, CallError> {
        let found = self.store.item(address).await;
        found.map_err(|error| of_item(address, error))
    }

    async fn update(&self, address: &ItemAddress, change: ItemChange) -> Result<(), CallError> {
        let updated = self.store.update_item(address, change, self.clock.now());
        updated.await.map_err(|error| of_item(address, error))
    }

    async fn delete(&self, address: &ItemAddress, deletion: Deletion) -> Result<(), CallError> {
        let deleted = self.store.delete_item(address, deletion, self.clock.now());
        deleted.await.map_err(|error| of_item(address, error))
    }

    async fn restore(
        &self,
        address: &ItemAddress,
        definition: Option<Vec<DefinitionPart>>,
    ) -> Result<(), CallError> {
        let now = self.clock.now();
        let restored = self.store.restore_item(address, definition, now);
        restored.await.map_err(|error| of_item(address, error))
    }
}

/// What a store's answer about one item means to Fabric.
fn of_item(address: &ItemAddress, error: StoreError) -> CallError {
    let item_id = address.item_id;
    match error {
        StoreError::NotFound => CallError::ItemNotFound { item_id },
        StoreError::Conflict => CallError::ItemExists { item_id },
        other => other.into(),
    }
}
