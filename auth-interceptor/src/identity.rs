//! The identifiers that tokens carry, each a type of its own so that none is taken for another.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;
use uuid::fmt::Hyphenated;

/// A tenant: the `tid` claim of an Entra token, or the tenant configured on an OIDC authority.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(Uuid);

impl TenantId {
    /// The tenant as a UUID.
    #[must_use]
    pub fn as_uuid(&self) -> Uuid {
        self.0
    }

    /// Reads a tenant whose digits may be of either case: where it is only compared as a number, as
    /// a header's is, nothing hangs on its spelling.
    pub(crate) fn in_either_case(text: &str) -> Result<Self, NotAGuid> {
        text.to_ascii_lowercase().parse()
    }
}

/// The text is not 8-4-4-4-12 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a GUID of 8-4-4-4-12 lower-case hexadecimal digits")]
pub struct NotAGuid;

impl FromStr for TenantId {
    type Err = NotAGuid;

    fn from_str(text: &str) -> Result<Self, NotAGuid> {
        parse_guid(text).map(Self)
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl fmt::Debug for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Reads a GUID in the one spelling that Entra emits: no braces, no `urn:`, no upper case, so that
/// one identity has one spelling wherever it is compared or stored.
pub(crate) fn parse_guid(text: &str) -> Result<Uuid, NotAGuid> {
    let guid = Uuid::try_parse(text).map_err(|_| NotAGuid)?;
    let mut spelling = [0; Hyphenated::LENGTH];
    if guid.hyphenated().encode_lower(&mut spelling) == text {
        Ok(guid)
    } else {
        Err(NotAGuid)
    }
}

/// Who is calling within a tenant: the `oid` claim of an Entra token, the `sub` of an RFC 9068 one.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ObjectId(Box<str>);

impl ObjectId {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The identifier as the token spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ObjectId")
    }
}

/// A client application: `azp` (v2), `appid` (v1) or `client_id` (RFC 9068).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ClientId(Box<str>);

impl ClientId {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The identifier as the token spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::TenantId;

    #[test]
    fn a_tenant_has_one_spelling() {
        let guid = "0f8fad5b-d9cb-469f-a165-70867728950e";
        assert_eq!(
            guid.parse::<TenantId>().map(|tenant| tenant.to_string()),
            Ok(guid.to_owned())
        );
        for other in [
            "0F8FAD5B-D9CB-469F-A165-70867728950E",
            "{0f8fad5b-d9cb-469f-a165-70867728950e}",
            "0f8fad5bd9cb469fa16570867728950e",
            "urn:uuid:0f8fad5b-d9cb-469f-a165-70867728950e",
            "common",
            "",
        ] {
            assert!(other.parse::<TenantId>().is_err(), "{other}");
        }
    }
}
