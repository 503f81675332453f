//! Parameters of a query or form body, kept as bytes.
//!
//! `state` must come back byte for byte, so nothing is repaired on the way in. RFC 6749 section
//! 3.1 forbids repeated parameters, and a repeated one is refused rather than chosen from.

use bytes::Bytes;
use form_urlencoded::byte_serialize;
use percent_encoding::percent_decode;

use super::error::AuthorityError;

/// Decoded parameters in the order they came. Not printable: secrets are among them.
#[derive(Clone)]
pub(crate) struct Form(Vec<(String, Bytes)>);

impl Form {
    pub(crate) fn parse(encoded: &[u8]) -> Self {
        Self(
            encoded
                .split(|byte| *byte == b'&')
                .filter(|pair| !pair.is_empty())
                .map(|pair| {
                    let mut halves = pair.splitn(2, |byte| *byte == b'=');
                    let name = decode(halves.next().unwrap_or_default());
                    let value = decode(halves.next().unwrap_or_default());
                    (String::from_utf8_lossy(&name).into_owned(), value)
                })
                .collect(),
        )
    }

    /// The parameters of both; the endpoints accept the query and the body of a POST.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// A parameter's text; absent, empty and ill-formed are the same.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.bytes(name)?)
            .ok()
            .filter(|text| !text.is_empty())
    }

    pub(crate) fn bytes(&self, name: &str) -> Option<&Bytes> {
        self.0
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value)
    }

    pub(crate) fn require(&self, name: &'static str) -> Result<&str, AuthorityError> {
        self.text(name)
            .ok_or_else(|| AuthorityError::missing_parameter(name))
    }

    /// Refuses a request that gives any of the parameters twice.
    pub(crate) fn refuse_repeated(&self, names: &[&'static str]) -> Result<(), AuthorityError> {
        for name in names {
            if self.0.iter().filter(|(other, _)| other == name).count() > 1 {
                return Err(AuthorityError::repeated_parameter(name));
            }
        }
        Ok(())
    }
}

/// Writes parameters as a query, fragment or form body.
pub(crate) fn encode<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut encoded = String::new();
    for (name, value) in parameters {
        if !encoded.is_empty() {
            encoded.push('&');
        }
        encoded.push_str(name);
        encoded.push('=');
        encoded.extend(byte_serialize(value));
    }
    encoded
}

fn decode(encoded: &[u8]) -> Bytes {
    let spaced: Vec<u8> = encoded
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    percent_decode(&spaced).collect()
}

#[cfg(test)]
mod tests {
    use super::{Form, encode};

    #[test]
    fn bytes_that_are_no_text_survive_both_ways() {
        let form = Form::parse(b"state=%FF%00a+b%2B%3d%26&x=");
        let state = form.bytes("state").unwrap();
        assert_eq!(&state[..], b"\xFF\x00a b+=&");
        assert_eq!(form.text("state"), None);
        assert_eq!(form.text("x"), None);
        let again = Form::parse(encode([("state", &state[..])]).as_bytes());
        assert_eq!(again.bytes("state"), Some(state));
    }

    #[test]
    fn a_repeated_parameter_is_refused() {
        let form = Form::parse(b"state=a&state=a");
        assert!(form.refuse_repeated(&["code"]).is_ok());
        assert!(form.refuse_repeated(&["state"]).is_err());
    }
}
