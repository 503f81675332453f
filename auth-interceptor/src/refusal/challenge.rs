//! A `www-authenticate` challenge, of which no value can make a malformed header.

use std::fmt;

use crate::bearer::SUBJECT_AND_APP;
use crate::scope::is_quotable;

/// A challenge, its parameters in the order of their adding: of the scheme `Bearer` (RFC 6750
/// section 3), or of Fabric's for two tokens, which takes the same ones.
#[derive(Clone)]
pub struct Challenge(String);

impl Challenge {
    /// A `Bearer` challenge. `realm` comes first, and may be empty.
    #[must_use]
    pub fn bearer(realm: &str) -> Self {
        Self::of_scheme("Bearer", realm)
    }

    /// A `SubjectAndAppToken1.0` challenge: what is missing, no bearer token can give.
    pub(crate) fn subject_and_app(realm: &str) -> Self {
        Self::of_scheme(SUBJECT_AND_APP, realm)
    }

    fn of_scheme(scheme: &str, realm: &str) -> Self {
        let realm = if is_quotable(realm) { realm } else { "" };
        Self(format!("{scheme} realm=\"{realm}\""))
    }

    /// Adds a parameter. One whose value would need escaping is left out: few clients undo escapes,
    /// and a quote that ended the string early would let the value speak for the service.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        if is_quotable(value) {
            for part in [", ", name, "=\"", value, "\""] {
                self.0.push_str(part);
            }
        }
        self
    }

    /// The header value.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }
}

/// Leaves out the parameters: one may be a claims request.
impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Challenge")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Challenge;

    #[test]
    fn parameters_stand_in_their_order() {
        let text = Challenge::bearer("r")
            .with("error", "invalid_token")
            .with("scope", "a b")
            .into_text();
        assert_eq!(
            text,
            r#"Bearer realm="r", error="invalid_token", scope="a b""#
        );
    }

    proptest! {
        #[test]
        fn no_value_breaks_out_of_its_quotes(realm in any::<String>(), value in any::<String>()) {
            let text = Challenge::bearer(&realm).with("scope", &value).into_text();
            prop_assert!(http::HeaderValue::from_str(&text).is_ok());
            let quotes = text.matches('"').count();
            prop_assert!(quotes == 2 || quotes == 4);
            prop_assert!(!text.contains('\\'));
        }
    }
}
