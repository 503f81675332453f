//! All the keys of an authority at one time: what a validation looks at, from its start to its end.

use std::sync::Arc;

use super::set::{KeySet, RefusedKey};
use super::signing_key::SigningKey;
use crate::claims::TokenVersion;

/// The keys of an authority, read together: a snapshot exists only if every document was usable.
#[derive(Debug)]
pub(crate) enum KeySnapshot {
    /// Entra publishes a document for each token version.
    Entra {
        /// For version 1.0 tokens.
        v1: KeySet,
        /// For version 2.0 tokens.
        v2: KeySet,
    },
    /// Any other OpenID provider publishes one.
    Oidc(KeySet),
}

impl KeySnapshot {
    /// The key that a token of this version means by `kid`, from the document for that version.
    pub(crate) fn find(&self, version: TokenVersion, kid: &str) -> Option<&Arc<SigningKey>> {
        match (self, version) {
            (Self::Entra { v1, .. }, TokenVersion::V1) => v1.find(kid),
            (Self::Entra { v2, .. }, TokenVersion::V2) => v2.find(kid),
            (Self::Oidc(keys), TokenVersion::Rfc9068) => keys.find(kid),
            (Self::Entra { .. }, TokenVersion::Rfc9068)
            | (Self::Oidc(_), TokenVersion::V1 | TokenVersion::V2) => None,
        }
    }

    /// How many keys there are; a key in both of Entra's documents counts twice.
    pub(crate) fn len(&self) -> usize {
        self.sets().map(KeySet::len).sum()
    }

    pub(super) fn refused(&self) -> impl Iterator<Item = &RefusedKey> {
        self.sets().flat_map(KeySet::refused)
    }

    /// Replaces `previous`: keys that stay are carried over, all others are withdrawn. Says
    /// whether anything is different.
    pub(super) fn succeed(&mut self, previous: &Self) -> bool {
        match (self, previous) {
            (
                Self::Entra { v1, v2 },
                Self::Entra {
                    v1: old_v1,
                    v2: old_v2,
                },
            ) => {
                let changed_v1 = v1.succeed(old_v1);
                let changed_v2 = v2.succeed(old_v2);
                changed_v1 || changed_v2
            }
            (Self::Oidc(keys), Self::Oidc(old)) => keys.succeed(old),
            // An authority does not change its kind while it runs.
            (Self::Entra { .. }, Self::Oidc(_)) | (Self::Oidc(_), Self::Entra { .. }) => true,
        }
    }

    fn sets(&self) -> impl Iterator<Item = &KeySet> {
        let (first, second) = match self {
            Self::Entra { v1, v2 } => (v1, Some(v2)),
            Self::Oidc(keys) => (keys, None),
        };
        std::iter::once(first).chain(second)
    }
}
