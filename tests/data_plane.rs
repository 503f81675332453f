//! What callers get once they are let through: rows, tasks and the profile, each user's own.

use emulator::{Emulator, TokenRequest, TokenVersion, seed};
use prost_types::FieldMask;
use selvedge::contracts::data::v1::data_service_client::DataServiceClient;
use selvedge::contracts::data::v1::profile_service_client::ProfileServiceClient;
use selvedge::contracts::data::v1::task_service_client::TaskServiceClient;
use selvedge::contracts::data::v1::{
    CreateTaskRequest, DeleteTaskRequest, GetProfileRequest, ListTasksRequest, ReadDataRequest,
    ReadDataResponse, Row, Task, UpdateTaskRequest, WriteDataRequest,
};
use tonic::metadata::AsciiMetadataValue;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use crate::support::{Call, READ_DATA, Running, evidence, user_token};

/// Puts a token on every call, as any gRPC client does.
#[derive(Clone)]
pub(crate) struct Bearer(AsciiMetadataValue);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request
            .metadata_mut()
            .insert("authorization", self.0.clone());
        Ok(request)
    }
}

pub(crate) type Authorized = InterceptedService<Channel, Bearer>;

pub(crate) async fn authorized(running: &Running, token: &str) -> Authorized {
    let bearer = Bearer(format!("Bearer {token}").parse().unwrap());
    InterceptedService::new(running.channel().await, bearer)
}

fn full_token(emulator: &Emulator, upn: &str) -> String {
    user_token(
        emulator,
        upn,
        &["access_as_user", "data.read", "data.write"],
    )
}

pub(crate) async fn data(running: &Running, upn: &str) -> DataServiceClient<Authorized> {
    let token = full_token(&running.emulator, upn);
    DataServiceClient::new(authorized(running, &token).await)
}

async fn tasks(running: &Running, upn: &str) -> TaskServiceClient<Authorized> {
    let token = full_token(&running.emulator, upn);
    TaskServiceClient::new(authorized(running, &token).await)
}

pub(crate) fn row(id: &str, json: &str) -> Row {
    Row {
        row_id: id.to_owned(),
        json: json.as_bytes().to_vec().into(),
        ..Row::default()
    }
}

pub(crate) fn write(rows: impl IntoIterator<Item = Row>) -> WriteDataRequest {
    WriteDataRequest {
        rows: rows.into_iter().collect(),
        ..WriteDataRequest::default()
    }
}

fn new_task(title: &str) -> CreateTaskRequest {
    CreateTaskRequest {
        task: Some(Task {
            title: title.to_owned(),
            ..Task::default()
        }),
    }
}

/// The code and the reason of a refusal.
#[track_caller]
pub(crate) fn assert_refused<T>(outcome: Result<T, Status>, code: Code, reason: &str) -> Status {
    let status = outcome.err().expect("a refusal");
    let info = status.get_details_error_info().expect("ErrorInfo");
    assert_eq!((status.code(), info.reason.as_str()), (code, reason));
    evidence::refused(None, "grpc", reason, &info.metadata["traceId"]);
    status
}

#[tokio::test]
async fn rows_are_kept_byte_for_byte_and_read_in_order() {
    let running = Running::start().await;
    let mut client = data(&running, seed::CONSENTED).await;
    let rows = ["{ \"a\" : 1.50 }", "[]", "\"text\"", "18446744073709551616"];
    let written = client
        .write_data(write(
            rows.iter()
                .enumerate()
                .map(|(at, json)| row(&format!("r{at}"), json)),
        ))
        .await
        .unwrap()
        .into_inner();
    assert!(
        written
            .rows
            .iter()
            .all(|row| !row.etag.is_empty() && row.update_time.is_some())
    );
    let read = client
        .read_data(ReadDataRequest::default())
        .await
        .unwrap()
        .into_inner();
    let texts: Vec<_> = read.rows.iter().map(|row| row.json.clone()).collect();
    assert_eq!(texts, rows.map(|text| text.as_bytes().to_vec()));
    assert_eq!(read.next_page_token, "");
}

#[tokio::test]
pub(crate) async fn rows_of_others_are_as_if_they_did_not_exist() {
    let running = Running::start().await;
    let read = |item_id: &str| ReadDataRequest {
        workspace_id: seed::WORKSPACE_ID.to_owned(),
        item_id: item_id.to_owned(),
        ..ReadDataRequest::default()
    };
    let mut owner = data(&running, seed::CONSENTED).await;
    let mut request = write([row("secret", "{}")]);
    request.workspace_id = seed::WORKSPACE_ID.to_owned();
    request.item_id = seed::ITEM_ID.to_owned();
    owner.write_data(request).await.unwrap();
    let own = owner.read_data(read(seed::ITEM_ID)).await.unwrap();
    assert_eq!(own.into_inner().rows.len(), 1);

    // Without rights to an item, nobody learns whether it exists.
    for upn in [seed::GUEST, seed::OTHER_TENANT] {
        let mut other = data(&running, upn).await;
        for item_id in [seed::ITEM_ID, seed::CAPACITY_ID] {
            let denied = other.read_data(read(item_id)).await.unwrap_err();
            let info = denied.get_details_error_info().unwrap();
            assert_eq!(info.reason, "ITEM_PERMISSION_DENIED", "{upn}");
            assert_eq!(info.metadata["itemId"], item_id);
        }
    }
    // With rights to it, a user sees what they would see of an item that was never written to.
    let mut other = data(&running, seed::DEVICE).await;
    let seen = other.read_data(read(seed::ITEM_ID)).await.unwrap();
    let seen = seen.into_inner();
    assert_eq!(seen, ReadDataResponse::default());
}

#[tokio::test]
async fn rows_come_in_pages() {
    let running = Running::start().await;
    let mut client = data(&running, seed::CONSENTED).await;
    let rows = (0..25).map(|number| row(&format!("row-{number:02}"), "1"));
    client.write_data(write(rows)).await.unwrap();
    let mut request = ReadDataRequest {
        page_size: 10,
        ..ReadDataRequest::default()
    };
    let mut sizes = Vec::new();
    let mut ids = Vec::new();
    loop {
        let page = client
            .read_data(request.clone())
            .await
            .unwrap()
            .into_inner();
        sizes.push(page.rows.len());
        ids.extend(page.rows.into_iter().map(|row| row.row_id));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(sizes, [10, 10, 5]);
    let expected: Vec<_> = (0..25).map(|number| format!("row-{number:02}")).collect();
    assert_eq!(ids, expected);
}

#[tokio::test]
pub(crate) async fn an_etag_that_is_no_longer_the_rows_is_a_conflict_and_nothing_is_written() {
    let running = Running::start().await;
    let mut client = data(&running, seed::CONSENTED).await;
    let first = client
        .write_data(write([row("r", "1")]))
        .await
        .unwrap()
        .into_inner();
    let etag = first.rows[0].etag.clone();
    let replace = |json: &str| Row {
        etag: etag.clone(),
        ..row("r", json)
    };
    let second = client
        .write_data(write([replace("2")]))
        .await
        .unwrap()
        .into_inner();
    assert_ne!(second.rows[0].etag, etag);

    let stale = client
        .write_data(write([row("other", "1"), replace("3")]))
        .await;
    assert_refused(stale, Code::Aborted, "STORE_CONFLICT");
    let read = client
        .read_data(ReadDataRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(read.rows.len(), 1, "all of them or none");
    assert_eq!(read.rows[0].json.as_ref(), b"2");
}

#[tokio::test]
pub(crate) async fn a_field_that_is_not_acceptable_is_named() {
    let running = Running::start().await;
    let mut client = data(&running, seed::CONSENTED).await;
    let field = |status: &Status| {
        let violations = status
            .get_details_bad_request()
            .expect("BadRequest")
            .field_violations;
        violations.first().expect("a violation").field.clone()
    };
    let written = client
        .write_data(write([row("a", "1"), row("b", "{not json")]))
        .await;
    let status = assert_refused(written, Code::InvalidArgument, "FIELD_INVALID");
    assert_eq!(field(&status), "rows[1].json");

    for (request, expected) in [
        (
            ReadDataRequest {
                page_token: "made-up".to_owned(),
                ..Default::default()
            },
            "page_token",
        ),
        (
            ReadDataRequest {
                page_size: -1,
                ..Default::default()
            },
            "page_size",
        ),
        (
            ReadDataRequest {
                workspace_id: "not-a-guid".to_owned(),
                item_id: seed::CONTOSO_TENANT_ID.to_owned(),
                ..Default::default()
            },
            "workspace_id",
        ),
        (
            ReadDataRequest {
                workspace_id: seed::CONTOSO_TENANT_ID.to_owned(),
                ..Default::default()
            },
            "item_id",
        ),
    ] {
        let read = client.read_data(request).await;
        let status = assert_refused(read, Code::InvalidArgument, "FIELD_INVALID");
        assert_eq!(field(&status), expected);
    }
    let empty = client.write_data(write([])).await;
    assert_eq!(
        field(&assert_refused(
            empty,
            Code::InvalidArgument,
            "FIELD_INVALID"
        )),
        "rows"
    );
}

#[tokio::test]
async fn a_page_token_of_one_list_opens_no_other() {
    let running = Running::start().await;
    let mut client = data(&running, seed::CONSENTED).await;
    client
        .write_data(write((0..3).map(|at| row(&format!("r{at}"), "1"))))
        .await
        .unwrap();
    let request = ReadDataRequest {
        page_size: 1,
        ..ReadDataRequest::default()
    };
    let page = client.read_data(request).await.unwrap().into_inner();
    let elsewhere = ReadDataRequest {
        page_token: page.next_page_token.clone(),
        workspace_id: seed::WORKSPACE_ID.to_owned(),
        item_id: seed::ITEM_ID.to_owned(),
        ..ReadDataRequest::default()
    };
    let read = client.read_data(elsewhere).await;
    assert_refused(read, Code::InvalidArgument, "FIELD_INVALID");
    let mut other = data(&running, seed::MFA).await;
    let request = ReadDataRequest {
        page_token: page.next_page_token,
        ..ReadDataRequest::default()
    };
    if let Ok(read) = other.read_data(request).await {
        assert_eq!(
            read.into_inner().rows,
            [],
            "another user's token shows nothing of it"
        );
    }
}

#[tokio::test]
async fn tasks_are_listed_changed_and_deleted_by_their_owner() {
    let running = Running::start().await;
    let mut client = tasks(&running, seed::CONSENTED).await;
    let created = client
        .create_task(new_task("first"))
        .await
        .unwrap()
        .into_inner()
        .task
        .unwrap();
    assert!(created.create_time.is_some() && !created.task_id.is_empty());

    let change = Task {
        task_id: created.task_id.clone(),
        title: "ignored".to_owned(),
        completed: true,
        etag: created.etag.clone(),
        ..Task::default()
    };
    let mask = |paths: &[&str]| {
        Some(FieldMask {
            paths: paths.iter().map(ToString::to_string).collect(),
        })
    };
    let request = UpdateTaskRequest {
        task: Some(change.clone()),
        update_mask: mask(&["completed"]),
    };
    let updated = client
        .update_task(request.clone())
        .await
        .unwrap()
        .into_inner()
        .task
        .unwrap();
    assert_eq!((updated.title.as_str(), updated.completed), ("first", true));
    assert_ne!(updated.etag, created.etag);

    let stale = client.update_task(request).await;
    assert_refused(stale, Code::Aborted, "STORE_CONFLICT");
    for path in ["task_id", "create_time", "nonsense"] {
        let request = UpdateTaskRequest {
            task: Some(change.clone()),
            update_mask: mask(&[path]),
        };
        let refused = client.update_task(request).await;
        assert_refused(refused, Code::InvalidArgument, "FIELD_INVALID");
    }

    let delete = |etag: &str| DeleteTaskRequest {
        task_id: created.task_id.clone(),
        etag: etag.to_owned(),
    };
    let stale = client.delete_task(delete(&created.etag)).await;
    assert_refused(stale, Code::Aborted, "STORE_CONFLICT");
    client.delete_task(delete(&updated.etag)).await.unwrap();
    let gone = client.delete_task(delete("")).await;
    assert_refused(gone, Code::NotFound, "RESOURCE_NOT_FOUND");
}

#[tokio::test]
async fn tasks_of_others_do_not_exist() {
    let running = Running::start().await;
    let mut owner = tasks(&running, seed::CONSENTED).await;
    let task = owner
        .create_task(new_task("mine"))
        .await
        .unwrap()
        .into_inner()
        .task
        .unwrap();

    for upn in [seed::MFA, seed::OTHER_TENANT, seed::GUEST] {
        let mut other = tasks(&running, upn).await;
        let listed = other
            .list_tasks(ListTasksRequest::default())
            .await
            .unwrap()
            .into_inner();
        assert_eq!(listed.tasks, [], "{upn}");
        let delete = DeleteTaskRequest {
            task_id: task.task_id.clone(),
            etag: task.etag.clone(),
        };
        let deleted = other.delete_task(delete).await;
        let of_theirs = assert_refused(deleted, Code::NotFound, "RESOURCE_NOT_FOUND");
        let change = Task {
            completed: true,
            ..task.clone()
        };
        let request = UpdateTaskRequest {
            task: Some(change),
            update_mask: None,
        };
        assert_refused(
            other.update_task(request).await,
            Code::NotFound,
            "RESOURCE_NOT_FOUND",
        );
        // The same answer as for a task that never was.
        let absent = DeleteTaskRequest {
            task_id: uuid::Uuid::new_v4().to_string(),
            etag: String::new(),
        };
        let of_nobodys = other.delete_task(absent).await.unwrap_err();
        assert_eq!(of_theirs.message(), of_nobodys.message());
    }
    let listed = owner
        .list_tasks(ListTasksRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(listed.tasks, [task]);
}

#[tokio::test]
async fn one_user_is_the_same_by_tokens_of_either_version() {
    let running = Running::start().await;
    let token = |version| {
        running.emulator.issue(
            &TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID)
                .scopes(["access_as_user"])
                .version(version),
        )
    };
    let mut by_v1 = TaskServiceClient::new(authorized(&running, &token(TokenVersion::V1)).await);
    let mut by_v2 = TaskServiceClient::new(authorized(&running, &token(TokenVersion::V2)).await);
    by_v1.create_task(new_task("one")).await.unwrap();
    let listed = by_v2
        .list_tasks(ListTasksRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(listed.tasks.len(), 1);
}

#[tokio::test]
async fn the_profile_is_what_the_claims_say() {
    let running = Running::start().await;
    for (version, name) in [(TokenVersion::V1, "1.0"), (TokenVersion::V2, "2.0")] {
        let token = running.emulator.issue(
            &TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID)
                .scopes(["access_as_user", "data.read"])
                .version(version),
        );
        let mut client = ProfileServiceClient::new(authorized(&running, &token).await);
        let response = client
            .get_profile(GetProfileRequest {})
            .await
            .unwrap()
            .into_inner();
        let profile = response.profile.unwrap();
        let account = running
            .emulator
            .directory()
            .account(seed::CONSENTED)
            .unwrap();
        assert_eq!(profile.tenant_id, seed::CONTOSO_TENANT_ID);
        assert_eq!(
            profile.object_id,
            account.object_id(seed::CONTOSO_TENANT_ID)
        );
        assert_eq!(profile.display_name, "Cora Consented");
        assert_eq!(profile.preferred_username, seed::CONSENTED);
        assert_eq!(profile.client_id, seed::PORTAL_CLIENT_ID);
        assert_eq!(profile.scopes, ["access_as_user", "data.read"]);
        assert_eq!(profile.token_version, name);
        assert!(profile.expire_time.is_some());
    }
}

#[tokio::test]
pub(crate) async fn nobody_is_believed_to_be_who_metadata_or_names_say() {
    let running = Running::start().await;
    let other = running
        .emulator
        .directory()
        .account(seed::MFA)
        .unwrap()
        .clone();
    let token = running.emulator.issue(
        &TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID)
            .scopes(["access_as_user"])
            .claim("preferred_username", seed::MFA)
            .claim("upn", seed::MFA)
            .claim("email", seed::MFA),
    );
    let mut client = ProfileServiceClient::new(authorized(&running, &token).await);
    let mut request = Request::new(GetProfileRequest {});
    let object_id = other.object_id(seed::CONTOSO_TENANT_ID);
    for name in [
        "x-user-oid",
        "x-ms-client-principal-id",
        "x-ms-client-principal",
        "user_id",
    ] {
        request
            .metadata_mut()
            .insert(name, object_id.parse().unwrap());
    }
    request
        .metadata_mut()
        .insert("x-tenant-id", seed::FABRIKAM_TENANT_ID.parse().unwrap());
    let profile = client
        .get_profile(request)
        .await
        .unwrap()
        .into_inner()
        .profile
        .unwrap();
    assert_ne!(profile.object_id, object_id);
    assert_eq!(profile.tenant_id, seed::CONTOSO_TENANT_ID);

    // And the data of the one whose name it is stays out of reach.
    let mut victim = tasks(&running, seed::MFA).await;
    victim.create_task(new_task("private")).await.unwrap();
    let mut named_alike = TaskServiceClient::new(authorized(&running, &token).await);
    let listed = named_alike
        .list_tasks(ListTasksRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(listed.tasks, []);
}

#[tokio::test]
async fn an_empty_request_to_read_is_answered_with_ones_own_rows() {
    let running = Running::start().await;
    let token = full_token(&running.emulator, seed::CONSENTED);
    let reply = running
        .raw()
        .await
        .send(&Call::to(READ_DATA).bearer(&token))
        .await;
    assert_eq!(
        reply.message::<ReadDataResponse>(),
        ReadDataResponse::default()
    );
}
