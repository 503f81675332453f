//! The scopes of one request, in the one order that a cache can look them up by.

use std::fmt;

/// The most scopes of one request.
const MAX_SCOPES: usize = 20;
/// The longest scope, in bytes.
const MAX_SCOPE_BYTES: usize = 512;

/// Scopes of one request to an authority: sorted, without repetition, never empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scopes(Box<str>);

/// The texts are not a list of scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopesError {
    /// There are none, or more than anybody needs.
    #[error("expected 1 to 20 scopes")]
    Count,
    /// One is not an RFC 6749 scope token, or too long.
    #[error("expected scopes of visible ASCII characters without quotes, at most 512 of them")]
    Malformed,
    /// One is not a resource's but a wish about the answer, such as `offline_access`.
    #[error("expected scopes of a downstream resource")]
    NotOfAResource,
}

impl Scopes {
    /// Reads scopes as a caller lists them.
    ///
    /// # Errors
    ///
    /// Too many, none, or one that is not a `scope-token` (RFC 6749 section 3.3): a space in it
    /// would be a second scope, and nobody has allowed that one.
    pub fn parse<T: AsRef<str>>(scopes: &[T]) -> Result<Self, ScopesError> {
        if !(1..=MAX_SCOPES).contains(&scopes.len()) {
            return Err(ScopesError::Count);
        }
        let mut sorted = Vec::with_capacity(scopes.len());
        for scope in scopes {
            let scope = scope.as_ref();
            let is_token = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            if scope.is_empty() || scope.len() > MAX_SCOPE_BYTES || !scope.bytes().all(is_token) {
                return Err(ScopesError::Malformed);
            }
            if ["openid", "profile", "email", "offline_access"].contains(&scope) {
                return Err(ScopesError::NotOfAResource);
            }
            sorted.push(scope);
        }
        sorted.sort_unstable();
        sorted.dedup();
        Ok(Self(sorted.join(" ").into()))
    }

    /// The scopes, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ')
    }

    /// The value of the `scope` parameter.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The resource that the first scope is of: all before its last `/`, as Entra reads it.
    #[must_use]
    pub fn resource(&self) -> &str {
        let first = self.iter().next().unwrap_or_default();
        first
            .rsplit_once('/')
            .map_or(first, |(resource, _)| resource)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Scopes, ScopesError};

    #[test]
    fn order_and_repetition_mean_nothing() {
        let scopes = Scopes::parse(&["r/b", "r/a", "r/b"]).unwrap();
        assert_eq!(scopes.as_str(), "r/a r/b");
        assert_eq!(scopes.resource(), "r");
        assert_eq!(Ok(scopes), Scopes::parse(&["r/a", "r/b"]));
    }

    #[test]
    fn nothing_smuggles_a_second_scope_or_field_in() {
        for scope in [
            "", "a b", "a\nb", "a\tb", "a\"b", "a\\b", "a\u{a0}b", "\u{e9}",
        ] {
            assert_eq!(
                Scopes::parse(&[scope]),
                Err(ScopesError::Malformed),
                "{scope:?}"
            );
        }
        assert_eq!(
            Scopes::parse(&["x".repeat(513)]),
            Err(ScopesError::Malformed)
        );
        assert_eq!(Scopes::parse::<&str>(&[]), Err(ScopesError::Count));
        assert_eq!(Scopes::parse(&["a"; 21]), Err(ScopesError::Count));
        assert_eq!(
            Scopes::parse(&["offline_access"]),
            Err(ScopesError::NotOfAResource)
        );
    }
}
