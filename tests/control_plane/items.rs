//! An item from its creation to its end, and what Fabric may repeat of it.

use emulator::{DeleteType, Generation, ItemOrder, WorkloadRequest, seed};

use super::{ControlPlane, assert_refused, fresh, path_of};

const CONTOSO: &str = seed::CONTOSO_TENANT_ID;
/// More digits than a float holds, and a space that no writer of JSON would leave.
const PAYLOAD: &str = r#"{"a" : 12345678901234567890123, "b": 1.50}"#;

#[tokio::test]
async fn an_item_of_the_first_generation_is_created_changed_read_and_deleted() {
    let plane = ControlPlane::start().await;
    let fabric = plane.fabric(Generation::First, seed::CONSENTED);
    let item = fresh("ledger").described("of 2026").with_payload(PAYLOAD);

    let created = fabric.create_item(&item).await.unwrap();
    assert_eq!((created.status, &created.body[..]), (200, &b""[..]));
    let read = fabric.item_payload(&item).await.unwrap();
    assert_eq!(read.status, 200);
    assert_eq!(read.body, format!(r#"{{"itemPayload":{PAYLOAD}}}"#));

    // What an update does not say stays.
    let renamed = ItemOrder::new(item.workspace(), item.id()).named("journal");
    let updated = fabric.update_item(&renamed).await.unwrap();
    assert_eq!((updated.status, &updated.body[..]), (200, &b""[..]));
    let kept = plane.kept(CONTOSO, &item).await.unwrap();
    assert_eq!(kept.display_name.as_deref(), Some("journal"));
    assert_eq!(kept.description.as_deref(), Some("of 2026"));
    assert_eq!(kept.payload, PAYLOAD);

    let deleted = fabric.delete_item(&item, DeleteType::Hard).await.unwrap();
    assert_eq!((deleted.status, &deleted.body[..]), (200, &b""[..]));
    assert_eq!(plane.kept(CONTOSO, &item).await, None);
    let gone = fabric.item_payload(&item).await.unwrap();
    assert_refused(&gone, Generation::First, 404, "ITEM_NOT_FOUND");
}

#[tokio::test]
async fn an_item_of_the_second_generation_is_created_changed_deleted_and_restored() {
    let plane = ControlPlane::start().await;
    let fabric = plane.fabric(Generation::Second, seed::CONSENTED);
    let item = fresh("ledger").with_payload(PAYLOAD);

    let created = fabric.create_item(&item).await.unwrap();
    assert_eq!((created.status, &created.body[..]), (200, &b"{}"[..]));
    let changed = item.clone().with_payload("{}");
    let updated = fabric.update_item(&changed).await.unwrap();
    assert_eq!((updated.status, &updated.body[..]), (200, &b"{}"[..]));
    let part = async || {
        let kept = plane.kept(CONTOSO, &item).await?;
        let part = kept.definition.first()?.clone();
        assert_eq!(part.path, "payload.json");
        Some(part.payload)
    };
    assert_eq!(part().await.as_deref(), Some(&b"{}"[..]));

    let deleted = fabric.delete_item(&item, DeleteType::Soft).await.unwrap();
    assert_eq!((deleted.status, &deleted.body[..]), (200, &b"{}"[..]));
    assert_eq!(part().await, None);
    let restored = fabric.restore_item(&item).await.unwrap();
    assert_eq!((restored.status, &restored.body[..]), (200, &b"{}"[..]));
    assert_eq!(part().await.as_deref(), Some(&b"{}"[..]));

    // What was deleted for good does not come back, whoever asks.
    fabric.delete_item(&item, DeleteType::Hard).await.unwrap();
    let path = format!("{}/onRestoreItem", path_of(&item));
    let restore = WorkloadRequest::new("POST", path).with_body("{}");
    let refused = fabric.send(&restore).await.unwrap();
    assert_refused(&refused, Generation::Second, 404, "ITEM_NOT_FOUND");
}

#[tokio::test]
async fn what_fabric_repeats_is_answered_as_before_and_changes_nothing() {
    let plane = ControlPlane::start().await;
    for generation in Generation::ALL {
        let fabric = plane.fabric(generation, seed::CONSENTED);
        let item = fresh("ledger").with_payload(PAYLOAD);
        for _ in 0..2 {
            assert_eq!(fabric.create_item(&item).await.unwrap().status, 200);
        }
        let kept = plane.kept(CONTOSO, &item).await.unwrap();
        let changed = item.clone().with_payload("{}");
        for _ in 0..2 {
            assert_eq!(fabric.update_item(&changed).await.unwrap().status, 200);
        }
        // A late repetition of the creation does not undo the update.
        assert_eq!(fabric.create_item(&item).await.unwrap().status, 200);
        assert_ne!(plane.kept(CONTOSO, &item).await.unwrap(), kept);
        for _ in 0..2 {
            let deleted = fabric.delete_item(&item, DeleteType::Soft).await;
            assert_eq!(deleted.unwrap().status, 200);
        }
        // One that was never there is deleted as well.
        let unknown = fresh("unknown");
        let deleted = fabric.delete_item(&unknown, DeleteType::Soft).await;
        assert_eq!(deleted.unwrap().status, 200);
    }
}

#[tokio::test]
async fn a_deletion_needs_no_user_and_takes_one() {
    let plane = ControlPlane::start().await;
    for generation in Generation::ALL {
        let fabric = plane.fabric(generation, seed::CONSENTED);
        for deleting in [fabric.clone(), fabric.clone().deleting_as_user()] {
            let item = fresh("ledger");
            fabric.create_item(&item).await.unwrap();
            let deleted = deleting.delete_item(&item, DeleteType::Soft).await;
            assert_eq!(deleted.unwrap().status, 200);
            assert_eq!(plane.kept(CONTOSO, &item).await, None);
        }
    }
}

#[tokio::test]
pub(crate) async fn of_two_creations_of_one_item_at_once_one_is_kept_and_the_other_is_told() {
    let plane = ControlPlane::start().await;
    let fabric = plane.fabric(Generation::First, seed::CONSENTED);
    for _ in 0..16 {
        let item = fresh("ledger");
        let create = |name: &str| {
            let body = format!(r#"{{"displayName":"{name}"}}"#);
            let request = WorkloadRequest::new("POST", path_of(&item)).with_body(body);
            let fabric = fabric.clone();
            async move { fabric.send(&request).await.unwrap() }
        };
        let (one, other) = tokio::join!(create("one"), create("other"));
        let kept = plane.kept(CONTOSO, &item).await.unwrap();
        let (winner, loser) = match kept.display_name.as_deref() {
            Some("one") => (one, other),
            _ => (other, one),
        };
        assert_eq!(winner.status, 200);
        assert_refused(&loser, Generation::First, 409, "IDEMPOTENCY_CONFLICT");

        let (one, other) = tokio::join!(fabric.delete_item(&item, DeleteType::Hard), create("two"));
        assert_eq!(one.unwrap().status, 200);
        assert_refused(&other, Generation::First, 409, "IDEMPOTENCY_CONFLICT");
    }
}

#[tokio::test]
pub(crate) async fn an_item_that_is_deleted_is_not_updated_read_or_created_anew() {
    let plane = ControlPlane::start().await;
    for generation in Generation::ALL {
        let fabric = plane.fabric(generation, seed::CONSENTED);
        let item = fresh("ledger").with_payload(PAYLOAD);
        let unknown = fresh("unknown");
        fabric.create_item(&item).await.unwrap();
        fabric.delete_item(&item, DeleteType::Soft).await.unwrap();
        for absent in [&item, &unknown] {
            let refused = fabric.update_item(absent).await.unwrap();
            assert_refused(&refused, generation, 404, "ITEM_NOT_FOUND");
        }
        let create = fabric.create_item(&item).await.unwrap();
        assert_refused(&create, generation, 409, "IDEMPOTENCY_CONFLICT");
        assert!(!plane.emulator().has_item(item.workspace(), item.id()));
    }
}
