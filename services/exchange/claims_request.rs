//! A claims request, kept byte for byte.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::IgnoredAny;

/// The largest claims request, in bytes.
const MAX_BYTES: usize = 8 * 1024;

/// What a sign-in has to satisfy (OpenID Connect Core section 5.5): the very text that a caller or
/// an authority wrote. It goes to them and into no log, as it may say what about the user is doubted.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ClaimsRequest(Box<str>);

/// The text is not a claims request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected one JSON object of at most 8 KiB")]
pub struct ClaimsRequestError;

impl ClaimsRequest {
    /// Checks that the text is one JSON object and changes nothing of it.
    ///
    /// # Errors
    ///
    /// It is none, or is larger than 8 KiB.
    pub fn parse(text: &str) -> Result<Self, ClaimsRequestError> {
        if text.len() > MAX_BYTES {
            return Err(ClaimsRequestError);
        }
        serde_json::from_str::<BTreeMap<String, IgnoredAny>>(text)
            .map(|_| Self(text.into()))
            .map_err(|_| ClaimsRequestError)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClaimsRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClaimsRequest")
    }
}

#[cfg(test)]
mod tests {
    use super::{ClaimsRequest, ClaimsRequestError};

    #[test]
    fn an_object_is_kept_as_it_is_written() {
        let text = "{ \"access_token\":{\"acrs\" :{\"essential\":true,\"value\":\"c1\"}}}\n";
        assert_eq!(ClaimsRequest::parse(text).unwrap().as_str(), text);
    }

    #[test]
    fn anything_else_is_refused() {
        let large = format!("{{\"a\":\"{}\"}}", "x".repeat(8 * 1024));
        for text in [
            "",
            "{",
            "[]",
            "null",
            "\"{}\"",
            "{}{}",
            "{} x",
            large.as_str(),
        ] {
            assert_eq!(
                ClaimsRequest::parse(text),
                Err(ClaimsRequestError),
                "{text:.20}"
            );
        }
    }
}
