//! Client assertions (RFC 7523 section 3), signed once for many requests where that is allowed.
//!
//! A signature costs a millisecond of CPU, more than the rest of an exchange. Entra takes an
//! assertion again within its life, so each audience's is used for half of it. Other authorities may
//! hold that to be a replay: they get another one each time.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use auth_interceptor::UnixSeconds;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use uuid::Uuid;

use super::CredentialError;
use super::certificate::SigningCertificate;
use crate::secret::Secret;
use crate::watched_files::Versioned;

/// How long an assertion is valid: the most that Entra recommends.
const LIFE_SECONDS: u64 = 10 * 60;
/// How long it is used: what is left lets it travel, and clocks differ.
const USE_SECONDS: u64 = LIFE_SECONDS / 2;
/// The most audiences: one a tenant.
const MAX_AUDIENCES: usize = 1024;

/// How often an authority takes an assertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::exchange) enum AssertionUse {
    /// Again and again within its life, as Entra does.
    Repeated,
    /// Once (OpenID Connect Core section 9).
    Once,
}

/// The assertions of one registration, by audience.
pub(super) struct SignedAssertions {
    allowed: AssertionUse,
    at_hand: Mutex<HashMap<Box<str>, Signed>>,
}

struct Signed {
    assertion: Secret,
    at: UnixSeconds,
    /// The version of the certificate that signed it.
    version: u64,
}

impl SignedAssertions {
    pub(super) fn new(allowed: AssertionUse) -> Self {
        Self {
            allowed,
            at_hand: Mutex::default(),
        }
    }

    /// An assertion that `client_id` is asking at `audience`: the one at hand, unless it is `stale`,
    /// half through its life, or another certificate's.
    pub(super) fn assertion(
        &self,
        certificate: &Versioned<SigningCertificate>,
        client_id: &str,
        audience: &str,
        stale: Option<&Secret>,
        now: UnixSeconds,
    ) -> Result<Secret, CredentialError> {
        if self.allowed == AssertionUse::Once {
            return sign(&certificate.content, client_id, audience, now);
        }
        // The lock is held while signing: who comes meanwhile wants that very signature.
        let mut signed = self.at_hand.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at_hand) = signed.get(audience)
            && at_hand.version == certificate.version
            && at_hand.is_in_use(now)
            && stale.is_none_or(|stale| stale.expose() != at_hand.assertion.expose())
        {
            return Ok(at_hand.assertion.clone());
        }
        let assertion = sign(&certificate.content, client_id, audience, now)?;
        if signed.len() >= MAX_AUDIENCES {
            signed.retain(|_, signed| signed.is_in_use(now));
            if signed.len() >= MAX_AUDIENCES {
                signed.clear();
            }
        }
        signed.insert(
            audience.into(),
            Signed {
                assertion: assertion.clone(),
                at: now,
                version: certificate.version,
            },
        );
        Ok(assertion)
    }
}

impl Signed {
    /// A clock that was set back makes assertions of the future, which nobody accepts.
    fn is_in_use(&self, now: UnixSeconds) -> bool {
        now.checked_sub(self.at)
            .is_some_and(|age| age < USE_SECONDS)
    }
}

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    typ: &'static str,
    #[serde(rename = "x5t#S256")]
    thumbprint: &'a str,
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    iss: &'a str,
    sub: &'a str,
    jti: Uuid,
    nbf: UnixSeconds,
    iat: UnixSeconds,
    exp: UnixSeconds,
}

/// A JWS in compact serialization (RFC 7515 section 7.1).
fn sign(
    certificate: &SigningCertificate,
    client_id: &str,
    audience: &str,
    now: UnixSeconds,
) -> Result<Secret, CredentialError> {
    let header = Header {
        alg: "PS256",
        typ: "JWT",
        thumbprint: certificate.thumbprint(),
    };
    let claims = Claims {
        aud: audience,
        iss: client_id,
        sub: client_id,
        jti: Uuid::new_v4(),
        nbf: now,
        iat: now,
        exp: now.saturating_add(LIFE_SECONDS),
    };
    let mut jws = part(&header)?;
    jws.push('.');
    jws.push_str(&part(&claims)?);
    let signature = certificate.sign(jws.as_bytes())?;
    jws.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut jws);
    Ok(Secret::new(jws))
}

fn part(part: &impl Serialize) -> Result<String, CredentialError> {
    let json = serde_json::to_vec(part).map_err(|_| CredentialError::Unsigned)?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

impl fmt::Debug for SignedAssertions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignedAssertions")
    }
}
