//! Calls that reach Fabric and OneLake as the user.

use emulator::seed;
use futures_util::stream;
use tonic::Response;

use super::super::narration::Outcome;
use super::{Call, Calls};
use crate::contracts::data::v1::lakehouse_service_client::LakehouseServiceClient;
use crate::contracts::data::v1::warehouse_service_client::WarehouseServiceClient;
use crate::contracts::data::v1::workspace_service_client::WorkspaceServiceClient;
use crate::contracts::data::v1::write_file_request::Part;
use crate::contracts::data::v1::{
    CreateWarehouseRequest, FileLocation, ListWorkspacesRequest, ReadFileRequest, Warehouse,
    Workspace, WriteFileRequest,
};

/// The file that the demonstration writes.
const PATH: &str = "demo/gr\u{fc}\u{df}e.txt";

fn location() -> FileLocation {
    FileLocation {
        workspace_id: seed::WORKSPACE_ID.to_owned(),
        lakehouse_id: seed::LAKEHOUSE_ID.to_owned(),
        path: PATH.to_owned(),
    }
}

impl Calls {
    pub(in super::super) async fn workspaces(&self, call: Call<'_>) -> Outcome<Vec<Workspace>> {
        call.make(ListWorkspacesRequest::default(), async |request| {
            WorkspaceServiceClient::new(self.0.clone())
                .list_workspaces(request)
                .await
        })
        .await
        .map(|reply| reply.workspaces)
    }

    pub(in super::super) async fn create_warehouse(
        &self,
        call: Call<'_>,
        name: &str,
    ) -> Outcome<Option<Warehouse>> {
        let request = CreateWarehouseRequest {
            workspace_id: seed::WORKSPACE_ID.to_owned(),
            display_name: name.to_owned(),
            ..Default::default()
        };
        call.make(request, async |request| {
            WarehouseServiceClient::new(self.0.clone())
                .create_warehouse(request)
                .await
        })
        .await
        .map(|reply| reply.warehouse)
    }

    pub(in super::super) async fn write_file(
        &self,
        call: Call<'_>,
        content: &'static [u8],
    ) -> Outcome<i64> {
        let parts = [Part::Location(location()), Part::Content(content.into())]
            .map(|part| WriteFileRequest { part: Some(part) });
        call.make(stream::iter(parts), async |request| {
            LakehouseServiceClient::new(self.0.clone())
                .write_file(request)
                .await
        })
        .await
        .map(|reply| reply.size_bytes)
    }

    pub(in super::super) async fn read_file(&self, call: Call<'_>) -> Outcome<Vec<u8>> {
        let request = ReadFileRequest {
            location: Some(location()),
            ..Default::default()
        };
        call.make(request, async |request| {
            let mut parts = LakehouseServiceClient::new(self.0.clone())
                .read_file(request)
                .await?
                .into_inner();
            let mut content = Vec::new();
            while let Some(part) = parts.message().await? {
                content.extend(part.content);
            }
            Ok(Response::new(content))
        })
        .await
    }
}
