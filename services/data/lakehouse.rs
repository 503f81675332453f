//! `LakehouseService`: files and tables in OneLake, as the user.
//!
//! Files pass through part by part, in both directions: the sender waits when the receiver does.

mod stream;

use tonic::{Request, Response, Status, Streaming};

pub use self::stream::FileStream;
use super::delegation::{DelegatedCall, Delegation};
use super::page::List;
use crate::call::{CallError, guid, status, timestamp};
use crate::contracts::data::v1 as contract;
use crate::contracts::data::v1::lakehouse_service_server::LakehouseService;
use crate::contracts::data::v1::write_file_request::Part;
use crate::contracts::data::v1::{
    DeleteFileRequest, DeleteFileResponse, FileLocation, ListFilesRequest, ListFilesResponse,
    ListTablesRequest, ListTablesResponse, ReadFileRequest, WriteFileRequest, WriteFileResponse,
};
use crate::downstream::{Entry, FilePath, Lakehouse, Range, Table};

/// Files and tables.
#[derive(Clone, Debug)]
pub struct Lakehouses {
    delegation: Delegation,
}

impl Lakehouses {
    /// Reads and writes them as the calling user.
    #[must_use]
    pub fn new(delegation: Delegation) -> Self {
        Self { delegation }
    }
}

#[tonic::async_trait]
impl LakehouseService for Lakehouses {
    type ReadFileStream = FileStream;

    async fn write_file(
        &self,
        request: Request<Streaming<WriteFileRequest>>,
    ) -> Result<Response<WriteFileResponse>, Status> {
        let call = self.delegation.of(&request)?;
        let mut parts = request.into_inner();
        let first = parts.message().await?;
        let (lakehouse, path) = first_part(first).map_err(status)?;
        let onelake = &call.downstream.onelake;
        let mut upload = onelake.upload(&call.on_behalf_of, lakehouse, &path);
        // A stream that breaks off is an error here, and the upload is dropped unfinished.
        while let Some(request) = parts.message().await? {
            match request.part {
                Some(Part::Content(content)) => upload.append(content).await.map_err(status)?,
                Some(Part::Location(_)) => {
                    let expected = "must be in the first message alone";
                    return Err(status(CallError::field("location", expected)));
                }
                None => {
                    let expected = "must be set in every message after the first";
                    return Err(status(CallError::field("content", expected)));
                }
            }
        }
        let size = upload.finish().await.map_err(status)?;
        Ok(Response::new(WriteFileResponse {
            size_bytes: i64::try_from(size).unwrap_or(i64::MAX),
        }))
    }

    async fn read_file(
        &self,
        request: Request<ReadFileRequest>,
    ) -> Result<Response<FileStream>, Status> {
        let call = self.delegation.of(&request)?;
        let request = request.into_inner();
        let range = range(request.offset, request.length).map_err(status)?;
        let (lakehouse, path) = location(request.location).map_err(status)?;
        let onelake = &call.downstream.onelake;
        let download = onelake
            .download(&call.on_behalf_of, lakehouse, &path, range)
            .await
            .map_err(status)?;
        Ok(Response::new(stream::of(download)))
    }

    async fn list_files(
        &self,
        request: Request<ListFilesRequest>,
    ) -> Result<Response<ListFilesResponse>, Status> {
        let call = self.delegation.of(&request)?;
        list_files(&call, &request.into_inner())
            .await
            .map(Response::new)
            .map_err(status)
    }

    async fn list_tables(
        &self,
        request: Request<ListTablesRequest>,
    ) -> Result<Response<ListTablesResponse>, Status> {
        let call = self.delegation.of(&request)?;
        let request = request.into_inner();
        let lakehouse = lakehouse(&request.workspace_id, &request.lakehouse_id).map_err(status)?;
        let onelake = &call.downstream.onelake;
        let tables = onelake
            .list_tables(&call.on_behalf_of, lakehouse)
            .await
            .map_err(status)?;
        Ok(Response::new(ListTablesResponse {
            tables: tables.into_iter().map(Into::into).collect(),
        }))
    }

    async fn delete_file(
        &self,
        request: Request<DeleteFileRequest>,
    ) -> Result<Response<DeleteFileResponse>, Status> {
        let call = self.delegation.of(&request)?;
        let (lakehouse, path) = location(request.into_inner().location).map_err(status)?;
        let onelake = &call.downstream.onelake;
        onelake
            .delete(&call.on_behalf_of, lakehouse, &path)
            .await
            .map_err(status)?;
        Ok(Response::new(DeleteFileResponse {}))
    }
}

async fn list_files(
    call: &DelegatedCall,
    request: &ListFilesRequest,
) -> Result<ListFilesResponse, CallError> {
    let lakehouse = lakehouse(&request.workspace_id, &request.lakehouse_id)?;
    let folder = match request.folder.as_str() {
        "" => None,
        folder => Some(path(folder, "folder")?),
    };
    let folder = folder.as_ref();
    let recursive = request.recursive;
    let list = List::of_files(&call.owner, lakehouse, folder, recursive);
    let continuation = list.continuation(&request.page_token)?;
    let onelake = &call.downstream.onelake;
    let page = onelake
        .list(
            &call.on_behalf_of,
            lakehouse,
            folder,
            recursive,
            continuation.as_deref(),
        )
        .await?;
    Ok(ListFilesResponse {
        files: page.entries.into_iter().map(Into::into).collect(),
        next_page_token: list.continuation_token(page.continuation.as_deref()),
    })
}

// === What a request says ===

/// The file that a stream of parts is for.
fn first_part(request: Option<WriteFileRequest>) -> Result<(Lakehouse, FilePath), CallError> {
    match request.and_then(|request| request.part) {
        Some(Part::Location(named)) => location(Some(named)),
        Some(Part::Content(_)) | None => location(None),
    }
}

fn location(named: Option<FileLocation>) -> Result<(Lakehouse, FilePath), CallError> {
    let named = named.ok_or_else(|| CallError::field("location", "must be set"))?;
    let lakehouse = Lakehouse {
        workspace_id: guid(&named.workspace_id, "location.workspace_id")?,
        item_id: guid(&named.lakehouse_id, "location.lakehouse_id")?,
    };
    Ok((lakehouse, path(&named.path, "location.path")?))
}

fn lakehouse(workspace_id: &str, lakehouse_id: &str) -> Result<Lakehouse, CallError> {
    Ok(Lakehouse {
        workspace_id: guid(workspace_id, "workspace_id")?,
        item_id: guid(lakehouse_id, "lakehouse_id")?,
    })
}

fn path(text: &str, field: &'static str) -> Result<FilePath, CallError> {
    FilePath::parse(text).map_err(|_| {
        CallError::field(
            field,
            "must be segments joined by '/', none of them empty, '.' or '..', without control \
             characters and backslashes, at most 1,024 bytes in all",
        )
    })
}

fn range(offset: i64, length: i64) -> Result<Range, CallError> {
    let read = |number: i64, field| {
        u64::try_from(number).map_err(|_| CallError::field(field, "must not be negative"))
    };
    Ok(Range {
        offset: read(offset, "offset")?,
        length: Some(read(length, "length")?).filter(|length| *length > 0),
    })
}

// === What is answered ===

impl From<Entry> for contract::File {
    fn from(entry: Entry) -> Self {
        Self {
            path: entry.path,
            is_folder: entry.is_folder,
            size_bytes: i64::try_from(entry.size).unwrap_or(i64::MAX),
            update_time: entry.update_time.and_then(timestamp),
        }
    }
}

impl From<Table> for contract::Table {
    fn from(table: Table) -> Self {
        Self {
            name: table.name,
            schema: table.schema.unwrap_or_default(),
            path: table.path,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

    fn field<T>(outcome: Result<T, CallError>) -> Option<String> {
        match outcome.err()? {
            CallError::Field { field, .. } => Some(field),
            other => panic!("{other}"),
        }
    }

    fn named(workspace_id: &str, lakehouse_id: &str, path: &str) -> Option<FileLocation> {
        Some(FileLocation {
            workspace_id: workspace_id.into(),
            lakehouse_id: lakehouse_id.into(),
            path: path.into(),
        })
    }

    #[test]
    fn a_location_is_two_guids_and_a_path_below_them() {
        assert_eq!(field(location(named(GUID, GUID, "a/b"))), None);
        for (named, expected) in [
            (None, "location"),
            (named("x", GUID, "a"), "location.workspace_id"),
            (named(GUID, "sales.Lakehouse", "a"), "location.lakehouse_id"),
            (named(GUID, GUID, ""), "location.path"),
            (named(GUID, GUID, "a/../b"), "location.path"),
        ] {
            assert_eq!(field(location(named)).as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_stream_of_parts_begins_with_its_location() {
        let request = |part| Some(WriteFileRequest { part });
        let content = Part::Content(bytes::Bytes::new());
        let place = Part::Location(named(GUID, GUID, "a").unwrap());
        assert_eq!(field(first_part(request(Some(place)))), None);
        for first in [None, request(None), request(Some(content))] {
            assert_eq!(field(first_part(first)).as_deref(), Some("location"));
        }
    }

    #[test]
    fn a_range_is_not_negative_and_no_length_is_all() {
        let all = Range::default();
        assert_eq!(range(0, 0), Ok(all));
        let some = Range {
            offset: 7,
            length: Some(3),
        };
        assert_eq!(range(7, 3), Ok(some));
        assert_eq!(field(range(-1, 0)).as_deref(), Some("offset"));
        assert_eq!(field(range(0, -1)).as_deref(), Some("length"));
    }
}
