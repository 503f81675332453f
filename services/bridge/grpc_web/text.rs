//! Base64 as gRPC-web's text form has it: whoever writes may pad wherever a buffer ends, so that a
//! body is many padded texts in a row, and the network cuts it anywhere.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};

/// How many characters are decoded at a time (RFC 4648 section 4).
const QUANTUM: usize = 4;

/// What was sent is no base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoBase64;

/// Decodes a body piece by piece.
#[derive(Debug, Default)]
pub(super) struct TextDecoder {
    /// The begin of a quantum whose end has not come: three characters at most.
    begun: BytesMut,
}

impl TextDecoder {
    /// What the next piece decodes to, together with what was left over before it.
    pub(super) fn decode(&mut self, piece: &[u8]) -> Result<Vec<u8>, NoBase64> {
        self.begun.extend_from_slice(piece);
        let whole = self.begun.len() - self.begun.len() % QUANTUM;
        let mut text: Bytes = self.begun.split_to(whole).freeze();
        let mut decoded = Vec::with_capacity(whole / QUANTUM * 3);
        while !text.is_empty() {
            // Padding ends a text, and another begins with the next quantum.
            let padding = text.iter().position(|character| *character == b'=');
            let end = padding.map_or(text.len(), |at| (at / QUANTUM + 1) * QUANTUM);
            let run = text.split_to(end);
            STANDARD
                .decode_vec(run, &mut decoded)
                .map_err(|_| NoBase64)?;
        }
        Ok(decoded)
    }

    /// Whether a body may end here: not within a quantum.
    pub(super) fn may_end(&self) -> bool {
        self.begun.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::{NoBase64, TextDecoder};

    /// What a body comes to that arrives in these pieces.
    fn decoded<'p>(pieces: impl IntoIterator<Item = &'p [u8]>) -> Result<Vec<u8>, NoBase64> {
        let mut decoder = TextDecoder::default();
        let mut whole = Vec::new();
        for piece in pieces {
            whole.extend(decoder.decode(piece)?);
        }
        decoder.may_end().then_some(whole).ok_or(NoBase64)
    }

    proptest! {
        #[test]
        fn whatever_is_padded_and_cut_anywhere_decodes_to_what_was_written(
            flushed in vec(vec(any::<u8>(), 0..40), 0..8),
            cuts in vec(1_usize..9, 1..40),
        ) {
            let text: String = flushed.iter().map(|bytes| STANDARD.encode(bytes)).collect();
            let mut pieces = Vec::new();
            let mut rest = text.as_bytes();
            for cut in cuts {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                pieces.push(piece);
                rest = after;
            }
            pieces.push(rest);
            prop_assert_eq!(decoded(pieces), Ok(flushed.concat()));
        }

        #[test]
        fn a_cut_changes_nothing_of_what_any_text_comes_to(
            text in "[A-Ca-c/+=\\-_ ]{0,40}",
            cut in 0_usize..41,
        ) {
            let (head, tail) = text.as_bytes().split_at(cut.min(text.len()));
            prop_assert_eq!(decoded([head, tail]), decoded([text.as_bytes()]));
        }
    }

    #[test]
    fn what_is_no_base64_or_ends_too_early_is_refused() {
        for text in [
            "A", "AA", "AAA", "AAAAA", "AA=", "A===", "====", "=AAA", "AA=A", "AAA=A", "AB==",
            "AA-_", "AA A", "AAAA\n", "\u{e4}AA",
        ] {
            assert_eq!(decoded([text.as_bytes()]), Err(NoBase64), "{text}");
        }
        assert_eq!(decoded([b"AA==AAA=AAAA".as_slice()]), Ok(vec![0; 6]));
        assert_eq!(decoded([b"".as_slice()]), Ok(Vec::new()));
    }
}
