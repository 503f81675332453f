//! The judgement of one token: recalled from an earlier call or verified now, and told of to those
//! who watch.

use std::sync::Arc;
use std::time::Instant;

use tracing::Span;
use tracing::field::Empty;

use super::{Authenticator, RefusedToken, TrustedAuthority, Unproven, WantedKey};
use crate::claims::Claims;
use crate::clock::UnixSeconds;
use crate::error::AuthError;
use crate::keys::KeySnapshot;
use crate::known::Known;
use crate::observer::{KeyOrigin, Validation};
use crate::remembered::{Remembered, TokenDigest};
use crate::validator::{Unverified, VerifiedToken};

/// A token that was verified, now or a moment ago.
pub(super) struct Proven {
    pub(super) claims: Arc<Claims>,
    /// The number of the authority that issued it.
    pub(super) authority: usize,
    pub(super) digest: TokenDigest,
}

impl Authenticator {
    /// Judges one token, and says so to who watches. `learned` says whether the call has waited
    /// for keys.
    pub(super) fn recall_or_verify(&self, token: &str, learned: bool) -> Result<Proven, Unproven> {
        let began = Instant::now();
        let (judged, is_remembered) = self.judge(token, learned);
        // A token that needs a key first is judged again once its call has waited for that.
        if learned || !matches!(judged, Err(Unproven::NeedsKey(_))) {
            let number = match &judged {
                Ok(proven) => Some(proven.authority),
                Err(Unproven::Refused(refused)) => refused.authority,
                Err(Unproven::NeedsKey(wanted)) => Some(wanted.authority),
            };
            let authority = number.and_then(|number| self.authorities.get(number));
            self.observer.validated(&Validation {
                duration: began.elapsed(),
                keys: match authority {
                    Some(authority) => origin(authority, learned),
                    None if learned => KeyOrigin::Fetch,
                    None => KeyOrigin::Cache,
                },
                is_remembered,
                authority: authority.map(|authority| &*authority.name),
                keys_age: authority.and_then(|authority| authority.keys.age()),
            });
        }
        judged
    }

    /// Judges one token, and says whether it was remembered.
    fn judge(&self, token: &str, learned: bool) -> (Result<Proven, Unproven>, bool) {
        let now = self.clock.now();
        if token.len() > self.token_bytes {
            let limit = self.token_bytes;
            return (Err(AuthError::TokenTooLarge { limit }.into()), false);
        }
        let digest = Remembered::digest(token);
        if let Some((claims, number)) = self.remembered.find(&digest, now)
            && let Some(authority) = self.authorities.get(number)
            && authority.keys.is_usable()
        {
            let proven = Proven {
                claims,
                authority: number,
                digest,
            };
            return (Ok(proven), true);
        }
        let verified = self.verify_and_remember(token, digest, now, learned);
        (verified.map_err(|unproven| unproven.of(digest)), false)
    }

    fn verify_and_remember(
        &self,
        token: &str,
        digest: TokenDigest,
        now: UnixSeconds,
        learned: bool,
    ) -> Result<Proven, Unproven> {
        let span = tracing::debug_span!(
            "auth.validate",
            error.type = Empty,
            selvedge.verdict_cache = "miss",
            selvedge.jwks.age_s = Empty,
            selvedge.jwks.source = Empty,
            selvedge.jwks.kid_known = Empty,
        );
        let _entered = span.enter();
        let verified = self.verify(token, now);
        if !span.is_disabled() {
            self.describe(&span, &verified, learned);
        }
        let verified = verified?;
        let proven = Proven {
            claims: Arc::clone(&verified.claims),
            authority: verified.authority,
            digest,
        };
        self.remembered.insert(digest, verified, now);
        Ok(proven)
    }

    pub(super) fn verify(&self, token: &str, now: UnixSeconds) -> Result<VerifiedToken, Unproven> {
        let jws = self.validator.decode(token)?;
        let text = self.validator.read(&jws)?;
        let snapshots: Vec<Option<Arc<KeySnapshot>>> = self
            .authorities
            .iter()
            .map(|authority| authority.keys.current())
            .collect();
        self.validator
            .verify(&text, &snapshots, now)
            .map_err(|unverified| match unverified {
                Unverified::Refused(error) => error.into(),
                Unverified::SignedAndRefused {
                    error,
                    authority,
                    signed,
                } => Unproven::Refused(Box::new(RefusedToken {
                    error,
                    known: Known {
                        signed,
                        ..Known::default()
                    },
                    authority: Some(authority),
                })),
                Unverified::UnknownKey { authority, version } => {
                    let key_id = text.key_id().into();
                    Unproven::NeedsKey(WantedKey {
                        authority,
                        version,
                        key_id,
                        known: Known::default(),
                    })
                }
                Unverified::ForeignKey => self.key_unknown(None).into(),
                Unverified::KeysUnavailable { authority } => {
                    Unproven::Refused(Box::new(RefusedToken {
                        error: self.keys_unavailable(authority),
                        known: Known::default(),
                        authority: Some(authority),
                    }))
                }
            })
    }

    /// Puts on the span of a verification what it was made with and what came of it.
    fn describe(&self, span: &Span, verified: &Result<VerifiedToken, Unproven>, learned: bool) {
        let (authority, kid_known) = match verified {
            Ok(verified) => (Some(verified.authority), Some(true)),
            Err(Unproven::NeedsKey(wanted)) => (Some(wanted.authority), Some(false)),
            Err(Unproven::Refused(refused)) => {
                let kid_known = match refused.error {
                    AuthError::SigningKeyUnknown { .. } => Some(false),
                    AuthError::SigningKeysUnavailable { .. } => None,
                    AuthError::TokenSignatureInvalid { .. } => Some(true),
                    // What is found out after the key alone names an authority.
                    _ => refused.authority.map(|_| true),
                };
                (refused.authority, kid_known)
            }
        };
        let authority = authority.and_then(|number| self.authorities.get(number));
        let age = authority.and_then(|authority| authority.keys.age());
        let error = verified.as_ref().err().and_then(Unproven::error);
        tracing::record_all!(
            span,
            error.type = error.map(AuthError::reason),
            selvedge.jwks.age_s = age.map(|age| age.as_secs()),
            selvedge.jwks.source = authority.map(|authority| origin(authority, learned).as_str()),
            selvedge.jwks.kid_known = kid_known,
        );
    }
}

/// Where the keys for a token come from; `learned` says whether the call has waited for them.
fn origin(authority: &TrustedAuthority, learned: bool) -> KeyOrigin {
    if learned {
        KeyOrigin::Fetch
    } else {
        authority.keys.origin()
    }
}
