//! What SQLite's result codes mean for a caller.

use sqlx::error::DatabaseError as _;
use sqlx::sqlite::SqliteError;

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

pub(in crate::store) fn classify(error: &SqliteError) -> StoreError {
    match error.code().and_then(|code| primary(&code)) {
        Some(FULL) => StoreError::Full,
        Some(PERM | BUSY | LOCKED | NOMEM | READONLY | IOERR | CANTOPEN) => StoreError::Unavailable,
        _ => StoreError::Corrupt,
    }
}

/// The primary result code within an extended one.
fn primary(code: &str) -> Option<u32> {
    code.parse::<u32>().ok().map(|extended| extended & 0xff)
}
