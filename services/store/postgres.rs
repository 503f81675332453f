//! PostgreSQL as the store's engine.
//!
//! Writers wait for each other where they could be in each other's way, and nowhere else: a
//! transaction begins with an advisory lock on its scope, held to its end. After that, each of
//! its statements sees all that earlier writers of the scope have committed, so that what a
//! transaction reads is still true when it writes, as on SQLite. A lock, not a serializable
//! transaction: an owner's writes all count towards one quota, and would fail each other.

pub(super) mod failure;

use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{Connection as _, Postgres, Transaction};
use tokio::sync::Semaphore;

use super::sql::schema::{self, Schema};
use super::sql::statement::statement;
use super::sql::{Begun, CONNECTION_WAIT, Engine, Failure, Scope, SqlStore, acquire, load};
use super::{OpenError, PoolLoad, Quota, StoreError};
use crate::config::{Migrate, PostgresUrl};

/// How long the start waits for a server that neither answers nor refuses.
const OPENING_WAIT: Duration = Duration::from_secs(10);

/// Connections of one replica.
const CONNECTIONS: u32 = 16;

/// What the server is told of every connection: how long a writer waits for its turn, and after
/// what time a statement, or a transaction whose client has fallen silent, is given up.
const BOUNDS: [(&str, &str); 3] = [
    ("lock_timeout", "1s"),
    ("statement_timeout", "5s"),
    ("idle_in_transaction_session_timeout", "10s"),
];

const SCHEMA: Schema = Schema {
    migrations: &[
        (
            1,
            "rows and tasks",
            include_str!("migrations/postgres/0001_rows_and_tasks.sql"),
        ),
        (
            2,
            "refresh tokens",
            include_str!("migrations/postgres/0002_refresh_tokens.sql"),
        ),
        (
            3,
            "items",
            include_str!("migrations/postgres/0003_items.sql"),
        ),
        (4, "jobs", include_str!("migrations/postgres/0004_jobs.sql")),
    ],
    tables_named: "SELECT COUNT(*) FROM information_schema.tables \
                   WHERE table_schema = current_schema() AND table_name = $1",
};

/// Keeps writers of the same owner apart, and those of the whole tenant from all of them.
const LOCK_OWNER: &str = "SELECT 1 \
     FROM pg_advisory_xact_lock_shared(hashtextextended($1, 0)), \
     pg_advisory_xact_lock(hashtextextended($1 || '/' || $2, 0))";

/// Waits for all writers of the tenant.
const LOCK_TENANT: &str = "SELECT 1 FROM pg_advisory_xact_lock(hashtextextended($1, 0))";

/// A store in a PostgreSQL database.
pub type PostgresStore = SqlStore<PostgresEngine>;

/// A PostgreSQL database.
#[derive(Debug)]
pub struct PostgresEngine {
    pool: PgPool,
    /// Held while a connection is opened for nobody in particular.
    reopening: Arc<Semaphore>,
}

impl PostgresStore {
    /// Reaches the database, which has to exist, and brings its schema up to date or checks it.
    ///
    /// # Errors
    ///
    /// It cannot be reached, or its schema is not this version's.
    pub async fn open(
        url: &PostgresUrl,
        migrate: Migrate,
        quota: Quota,
    ) -> Result<Self, OpenError> {
        let options: PgConnectOptions = url.expose().parse()?;
        let options = options.application_name("selvedge");
        // On a connection without bounds: one replica migrates, and the others wait for it.
        let connecting = tokio::time::timeout(OPENING_WAIT, PgConnection::connect_with(&options));
        let mut connection = connecting
            .await
            .map_err(|_| OpenError::Engine(StoreError::Unavailable))??;
        schema::settle(&mut connection, &SCHEMA, migrate).await?;
        // Its end matters to nobody.
        let _ = connection.close().await;

        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .min_connections(1)
            .acquire_timeout(OPENING_WAIT)
            .connect_with(options.options(BOUNDS))
            .await?;
        let reopening = Arc::new(Semaphore::new(1));
        Ok(Self::new(PostgresEngine { pool, reopening }, quota))
    }
}

impl PostgresEngine {
    async fn connection(&self) -> Result<PoolConnection<Postgres>, Failure> {
        let acquired = acquire(&self.pool, CONNECTION_WAIT).await;
        if acquired.is_err()
            && let Ok(reopening) = Arc::clone(&self.reopening).try_acquire_owned()
        {
            // A connection that takes longer to open than a caller waits would never be opened.
            let opening = self.pool.acquire();
            tokio::spawn(async move {
                // It goes to whoever asks next; a failure is what they find themselves.
                let _ = opening.await;
                drop(reopening);
            });
        }
        acquired
    }
}

impl Engine for PostgresEngine {
    type Database = Postgres;

    const SYSTEM: &'static str = "postgresql";

    async fn reader(&self) -> Result<PoolConnection<Postgres>, Failure> {
        self.connection().await
    }

    async fn begin(&self, scope: Scope<'_>) -> Begun<Self> {
        let connection = self.connection().await?;
        let mut transaction = Transaction::begin(connection, None).await?;
        let lock = match scope {
            Scope::Owner(owner) => statement(LOCK_OWNER)
                .bind(owner.tenant().to_string())
                .bind(owner.object_id()),
            Scope::Tenant(tenant) => statement(LOCK_TENANT).bind(tenant.to_string()),
        };
        lock.execute(&mut *transaction).await?;
        Ok(transaction)
    }

    fn pools(&self) -> Vec<PoolLoad> {
        vec![load("all", &self.pool)]
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}
