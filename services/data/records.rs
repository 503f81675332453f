//! `DataService`: the caller's rows of JSON.

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::Arc;

use auth_interceptor::Clock;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::delegation::{DelegatedCall, Delegation};
use super::page::List;
use crate::call::{CallError, etag, guid, status, timestamp};
use crate::contracts::data::v1::data_service_server::DataService;
use crate::contracts::data::v1::{
    ReadDataRequest, ReadDataResponse, Row, WriteDataRequest, WriteDataResponse,
};
use crate::downstream::ItemId;
use crate::store::{self, Place, RowWrite, Store};

const MAX_ROWS: usize = 100;
const MAX_JSON_BYTES: usize = 64 * 1024;
const MAX_ROW_ID_LENGTH: usize = 128;

/// Keeps rows.
#[derive(Clone, Debug)]
pub struct Records {
    store: Arc<dyn Store>,
    clock: Clock,
    delegation: Delegation,
}

impl Records {
    /// Keeps them in `store`; `delegation` asks Fabric about the items that they are kept under.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Clock, delegation: Delegation) -> Self {
        Self {
            store,
            clock,
            delegation,
        }
    }

    async fn read(
        &self,
        call: DelegatedCall,
        request: ReadDataRequest,
    ) -> Result<ReadDataResponse, CallError> {
        let item = item(&request.workspace_id, &request.item_id)?;
        let place = place(call, item).await?;
        let list = List::of_rows(&place);
        let page = list.page(request.page_size, &request.page_token)?;
        let found = self.store.read_rows(&place, page).await?;
        Ok(ReadDataResponse {
            rows: found.entries.into_iter().map(Row::from).collect(),
            next_page_token: list.token(found.next),
        })
    }

    async fn write(
        &self,
        call: DelegatedCall,
        request: WriteDataRequest,
    ) -> Result<WriteDataResponse, CallError> {
        let item = item(&request.workspace_id, &request.item_id)?;
        let rows = rows_to_write(request.rows)?;
        let place = place(call, item).await?;
        let written = self
            .store
            .write_rows(&place, rows, self.clock.now())
            .await?;
        Ok(WriteDataResponse {
            rows: written.into_iter().map(Row::from).collect(),
        })
    }
}

#[tonic::async_trait]
impl DataService for Records {
    async fn read_data(
        &self,
        request: Request<ReadDataRequest>,
    ) -> Result<Response<ReadDataResponse>, Status> {
        let call = self.delegation.of(&request)?;
        self.read(call, request.into_inner())
            .await
            .map(Response::new)
            .map_err(status)
    }

    async fn write_data(
        &self,
        request: Request<WriteDataRequest>,
    ) -> Result<Response<WriteDataResponse>, Status> {
        let call = self.delegation.of(&request)?;
        self.write(call, request.into_inner())
            .await
            .map(Response::new)
            .map_err(status)
    }
}

/// The item that the request names: by both ids, or by neither.
fn item(workspace_id: &str, item_id: &str) -> Result<Option<ItemId>, CallError> {
    match (workspace_id, item_id) {
        ("", "") => Ok(None),
        ("", _) => Err(CallError::field("workspace_id", "must be set with item_id")),
        (_, "") => Err(CallError::field("item_id", "must be set with workspace_id")),
        _ => Ok(Some(ItemId {
            workspace_id: guid(workspace_id, "workspace_id")?,
            item_id: guid(item_id, "item_id")?,
        })),
    }
}

/// Where the caller's rows are. With no item there is nothing to ask Fabric.
async fn place(call: DelegatedCall, item: Option<ItemId>) -> Result<Place, CallError> {
    let item = match item {
        None => None,
        Some(item) => Some(call.confirm(item).await?),
    };
    Ok(Place {
        owner: call.owner,
        item,
    })
}

fn rows_to_write(rows: Vec<Row>) -> Result<Vec<RowWrite>, CallError> {
    if !(1..=MAX_ROWS).contains(&rows.len()) {
        return Err(CallError::field("rows", "must be 1 to 100 rows"));
    }
    let mut ids = HashSet::new();
    let mut writes = Vec::with_capacity(rows.len());
    for (position, row) in rows.into_iter().enumerate() {
        let refuse = |leaf: &str, expected| {
            Err(CallError::field(
                format!("rows[{position}].{leaf}"),
                expected,
            ))
        };
        let id = match row.row_id.as_str() {
            "" => Uuid::new_v4().to_string(),
            given if is_row_id(given) => row.row_id,
            _ => {
                return refuse(
                    "row_id",
                    "must be 1 to 128 letters, digits, '-', '_' or '.'",
                );
            }
        };
        if !ids.insert(id.clone()) {
            return refuse("row_id", "must not repeat another row's");
        }
        if row.json.len() > MAX_JSON_BYTES {
            return refuse("json", "must be at most 64 KiB");
        }
        if !crate::json::is_one_value(&row.json) {
            return refuse(
                "json",
                "must be one JSON value in UTF-8, nested at most 64 deep",
            );
        }
        writes.push(RowWrite {
            id,
            json: row.json,
            etag: etag(&row.etag),
        });
    }
    Ok(writes)
}

fn is_row_id(text: &str) -> bool {
    (1..=MAX_ROW_ID_LENGTH).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

impl From<store::Row> for Row {
    fn from(row: store::Row) -> Self {
        Self {
            row_id: row.id,
            json: row.json,
            etag: row.etag.to_string(),
            update_time: timestamp(row.update_time),
        }
    }
}
