//! The schema and its migrations. A migration that has shipped is never edited: its digest is kept
//! in the store, and one that differs is refused.

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

use super::failure::Failure;
use super::statement::{Connection, statement};
use crate::config::Migrate;
use crate::store::{OpenError, StoreError};

/// An engine's migrations, and how it is asked whether it has noted any.
pub(in crate::store) struct Schema {
    /// Version, name and text, in order.
    pub(in crate::store) migrations: &'static [(i64, &'static str, &'static str)],
    /// Counts the tables with a name.
    pub(in crate::store) tables_named: &'static str,
}

/// Where sqlx notes what has been applied.
const TABLE: &str = "_sqlx_migrations";

/// Brings the schema up to date, or refuses one that is not.
pub(in crate::store) async fn settle<C>(
    connection: &mut C,
    schema: &Schema,
    migrate: Migrate,
) -> Result<(), OpenError>
where
    C: Connection + sqlx::migrate::Migrate,
{
    let migrator = schema.migrator();
    match migrate {
        Migrate::Auto => Ok(migrator.run_direct(None, connection, false).await?),
        Migrate::Check => check(&migrator, schema, connection).await,
    }
}

impl Schema {
    fn migrator(&self) -> Migrator {
        let migrations = self.migrations.iter().map(|(version, name, sql)| {
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
}

async fn check<C>(migrator: &Migrator, schema: &Schema, connection: &mut C) -> Result<(), OpenError>
where
    C: Connection + sqlx::migrate::Migrate,
{
    let noted: i64 = statement(schema.tables_named)
        .bind(TABLE)
        .fetch_one(connection)
        .await?;
    // Asked first: listing what is applied needs the table, and a check must not create it.
    let applied = if noted == 0 {
        Vec::new()
    } else {
        connection.list_applied_migrations(TABLE).await?
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

impl From<Failure> for OpenError {
    fn from(failure: Failure) -> Self {
        Self::Engine(failure.into())
    }
}

impl From<sqlx::Error> for OpenError {
    fn from(error: sqlx::Error) -> Self {
        Failure::Engine(error).into()
    }
}

impl From<MigrateError> for OpenError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) => Self::Foreign,
            _ => Self::Engine(StoreError::Corrupt),
        }
    }
}
