//! The demonstration's clients: ordinary generated ones, each call with a trace id of its own.

mod fabric;

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use emulator::{Emulator, ItemOrder, seed};
use opentelemetry_sdk::trace::{IdGenerator as _, RandomIdGenerator};
use tonic::metadata::AsciiMetadataValue;
use tonic::transport::Channel;
use tonic::{Request, Response, Status};

use super::narration::Outcome;
use crate::contracts::data::v1::data_service_client::DataServiceClient;
use crate::contracts::data::v1::profile_service_client::ProfileServiceClient;
use crate::contracts::data::v1::task_service_client::TaskServiceClient;
use crate::contracts::data::v1::{
    CreateTaskRequest, DeleteTaskRequest, GetProfileRequest, ListTasksRequest, Profile,
    ReadDataRequest, Row, Task, WriteDataRequest,
};

/// A connection to the service.
#[derive(Clone)]
pub(super) struct Calls(Channel);

impl Calls {
    pub(super) async fn connect(service: SocketAddr) -> Result<Self> {
        let channel = Channel::from_shared(format!("http://{service}"))?
            .connect()
            .await?;
        Ok(Self(channel))
    }

    pub(super) async fn read(&self, token: Option<&str>) -> Outcome<Vec<Row>> {
        Call {
            token,
            retry: false,
        }
        .make(ReadDataRequest::default(), async |request| {
            DataServiceClient::new(self.0.clone())
                .read_data(request)
                .await
        })
        .await
        .map(|reply| reply.rows)
    }

    pub(super) async fn write(&self, token: &str, json: &'static [u8]) -> Outcome<Vec<Row>> {
        let row = Row {
            json: json.into(),
            ..Default::default()
        };
        let request = WriteDataRequest {
            rows: vec![row],
            ..Default::default()
        };
        Call::with(token)
            .make(request, async |request| {
                DataServiceClient::new(self.0.clone())
                    .write_data(request)
                    .await
            })
            .await
            .map(|reply| reply.rows)
    }

    /// Keeps rows under an item.
    pub(super) async fn write_under(
        &self,
        call: Call<'_>,
        item: &ItemOrder,
        rows: &[&'static [u8]],
    ) -> Outcome<Vec<Row>> {
        let rows = rows.iter().map(|json| Row {
            json: (*json).into(),
            ..Default::default()
        });
        let request = WriteDataRequest {
            workspace_id: item.workspace().to_owned(),
            item_id: item.id().to_owned(),
            rows: rows.collect(),
        };
        call.make(request, async |request| {
            DataServiceClient::new(self.0.clone())
                .write_data(request)
                .await
        })
        .await
        .map(|reply| reply.rows)
    }

    pub(super) async fn profile(&self, token: &str) -> Outcome<Option<Profile>> {
        Call::with(token)
            .make(GetProfileRequest {}, async |request| {
                ProfileServiceClient::new(self.0.clone())
                    .get_profile(request)
                    .await
            })
            .await
            .map(|reply| reply.profile)
    }

    pub(super) async fn create_task(&self, token: &str, title: &str) -> Outcome<Option<Task>> {
        let task = Task {
            title: title.to_owned(),
            ..Default::default()
        };
        Call::with(token)
            .make(CreateTaskRequest { task: Some(task) }, async |request| {
                TaskServiceClient::new(self.0.clone())
                    .create_task(request)
                    .await
            })
            .await
            .map(|reply| reply.task)
    }

    pub(super) async fn tasks(&self, token: &str) -> Outcome<Vec<Task>> {
        Call::with(token)
            .make(ListTasksRequest::default(), async |request| {
                TaskServiceClient::new(self.0.clone())
                    .list_tasks(request)
                    .await
            })
            .await
            .map(|reply| reply.tasks)
    }

    pub(super) async fn delete_task(&self, token: &str, task_id: String) -> Outcome<()> {
        let request = DeleteTaskRequest {
            task_id,
            ..Default::default()
        };
        Call::with(token)
            .make(request, async |request| {
                TaskServiceClient::new(self.0.clone())
                    .delete_task(request)
                    .await
            })
            .await
            .map(|_| ())
    }
}

impl<T> Outcome<T> {
    fn map<U>(self, f: impl FnOnce(T) -> U) -> Outcome<U> {
        Outcome {
            trace_id: self.trace_id,
            result: self.result.map(f),
        }
    }
}

/// How a call presents itself.
#[derive(Clone, Copy, Default)]
pub(super) struct Call<'t> {
    token: Option<&'t str>,
    retry: bool,
}

impl<'t> Call<'t> {
    /// With this token.
    pub(super) fn with(token: &'t str) -> Self {
        Self {
            token: Some(token),
            retry: false,
        }
    }

    /// Repeated, after the user has done what the refusal asked for.
    pub(super) fn again(self) -> Self {
        Self {
            retry: true,
            ..self
        }
    }

    /// Makes the call under a new trace.
    async fn make<T, U>(
        self,
        message: T,
        method: impl AsyncFnOnce(Request<T>) -> Result<Response<U>, Status>,
    ) -> Outcome<U> {
        let ids = RandomIdGenerator::default();
        let trace_id = ids.new_trace_id().to_string();
        let mut request = Request::new(message);
        let metadata = request.metadata_mut();
        if let Ok(parent) = format!("00-{trace_id}-{}-01", ids.new_span_id()).parse() {
            metadata.insert("traceparent", parent);
        }
        if let Some(value) = self
            .token
            .and_then(|token| format!("Bearer {token}").parse().ok())
        {
            metadata.insert("authorization", value);
        }
        if self.retry {
            metadata.insert("selvedge-retry", AsciiMetadataValue::from_static("1"));
        }
        let result = method(request).await.map(Response::into_inner);
        Outcome { trace_id, result }
    }
}

/// Signs a user in over HTTPS, as a command-line client does, and returns the access token.
pub(super) async fn sign_in(authority: &Emulator, user: &str, scopes: &[&str]) -> Result<String> {
    let root = reqwest::Certificate::from_pem(authority.root_certificate_pem().as_bytes())?;
    let client = reqwest::Client::builder()
        .tls_certs_only([root])
        .no_proxy()
        .build()?;
    let scopes: Vec<_> = scopes
        .iter()
        .map(|scope| format!("{}/{scope}", seed::WORKLOAD_URI))
        .collect();
    let reply: serde_json::Value = client
        .post(format!(
            "{}/{}/oauth2/v2.0/token",
            authority.origin(),
            seed::CONTOSO_DOMAIN
        ))
        .form(&[
            ("grant_type", "password"),
            ("client_id", seed::CLI_CLIENT_ID),
            ("username", user),
            ("password", seed::PASSWORD),
            ("scope", &scopes.join(" ")),
        ])
        .send()
        .await?
        .json()
        .await?;
    let token = reply
        .get("access_token")
        .and_then(serde_json::Value::as_str);
    token
        .map(str::to_owned)
        .context("the authority issued no token")
}
