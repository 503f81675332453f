//! A compact JWS taken apart (RFC 7515 section 7.1), with one reading for every byte of it.
//!
//! Nothing here is believed: this module says what a token's bytes are, before any key is looked
//! at. Each accepted text is the only encoding of its content (no padding, no second alphabet, no
//! stray bits), so the digest that a verified token is remembered by cannot be varied.

mod base64url;
mod header;
mod json;

use crate::error::AuthError;

pub(crate) use header::{Header, HeaderMembers, MediaType};
pub(crate) use json::{Members, Value, read_object};

/// The largest token looked at, unless the settings say otherwise: a version 1.0 token with 200
/// group ids takes about 12 KiB.
pub const DEFAULT_TOKEN_LIMIT: usize = 16 * 1024;

/// The three segments, decoded; their JSON is not read yet.
pub(crate) struct CompactJws<'t> {
    signing_input: &'t str,
    /// The three one after the other.
    decoded: Vec<u8>,
    header_end: usize,
    payload_end: usize,
}

impl<'t> CompactJws<'t> {
    /// Decodes a token of at most `limit` bytes.
    pub(crate) fn decode(token: &'t str, limit: usize) -> Result<Self, AuthError> {
        if token.len() > limit {
            return Err(AuthError::TokenTooLarge { limit });
        }
        let (header, rest) = token.split_once('.').ok_or(AuthError::TokenMalformed)?;
        // A fourth segment would put a dot into the signature, which is not in the alphabet.
        let (payload, signature) = rest.split_once('.').ok_or(AuthError::TokenMalformed)?;
        if header.is_empty() || payload.is_empty() {
            return Err(AuthError::TokenMalformed);
        }
        let signed = token.len() - signature.len() - 1;
        let signing_input = token.get(..signed).ok_or(AuthError::TokenMalformed)?;
        let mut decoded = Vec::with_capacity(token.len());
        let header_end = decode_segment(header, &mut decoded)?;
        let payload_end = decode_segment(payload, &mut decoded)?;
        decode_segment(signature, &mut decoded)?;
        Ok(Self {
            signing_input,
            decoded,
            header_end,
            payload_end,
        })
    }

    /// The bytes that the signature is over.
    pub(crate) fn signing_input(&self) -> &'t [u8] {
        self.signing_input.as_bytes()
    }

    /// The header's JSON text.
    pub(crate) fn header(&self) -> &[u8] {
        self.decoded.get(..self.header_end).unwrap_or_default()
    }

    /// The payload's JSON text.
    pub(crate) fn payload(&self) -> &[u8] {
        self.decoded
            .get(self.header_end..self.payload_end)
            .unwrap_or_default()
    }

    /// The signature. Empty in an unsecured token, of which the header says what is wrong.
    pub(crate) fn signature(&self) -> &[u8] {
        self.decoded.get(self.payload_end..).unwrap_or_default()
    }
}

/// Appends a segment's bytes, and says where they end.
fn decode_segment(segment: &str, decoded: &mut Vec<u8>) -> Result<usize, AuthError> {
    base64url::decode(segment, decoded).map_err(|_| AuthError::TokenMalformed)?;
    Ok(decoded.len())
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    use super::{CompactJws, DEFAULT_TOKEN_LIMIT};
    use crate::error::AuthError;

    fn decode(token: &str) -> Result<CompactJws<'_>, AuthError> {
        CompactJws::decode(token, DEFAULT_TOKEN_LIMIT)
    }

    #[test]
    fn three_segments_of_the_one_alphabet_decode() {
        let jws = decode("e30.eyJhIjoxfQ.AQID").unwrap();
        assert_eq!(jws.header(), b"{}");
        assert_eq!(jws.payload(), br#"{"a":1}"#);
        assert_eq!(jws.signature(), [1, 2, 3]);
        assert_eq!(jws.signing_input(), b"e30.eyJhIjoxfQ");
    }

    #[test]
    fn every_other_structure_is_malformed() {
        for token in [
            "",
            "e30",
            "e30.e30",
            "e30.e30.AQID.AQID",
            "e30.e30.AQID.AQID.AQID",
            "..",
            ".e30.AQID",
            ".e30.e30.AQID",
            "..AQID",
            "e30..AQID",
            "e30.e30.AQI=",
            "e30=.e30.AQID",
            "e30.e30==.AQID",
            "e30.e30.A+ID",
            "e30.e30.A/ID",
            "e30.e30.AQ ID",
            "e30.e30.AQID\n",
            " e30.e30.AQID",
            "e30.e30.AQID?",
            "e30.e30.AQ#D",
            "e30%2Ee30%2EAQID",
            "{\"payload\":\"e30\",\"protected\":\"e30\",\"signature\":\"AQID\"}",
            // The last character of each carries bits beyond the last byte.
            "e31.e30.AQID",
            "e30.e31.AQID",
            "e30.e30.AR",
            // One character past a multiple of four encodes nothing.
            "e30.e30.AQIDA",
            "е30.e30.AQID",
        ] {
            assert_eq!(
                decode(token).err(),
                Some(AuthError::TokenMalformed),
                "{token}"
            );
        }
    }

    #[test]
    fn a_token_over_the_limit_is_not_looked_at() {
        let limit = DEFAULT_TOKEN_LIMIT;
        assert_eq!(
            decode(&"!".repeat(limit + 1)).err(),
            Some(AuthError::TokenTooLarge { limit })
        );
        assert_eq!(
            decode(&"!".repeat(limit)).err(),
            Some(AuthError::TokenMalformed)
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(token in any::<String>()) {
            let _ = decode(&token);
        }

        #[test]
        fn what_decodes_encodes_to_the_same_text(token in "[A-Za-z0-9_-]{1,9}\\.[A-Za-z0-9_-]{1,9}\\.[A-Za-z0-9_-]{0,9}") {
            if let Ok(jws) = decode(&token) {
                let again = [jws.header(), jws.payload(), jws.signature()]
                    .map(|segment| URL_SAFE_NO_PAD.encode(segment))
                    .join(".");
                prop_assert_eq!(again, token);
            }
        }
    }
}
