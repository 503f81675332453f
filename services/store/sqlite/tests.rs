//! What is true of files alone. What every engine promises is tested from outside.

use std::path::PathBuf;

use bytes::Bytes;
use uuid::Uuid;

use super::SqliteStore;
use crate::config::Migrate;
use crate::store::{OpenError, Owner, Page, Place, Quota, RowWrite, Store as _, StoreError};

const TENANT: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

/// A folder that goes when the test does.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("selvedge-store-{}", Uuid::new_v4()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("selvedge.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn open(folder: &Folder) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(&folder.file(), Migrate::Auto, Quota::default()).await
}

fn row(id: &str, json: &str) -> RowWrite {
    RowWrite {
        id: id.into(),
        json: Bytes::copy_from_slice(json.as_bytes()),
        etag: None,
    }
}

#[tokio::test]
async fn a_check_creates_no_file() {
    let folder = Folder::new();
    let checked = SqliteStore::open(&folder.file(), Migrate::Check, Quota::default()).await;
    assert_eq!(
        checked.map(drop),
        Err(OpenError::Engine(StoreError::Unavailable))
    );
    assert!(!folder.file().exists());
}

#[tokio::test]
async fn a_file_that_is_not_a_database_is_corrupt() {
    let folder = Folder::new();
    std::fs::write(
        folder.file(),
        "not a database, and long enough to be taken for one".repeat(99),
    )
    .unwrap();
    let opened = open(&folder).await;
    assert_eq!(
        opened.map(drop),
        Err(OpenError::Engine(StoreError::Corrupt))
    );
}

#[tokio::test]
async fn a_full_disk_is_full_and_keeps_what_it_had() {
    let folder = Folder::new();
    let store = open(&folder).await.unwrap();
    let owner = Owner::new(TENANT.parse().unwrap(), "megan");
    let megan = Place { owner, item: None };
    let written = store.write_rows(&megan, vec![row("a", "1")], 1_000).await;
    written.unwrap();
    // SQLite's own limit on the file stands in for the disk's.
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count")
        .fetch_one(&store.engine().writer)
        .await
        .unwrap();
    sqlx::query(sqlx::AssertSqlSafe(format!(
        "PRAGMA max_page_count = {pages}"
    )))
    .execute(&store.engine().writer)
    .await
    .unwrap();
    let big = format!("\"{}\"", "x".repeat(60 * 1024));
    let full = store.write_rows(&megan, vec![row("b", &big)], 1_001).await;
    assert_eq!(full, Err(StoreError::Full));
    let page = Page {
        after: None,
        size: 10,
    };
    let kept = store.read_rows(&megan, page).await.unwrap().entries;
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].id, "a");
}
