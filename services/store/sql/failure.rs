//! Why a statement, or the transaction it is in, came to nothing.
//!
//! An engine's error stays what it is until the operation ends, because an error that says only
//! that transactions were in each other's way is answered by another attempt. Then it is logged,
//! here alone, and becomes what a caller can act on.

use sqlx::Error;
use sqlx::postgres::PgDatabaseError;
use sqlx::sqlite::SqliteError;

use crate::store::{StoreError, postgres, sqlite};

/// Why a transaction came to nothing.
#[derive(Debug)]
pub enum Failure {
    /// The statements ran, and what they found refuses the operation.
    Refused(StoreError),
    /// The engine did not run them.
    Engine(Error),
}

impl Failure {
    /// Whether the same transaction may succeed if it is run once more.
    pub(super) fn is_contention(&self) -> bool {
        match self {
            Self::Engine(Error::Database(cause)) => cause
                .try_downcast_ref::<PgDatabaseError>()
                .is_some_and(|error| postgres::failure::is_contention(error.code())),
            Self::Engine(_) | Self::Refused(_) => false,
        }
    }
}

impl From<StoreError> for Failure {
    fn from(refused: StoreError) -> Self {
        Self::Refused(refused)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Engine(error)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refused) => refused,
            Failure::Engine(Error::RowNotFound) => Self::NotFound,
            Failure::Engine(error) => {
                // The messages of both engines name tables and columns, never values.
                tracing::error!(error = %error, "store operation failed");
                classify(&error)
            }
        }
    }
}

fn classify(error: &Error) -> StoreError {
    match error {
        Error::Io(_)
        | Error::Tls(_)
        | Error::PoolTimedOut
        | Error::PoolClosed
        | Error::WorkerCrashed => StoreError::Unavailable,
        Error::Database(cause) => {
            if let Some(error) = cause.try_downcast_ref::<PgDatabaseError>() {
                postgres::failure::classify(error.code())
            } else if let Some(error) = cause.try_downcast_ref::<SqliteError>() {
                sqlite::failure::classify(error)
            } else {
                StoreError::Corrupt
            }
        }
        _ => StoreError::Corrupt,
    }
}
