//! Jobs as Fabric orders them over gRPC, run against the emulator's OneLake.

mod crash;
pub(crate) mod orders;
mod stopped;
mod traced;

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use emulator::{Emulator, TokenRequest, seed};
use selvedge::contracts::control::v1::{
    CancelItemJobInstanceRequest, CancelItemJobInstanceResponse, CreateItemJobInstanceRequest,
    CreateItemRequest, DeleteItemRequest, GetItemJobInstanceStateRequest,
    GetItemJobInstanceStateResponse, InvokeType, ItemJobInstanceState, JobStatus,
};
use selvedge::contracts::data::v1::{Row, WriteDataRequest};
use selvedge::exchange::{KeyRing, RefreshTokens};
use uuid::Uuid;

use crate::exchange::pair;
use crate::support::process::ServiceProcess;
use crate::support::temporary::TemporaryFolder;
use crate::support::{Call, RawClient, Reply, eventually, user_token};

const CREATE: &str = "/selvedge.control.v1.JobService/CreateItemJobInstance";
const STATE: &str = "/selvedge.control.v1.JobService/GetItemJobInstanceState";
const CANCEL: &str = "/selvedge.control.v1.JobService/CancelItemJobInstance";
const CREATE_ITEM: &str = "/selvedge.control.v1.ItemLifecycleService/CreateItem";
const DELETE_ITEM: &str = "/selvedge.control.v1.ItemLifecycleService/DeleteItem";
const WRITE_DATA: &str = "/selvedge.data.v1.DataService/WriteData";

/// A file with a key that seals refresh tokens.
fn sealing_key(folder: &Path) -> std::path::PathBuf {
    let file = folder.join("sealing.key");
    std::fs::write(&file, STANDARD.encode([7_u8; 32])).unwrap();
    file
}

/// What seals refresh tokens.
pub(crate) fn sealing_keys(folder: &Path) -> Arc<KeyRing> {
    let keys = KeyRing::read(&[sealing_key(folder)], RefreshTokens::PURPOSE);
    Arc::new(keys.unwrap())
}

/// A service in a process of its own, whose jobs are up for others 3 seconds after it has died, with
/// these further settings of its environment.
async fn start_process(
    emulator: &Emulator,
    folder: &TemporaryFolder,
    store: &str,
    further: &[(&str, &str)],
) -> ServiceProcess {
    let key = sealing_key(folder.path());
    let mut settings = vec![
        ("SELVEDGE_CACHE__KEY_FILES", key.to_str().unwrap()),
        ("SELVEDGE_JOBS__LEASE", "3s"),
        ("SELVEDGE_STORE__URL", store),
    ];
    settings.extend(further);
    ServiceProcess::start_with(emulator, folder.path(), "info", &settings).await
}

/// Fabric, calling for one user.
struct Fabric<'a> {
    emulator: &'a Emulator,
    client: RawClient,
    user: &'static str,
}

impl<'a> Fabric<'a> {
    fn new(emulator: &'a Emulator, client: RawClient, user: &'static str) -> Self {
        Self {
            emulator,
            client,
            user,
        }
    }

    /// A call as Fabric makes it: both tokens, and the tenant.
    async fn call(&self, method: &str, message: &impl prost::Message) -> Reply {
        let subject = TokenRequest::delegated(self.user, seed::WORKLOAD_CLIENT_ID)
            .client(seed::FABRIC_CLIENT_ID)
            .scopes(["FabricWorkloadControl"]);
        let app = TokenRequest::app_only(seed::FABRIC_CLIENT_ID, seed::WORKLOAD_CLIENT_ID);
        let tokens = pair(&self.emulator.issue(&subject), &self.emulator.issue(&app));
        let call = Call::to(method)
            .header("authorization", tokens)
            .header("x-ms-client-tenant-id", seed::CONTOSO_TENANT_ID)
            .message(message);
        self.client.send(&call).await
    }

    /// Creates the seeded item, with one row of the user's under it.
    async fn create_item(&self) {
        let request = CreateItemRequest {
            workspace_id: seed::WORKSPACE_ID.to_owned(),
            item_type: seed::ITEM_TYPE.to_owned(),
            item_id: seed::ITEM_ID.to_owned(),
            display_name: "sample".to_owned(),
            ..CreateItemRequest::default()
        };
        eventually("Fabric's calls are served", async || {
            self.call(CREATE_ITEM, &request).await.verdict() == "OK"
        })
        .await;
    }

    async fn delete_item(&self) {
        let request = DeleteItemRequest {
            workspace_id: seed::WORKSPACE_ID.to_owned(),
            item_type: seed::ITEM_TYPE.to_owned(),
            item_id: seed::ITEM_ID.to_owned(),
        };
        assert_eq!(self.call(DELETE_ITEM, &request).await.verdict(), "OK");
    }

    async fn write_rows(&self, rows: &[(&str, &str)]) {
        let request = WriteDataRequest {
            workspace_id: seed::WORKSPACE_ID.to_owned(),
            item_id: seed::ITEM_ID.to_owned(),
            rows: rows
                .iter()
                .map(|(id, json)| Row {
                    row_id: (*id).to_owned(),
                    json: json.as_bytes().to_vec().into(),
                    ..Row::default()
                })
                .collect(),
        };
        let token = user_token(self.emulator, self.user, &["data.write"]);
        let call = Call::to(WRITE_DATA).bearer(&token).message(&request);
        assert_eq!(self.client.send(&call).await.verdict(), "OK");
    }

    async fn create(&self, job: &Job) -> Reply {
        let request = CreateItemJobInstanceRequest {
            workspace_id: seed::WORKSPACE_ID.to_owned(),
            item_type: seed::ITEM_TYPE.to_owned(),
            item_id: seed::ITEM_ID.to_owned(),
            job_type: job.job_type.clone(),
            job_instance_id: job.id.clone(),
            invoke_type: InvokeType::Manual.into(),
            creation_payload: job.payload.clone().into_bytes().into(),
        };
        self.call(CREATE, &request).await
    }

    async fn state(&self, job: &Job) -> ItemJobInstanceState {
        let reply = self.call(STATE, &job.asked()).await;
        let answer: GetItemJobInstanceStateResponse = reply.message();
        answer.state.unwrap()
    }

    async fn cancel(&self, job: &Job) -> Reply {
        let asked = job.asked();
        let request = CancelItemJobInstanceRequest {
            workspace_id: asked.workspace_id,
            item_type: asked.item_type,
            item_id: asked.item_id,
            job_type: asked.job_type,
            job_instance_id: asked.job_instance_id,
        };
        self.call(CANCEL, &request).await
    }

    async fn until(&self, job: &Job, wanted: JobStatus) -> ItemJobInstanceState {
        eventually("the job comes to where it should", async || {
            self.state(job).await.status() == wanted
        })
        .await;
        self.state(job).await
    }
}

fn cancelled(reply: &Reply) -> ItemJobInstanceState {
    let answer: CancelItemJobInstanceResponse = reply.message();
    answer.state.unwrap()
}

/// One run.
#[derive(Clone, Debug)]
struct Job {
    id: String,
    job_type: String,
    payload: String,
}

impl Job {
    /// An export to this file of the seeded lakehouse.
    fn export(path: &str) -> Self {
        Self::of_type("ExportRows", &format!(r#""path": "{path}""#))
    }

    /// Exports to files whose names begin so.
    fn exports(path: &str, rounds: u32, seconds: u32) -> Self {
        let more = format!(r#""path": "{path}", "rounds": {rounds}, "intervalSeconds": {seconds}"#);
        Self::of_type("ExportRowsRepeatedly", &more)
    }

    fn of_type(name: &str, more: &str) -> Self {
        let (workspace, lakehouse) = (seed::WORKSPACE_ID, seed::LAKEHOUSE_ID);
        Self {
            id: Uuid::new_v4().to_string(),
            job_type: format!("{}.{name}", seed::ITEM_TYPE),
            payload: format!(
                r#"{{"lakehouse": {{"workspaceId": "{workspace}", "lakehouseId": "{lakehouse}"}}, {more}}}"#
            ),
        }
    }

    fn asked(&self) -> GetItemJobInstanceStateRequest {
        GetItemJobInstanceStateRequest {
            workspace_id: seed::WORKSPACE_ID.to_owned(),
            item_type: seed::ITEM_TYPE.to_owned(),
            item_id: seed::ITEM_ID.to_owned(),
            job_type: self.job_type.clone(),
            job_instance_id: self.id.clone(),
        }
    }
}
