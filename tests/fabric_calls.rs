//! Fabric and OneLake through the service, as the user who calls.

use bytes::Bytes;
use emulator::seed;
use selvedge::contracts::data::v1::lakehouse_service_client::LakehouseServiceClient;
use selvedge::contracts::data::v1::warehouse_service_client::WarehouseServiceClient;
use selvedge::contracts::data::v1::workspace_service_client::WorkspaceServiceClient;
use selvedge::contracts::data::v1::write_file_request::Part;
use selvedge::contracts::data::v1::{
    CreateWarehouseRequest, DeleteFileRequest, FileLocation, ListFilesRequest, ListTablesRequest,
    ListWorkspacesRequest, ReadFileRequest, WriteFileRequest,
};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::data_plane::{Authorized, authorized};
use crate::support::{Running, user_token};

async fn caller(running: &Running, upn: &str, scope: &str) -> Authorized {
    let token = user_token(&running.emulator, upn, &[scope]);
    authorized(running, &token).await
}

pub(crate) fn at(path: &str) -> FileLocation {
    FileLocation {
        workspace_id: seed::WORKSPACE_ID.to_owned(),
        lakehouse_id: seed::LAKEHOUSE_ID.to_owned(),
        path: path.to_owned(),
    }
}

#[tokio::test]
async fn workspaces_are_those_that_fabric_shows_the_user() {
    let running = Running::start().await;
    let caller = caller(&running, seed::CONSENTED, "workspaces.read").await;
    let mut client = WorkspaceServiceClient::new(caller);
    let mut names = Vec::new();
    let mut request = ListWorkspacesRequest::default();
    loop {
        let page = client
            .list_workspaces(request.clone())
            .await
            .unwrap()
            .into_inner();
        names.extend(page.workspaces.into_iter().map(|one| one.display_name));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    names.sort();
    assert_eq!(
        names,
        ["Archive", "My workspace", "Selvedge", "Shared reports"]
    );

    request.page_token = "AAAA".to_owned();
    let refused = client.list_workspaces(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn missing_consent_is_told_and_no_workspace_is() {
    let running = Running::start().await;
    let caller = caller(&running, seed::NO_CONSENT, "workspaces.read").await;
    let mut client = WorkspaceServiceClient::new(caller);
    let request = ListWorkspacesRequest::default();
    let refused = client.list_workspaces(request).await.unwrap_err();
    assert_eq!(
        refused.get_details_error_info().unwrap().reason,
        "CONSENT_REQUIRED"
    );
}

#[tokio::test]
async fn a_warehouse_is_created_where_fabric_lets_the_user() {
    let running = Running::start().await;
    let caller = caller(&running, seed::CONSENTED, "warehouses.write").await;
    let mut client = WarehouseServiceClient::new(caller);
    let mut request = CreateWarehouseRequest {
        workspace_id: seed::WORKSPACE_ID.to_owned(),
        display_name: "figures".to_owned(),
        description: String::new(),
    };
    let created = client.create_warehouse(request.clone()).await.unwrap();
    let warehouse = created.into_inner().warehouse.unwrap();
    assert_eq!(warehouse.display_name, "figures");
    assert_eq!(warehouse.workspace_id, seed::WORKSPACE_ID);

    request.workspace_id = seed::ARCHIVE_WORKSPACE_ID.to_owned();
    let refused = client.create_warehouse(request).await.unwrap_err();
    assert_eq!(
        refused.get_details_error_info().unwrap().reason,
        "DOWNSTREAM_FORBIDDEN"
    );
}

#[tokio::test]
async fn a_file_is_read_as_it_was_written_until_it_is_deleted() {
    let running = Running::start().await;
    let writer = caller(&running, seed::CONSENTED, "lakehouse.write").await;
    let reader = caller(&running, seed::CONSENTED, "lakehouse.read").await;
    let mut writer = LakehouseServiceClient::new(writer);
    let mut reader = LakehouseServiceClient::new(reader);
    let content: Vec<u8> = (0..9_000_000_u32)
        .map(|n| (n % 251).to_le_bytes()[0])
        .collect();
    let content = Bytes::from(content);

    let place = Part::Location(at("out/gr\u{fc}\u{df}e 1%.bin"));
    let parts = (0..content.len()).step_by(1_000_000);
    let parts = parts
        .map(|start| Part::Content(content.slice(start..(start + 1_000_000).min(content.len()))));
    let requests: Vec<_> = std::iter::once(place.clone())
        .chain(parts)
        .map(|part| WriteFileRequest { part: Some(part) })
        .collect();
    let written = writer
        .write_file(futures_util::stream::iter(requests))
        .await
        .unwrap();
    assert_eq!(written.into_inner().size_bytes, 9_000_000);

    let Part::Location(location) = place else {
        panic!()
    };
    let mut request = ReadFileRequest {
        location: Some(location.clone()),
        offset: 0,
        length: 0,
    };
    for (offset, length) in [(0, 0), (4_194_300, 10), (8_999_999, 10)] {
        (request.offset, request.length) = (offset, length);
        let mut stream = reader
            .read_file(request.clone())
            .await
            .unwrap()
            .into_inner();
        let mut read = Vec::new();
        while let Some(part) = stream.message().await.unwrap() {
            read.extend_from_slice(&part.content);
        }
        let start = usize::try_from(offset).unwrap();
        let end = match length {
            0 => content.len(),
            length => (start + usize::try_from(length).unwrap()).min(content.len()),
        };
        assert!(read == content[start..end], "{offset} {length}");
    }

    let list = ListFilesRequest {
        workspace_id: seed::WORKSPACE_ID.to_owned(),
        lakehouse_id: seed::LAKEHOUSE_ID.to_owned(),
        folder: "out".to_owned(),
        ..ListFilesRequest::default()
    };
    let files = reader.list_files(list).await.unwrap().into_inner().files;
    assert_eq!(files[0].path, location.path);
    assert_eq!(files[0].size_bytes, 9_000_000);

    let delete = DeleteFileRequest {
        location: Some(location),
    };
    writer.delete_file(delete.clone()).await.unwrap();
    let gone = reader.read_file(request).await.unwrap_err();
    assert_eq!(gone.code(), Code::NotFound);
    let gone = writer.delete_file(delete).await.unwrap_err();
    assert_eq!(gone.code(), Code::NotFound);
}

#[tokio::test]
async fn of_two_who_write_one_file_the_later_prevails_and_the_other_is_told() {
    let running = Running::start().await;
    let writer = caller(&running, seed::CONSENTED, "lakehouse.write").await;
    let writer = LakehouseServiceClient::new(writer);
    let write = async |content: &'static str| {
        let parts = [
            Part::Location(at("contested.txt")),
            Part::Content(content.into()),
        ];
        let requests = parts.map(|part| WriteFileRequest { part: Some(part) });
        let requests = futures_util::stream::iter(requests);
        writer.clone().write_file(requests).await
    };
    let mut held = running.emulator.hold_next_flush();
    let later = async {
        held.arrived().await;
        let written = write("later").await;
        held.release().await;
        written
    };
    let (first, later) = tokio::join!(write("first"), later);
    assert_eq!(later.unwrap().into_inner().size_bytes, 5);
    let refused = first.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    let info = refused.get_details_error_info().unwrap();
    assert_eq!(info.reason, "DOWNSTREAM_REJECTED");
    assert_eq!(info.metadata["errorCode"], "ConditionNotMet");
    let file = running
        .emulator
        .onelake_file(seed::LAKEHOUSE_ID, "Files/contested.txt");
    assert_eq!(file.await.unwrap(), b"later");
}

#[tokio::test]
async fn tables_are_those_of_the_lakehouse() {
    let running = Running::start().await;
    let reader = caller(&running, seed::CONSENTED, "lakehouse.read").await;
    let mut client = LakehouseServiceClient::new(reader);
    let request = ListTablesRequest {
        workspace_id: seed::WORKSPACE_ID.to_owned(),
        lakehouse_id: seed::LAKEHOUSE_ID.to_owned(),
    };
    let tables = client
        .list_tables(request)
        .await
        .unwrap()
        .into_inner()
        .tables;
    let paths: Vec<_> = tables.into_iter().map(|table| table.path).collect();
    assert_eq!(
        paths,
        ["Tables/customers", "Tables/finance/budget", "Tables/orders"]
    );
}
