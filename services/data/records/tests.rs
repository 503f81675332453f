//! Which requests are refused before the store is asked.

use bytes::Bytes;

use super::{item, rows_to_write};
use crate::call::CallError;
use crate::contracts::data::v1::Row;

fn field(error: CallError) -> String {
    match error {
        CallError::Field { field, .. } => field,
        other => panic!("{other}"),
    }
}

fn row(id: &str, json: &str) -> Row {
    Row {
        row_id: id.into(),
        json: Bytes::copy_from_slice(json.as_bytes()),
        ..Row::default()
    }
}

#[test]
fn the_refused_field_is_named_by_its_path() {
    let long_id = "x".repeat(129);
    let long_json = format!("\"{}\"", "x".repeat(64 * 1024));
    let cases = [
        (vec![], "rows"),
        (vec![row("a", "1"); 101], "rows"),
        (vec![row("a", "1"), row("b/c", "1")], "rows[1].row_id"),
        (vec![row(&long_id, "1")], "rows[0].row_id"),
        (vec![row("\u{e9}", "1")], "rows[0].row_id"),
        (
            vec![row("a", "1"), row("b", "1"), row("a", "2")],
            "rows[2].row_id",
        ),
        (vec![row("a", "")], "rows[0].json"),
        (vec![row("a", &long_json)], "rows[0].json"),
    ];
    for (rows, expected) in cases {
        assert_eq!(field(rows_to_write(rows).unwrap_err()), expected);
    }
}

#[test]
fn rows_keep_their_bytes_and_get_an_id_if_they_have_none() {
    let spaced = " {\"a\" : 1.50}\n";
    let writes = rows_to_write(vec![row("", spaced), row("", "2"), row("A-b_c.9", "3")]).unwrap();
    assert_eq!(writes[0].json.as_ref(), spaced.as_bytes());
    assert_ne!(writes[0].id, writes[1].id);
    assert_eq!(writes[2].id, "A-b_c.9");
    assert!(writes.iter().all(|write| write.etag.is_none()));
}

#[test]
fn an_item_is_named_by_both_ids_or_by_neither() {
    let guid = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
    let cases = [
        (guid, "", "item_id"),
        ("", guid, "workspace_id"),
        ("sales", guid, "workspace_id"),
        (guid, "{7c9e6679-7425-40de-944b-e07fc1f90ae7}", "item_id"),
        (guid, "7c9e6679742540de944be07fc1f90ae7", "item_id"),
    ];
    for (workspace_id, item_id, expected) in cases {
        assert_eq!(field(item(workspace_id, item_id).unwrap_err()), expected);
    }
    assert_eq!(item("", "").unwrap(), None);
    let upper = guid.to_uppercase();
    assert_eq!(item(guid, guid), item(&upper, guid));
}
