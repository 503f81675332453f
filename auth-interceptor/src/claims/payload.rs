//! The payload's members as they were found, and the few types that a claim can have.
//!
//! `null` is a value of the wrong type, never an absent claim; a number is a plain integer; one
//! string is not a list of one.

use std::borrow::Cow;

use crate::clock::UnixSeconds;
use crate::error::AuthError;
use crate::jws::{Members, Value};

/// Numbers up to here are exact in every JSON implementation (RFC 8259 section 6).
const MAX_NUMERIC_DATE: u64 = 1 << 53;

/// How far two clocks may be apart.
pub(crate) const CLOCK_SKEW_SECONDS: u64 = 60;

/// The longest lifetime Entra gives a token, under continuous access evaluation.
const MAX_LIFETIME_SECONDS: u64 = 28 * 60 * 60;

/// The claims that either profile reads.
#[derive(Debug, Default)]
pub(crate) struct Payload<'t> {
    pub(super) acr: Claim<'t>,
    pub(super) acrs: Claim<'t>,
    pub(super) appid: Claim<'t>,
    pub(super) aud: Claim<'t>,
    pub(super) azp: Claim<'t>,
    pub(super) client_id: Claim<'t>,
    pub(super) exp: Claim<'t>,
    pub(super) iat: Claim<'t>,
    pub(super) idtyp: Claim<'t>,
    pub(super) iss: Claim<'t>,
    pub(super) jti: Claim<'t>,
    pub(super) name: Claim<'t>,
    pub(super) nbf: Claim<'t>,
    pub(super) nonce: Claim<'t>,
    pub(super) oid: Claim<'t>,
    pub(super) preferred_username: Claim<'t>,
    pub(super) roles: Claim<'t>,
    pub(super) scope: Claim<'t>,
    pub(super) scp: Claim<'t>,
    pub(super) sub: Claim<'t>,
    pub(super) tid: Claim<'t>,
    pub(super) upn: Claim<'t>,
    pub(super) uti: Claim<'t>,
    pub(super) ver: Claim<'t>,
    pub(super) xms_cc: Claim<'t>,
}

type Claim<'t> = Option<Value<'t>>;

impl<'t> Members<'t> for Payload<'t> {
    fn slot(&mut self, name: &str) -> Option<&mut Claim<'t>> {
        Some(match name {
            "acr" => &mut self.acr,
            "acrs" => &mut self.acrs,
            "appid" => &mut self.appid,
            "aud" => &mut self.aud,
            "azp" => &mut self.azp,
            "client_id" => &mut self.client_id,
            "exp" => &mut self.exp,
            "iat" => &mut self.iat,
            "idtyp" => &mut self.idtyp,
            "iss" => &mut self.iss,
            "jti" => &mut self.jti,
            "name" => &mut self.name,
            "nbf" => &mut self.nbf,
            "nonce" => &mut self.nonce,
            "oid" => &mut self.oid,
            "preferred_username" => &mut self.preferred_username,
            "roles" => &mut self.roles,
            "scope" => &mut self.scope,
            "scp" => &mut self.scp,
            "sub" => &mut self.sub,
            "tid" => &mut self.tid,
            "upn" => &mut self.upn,
            "uti" => &mut self.uti,
            "ver" => &mut self.ver,
            "xms_cc" => &mut self.xms_cc,
            _ => return None,
        })
    }
}

impl Payload<'_> {
    /// `iss` if it is text: enough to choose whose keys to look at, never enough to believe it.
    pub(crate) fn unverified_issuer(&self) -> Option<&str> {
        as_text(&self.iss)
    }

    /// `ver` if it is text: enough to choose which of the authority's documents to look at.
    pub(crate) fn unverified_version(&self) -> Option<&str> {
        as_text(&self.ver)
    }
}

fn as_text<'c>(claim: &'c Claim<'_>) -> Option<&'c str> {
    match claim {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}

/// A claim that is text, or absent.
pub(super) fn text<'c>(
    claim: &'c Claim<'_>,
    name: &'static str,
) -> Result<Option<&'c str>, AuthError> {
    match claim {
        None => Ok(None),
        Some(Value::Text(text)) => Ok(Some(text)),
        Some(_) => Err(AuthError::TokenClaimInvalid { claim: name }),
    }
}

/// A claim that is text with something in it, or absent.
pub(super) fn filled<'c>(
    claim: &'c Claim<'_>,
    name: &'static str,
) -> Result<Option<&'c str>, AuthError> {
    match text(claim, name)? {
        Some("") => Err(AuthError::TokenClaimInvalid { claim: name }),
        text => Ok(text),
    }
}

/// A claim that must be there, as text with something in it.
pub(super) fn required<'c>(claim: &'c Claim<'_>, name: &'static str) -> Result<&'c str, AuthError> {
    filled(claim, name)?.ok_or(AuthError::TokenClaimMissing { claim: name })
}

/// A claim that is an array of strings, or absent.
pub(super) fn texts<'c, 't>(
    claim: &'c Claim<'t>,
    name: &'static str,
) -> Result<&'c [Cow<'t, str>], AuthError> {
    match claim {
        None => Ok(&[]),
        Some(Value::Texts(texts)) => Ok(texts),
        Some(_) => Err(AuthError::TokenClaimInvalid { claim: name }),
    }
}

pub(super) fn boxed(texts: &[Cow<'_, str>]) -> Box<[Box<str>]> {
    texts.iter().map(|text| Box::from(text.as_ref())).collect()
}

fn numeric_date(claim: &Claim<'_>, name: &'static str) -> Result<Option<UnixSeconds>, AuthError> {
    match claim {
        None => Ok(None),
        Some(Value::Integer(seconds)) if *seconds <= MAX_NUMERIC_DATE => Ok(Some(*seconds)),
        Some(_) => Err(AuthError::TokenClaimInvalid { claim: name }),
    }
}

/// When a token may be used (RFC 7519 sections 4.1.4 to 4.1.6).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(super) expires_at: UnixSeconds,
    pub(super) issued_at: UnixSeconds,
    /// `iat` where the profile lets `nbf` be absent.
    not_before: UnixSeconds,
}

impl Times {
    /// Reads the times of an Entra token, which has all three.
    pub(super) fn all(payload: &Payload<'_>) -> Result<Self, AuthError> {
        if payload.nbf.is_none() {
            return Err(AuthError::TokenClaimMissing { claim: "nbf" });
        }
        Self::read(payload)
    }

    /// Reads the times of a token that need not have `nbf` (RFC 9068 section 2.2).
    pub(super) fn read(payload: &Payload<'_>) -> Result<Self, AuthError> {
        let required = |claim, name| {
            numeric_date(claim, name)?.ok_or(AuthError::TokenClaimMissing { claim: name })
        };
        let expires_at = required(&payload.exp, "exp")?;
        let issued_at = required(&payload.iat, "iat")?;
        let not_before = numeric_date(&payload.nbf, "nbf")?;
        if not_before.is_some_and(|not_before| not_before >= expires_at) {
            return Err(AuthError::TokenClaimInvalid { claim: "nbf" });
        }
        Ok(Self {
            expires_at,
            issued_at,
            not_before: not_before.unwrap_or(issued_at),
        })
    }

    /// Judges the times at `now`, with the skew in the token's favour at both ends.
    pub(crate) fn judge(self, now: UnixSeconds) -> Result<(), AuthError> {
        if now > self.expires_at.saturating_add(CLOCK_SKEW_SECONDS) {
            return Err(AuthError::TokenExpired {
                expired_at: self.expires_at,
                now,
            });
        }
        let latest_start = now.saturating_add(CLOCK_SKEW_SECONDS);
        if self.not_before > latest_start || self.issued_at > latest_start {
            return Err(AuthError::TokenNotYetValid { now });
        }
        if self.expires_at.saturating_sub(self.issued_at) > MAX_LIFETIME_SECONDS {
            return Err(AuthError::TokenLifetimeTooLong);
        }
        Ok(())
    }
}
