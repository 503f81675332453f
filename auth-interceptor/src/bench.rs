//! What the benchmarks measure: the parts of a decision that no caller meets alone. No part of the
//! public interface.

use std::sync::Arc;

use crate::authority::{Algorithm, Authority, Registration};
use crate::claims::Claims;
use crate::clock::UnixSeconds;
use crate::error::AuthError;
use crate::issuer::IssuerTemplate;
use crate::jws::DEFAULT_TOKEN_LIMIT;
use crate::keys::{KeySet, KeySnapshot};
use crate::remembered::{Remembered, TokenDigest};
use crate::validator::{Unverified, Validator, VerifiedToken};

/// A validator of one Entra authority, with its keys at hand.
#[derive(Debug)]
pub struct FirstSight {
    validator: Validator,
    keys: [Option<Arc<KeySnapshot>>; 1],
}

impl FirstSight {
    /// Takes the authority's version 2.0 key set document.
    #[must_use]
    pub fn new(
        authority: Authority,
        registration: Registration,
        issuer: &IssuerTemplate,
        key_set: &[u8],
    ) -> Option<Self> {
        let admit = || KeySet::admit(key_set, issuer, &[Algorithm::Rs256]).ok();
        let keys = KeySnapshot::Entra {
            v1: admit()?,
            v2: admit()?,
        };
        let validator = Validator::new(&[authority], &[registration], DEFAULT_TOKEN_LIMIT).ok()?;
        Some(Self {
            validator,
            keys: [Some(Arc::new(keys))],
        })
    }

    /// Everything but the signature: taking the token apart and reading it.
    pub fn read(&self, token: &str) -> Result<(), AuthError> {
        let jws = self.validator.decode(token)?;
        self.validator.read(&jws).map(drop)
    }

    /// The whole check of a token.
    #[must_use]
    pub fn verify(&self, token: &str, now: UnixSeconds) -> Option<Verified> {
        self.try_verify(token, now).ok().map(Verified)
    }

    fn try_verify(&self, token: &str, now: UnixSeconds) -> Result<VerifiedToken, Unverified> {
        let jws = self.validator.decode(token)?;
        let text = self.validator.read(&jws)?;
        self.validator.verify(&text, &self.keys, now)
    }
}

/// A token that was verified.
#[derive(Clone, Debug)]
pub struct Verified(VerifiedToken);

impl Verified {
    /// The same claims in memory of their own, as another token's would be.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self(VerifiedToken {
            claims: Arc::new(Claims::clone(&self.0.claims)),
            ..self.0.clone()
        })
    }
}

/// Remembered tokens, addressed by digest so that a million need no million signatures.
#[derive(Debug)]
pub struct RememberedTokens(Remembered);

/// The digest that a token is remembered under.
#[derive(Clone, Copy)]
pub struct Digest(TokenDigest);

impl Digest {
    /// The digest of a token's text.
    #[must_use]
    pub fn of(token: &str) -> Self {
        Self(Remembered::digest(token))
    }
}

impl RememberedTokens {
    /// Room for so many bytes.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        Self(Remembered::new(bytes))
    }

    /// Remembers a token under that digest.
    pub fn insert(&self, digest: Digest, token: Verified, now: UnixSeconds) {
        self.0.insert(digest.0, token.0, now);
    }

    /// The claims of a token remembered under that digest.
    #[must_use]
    pub fn find(&self, digest: Digest, now: UnixSeconds) -> Option<Arc<Claims>> {
        self.0.find(&digest.0, now).map(|(claims, _)| claims)
    }
}
