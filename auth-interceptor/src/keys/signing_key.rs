//! One admitted key, parsed once, so that a verification costs the arithmetic alone.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_lc_rs::signature::ParsedPublicKey;

use crate::authority::Algorithm;
use crate::issuer::IssuerTemplate;

/// A public key that an authority signs tokens with: one key id, one algorithm, one issuer.
pub(crate) struct SigningKey {
    kid: Box<str>,
    algorithm: Algorithm,
    issuer: IssuerTemplate,
    x5t: Option<Box<str>>,
    x5t_s256: Option<Box<str>>,
    key: ParsedPublicKey,
    /// Set once and for good when a later set lacks the key, for whoever still holds it.
    withdrawn: AtomicBool,
}

/// What the authority's document says about a key beside the key itself.
pub(super) struct KeyFacts {
    pub(super) kid: Box<str>,
    pub(super) algorithm: Algorithm,
    pub(super) issuer: IssuerTemplate,
    pub(super) x5t: Option<Box<str>>,
    pub(super) x5t_s256: Option<Box<str>>,
}

impl SigningKey {
    pub(super) fn new(facts: KeyFacts, key: ParsedPublicKey) -> Self {
        Self {
            kid: facts.kid,
            algorithm: facts.algorithm,
            issuer: facts.issuer,
            x5t: facts.x5t,
            x5t_s256: facts.x5t_s256,
            key,
            withdrawn: AtomicBool::new(false),
        }
    }

    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }

    /// The only algorithm that the key verifies.
    pub(crate) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The only issuer whose tokens the key signs.
    pub(crate) fn issuer(&self) -> &IssuerTemplate {
        &self.issuer
    }

    /// The certificate's SHA-1 thumbprint, as the document states it.
    pub(crate) fn x5t(&self) -> Option<&str> {
        self.x5t.as_deref()
    }

    /// The certificate's SHA-256 thumbprint, as the document states it.
    pub(crate) fn x5t_s256(&self) -> Option<&str> {
        self.x5t_s256.as_deref()
    }

    /// Whether `signature` is this key's over `message`, by the key's own algorithm.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(message, signature).is_ok()
    }

    /// Whether the authority no longer publishes the key.
    pub(crate) fn is_withdrawn(&self) -> bool {
        self.withdrawn.load(Ordering::Acquire)
    }

    pub(crate) fn withdraw(&self) {
        self.withdrawn.store(true, Ordering::Release);
    }

    /// Whether `other` is the same key for the same tokens.
    pub(super) fn is_same_key_as(&self, other: &Self) -> bool {
        self.kid == other.kid
            && self.algorithm == other.algorithm
            && self.issuer == other.issuer
            && self.key.as_ref() == other.key.as_ref()
    }

    /// Whether the document says the same of both: a later set may carry this one over.
    pub(super) fn is_unchanged_in(&self, other: &Self) -> bool {
        self.is_same_key_as(other) && self.x5t == other.x5t && self.x5t_s256 == other.x5t_s256
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &shown_kid(&self.kid))
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// How a key id appears in logs and spans: enough to find it in the authority's document, and
/// nothing that a stranger chose freely.
pub(super) fn shown_kid(kid: &str) -> &str {
    let is_base64url = kid
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if !is_base64url || kid.is_empty() {
        return "invalid";
    }
    kid.get(..8).unwrap_or(kid)
}

#[cfg(test)]
mod tests {
    use super::shown_kid;

    #[test]
    fn of_a_key_id_its_head_is_shown_and_only_of_one_in_base64url() {
        for (kid, shown) in [
            ("nOo3ZDrODXEK1jKWhXslHR_KXEg", "nOo3ZDrO"),
            ("A-_9", "A-_9"),
            ("12345678", "12345678"),
            ("", "invalid"),
            ("nOo3ZDrO with words", "invalid"),
            ("nOo3ZDrO\nforged", "invalid"),
            ("nOo3ZDrO==", "invalid"),
            ("schlüssel", "invalid"),
        ] {
            assert_eq!(shown_kid(kid), shown, "{kid}");
        }
    }
}
