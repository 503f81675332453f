//! The lines of a file of any size that hold a text, one at a time.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

/// The longest line that is looked at: more than a collector puts into one.
const LONGEST: usize = 16 * 1024 * 1024;

/// Calls `each` with every line of `file` that holds `text`. Lines that are too long, or no text at
/// all, are none that a service wrote, and are passed over.
pub(super) fn holding(file: &Path, text: &str, each: impl FnMut(&str)) -> io::Result<()> {
    let reader = BufReader::with_capacity(64 * 1024, File::open(file)?);
    lines_holding(reader, LONGEST, text, each)
}

fn lines_holding(
    mut reader: impl BufRead,
    longest: usize,
    text: &str,
    mut each: impl FnMut(&str),
) -> io::Result<()> {
    let mut line = Vec::new();
    let mut too_long = false;
    loop {
        let read = reader.fill_buf()?;
        let end = read.iter().position(|byte| *byte == b'\n');
        let part = end.and_then(|end| read.get(..end)).unwrap_or(read);
        too_long |= line.len() + part.len() > longest;
        if !too_long {
            line.extend_from_slice(part);
        }
        let (is_last, consumed) = (read.is_empty(), part.len() + usize::from(end.is_some()));
        reader.consume(consumed);
        if end.is_none() && !is_last {
            continue;
        }
        if !too_long
            && let Ok(line) = std::str::from_utf8(&line)
            && line.contains(text)
        {
            each(line);
        }
        if is_last {
            return Ok(());
        }
        line.clear();
        too_long = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(content: &[u8], longest: usize) -> Vec<String> {
        let mut found = Vec::new();
        // A few bytes at a time, so that lines are put together from parts.
        let reader = BufReader::with_capacity(3, content);
        lines_holding(reader, longest, "id", |line| found.push(line.to_owned())).unwrap();
        found
    }

    #[test]
    fn the_lines_with_the_text_are_found_whether_or_not_the_last_has_ended() {
        assert_eq!(found(b"", 99), [""; 0]);
        assert_eq!(
            found(b"an id\nnone\n\nid again\nhalf an id", 99),
            ["an id", "id again", "half an id"]
        );
    }

    #[test]
    fn what_is_too_long_or_no_text_is_passed_over_and_the_next_is_not() {
        assert_eq!(
            found(b"id id id id id\nid\n\xff id\nid2\n", 8),
            ["id", "id2"]
        );
    }
}
