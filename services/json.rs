//! Whether bytes are JSON, without building anything from them: what callers keep stays as it is, byte
//! for byte.

use serde::de::IgnoredAny;

/// How deep a value may be nested: whoever reads it back should not need a deep stack.
const MAX_DEPTH: usize = 64;

/// Whether `bytes` are exactly one JSON value (RFC 8259) in UTF-8.
pub(crate) fn is_one_value(bytes: &[u8]) -> bool {
    // The parser skips strings that nobody reads without looking at their encoding.
    std::str::from_utf8(bytes).is_ok_and(|text| {
        depth(text) <= MAX_DEPTH && serde_json::from_str::<IgnoredAny>(text).is_ok()
    })
}

/// Whether `bytes` are exactly one JSON object (RFC 8259) in UTF-8.
pub(crate) fn is_one_object(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(b"{") && is_one_value(bytes)
}

/// The deepest nesting, of a text that may yet turn out not to be JSON.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut in_string = false;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => in_string = !in_string,
            b'\\' if in_string => {
                bytes.next();
            }
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::{is_one_object, is_one_value};

    #[test]
    fn one_value_of_any_kind_is_json() {
        for text in [
            "null",
            " {\"a\": [1, 2.50, -0, 1e400]} \n",
            "\"\\u00e9 [\\\" {\"",
            "0",
            "[]",
            "\"\u{1f9f5}\"",
        ] {
            assert!(is_one_value(text.as_bytes()), "{text}");
        }
        let nested = format!("{}{}", "[".repeat(64), "]".repeat(64));
        assert!(is_one_value(nested.as_bytes()));
    }

    #[test]
    fn an_object_is_one_value_between_braces() {
        assert!(is_one_object(b" \n{\"a\": {}} "));
        for other in [&b"[]"[..], b"null", b"\"{}\"", b"{", b"", b"{} {}"] {
            assert!(!is_one_object(other), "{other:?}");
        }
    }

    #[test]
    fn anything_else_is_not() {
        let too_deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
        let cases: &[&[u8]] = &[
            b"",
            b" ",
            b"{} {}",
            b"{",
            b"{'a': 1}",
            b"[1,]",
            b"01",
            b"NaN",
            b"\xef\xbb\xbf{}",
            b"\"\xff\"",
            b"\"\xed\xa0\x80\"",
            b"\"\n\"",
            b"// no\n1",
            too_deep.as_bytes(),
        ];
        for case in cases {
            assert!(!is_one_value(case), "{case:?}");
        }
    }
}
