//! A PostgreSQL server that fails, or has too much asked of it: what callers are told, how soon, and
//! what is there afterwards.

use std::sync::Arc;
use std::time::{Duration, Instant};

use selvedge::config::Migrate;
use selvedge::store::postgres::PostgresStore;
use selvedge::store::{OpenError, Quota, Store, StoreError};
use sqlx::AssertSqlSafe;

use super::{CONTOSO, megan, owner, page, place, task};
use crate::support::eventually;
use crate::support::postgres::{Durability, PostgresDatabase, PostgresServer};
use crate::support::wait::in_time;

/// How soon a caller is told that there is no connection: the wait for one, and a busy machine.
const SOON: Duration = Duration::from_secs(1);

async fn open(database: &PostgresDatabase) -> Result<Arc<PostgresStore>, OpenError> {
    let url = database.configured();
    let store = PostgresStore::open(&url, Migrate::Auto, Quota::default()).await?;
    Ok(Arc::new(store))
}

/// Has the server fail every creation of a task, as long as it was asked at most so often.
async fn fail_creations(database: &PostgresDatabase, times: u32, code: &str) {
    let mut connection = database.connect().await;
    let sql = format!(
        "CREATE SEQUENCE attempts;
         CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF nextval('attempts') <= {times} THEN
                 RAISE EXCEPTION 'scripted' USING ERRCODE = '{code}';
             END IF;
             RETURN NEW;
         END $$;
         CREATE TRIGGER fail BEFORE INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION fail();"
    );
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(&mut connection)
        .await
        .unwrap();
}

async fn count(database: &PostgresDatabase, sql: &'static str) -> i64 {
    let mut connection = database.connect().await;
    sqlx::query_scalar(sql)
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_loses_nothing_acknowledged_and_is_used_again_at_once() {
    let server = PostgresServer::start(Durability::Full).await;
    let database = server.database().await;
    let store = open(&database).await.unwrap();
    let mut acknowledged = Vec::new();
    for _ in 0..3 {
        let writing = Arc::clone(&store);
        let writer = tokio::spawn(async move {
            let mut written = Vec::new();
            loop {
                match writing.create_task(&megan(), task("mend"), 1_000).await {
                    Ok(task) => written.push(task.id),
                    Err(error) => return (written, error),
                }
            }
        });
        let kept = acknowledged.len() + 20;
        eventually("some are written", async || {
            let kept = i64::try_from(kept).unwrap();
            count(&database, "SELECT count(*) FROM tasks").await >= kept
        })
        .await;
        server.kill();
        let (written, error) = in_time("the writer is told", writer).await.unwrap();
        assert_eq!(error, StoreError::Unavailable);
        acknowledged.extend(written);
        let asked = Instant::now();
        assert_eq!(store.ping().await, Err(StoreError::Unavailable));
        assert!(asked.elapsed() < SOON);
        let another = open(&database).await.map(drop);
        assert_eq!(another, Err(OpenError::Engine(StoreError::Unavailable)));

        server.restart().await;
        let back = Instant::now();
        eventually("the store is used again", async || {
            store.ping().await.is_ok()
        })
        .await;
        assert!(back.elapsed() < Duration::from_secs(5));
    }
    let mut kept = Vec::new();
    let mut after = None;
    loop {
        let found = store
            .list_tasks(&megan(), page(1_000, after))
            .await
            .unwrap();
        kept.extend(found.entries.into_iter().map(|task| task.id));
        after = found.next;
        if after.is_none() {
            break;
        }
    }
    assert!(acknowledged.len() >= 60);
    assert!(acknowledged.iter().all(|id| kept.contains(id)));
    // A creation is two statements: whatever was cut off has left neither.
    let charged = count(&database, "SELECT tasks FROM owners").await;
    assert_eq!(usize::try_from(charged).unwrap(), kept.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_start_at_once_migrate_once() {
    let database = PostgresServer::shared().await.database().await;
    let replicas = (0..4).map(|_| open(&database));
    for opened in futures_util::future::join_all(replicas).await {
        opened.unwrap().ping().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_every_connection_is_busy_a_caller_is_told_soon() {
    let database = PostgresServer::shared().await.database().await;
    let store = open(&database).await.unwrap();
    let mut holder = database.connect().await;
    sqlx::query("SELECT pg_advisory_lock(hashtextextended($1, 0))")
        .bind(CONTOSO)
        .execute(&mut holder)
        .await
        .unwrap();
    let writers: Vec<_> = (0..20)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let owner = owner(CONTOSO, &number.to_string());
                while store
                    .create_task(&owner, task("mend"), 1_000)
                    .await
                    .is_err()
                {}
            })
        })
        .collect();
    eventually("every connection waits for the tenant", async || {
        let asked = Instant::now();
        let read = store.read_rows(&place(megan()), page(1, None)).await;
        assert!(asked.elapsed() < SOON);
        read.map(drop) == Err(StoreError::Unavailable)
    })
    .await;
    drop(holder);
    for writer in writers {
        in_time("what waited is written", writer).await.unwrap();
    }
    store.ping().await.unwrap();
}

#[tokio::test]
async fn a_transaction_in_the_way_of_others_is_run_again_and_given_up_after_three_times() {
    for (failures, attempts, outcome) in [(3, 4, Ok(())), (100, 4, Err(StoreError::Conflict))] {
        for code in ["40001", "40P01"] {
            let database = PostgresServer::shared().await.database().await;
            let store = open(&database).await.unwrap();
            fail_creations(&database, failures, code).await;
            let created = store.create_task(&megan(), task("mend"), 1_000).await;
            assert_eq!(created.map(drop), outcome, "{code}");
            let asked = count(&database, "SELECT last_value FROM attempts").await;
            assert_eq!(asked, attempts);
        }
    }
}

#[tokio::test]
async fn a_full_disk_is_full_and_keeps_what_it_had() {
    let database = PostgresServer::shared().await.database().await;
    let store = open(&database).await.unwrap();
    let kept = store.create_task(&megan(), task("mend"), 1_000).await;
    fail_creations(&database, 1, "53100").await;
    let refused = store.create_task(&megan(), task("press"), 1_001).await;
    assert_eq!(refused, Err(StoreError::Full));
    let listed = store.list_tasks(&megan(), page(10, None)).await.unwrap();
    assert_eq!(listed.entries, [kept.unwrap()]);
}
