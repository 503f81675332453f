//! `selvedge serve` in a process that is killed and started again, on either engine, while clients go
//! on as well-behaved clients do: what was not acknowledged is sent again.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use auth_interceptor::Clock;
use emulator::{Emulator, TokenRequest, seed};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _};
use tokio::sync::{Mutex, watch};

use super::postgres::{Durability, PostgresDatabase, PostgresServer};
use super::process::ServiceProcess;
use super::raw_client::{Call, RawClient};
use super::reply::Reply;
use super::running::start_emulator;
use super::temporary::TemporaryFolder;
use super::wait::eventually;

/// A service that is killed now and then.
pub(crate) struct KilledService {
    pub(crate) emulator: Emulator,
    store: KilledStore,
    process: Mutex<ServiceProcess>,
    address: watch::Sender<SocketAddr>,
    acknowledged: AtomicUsize,
    folder: TemporaryFolder,
}

/// Where it keeps what it has acknowledged.
enum KilledStore {
    Sqlite,
    /// As durable as in production.
    Postgres(
        PostgresDatabase,
        #[expect(dead_code, reason = "runs until it is dropped")] Box<PostgresServer>,
    ),
}

impl KilledService {
    pub(crate) async fn on_sqlite() -> Self {
        Self::start(KilledStore::Sqlite).await
    }

    pub(crate) async fn on_postgres() -> Self {
        let server = PostgresServer::start(Durability::Full).await;
        let database = server.database().await;
        Self::start(KilledStore::Postgres(database, Box::new(server))).await
    }

    async fn start(store: KilledStore) -> Self {
        let folder = TemporaryFolder::new();
        let emulator = start_emulator(Clock::system()).await;
        let process = start_process(&emulator, &folder, &store).await;
        let (address, _) = watch::channel(process.address.parse().unwrap());
        Self {
            emulator,
            store,
            process: Mutex::new(process),
            address,
            acknowledged: AtomicUsize::new(0),
            folder,
        }
    }

    /// Kills the process as soon as so many calls have been acknowledged, and starts another.
    pub(crate) async fn kill_after(&self, acknowledged: usize) {
        eventually("calls are acknowledged", async || {
            self.acknowledged.load(Ordering::SeqCst) >= acknowledged
        })
        .await;
        let mut process = self.process.lock().await;
        process.kill();
        *process = start_process(&self.emulator, &self.folder, &self.store).await;
        self.address.send_replace(process.address.parse().unwrap());
    }

    /// A client that outlives the process.
    pub(crate) fn client(&self) -> PatientClient<'_> {
        PatientClient {
            service: self,
            connection: None,
        }
    }

    /// The credentials that Fabric calls with on behalf of a user.
    pub(crate) fn fabric_credentials(&self) -> String {
        let workload = seed::WORKLOAD_CLIENT_ID;
        let user = TokenRequest::delegated(seed::CONSENTED, workload)
            .client(seed::FABRIC_CLIENT_ID)
            .scopes(["FabricWorkloadControl"]);
        let fabric = TokenRequest::app_only(seed::FABRIC_CLIENT_ID, workload);
        format!(
            "SubjectAndAppToken1.0 subjectToken=\"{}\", appToken=\"{}\"",
            self.emulator.issue(&user),
            self.emulator.issue(&fabric)
        )
    }

    /// The one number that a query finds in the store, past the service.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let sql = AssertSqlSafe(sql.to_owned());
        match &self.store {
            KilledStore::Sqlite => {
                let options = SqliteConnectOptions::new().filename(self.folder.path().join(FILE));
                let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
                let found = sqlx::query_scalar(sql).fetch_one(&mut connection).await;
                found.unwrap()
            }
            KilledStore::Postgres(database, _) => {
                let mut connection = database.connect().await;
                let found = sqlx::query_scalar(sql).fetch_one(&mut connection).await;
                found.unwrap()
            }
        }
    }
}

const FILE: &str = "selvedge.db";

async fn start_process(
    emulator: &Emulator,
    folder: &TemporaryFolder,
    store: &KilledStore,
) -> ServiceProcess {
    let url = match store {
        KilledStore::Sqlite => format!("sqlite://{}", folder.path().join(FILE).display()),
        KilledStore::Postgres(database, _) => database.url.clone(),
    };
    let settings = [("SELVEDGE_STORE__URL", url.as_str())];
    ServiceProcess::start_with(emulator, folder.path(), "info", &settings).await
}

/// Sends a call until it is acknowledged.
pub(crate) struct PatientClient<'a> {
    service: &'a KilledService,
    connection: Option<RawClient>,
}

impl PatientClient<'_> {
    /// The answer to the call, once there is one that does not say to come again.
    pub(crate) async fn send(&mut self, call: &Call) -> Reply {
        let mut answer = None;
        eventually("the call is acknowledged", async || {
            answer = self.attempt(call).await;
            answer.is_some()
        })
        .await;
        self.service.acknowledged.fetch_add(1, Ordering::SeqCst);
        answer.unwrap()
    }

    async fn attempt(&mut self, call: &Call) -> Option<Reply> {
        if self.connection.is_none() {
            let address = *self.service.address.borrow();
            self.connection = RawClient::try_connect(address).await.ok();
        }
        match self.connection.as_ref()?.try_send(call).await {
            Ok(reply) if reply.verdict().starts_with("UNAVAILABLE") => None,
            Ok(reply) => Some(reply),
            Err(_) => {
                self.connection = None;
                None
            }
        }
    }
}
