//! The schema and its migrations. A migration that has shipped is never edited: its digest is kept
//! in the store, and one that differs is refused.

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migrate as _, MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::SqlitePool;

use crate::config::Migrate;
use crate::store::{OpenError, StoreError};

/// Version, name and text, in order.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (
        1,
        "rows and tasks",
        include_str!("../migrations/sqlite/0001_rows_and_tasks.sql"),
    ),
    (
        2,
        "refresh tokens",
        include_str!("../migrations/sqlite/0002_refresh_tokens.sql"),
    ),
    (
        3,
        "items",
        include_str!("../migrations/sqlite/0003_items.sql"),
    ),
];

/// Where sqlx notes what has been applied.
const TABLE: &str = "_sqlx_migrations";

/// Brings the schema up to date, or refuses one that is not.
pub(super) async fn settle(pool: &SqlitePool, migrate: Migrate) -> Result<(), OpenError> {
    let migrator = migrator();
    match migrate {
        Migrate::Auto => migrator.run(pool).await.map_err(open_error),
        Migrate::Check => check(&migrator, pool).await,
    }
}

fn migrator() -> Migrator {
    let migrations = MIGRATIONS.iter().map(|(version, name, sql)| {
        Migration::new(
            *version,
            (*name).into(),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    });
    Migrator::with_migrations(migrations.collect())
}

async fn check(migrator: &Migrator, pool: &SqlitePool) -> Result<(), OpenError> {
    let engine = |error: sqlx::Error| OpenError::Engine(error.into());
    let mut connection = pool.acquire().await.map_err(engine)?;
    let noted: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = ?")
            .bind(TABLE)
            .fetch_one(&mut *connection)
            .await
            .map_err(engine)?;
    // Asked first: listing what is applied needs the table, and a check must not create it.
    let applied = if noted == 0 {
        Vec::new()
    } else {
        connection
            .list_applied_migrations(TABLE)
            .await
            .map_err(open_error)?
    };
    for done in &applied {
        let known = migrator
            .iter()
            .find(|migration| migration.version == done.version);
        if known.is_none_or(|migration| migration.checksum != done.checksum) {
            return Err(OpenError::Foreign);
        }
    }
    match migrator.iter().count() - applied.len() {
        0 => Ok(()),
        pending => Err(OpenError::Behind { pending }),
    }
}

fn open_error(error: MigrateError) -> OpenError {
    match error {
        MigrateError::Execute(error) => OpenError::Engine(error.into()),
        MigrateError::ExecuteMigration(error, _) => OpenError::Engine(error.into()),
        MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) => OpenError::Foreign,
        _ => OpenError::Engine(StoreError::Corrupt),
    }
}
