//! What is known of a call's tokens beside their claims, for those who watch.
//!
//! Nothing in here takes part in a decision, and nothing is a stranger's word: it is either what an
//! authority has signed, or made from the token as a whole.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::claims::{Claims, SignedParts};
use crate::identity::TenantId;
use crate::remembered::TokenDigest;

/// The longest identifier of its own that a token is called by.
const LONGEST_ID: usize = 64;

/// What a token is called: the same name wherever it is seen, which nobody can turn back into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenId<'a> {
    /// What its authority calls it: the claim `uti` or `jti`.
    Claim(&'a str),
    /// The first 64 bits of its SHA-256, where its authority calls it nothing that is known.
    Digest(u64),
}

impl<'a> TokenId<'a> {
    /// The claim where there is one to show, and else the digest.
    pub(crate) fn of(claim: Option<&'a str>, digest: Option<u64>) -> Option<Self> {
        let shown = |id: &&str| {
            (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let claim = claim.filter(shown).map(Self::Claim);
        claim.or_else(|| digest.map(Self::Digest))
    }
}

impl fmt::Display for TokenId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claim(id) => f.write_str(id),
            Self::Digest(digest) => write!(f, "{digest:016x}"),
        }
    }
}

/// What is known of a token that was refused.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// The head of the SHA-256 of the token.
    pub(crate) digest: Option<u64>,
    /// What its authority says in it.
    pub(crate) signed: Option<Arc<SignedParts>>,
    /// The application that has proved itself beside it.
    pub(crate) app: Option<Arc<Claims>>,
    /// The tenant that Fabric, having proved itself, names.
    pub(crate) stated_tenant: Option<TenantId>,
    /// The age of the keys of its authority, or the oldest there are where that is not known.
    pub(crate) keys_age: Option<Duration>,
}

impl Known {
    /// Of a token that was at least read.
    pub(crate) fn of(digest: TokenDigest) -> Self {
        Self {
            digest: Some(digest.head()),
            ..Self::default()
        }
    }
}
