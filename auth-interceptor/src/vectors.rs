//! What published signature vectors can reach: the checks up to the signature, without those of
//! the payload, which in such a vector is no set of claims. No part of the public interface.

use std::sync::Arc;
use std::time::Duration;

use crate::authority::{Authority, Registration};
use crate::error::AuthError;
use crate::issuer::IssuerTemplate;
use crate::jws::DEFAULT_TOKEN_LIMIT;
use crate::keys::{KeySet, KeySnapshot};
use crate::validator::{Unverified, Validator};

/// The structure, header, key and signature checks of one Entra authority with its keys at hand.
#[derive(Debug)]
pub struct SignatureCheck {
    validator: Validator,
    keys: [Option<Arc<KeySnapshot>>; 1],
}

impl SignatureCheck {
    /// Takes the authority's key set document. None if the settings or the document are unusable.
    #[must_use]
    pub fn new(
        authority: &Authority,
        registration: &Registration,
        issuer: &IssuerTemplate,
        key_set: &[u8],
    ) -> Option<Self> {
        let admit = || KeySet::admit(key_set, issuer, &authority.algorithms).ok();
        let keys = KeySnapshot::Entra {
            v1: admit()?,
            v2: admit()?,
        };
        let authorities = std::slice::from_ref(authority);
        let registrations = std::slice::from_ref(registration);
        let validator = Validator::new(authorities, registrations, DEFAULT_TOKEN_LIMIT).ok()?;
        Some(Self {
            validator,
            keys: [Some(Arc::new(keys))],
        })
    }

    /// Whether the signature verifies: it says nothing of who may call.
    ///
    /// # Errors
    ///
    /// The refusal of the first check that failed.
    pub fn verify(&self, token: &str) -> Result<(), AuthError> {
        let jws = self.validator.decode(token)?;
        self.validator
            .verify_signature(&jws, &self.keys)
            .map_err(|unverified| match unverified {
                Unverified::Refused(error) | Unverified::SignedAndRefused { error, .. } => error,
                Unverified::UnknownKey { .. }
                | Unverified::ForeignKey
                | Unverified::KeysUnavailable { .. } => AuthError::SigningKeyUnknown {
                    keys_age: Duration::ZERO,
                    retry_after: None,
                },
            })
    }
}
