//! What the store promises, on a real file.

mod items;
mod refresh_tokens;

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use auth_interceptor::UnixSeconds;
use bytes::Bytes;
use uuid::Uuid;

use super::SqliteStore;
use crate::config::Migrate;
use crate::downstream::{ConfirmedItem, ItemId};
use crate::store::{
    Etag, NewTask, OpenError, Owner, Page, Place, Position, Quota, Row, RowWrite, Store as _,
    StoreError, Task, TaskChange,
};

const CONTOSO: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";
const FABRIKAM: &str = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

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

/// A store, and a time that passes with every write.
struct Ticking {
    store: SqliteStore,
    ticks: AtomicU64,
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
    type Target = SqliteStore;

    fn deref(&self) -> &SqliteStore {
        &self.store
    }
}

async fn open(file: &Path, quota: Quota) -> Ticking {
    let store = SqliteStore::open(file, Migrate::Auto, quota).await.unwrap();
    Ticking {
        store,
        ticks: AtomicU64::new(1_000),
    }
}

async fn store() -> (Ticking, Folder) {
    let folder = Folder::new();
    (open(&folder.file(), Quota::default()).await, folder)
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

async fn ids(store: &SqliteStore, place: &Place) -> Vec<String> {
    let rows = store.read_rows(place, page(1_000, None)).await.unwrap();
    rows.entries.into_iter().map(|row| row.id).collect()
}

#[tokio::test]
async fn rows_come_back_byte_for_byte_in_the_order_they_were_first_written() {
    let (store, _folder) = store().await;
    let megan = place(megan());
    let spaced = " {\"b\": 1.50, \"a\":\t[]}\n";
    store
        .write_rows(&megan, vec![write("b", spaced), write("a", "1")])
        .await
        .unwrap();
    store
        .write_rows(&megan, vec![write("c", "2"), write("b", "3")])
        .await
        .unwrap();
    store
        .write_rows(&megan, vec![write("b", spaced)])
        .await
        .unwrap();

    let found = store.read_rows(&megan, page(10, None)).await.unwrap();
    let rows: Vec<_> = found
        .entries
        .iter()
        .map(|row| (&*row.id, &*row.json))
        .collect();
    assert_eq!(
        rows,
        [
            ("b", spaced.as_bytes()),
            ("a", b"1".as_slice()),
            ("c", b"2".as_slice())
        ]
    );
    assert_eq!(found.next, None);
}

#[tokio::test]
async fn rows_are_seen_by_their_owner_alone_and_under_their_item_alone() {
    let (store, _folder) = store().await;
    let item = |number| {
        ConfirmedItem::unasked(ItemId {
            workspace_id: Uuid::from_u128(1),
            item_id: Uuid::from_u128(number),
        })
    };
    let places = [
        place(megan()),
        place(owner(CONTOSO, "adele")),
        place(owner(FABRIKAM, "megan")),
        Place {
            owner: megan(),
            item: Some(item(1)),
        },
        Place {
            owner: megan(),
            item: Some(item(2)),
        },
        Place {
            owner: owner(CONTOSO, "adele"),
            item: Some(item(1)),
        },
    ];
    for (number, place) in places.iter().enumerate() {
        let rows = vec![write("same", "0"), write(&number.to_string(), "0")];
        store.write_rows(place, rows).await.unwrap();
    }
    for (number, place) in places.iter().enumerate() {
        assert_eq!(
            ids(&store, place).await,
            ["same".to_owned(), number.to_string()]
        );
    }
    assert!(
        ids(&store, &place(owner(FABRIKAM, "adele")))
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn an_etag_lets_one_of_two_writers_through() {
    let (store, _folder) = store().await;
    let megan = place(megan());
    let first = store
        .write_rows(&megan, vec![write("a", "1")])
        .await
        .unwrap();
    let guarded = |json, etag| RowWrite {
        etag: Some(etag),
        ..write("a", json)
    };

    let second = store
        .write_rows(&megan, vec![guarded("2", first[0].etag)])
        .await
        .unwrap();
    assert_ne!(second[0].etag, first[0].etag);
    assert!(second[0].update_time > first[0].update_time);
    for stale in [
        first[0].etag,
        Etag::parse("never given out"),
        Etag::parse(""),
    ] {
        let late = store.write_rows(&megan, vec![guarded("3", stale)]).await;
        assert_eq!(late, Err(StoreError::Conflict));
    }
    let unknown = RowWrite {
        etag: Some(first[0].etag),
        ..write("unknown", "1")
    };
    assert_eq!(
        store.write_rows(&megan, vec![unknown]).await,
        Err(StoreError::Conflict)
    );
    assert_eq!(
        &*store
            .read_rows(&megan, page(1, None))
            .await
            .unwrap()
            .entries[0]
            .json,
        b"2"
    );
}

#[tokio::test]
async fn a_write_that_fails_on_its_last_row_leaves_nothing_behind() {
    let (store, _folder) = store().await;
    let megan = place(megan());
    store
        .write_rows(&megan, vec![write("a", "1")])
        .await
        .unwrap();
    let stale = RowWrite {
        etag: Some(Etag::parse("stale")),
        ..write("a", "3")
    };
    let rows = vec![write("b", "2"), stale];
    assert_eq!(
        store.write_rows(&megan, rows).await,
        Err(StoreError::Conflict)
    );
    assert_eq!(ids(&store, &megan).await, ["a"]);
}

#[tokio::test]
async fn pages_meet_every_row_once_while_rows_are_written() {
    let (store, _folder) = store().await;
    let megan = place(megan());
    store.write_rows(&megan, numbered(0..10)).await.unwrap();

    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let found = store.read_rows(&megan, page(3, after)).await.unwrap();
        seen.extend(found.entries.into_iter().map(|row| row.id));
        // A row that was met, one that is to come, and one more at the end.
        let more = vec![write("1", "2"), write("8", "2"), write("last", "2")];
        store.write_rows(&megan, more).await.unwrap();
        after = found.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(
        seen,
        ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "last"]
    );
}

#[tokio::test]
async fn a_page_that_ends_with_the_list_names_no_next_one() {
    let (store, _folder) = store().await;
    let megan = place(megan());
    store.write_rows(&megan, numbered(0..3)).await.unwrap();
    assert!(
        store
            .read_rows(&megan, page(2, None))
            .await
            .unwrap()
            .next
            .is_some()
    );
    assert!(
        store
            .read_rows(&megan, page(3, None))
            .await
            .unwrap()
            .next
            .is_none()
    );
}

#[tokio::test]
async fn a_page_fits_in_a_message() {
    let (store, _folder) = store().await;
    let megan = place(megan());
    let big = format!("\"{}\"", "x".repeat(60 * 1024));
    let rows = (0..100)
        .map(|number| write(&number.to_string(), &big))
        .collect();
    store.write_rows(&megan, rows).await.unwrap();

    let first = store.read_rows(&megan, page(1_000, None)).await.unwrap();
    let bytes: usize = first.entries.iter().map(|row| row.json.len()).sum();
    assert!(bytes <= 3 * 1024 * 1024 && first.next.is_some());
    let second = store
        .read_rows(&megan, page(1_000, first.next))
        .await
        .unwrap();
    assert_eq!(first.entries.len() + second.entries.len(), 100);
}

#[tokio::test]
async fn an_owner_who_uses_up_the_quota_leaves_room_for_others() {
    let folder = Folder::new();
    let quota = Quota {
        rows: 3,
        row_bytes: 10,
        tasks: 1,
        refresh_tokens: 1,
        ..Quota::default()
    };
    let store = open(&folder.file(), quota).await;
    let megan = place(megan());
    store.write_rows(&megan, numbered(0..2)).await.unwrap();
    assert_eq!(
        store.write_rows(&megan, numbered(2..4)).await,
        Err(StoreError::Full)
    );
    assert_eq!(ids(&store, &megan).await.len(), 2);

    let long = vec![write("0", "\"123456789\"")];
    assert_eq!(store.write_rows(&megan, long).await, Err(StoreError::Full));
    store.write_rows(&megan, numbered(1..3)).await.unwrap();

    store.create_task(&megan.owner, task("mend")).await.unwrap();
    let another = store.create_task(&megan.owner, task("press")).await;
    assert_eq!(another, Err(StoreError::Full));
    let adele = owner(CONTOSO, "adele");
    let kept = store.create_task(&adele, task("mend")).await.unwrap();
    store.delete_task(&adele, kept.id, None).await.unwrap();
    store.create_task(&adele, task("again")).await.unwrap();
}

#[tokio::test]
async fn a_task_lives_from_creation_to_deletion() {
    let (store, _folder) = store().await;
    let created = store.create_task(&megan(), task("mend")).await.unwrap();
    assert_eq!(created.create_time, created.update_time);

    let change = TaskChange {
        completed: Some(true),
        ..TaskChange::default()
    };
    let updated = store
        .update_task(&megan(), created.id, change, Some(created.etag))
        .await
        .unwrap();
    assert_eq!((&*updated.title, updated.completed), ("mend", true));
    assert_eq!(updated.create_time, created.create_time);
    assert!(updated.update_time > created.update_time);
    let listed = store.list_tasks(&megan(), page(10, None)).await.unwrap();
    assert_eq!(listed.entries, std::slice::from_ref(&updated));

    let stale = store
        .delete_task(&megan(), created.id, Some(created.etag))
        .await;
    assert_eq!(stale, Err(StoreError::Conflict));
    let change = TaskChange {
        title: Some("press".into()),
        ..TaskChange::default()
    };
    let stale = store
        .update_task(&megan(), created.id, change, Some(created.etag))
        .await;
    assert_eq!(stale, Err(StoreError::Conflict));
    store
        .delete_task(&megan(), created.id, Some(updated.etag))
        .await
        .unwrap();
    let gone = store.delete_task(&megan(), created.id, None).await;
    assert_eq!(gone, Err(StoreError::NotFound));
}

#[tokio::test]
async fn another_users_or_tenants_task_does_not_exist() {
    let (store, _folder) = store().await;
    let created = store.create_task(&megan(), task("mend")).await.unwrap();
    for stranger in [owner(CONTOSO, "adele"), owner(FABRIKAM, "megan")] {
        let listed = store.list_tasks(&stranger, page(10, None)).await.unwrap();
        assert!(listed.entries.is_empty());
        for etag in [None, Some(created.etag), Some(Etag::parse("0"))] {
            let change = TaskChange {
                title: Some("unpick".into()),
                ..TaskChange::default()
            };
            let updated = store.update_task(&stranger, created.id, change, etag).await;
            assert_eq!(updated, Err(StoreError::NotFound));
            let deleted = store.delete_task(&stranger, created.id, etag).await;
            assert_eq!(deleted, Err(StoreError::NotFound));
        }
    }
    let listed = store.list_tasks(&megan(), page(10, None)).await.unwrap();
    assert_eq!(listed.entries, [created]);
}

#[tokio::test]
async fn task_pages_outlive_the_task_they_ended_with() {
    let (store, _folder) = store().await;
    let mut created = Vec::new();
    for number in 0..5 {
        created.push(
            store
                .create_task(&megan(), task(&number.to_string()))
                .await
                .unwrap(),
        );
    }
    let first = store.list_tasks(&megan(), page(2, None)).await.unwrap();
    store
        .delete_task(&megan(), created[1].id, None)
        .await
        .unwrap();
    let second = store
        .list_tasks(&megan(), page(10, first.next))
        .await
        .unwrap();
    assert_eq!(second.entries, created[2..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_writers_with_one_etag_one_wins() {
    let (store, _folder) = store().await;
    let store = Arc::new(store);
    let created = store.create_task(&megan(), task("mend")).await.unwrap();
    let writers = (0..16).map(|number| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let change = TaskChange {
                title: Some(number.to_string()),
                ..TaskChange::default()
            };
            store
                .update_task(&megan(), created.id, change, Some(created.etag))
                .await
        })
    });
    let mut won = 0;
    for writer in writers.collect::<Vec<_>>() {
        match writer.await.unwrap() {
            Ok(_) => won += 1,
            Err(error) => assert_eq!(error, StoreError::Conflict),
        }
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart() {
    let folder = Folder::new();
    let first = open(&folder.file(), Quota::default()).await;
    first
        .write_rows(&place(megan()), vec![write("a", "1")])
        .await
        .unwrap();
    first.close().await;
    assert_eq!(first.ping().await, Err(StoreError::Unavailable));

    let second = open(&folder.file(), Quota::default()).await;
    assert_eq!(ids(&second, &place(megan())).await, ["a"]);
    second.ping().await.unwrap();
}

#[tokio::test]
async fn a_schema_that_is_behind_or_foreign_is_refused_by_a_check() {
    let folder = Folder::new();
    let check = async || {
        SqliteStore::open(&folder.file(), Migrate::Check, Quota::default())
            .await
            .map(drop)
    };
    assert_eq!(
        check().await,
        Err(OpenError::Engine(StoreError::Unavailable))
    );
    std::fs::write(folder.file(), "").unwrap();
    assert_eq!(check().await, Err(OpenError::Behind { pending: 3 }));

    let store = open(&folder.file(), Quota::default()).await;
    assert_eq!(check().await, Ok(()));
    sqlx::query("UPDATE _sqlx_migrations SET checksum = x'00'")
        .execute(&store.engine().writer)
        .await
        .unwrap();
    assert_eq!(check().await, Err(OpenError::Foreign));
}

#[tokio::test]
async fn a_file_that_is_not_a_database_is_corrupt() {
    let folder = Folder::new();
    std::fs::write(
        folder.file(),
        "not a database, and long enough to be taken for one".repeat(99),
    )
    .unwrap();
    let opened = SqliteStore::open(&folder.file(), Migrate::Auto, Quota::default()).await;
    assert_eq!(
        opened.map(drop),
        Err(OpenError::Engine(StoreError::Corrupt))
    );
}

#[tokio::test]
async fn a_full_disk_is_full_and_keeps_what_it_had() {
    let (store, _folder) = store().await;
    let megan = place(megan());
    store
        .write_rows(&megan, vec![write("a", "1")])
        .await
        .unwrap();
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
    let full = store.write_rows(&megan, vec![write("b", &big)]).await;
    assert_eq!(full, Err(StoreError::Full));
    assert_eq!(ids(&store, &megan).await, ["a"]);
}
