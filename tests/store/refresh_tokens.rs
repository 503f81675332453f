//! Sealed refresh tokens: whose they are, how many, and how they go.

use bytes::Bytes;
use selvedge::store::{Owner, Quota, StoreError};
use uuid::Uuid;

use super::{CONTOSO, Engine, FABRIKAM, megan, owner};

on_both_engines! {
    a_refresh_token_is_its_owners_and_one_of_two_writers_replaces_it,
    refresh_tokens_are_bounded_per_owner_and_forgotten_by_user_or_tenant,
}

async fn a_refresh_token_is_its_owners_and_one_of_two_writers_replaces_it(engine: Engine) {
    let store = engine.store().await;
    let session = Uuid::new_v4();
    let sealed = |text: &'static str| Bytes::from_static(text.as_bytes());
    store
        .keep_refresh_token(&megan(), session, sealed("first"), 1_000)
        .await
        .unwrap();

    for stranger in [owner(CONTOSO, "adele"), owner(FABRIKAM, "megan")] {
        let found = store.refresh_token(&stranger, session).await;
        assert_eq!(found, Err(StoreError::NotFound));
        let deleted = store.delete_refresh_token(&stranger, session, None).await;
        assert_eq!(deleted, Err(StoreError::NotFound));
    }
    let first = store.refresh_token(&megan(), session).await.unwrap();
    assert_eq!(&*first.sealed, b"first");
    let replace = |text| {
        let (store, etag) = (&store, first.etag);
        async move {
            let sealed = sealed(text);
            store
                .replace_refresh_token(&megan(), session, sealed, etag, 1_001)
                .await
        }
    };
    assert_eq!(replace("second").await, Ok(()));
    assert_eq!(replace("third").await, Err(StoreError::Conflict));
    let stale = store
        .delete_refresh_token(&megan(), session, Some(first.etag))
        .await;
    assert_eq!(stale, Err(StoreError::Conflict));
    let second = store.refresh_token(&megan(), session).await.unwrap();
    assert_eq!(&*second.sealed, b"second");
    store
        .delete_refresh_token(&megan(), session, Some(second.etag))
        .await
        .unwrap();
    let gone = store.refresh_token(&megan(), session).await;
    assert_eq!(gone, Err(StoreError::NotFound));
}

async fn refresh_tokens_are_bounded_per_owner_and_forgotten_by_user_or_tenant(engine: Engine) {
    let quota = Quota {
        refresh_tokens: 2,
        ..Quota::default()
    };
    let store = engine.store_with(quota).await;
    let owners = [megan(), owner(CONTOSO, "adele"), owner(FABRIKAM, "megan")];
    let sessions = owners.clone().map(|_| Uuid::new_v4());
    let keep = |owner: Owner, session| {
        let store = &store;
        async move {
            store
                .keep_refresh_token(&owner, session, Bytes::from_static(b"sealed"), 1_000)
                .await
        }
    };
    for (owner, session) in owners.iter().zip(sessions) {
        keep(owner.clone(), session).await.unwrap();
    }
    keep(megan(), Uuid::new_v4()).await.unwrap();
    let full = keep(megan(), Uuid::new_v4()).await;
    assert_eq!(full, Err(StoreError::Full));

    let kept = async || {
        let mut kept = Vec::new();
        for (owner, session) in owners.iter().zip(sessions) {
            kept.push(store.refresh_token(owner, session).await.is_ok());
        }
        kept
    };
    let contoso = megan().tenant();
    let forget = store.forget_refresh_tokens(contoso, Some("megan"));
    forget.await.unwrap();
    assert_eq!(kept().await, [false, true, true]);
    // What was forgotten counts no more.
    keep(megan(), sessions[0]).await.unwrap();
    store.forget_refresh_tokens(contoso, None).await.unwrap();
    assert_eq!(kept().await, [false, false, true]);
}
