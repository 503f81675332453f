//! What the store promises, whatever its engine: one suite, run on SQLite files and on databases of
//! a PostgreSQL server, over real connections.

/// Makes two tests of each function, named after the engine that it is run on.
macro_rules! on_both_engines {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $test() {
                    super::$test(crate::store::Engine::Sqlite).await;
                }
            )*
        }

        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $test() {
                    super::$test(crate::store::Engine::Postgres).await;
                }
            )*
        }
    };
}

mod confirmed;
mod faults;
mod items;
mod jobs;
mod life;
mod refresh_tokens;
mod rows;
mod tasks;
mod verified;

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use auth_interceptor::UnixSeconds;
use bytes::Bytes;
use selvedge::config::Migrate;
use selvedge::store::postgres::PostgresStore;
use selvedge::store::sqlite::SqliteStore;
use selvedge::store::{
    Etag, NewTask, OpenError, Owner, Page, Place, Position, Quota, Row, RowWrite, Store,
    StoreError, Task, TaskChange,
};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _};
use uuid::Uuid;

use crate::support::postgres::{PostgresDatabase, PostgresServer};
use crate::support::temporary::TemporaryFolder;

const CONTOSO: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";
const FABRIKAM: &str = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

/// Which engine a test is run on.
#[derive(Clone, Copy, Debug)]
enum Engine {
    Sqlite,
    Postgres,
}

/// A database that nobody else uses.
#[derive(Debug)]
enum Home {
    Sqlite(TemporaryFolder),
    Postgres(PostgresDatabase),
}

impl Engine {
    /// An empty database.
    async fn home(self) -> Home {
        match self {
            Self::Sqlite => Home::Sqlite(TemporaryFolder::new()),
            Self::Postgres => Home::Postgres(PostgresServer::shared().await.database().await),
        }
    }

    /// An empty store.
    async fn store(self) -> Ticking {
        self.store_with(Quota::default()).await
    }

    /// An empty store in which owners may keep this much.
    async fn store_with(self, quota: Quota) -> Ticking {
        let home = self.home().await;
        let store = home.open(Migrate::Auto, quota).await.unwrap();
        Ticking {
            store,
            ticks: AtomicU64::new(1_000),
            _home: home,
        }
    }
}

impl Home {
    async fn open(&self, migrate: Migrate, quota: Quota) -> Result<Arc<dyn Store>, OpenError> {
        Ok(match self {
            Self::Sqlite(folder) => {
                Arc::new(SqliteStore::open(&file(folder), migrate, quota).await?)
            }
            Self::Postgres(database) => {
                Arc::new(PostgresStore::open(&database.configured(), migrate, quota).await?)
            }
        })
    }

    /// Runs statements on a connection beside the store's.
    async fn execute(&self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(folder) => {
                let options = SqliteConnectOptions::new()
                    .filename(file(folder))
                    .create_if_missing(true);
                let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
                sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
            Self::Postgres(database) => {
                let mut connection = database.connect().await;
                sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
        }
    }
}

fn file(folder: &TemporaryFolder) -> PathBuf {
    folder.path().join("selvedge.db")
}

/// A store, and a time that passes with every write.
struct Ticking {
    store: Arc<dyn Store>,
    ticks: AtomicU64,
    _home: Home,
}

impl Ticking {
    fn now(&self) -> UnixSeconds {
        self.ticks.fetch_add(1, Ordering::Relaxed)
    }

    async fn write_rows(&self, place: &Place, rows: Vec<RowWrite>) -> Result<Vec<Row>, StoreError> {
        self.store.write_rows(place, rows, self.now()).await
    }

    async fn create_task(&self, owner: &Owner, task: NewTask) -> Result<Task, StoreError> {
        self.store.create_task(owner, task, self.now()).await
    }

    async fn update_task(
        &self,
        owner: &Owner,
        id: Uuid,
        change: TaskChange,
        etag: Option<Etag>,
    ) -> Result<Task, StoreError> {
        self.store
            .update_task(owner, id, change, etag, self.now())
            .await
    }
}

impl Deref for Ticking {
    type Target = dyn Store;

    fn deref(&self) -> &Self::Target {
        &*self.store
    }
}

fn owner(tenant: &str, object_id: &str) -> Owner {
    Owner::new(tenant.parse().unwrap(), object_id)
}

fn megan() -> Owner {
    owner(CONTOSO, "megan")
}

fn place(owner: Owner) -> Place {
    Place { owner, item: None }
}

fn write(id: &str, json: &str) -> RowWrite {
    RowWrite {
        id: id.into(),
        json: Bytes::copy_from_slice(json.as_bytes()),
        etag: None,
    }
}

fn numbered(ids: std::ops::Range<usize>) -> Vec<RowWrite> {
    ids.map(|number| write(&number.to_string(), "{}")).collect()
}

fn page(size: u32, after: Option<Position>) -> Page {
    Page { after, size }
}

fn task(title: &str) -> NewTask {
    NewTask {
        id: Uuid::new_v4(),
        title: title.into(),
        description: String::new(),
        completed: false,
    }
}

async fn ids(store: &dyn Store, place: &Place) -> Vec<String> {
    let rows = store.read_rows(place, page(1_000, None)).await.unwrap();
    rows.entries.into_iter().map(|row| row.id).collect()
}
