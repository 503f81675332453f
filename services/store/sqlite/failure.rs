//! What SQLite's result codes mean for a caller. The cause goes to the log here, where it is known.

use sqlx::Error;

use crate::store::StoreError;

// https://www.sqlite.org/rescode.html
const PERM: u32 = 3;
const BUSY: u32 = 5;
const LOCKED: u32 = 6;
const NOMEM: u32 = 7;
const READONLY: u32 = 8;
const IOERR: u32 = 10;
const FULL: u32 = 13;
const CANTOPEN: u32 = 14;

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::RowNotFound => return Self::NotFound,
            Error::Io(_) | Error::PoolTimedOut | Error::PoolClosed | Error::WorkerCrashed => {
                Self::Unavailable
            }
            Error::Database(cause) => match cause.code().and_then(|code| primary(&code)) {
                Some(FULL) => Self::Full,
                Some(PERM | BUSY | LOCKED | NOMEM | READONLY | IOERR | CANTOPEN) => {
                    Self::Unavailable
                }
                _ => Self::Corrupt,
            },
            _ => Self::Corrupt,
        };
        // SQLite's messages name tables and columns, never values.
        tracing::error!(error = %error, "store operation failed");
        kind
    }
}

/// The primary result code within an extended one.
fn primary(code: &str) -> Option<u32> {
    code.parse::<u32>().ok().map(|extended| extended & 0xff)
}
