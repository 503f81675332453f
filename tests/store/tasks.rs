//! Tasks: whose they are, how they change, and how they are listed.

use std::sync::Arc;

use selvedge::store::{Etag, StoreError, TaskChange};

use super::{CONTOSO, Engine, FABRIKAM, megan, owner, page, task};

on_both_engines! {
    a_task_lives_from_creation_to_deletion,
    another_users_or_tenants_task_does_not_exist,
    task_pages_outlive_the_task_they_ended_with,
    of_many_writers_with_one_etag_one_wins,
}

async fn a_task_lives_from_creation_to_deletion(engine: Engine) {
    let store = engine.store().await;
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

async fn another_users_or_tenants_task_does_not_exist(engine: Engine) {
    let store = engine.store().await;
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

async fn task_pages_outlive_the_task_they_ended_with(engine: Engine) {
    let store = engine.store().await;
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

async fn of_many_writers_with_one_etag_one_wins(engine: Engine) {
    let store = engine.store().await;
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
