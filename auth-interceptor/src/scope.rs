//! What may be a scope (RFC 6749 section 3.3), and with it what a quoted string of a challenge can
//! hold as it stands (RFC 6750 section 3).

/// Whether `text` is one scope: printable ASCII without space, quote and backslash.
pub(crate) fn is_scope_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_scope_byte)
}

/// Whether `text` can stand in a quoted string without any escaping.
pub(crate) fn is_quotable(text: &str) -> bool {
    text.bytes().all(|byte| byte == b' ' || is_scope_byte(byte))
}

fn is_scope_byte(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)
}

#[cfg(test)]
mod tests {
    use super::{is_quotable, is_scope_token};

    #[test]
    fn a_scope_is_printable_ascii_without_space_quote_and_backslash() {
        for scope in ["data.read", "api://host/data.read", "!", "a#b[c]~"] {
            assert!(is_scope_token(scope), "{scope}");
        }
        for other in ["", "a b", "a\"b", "a\\b", "a\tb", "a\u{7f}", "é", "a\0"] {
            assert!(!is_scope_token(other), "{other:?}");
        }
        assert!(is_quotable("a b"));
        assert!(is_quotable(""));
        assert!(!is_quotable("a\"b"));
        assert!(!is_quotable("a\r\nb"));
    }
}
