//! One tenant's items as another tenant meets them: not at all.

use emulator::{DeleteType, Generation, ItemOrder, WorkloadClient, WorkloadRequest, seed};

use super::{ControlPlane, assert_refused, fresh, path_of};

const CONTOSO: &str = seed::CONTOSO_TENANT_ID;
const FABRIKAM: &str = seed::FABRIKAM_TENANT_ID;

/// A creation that Fabric itself would not order: the workspace is another tenant's.
async fn create(fabric: &WorkloadClient, item: &ItemOrder, name: &str) -> u16 {
    let body = format!(r#"{{"displayName":"{name}","creationPayload":{{"of":"{name}"}}}}"#);
    let request = WorkloadRequest::new("POST", path_of(item)).with_body(body);
    fabric.send(&request).await.unwrap().status
}

#[tokio::test]
async fn another_tenant_neither_sees_nor_changes_an_item() {
    let plane = ControlPlane::start().await;
    for generation in Generation::ALL {
        let owner = plane.fabric(generation, seed::CONSENTED);
        let other = plane.fabric(generation, seed::OTHER_TENANT);
        let item = fresh("ledger").with_payload("{}");
        owner.create_item(&item).await.unwrap();
        let kept = plane.kept(CONTOSO, &item).await;

        let refused = other.update_item(&item).await.unwrap();
        assert_refused(&refused, generation, 404, "ITEM_NOT_FOUND");
        if generation == Generation::First {
            let refused = other.item_payload(&item).await.unwrap();
            assert_refused(&refused, generation, 404, "ITEM_NOT_FOUND");
        }
        // A deletion says nothing, and does nothing.
        let deleted = other.delete_item(&item, DeleteType::Hard).await.unwrap();
        assert_eq!(deleted.status, 200);
        assert!(kept.is_some());
        assert_eq!(plane.kept(CONTOSO, &item).await, kept);
    }
}

#[tokio::test]
async fn one_id_in_two_tenants_is_two_items() {
    let plane = ControlPlane::start().await;
    let contoso = plane.fabric(Generation::First, seed::CONSENTED);
    let fabrikam = plane.fabric(Generation::First, seed::OTHER_TENANT);
    let item = fresh("ledger");
    assert_eq!(create(&contoso, &item, "contoso").await, 200);
    assert_eq!(create(&fabrikam, &item, "fabrikam").await, 200);
    for (fabric, name) in [(&contoso, "contoso"), (&fabrikam, "fabrikam")] {
        let read = fabric.item_payload(&item).await.unwrap();
        assert_eq!(read.body, format!(r#"{{"itemPayload":{{"of":"{name}"}}}}"#));
    }
    fabrikam.delete_item(&item, DeleteType::Hard).await.unwrap();
    assert_eq!(plane.kept(FABRIKAM, &item).await, None);
    assert!(plane.kept(CONTOSO, &item).await.is_some());
}

#[tokio::test]
async fn a_guest_works_in_the_tenant_they_are_signed_in_to() {
    let plane = ControlPlane::start().await;
    let guest = plane.fabric(Generation::First, seed::GUEST);
    let item = fresh("ledger");
    let visiting = guest.clone().in_tenant(CONTOSO);
    assert_eq!(create(&visiting, &item, "visiting").await, 200);
    assert!(plane.kept(CONTOSO, &item).await.is_some());
    assert_eq!(plane.kept(FABRIKAM, &item).await, None);
    let refused = guest.item_payload(&item).await.unwrap();
    assert_refused(&refused, Generation::First, 404, "ITEM_NOT_FOUND");
}
