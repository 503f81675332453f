//! Items: whose they are, what repeating does, and how they go.

use auth_interceptor::UnixSeconds;
use bytes::Bytes;
use selvedge::downstream::ConfirmedItem;
use selvedge::store::{
    DefinitionPart, Deletion, ItemAddress, ItemChange, NewItem, Place, Quota, Retention, StoreError,
};
use uuid::Uuid;

use super::confirmed::confirmed_items;
use super::{CONTOSO, Engine, FABRIKAM, megan, numbered, owner, page};

on_both_engines! {
    an_item_comes_back_as_it_was_last_written_and_only_where_it_is,
    a_creation_may_be_repeated_but_its_id_is_taken,
    an_update_changes_what_it_sets_and_nothing_else,
    a_soft_deletion_can_be_undone_and_a_hard_one_cannot,
    a_restored_item_that_was_never_known_is_kept_anew,
    what_is_kept_of_a_deleted_item_goes_in_its_time_with_the_rows_under_it,
    purged_rows_and_items_free_their_quota,
}

const DAY: UnixSeconds = 24 * 60 * 60;

fn address(tenant: &str) -> ItemAddress {
    ItemAddress {
        tenant: tenant.parse().unwrap(),
        workspace_id: Uuid::from_u128(1),
        item_type: "Org.Selvedge.Sample".to_owned(),
        item_id: Uuid::new_v4(),
    }
}

/// The address of an item that Fabric has confirmed.
fn address_of(tenant: &str, item: ConfirmedItem) -> ItemAddress {
    ItemAddress {
        workspace_id: item.id().workspace_id,
        item_id: item.id().item_id,
        ..address(tenant)
    }
}

fn item(payload: &'static str) -> NewItem {
    NewItem {
        display_name: Some("sample".to_owned()),
        description: None,
        payload: Bytes::from_static(payload.as_bytes()),
        definition: Vec::new(),
    }
}

fn part(payload: &'static [u8]) -> Vec<DefinitionPart> {
    vec![DefinitionPart {
        path: "item.json".to_owned(),
        payload_type: "InlineBase64".to_owned(),
        payload: Bytes::from_static(payload),
    }]
}

fn after_a_week(now: UnixSeconds) -> Retention {
    Retention {
        now,
        seconds: 7 * DAY,
    }
}

async fn an_item_comes_back_as_it_was_last_written_and_only_where_it_is(engine: Engine) {
    let store = engine.store().await;
    let here = address(CONTOSO);
    let payload = "{\"b\": 18446744073709551615, \"a\":\t1.50}";
    store.create_item(&here, item(payload), 1).await.unwrap();

    let kept = store.item(&here).await.unwrap();
    assert_eq!(kept.payload, payload);
    assert_eq!((kept.create_time, kept.update_time), (1, 1));

    let elsewhere = [
        ItemAddress {
            tenant: FABRIKAM.parse().unwrap(),
            ..here.clone()
        },
        ItemAddress {
            workspace_id: Uuid::from_u128(2),
            ..here.clone()
        },
        ItemAddress {
            item_type: "Org.Selvedge.Other".to_owned(),
            ..here.clone()
        },
    ];
    let rename = || ItemChange {
        display_name: Some("mine".to_owned()),
        ..ItemChange::default()
    };
    for address in &elsewhere {
        assert_eq!(store.item(address).await, Err(StoreError::NotFound));
        let updated = store.update_item(address, rename(), 2).await;
        assert_eq!(updated, Err(StoreError::NotFound));
        let deleted = store.delete_item(address, Deletion::Hard, 2).await;
        assert_eq!(deleted, Ok(()));
    }
    assert_eq!(store.item(&here).await.unwrap(), kept);
}

async fn a_creation_may_be_repeated_but_its_id_is_taken(engine: Engine) {
    let store = engine.store().await;
    let here = address(CONTOSO);
    store.create_item(&here, item("{}"), 1).await.unwrap();
    let change = ItemChange {
        payload: Some(Bytes::from_static(b"[1]")),
        ..ItemChange::default()
    };
    store.update_item(&here, change, 2).await.unwrap();

    assert_eq!(store.create_item(&here, item("{}"), 3).await, Ok(()));
    assert_eq!(store.item(&here).await.unwrap().payload, "[1]");
    let other = store.create_item(&here, item("{\"a\": 1}"), 4).await;
    assert_eq!(other, Err(StoreError::Conflict));

    store.delete_item(&here, Deletion::Soft, 5).await.unwrap();
    let late = store.create_item(&here, item("{}"), 6).await;
    assert_eq!(late, Err(StoreError::Conflict));
    // The same id in another tenant is another item.
    let there = ItemAddress {
        tenant: FABRIKAM.parse().unwrap(),
        ..here
    };
    assert_eq!(store.create_item(&there, item("{}"), 7).await, Ok(()));
}

async fn an_update_changes_what_it_sets_and_nothing_else(engine: Engine) {
    let store = engine.store().await;
    let here = address(CONTOSO);
    store
        .create_item(&here, item("{\"a\": 1}"), 1)
        .await
        .unwrap();
    let described = ItemChange {
        description: Some("rows".to_owned()),
        definition: Some(part(b"\x00\xff")),
        ..ItemChange::default()
    };
    store.update_item(&here, described, 2).await.unwrap();
    let nothing = ItemChange::default();
    store.update_item(&here, nothing, 3).await.unwrap();

    let kept = store.item(&here).await.unwrap();
    assert_eq!(kept.display_name.as_deref(), Some("sample"));
    assert_eq!(kept.description.as_deref(), Some("rows"));
    assert_eq!(kept.payload, "{\"a\": 1}");
    assert_eq!(kept.definition, part(b"\x00\xff"));
    assert_eq!((kept.create_time, kept.update_time), (1, 3));
}

async fn a_soft_deletion_can_be_undone_and_a_hard_one_cannot(engine: Engine) {
    let store = engine.store().await;
    let here = address(CONTOSO);
    store
        .create_item(&here, item("{\"a\": 1}"), 1)
        .await
        .unwrap();
    for _ in 0..2 {
        store.delete_item(&here, Deletion::Soft, 2).await.unwrap();
        assert_eq!(store.item(&here).await, Err(StoreError::NotFound));
        let updated = store.update_item(&here, ItemChange::default(), 3).await;
        assert_eq!(updated, Err(StoreError::NotFound));
    }
    for _ in 0..2 {
        store.restore_item(&here, None, 4).await.unwrap();
        assert_eq!(store.item(&here).await.unwrap().payload, "{\"a\": 1}");
    }
    let defined = store.restore_item(&here, Some(part(b"1")), 5).await;
    assert_eq!(defined, Ok(()));
    assert_eq!(store.item(&here).await.unwrap().definition, part(b"1"));

    store.delete_item(&here, Deletion::Hard, 6).await.unwrap();
    store.delete_item(&here, Deletion::Soft, 7).await.unwrap();
    let restored = store.restore_item(&here, None, 8).await;
    assert_eq!(restored, Err(StoreError::NotFound));
}

async fn a_restored_item_that_was_never_known_is_kept_anew(engine: Engine) {
    let store = engine.store().await;
    let here = address(CONTOSO);
    store
        .restore_item(&here, Some(part(b"{}")), 1)
        .await
        .unwrap();
    let kept = store.item(&here).await.unwrap();
    assert_eq!(kept.payload, "{}");
    assert_eq!(kept.definition, part(b"{}"));
    let elsewhere = ItemAddress {
        workspace_id: Uuid::from_u128(2),
        ..here.clone()
    };
    let restored = store.restore_item(&elsewhere, None, 2).await;
    assert_eq!(restored, Err(StoreError::NotFound));
    store.delete_item(&here, Deletion::Soft, 3).await.unwrap();
    let restored = store.restore_item(&elsewhere, None, 4).await;
    assert_eq!(restored, Err(StoreError::NotFound));
    assert_eq!(store.item(&here).await, Err(StoreError::NotFound));
}

async fn what_is_kept_of_a_deleted_item_goes_in_its_time_with_the_rows_under_it(engine: Engine) {
    let store = engine.store().await;
    let items = confirmed_items().await;
    let [soft, hard, kept] = items.map(|item| address_of(CONTOSO, item));
    let [under_soft, under_hard, under_kept] = items;
    let rows_under = |item: ConfirmedItem, user: &str| Place {
        owner: owner(CONTOSO, user),
        item: Some(item),
    };
    for (address, confirmed) in [&soft, &hard, &kept].into_iter().zip(items) {
        store.create_item(address, item("{}"), 1).await.unwrap();
        for user in ["megan", "adele"] {
            let place = rows_under(confirmed, user);
            store.write_rows(&place, numbered(0..3)).await.unwrap();
        }
    }
    store.delete_item(&soft, Deletion::Soft, DAY).await.unwrap();
    store.delete_item(&hard, Deletion::Hard, DAY).await.unwrap();

    assert!(store.purge_deleted_item(after_a_week(DAY)).await.unwrap());
    assert!(!store.purge_deleted_item(after_a_week(DAY)).await.unwrap());
    let count = async |item| {
        let place = rows_under(item, "adele");
        let rows = store.read_rows(&place, page(10, None)).await.unwrap();
        rows.entries.len()
    };
    assert_eq!(count(under_hard).await, 0);
    assert_eq!(count(under_soft).await, 3);
    // Its id stays taken, so that nothing that comes late brings it back.
    let late = store.create_item(&hard, item("{}"), DAY).await;
    assert_eq!(late, Err(StoreError::Conflict));

    for _ in 0..2 {
        assert!(
            store
                .purge_deleted_item(after_a_week(8 * DAY))
                .await
                .unwrap()
        );
    }
    assert!(
        !store
            .purge_deleted_item(after_a_week(8 * DAY))
            .await
            .unwrap()
    );
    assert_eq!(count(under_soft).await, 0);
    assert_eq!(count(under_kept).await, 3);
    assert!(store.item(&kept).await.is_ok());
    assert_eq!(store.create_item(&hard, item("{}"), 9 * DAY).await, Ok(()));
}

async fn purged_rows_and_items_free_their_quota(engine: Engine) {
    let quota = Quota {
        rows: 3,
        items: 1,
        item_bytes: 10,
        ..Quota::default()
    };
    let store = engine.store_with(quota).await;
    let items = confirmed_items().await;
    let [first, second] = items.map(|item| address_of(CONTOSO, item));
    store.create_item(&first, item("{}"), 1).await.unwrap();
    let full = store.create_item(&second, item("{}"), 1).await;
    assert_eq!(full, Err(StoreError::Full));
    let large = ItemChange {
        payload: Some(Bytes::from_static(b"{\"a\": 12345}")),
        ..ItemChange::default()
    };
    let full = store.update_item(&first, large, 1).await;
    assert_eq!(full, Err(StoreError::Full));
    assert_eq!(store.item(&first).await.unwrap().payload, "{}");
    let places = items.map(|item| Place {
        owner: megan(),
        item: Some(item),
    });
    store.write_rows(&places[0], numbered(0..3)).await.unwrap();

    store.delete_item(&first, Deletion::Soft, 1).await.unwrap();
    let now = Retention { now: 1, seconds: 0 };
    assert!(store.purge_deleted_item(now).await.unwrap());
    store.create_item(&second, item("{}"), 2).await.unwrap();
    store.write_rows(&places[1], numbered(0..3)).await.unwrap();
}
