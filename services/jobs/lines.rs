//! Rows as JSON lines: one object a line, with the row's id and its value as it was written.

use bytes::{BufMut as _, Bytes, BytesMut};

use crate::store::Row;

/// The lines of `rows`.
pub(super) fn of(rows: &[Row]) -> Bytes {
    let mut lines = BytesMut::new();
    for row in rows {
        lines.put_slice(b"{\"rowId\":\"");
        // Ids are letters, digits, '-', '_' and '.': nothing that JSON would escape.
        lines.put_slice(row.id.as_bytes());
        lines.put_slice(b"\",\"json\":");
        // Within a JSON value a line break is white space: in a string it would be escaped.
        lines.extend(row.json.iter().map(|byte| match byte {
            b'\n' | b'\r' => b' ',
            other => *other,
        }));
        lines.put_slice(b"}\n");
    }
    lines.freeze()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::of;
    use crate::store::{Etag, Row};

    #[test]
    fn every_row_is_one_line_and_its_value_what_it_was() {
        let row = |id: &str, json: &'static str| Row {
            id: id.to_owned(),
            json: Bytes::from_static(json.as_bytes()),
            etag: Etag::parse(""),
            update_time: 0,
        };
        let rows = [
            row(
                "a",
                "{\n \"n\": 18446744073709551615,\r\n \"t\": \"x\\n\" }",
            ),
            row("b-1", "1.50"),
        ];
        assert_eq!(
            of(&rows),
            "{\"rowId\":\"a\",\"json\":{  \"n\": 18446744073709551615,   \"t\": \"x\\n\" }}\n\
             {\"rowId\":\"b-1\",\"json\":1.50}\n"
        );
        assert_eq!(of(&[]), "");
    }
}
