//! Rows: whose they are, in which order, and how they change.

use selvedge::store::{Etag, Place, RowWrite, StoreError};

use super::confirmed::confirmed_items;
use super::{CONTOSO, Engine, FABRIKAM, ids, megan, numbered, owner, page, place, write};

on_both_engines! {
    rows_come_back_byte_for_byte_in_the_order_they_were_first_written,
    rows_are_seen_by_their_owner_alone_and_under_their_item_alone,
    an_etag_lets_one_of_two_writers_through,
    a_write_that_fails_on_its_last_row_leaves_nothing_behind,
    pages_meet_every_row_once_while_rows_are_written,
    a_page_that_ends_with_the_list_names_no_next_one,
    a_page_fits_in_a_message,
}

async fn rows_come_back_byte_for_byte_in_the_order_they_were_first_written(engine: Engine) {
    let store = engine.store().await;
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

async fn rows_are_seen_by_their_owner_alone_and_under_their_item_alone(engine: Engine) {
    let store = engine.store().await;
    let [first, second] = confirmed_items().await;
    let places = [
        place(megan()),
        place(owner(CONTOSO, "adele")),
        place(owner(FABRIKAM, "megan")),
        Place {
            owner: megan(),
            item: Some(first),
        },
        Place {
            owner: megan(),
            item: Some(second),
        },
        Place {
            owner: owner(CONTOSO, "adele"),
            item: Some(first),
        },
    ];
    for (number, place) in places.iter().enumerate() {
        let rows = vec![write("same", "0"), write(&number.to_string(), "0")];
        store.write_rows(place, rows).await.unwrap();
    }
    for (number, place) in places.iter().enumerate() {
        assert_eq!(
            ids(&*store, place).await,
            ["same".to_owned(), number.to_string()]
        );
    }
    assert!(
        ids(&*store, &place(owner(FABRIKAM, "adele")))
            .await
            .is_empty()
    );
}

async fn an_etag_lets_one_of_two_writers_through(engine: Engine) {
    let store = engine.store().await;
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

async fn a_write_that_fails_on_its_last_row_leaves_nothing_behind(engine: Engine) {
    let store = engine.store().await;
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
    assert_eq!(ids(&*store, &megan).await, ["a"]);
}

async fn pages_meet_every_row_once_while_rows_are_written(engine: Engine) {
    let store = engine.store().await;
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

async fn a_page_that_ends_with_the_list_names_no_next_one(engine: Engine) {
    let store = engine.store().await;
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

async fn a_page_fits_in_a_message(engine: Engine) {
    let store = engine.store().await;
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
