//! Text of a stranger, as a terminal may have it.

/// The longest text that is shown.
const CHARACTERS: usize = 300;

/// `text` on one line, with nothing in it that a terminal obeys or that reorders what is read, and
/// not longer than a person reads.
pub(super) fn printable(text: &str) -> String {
    let mut shown = String::new();
    for (place, character) in text.chars().enumerate() {
        if place == CHARACTERS {
            shown.push('…');
            break;
        }
        if is_obeyed(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// A JSON document that holds the same, with nothing in it that a terminal obeys.
pub(super) fn printable_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for character in json.chars() {
        if is_obeyed(character) && character != '\n' {
            // JSON writes them in its strings alone, and all of them have four digits.
            shown.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Control characters, and those that turn or hide what stands beside them.
fn is_obeyed(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown_instead() {
        let hostile = "a\u{1b}[2J\u{9b}31m\r\nb\u{202e}c\u{7}é✗";
        let shown = "a\\u{1b}[2J\\u{9b}31m\\u{d}\\u{a}b\\u{202e}c\\u{7}é✗";
        assert_eq!(printable(hostile), shown);
        assert_eq!(printable(&"x".repeat(1000)).chars().count(), CHARACTERS + 1);
    }

    #[test]
    fn json_says_the_same_without_them() {
        let value = serde_json::json!({"a": "\u{1b}\u{9b}\u{202e}\u{7f}\n"});
        let text = printable_json(&serde_json::to_string_pretty(&value).unwrap());
        assert!(!text.chars().any(|c| is_obeyed(c) && c != '\n'), "{text}");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap(),
            value
        );
    }
}
