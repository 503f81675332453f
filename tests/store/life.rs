//! What is true of a store as a whole: its quota, its restart, its schema.

use selvedge::config::Migrate;
use selvedge::store::{OpenError, Quota, StoreError};

use super::{CONTOSO, Engine, ids, megan, numbered, owner, place, task, write};

on_both_engines! {
    an_owner_who_uses_up_the_quota_leaves_room_for_others,
    what_was_written_is_there_after_a_restart,
    a_schema_that_is_behind_or_foreign_is_refused_by_a_check,
}

async fn an_owner_who_uses_up_the_quota_leaves_room_for_others(engine: Engine) {
    let quota = Quota {
        rows: 3,
        row_bytes: 10,
        tasks: 1,
        refresh_tokens: 1,
        ..Quota::default()
    };
    let store = engine.store_with(quota).await;
    let megan = place(megan());
    store.write_rows(&megan, numbered(0..2)).await.unwrap();
    assert_eq!(
        store.write_rows(&megan, numbered(2..4)).await,
        Err(StoreError::Full)
    );
    assert_eq!(ids(&*store, &megan).await.len(), 2);

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

async fn what_was_written_is_there_after_a_restart(engine: Engine) {
    let home = engine.home().await;
    let first = home.open(Migrate::Auto, Quota::default()).await.unwrap();
    let place = place(megan());
    let rows = vec![write("a", "1")];
    first.write_rows(&place, rows, 1_000).await.unwrap();
    first.close().await;
    assert_eq!(first.ping().await, Err(StoreError::Unavailable));

    let second = home.open(Migrate::Auto, Quota::default()).await.unwrap();
    assert_eq!(ids(&*second, &place).await, ["a"]);
    second.ping().await.unwrap();
}

async fn a_schema_that_is_behind_or_foreign_is_refused_by_a_check(engine: Engine) {
    let home = engine.home().await;
    let check = async || home.open(Migrate::Check, Quota::default()).await.map(drop);
    home.execute("SELECT 1").await;
    let Err(OpenError::Behind { pending }) = check().await else {
        panic!("an empty database is behind");
    };
    assert!(pending >= 4);
    // Looking has changed nothing.
    assert_eq!(check().await, Err(OpenError::Behind { pending }));

    let store = home.open(Migrate::Auto, Quota::default()).await.unwrap();
    assert_eq!(check().await, Ok(()));
    store.close().await;
    let latest = "(SELECT max(version) FROM _sqlx_migrations)";
    home.execute(&format!(
        "DELETE FROM _sqlx_migrations WHERE version = {latest}"
    ))
    .await;
    assert_eq!(check().await, Err(OpenError::Behind { pending: 1 }));
    for foreign in [
        "UPDATE _sqlx_migrations SET checksum = \
         (SELECT checksum FROM _sqlx_migrations WHERE version = 2) WHERE version = 1",
        "INSERT INTO _sqlx_migrations \
         (version, description, success, checksum, execution_time) \
         SELECT 99, description, success, checksum, execution_time \
         FROM _sqlx_migrations WHERE version = 2",
    ] {
        home.execute(foreign).await;
        assert_eq!(check().await, Err(OpenError::Foreign));
        let opened = home.open(Migrate::Auto, Quota::default()).await;
        assert_eq!(opened.map(drop), Err(OpenError::Foreign));
    }
}
