//! One entry of a key set (RFC 7517), admitted or refused for a reason of its own.
//!
//! Entries are read by this module rather than as a general JWK type: a member of the wrong type,
//! a repeated member or private key material makes the entry unusable, and never the whole set.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaParameters, RsaPublicKeyComponents,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer};

use super::signing_key::{KeyFacts, SigningKey};
use super::{MAX_KID, roca};
use crate::authority::Algorithm;
use crate::issuer::IssuerTemplate;

/// Why an entry of a key set is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UnusableKey {
    #[error("not a well-formed JWK")]
    Malformed,
    #[error("the key type is not RSA or EC")]
    KeyType,
    #[error("symmetric key material is published")]
    Symmetric,
    #[error("private key material is published")]
    Private,
    #[error("the key is not meant to verify signatures")]
    Purpose,
    #[error("the key id is missing, empty or too long")]
    KeyId,
    #[error("the algorithm is not allowed or does not fit the key")]
    Algorithm,
    #[error("the RSA modulus is not of 2048 to 8192 bits")]
    ModulusSize,
    #[error("the RSA exponent is even, below 65537 or too large")]
    Exponent,
    #[error("the RSA modulus is weak")]
    WeakModulus,
    #[error("the point is not on P-256")]
    Curve,
}

impl UnusableKey {
    /// Whether the authority has a fault to mend, rather than a key for another purpose.
    pub(super) fn is_alarming(self) -> bool {
        match self {
            Self::Symmetric
            | Self::Private
            | Self::ModulusSize
            | Self::Exponent
            | Self::WeakModulus
            | Self::Curve => true,
            Self::Malformed | Self::KeyType | Self::Purpose | Self::KeyId | Self::Algorithm => {
                false
            }
        }
    }
}

/// The members of a JWK that decide its use. Others are ignored, as RFC 7517 section 4 has it.
#[derive(Deserialize)]
pub(super) struct Jwk {
    kty: String,
    #[serde(default, deserialize_with = "stated")]
    kid: Option<String>,
    #[serde(default, rename = "use", deserialize_with = "stated")]
    purpose: Option<String>,
    #[serde(default, deserialize_with = "stated")]
    key_ops: Option<Vec<String>>,
    #[serde(default, deserialize_with = "stated")]
    alg: Option<String>,
    #[serde(default, deserialize_with = "stated")]
    issuer: Option<String>,
    #[serde(default, deserialize_with = "stated")]
    x5t: Option<String>,
    #[serde(default, rename = "x5t#S256", deserialize_with = "stated")]
    x5t_s256: Option<String>,
    #[serde(default, deserialize_with = "stated")]
    n: Option<String>,
    #[serde(default, deserialize_with = "stated")]
    e: Option<String>,
    #[serde(default, deserialize_with = "stated")]
    crv: Option<String>,
    #[serde(default, deserialize_with = "stated")]
    x: Option<String>,
    #[serde(default, deserialize_with = "stated")]
    y: Option<String>,
    #[serde(default)]
    k: Presence,
    #[serde(default)]
    d: Presence,
    #[serde(default)]
    p: Presence,
    #[serde(default)]
    q: Presence,
    #[serde(default)]
    dp: Presence,
    #[serde(default)]
    dq: Presence,
    #[serde(default)]
    qi: Presence,
    #[serde(default)]
    oth: Presence,
}

/// Reads a member that may be absent but, once there, has its one type: `null` is not absence.
fn stated<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    member: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(member).map(Some)
}

/// Whether a secret member is there; its value is never kept.
#[derive(Clone, Copy, Default, PartialEq)]
enum Presence {
    #[default]
    Absent,
    Present,
}

impl<'de> Deserialize<'de> for Presence {
    fn deserialize<D: Deserializer<'de>>(member: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(member).map(|_| Self::Present)
    }
}

impl Jwk {
    /// The key id, as stated.
    pub(super) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Whether the two entries hold the same public key, whatever else they say of it.
    pub(super) fn is_same_material(&self, other: &Self) -> bool {
        self.kty == other.kty
            && self.n == other.n
            && self.e == other.e
            && self.crv == other.crv
            && self.x == other.x
            && self.y == other.y
    }

    /// Admits the entry, with the issuer it states or else the document's.
    pub(super) fn admit(
        &self,
        issuer: &IssuerTemplate,
        algorithms: &[Algorithm],
    ) -> Result<SigningKey, UnusableKey> {
        self.refuse_secrets()?;
        self.refuse_other_purposes()?;
        let kid = match self.kid.as_deref() {
            Some(kid) if !kid.is_empty() && kid.len() <= MAX_KID => kid,
            _ => return Err(UnusableKey::KeyId),
        };
        let algorithm = self.algorithm(algorithms)?;
        let key = match algorithm {
            Algorithm::Rs256 => self.rsa_key(&RSA_PKCS1_2048_8192_SHA256)?,
            Algorithm::Ps256 => self.rsa_key(&RSA_PSS_2048_8192_SHA256)?,
            Algorithm::Es256 => self.p256_key()?,
        };
        let facts = KeyFacts {
            kid: kid.into(),
            algorithm,
            issuer: self
                .issuer
                .as_deref()
                .map_or_else(|| issuer.clone(), IssuerTemplate::new),
            x5t: self.x5t.as_deref().map(Into::into),
            x5t_s256: self.x5t_s256.as_deref().map(Into::into),
        };
        Ok(SigningKey::new(facts, key))
    }

    fn refuse_secrets(&self) -> Result<(), UnusableKey> {
        if self.kty == "oct" || self.k == Presence::Present {
            return Err(UnusableKey::Symmetric);
        }
        let private = [self.d, self.p, self.q, self.dp, self.dq, self.qi, self.oth];
        if private.contains(&Presence::Present) {
            return Err(UnusableKey::Private);
        }
        Ok(())
    }

    fn refuse_other_purposes(&self) -> Result<(), UnusableKey> {
        let signs = self
            .purpose
            .as_deref()
            .is_none_or(|purpose| purpose == "sig");
        let verifies = self
            .key_ops
            .as_ref()
            .is_none_or(|operations| operations.iter().any(|operation| operation == "verify"));
        if signs && verifies {
            Ok(())
        } else {
            Err(UnusableKey::Purpose)
        }
    }

    /// The one algorithm of the key. An RSA key that states none is an RS256 key, as Entra's are,
    /// unless only PS256 is allowed.
    fn algorithm(&self, allowed: &[Algorithm]) -> Result<Algorithm, UnusableKey> {
        let fitting: &[Algorithm] = match self.kty.as_str() {
            "RSA" => &[Algorithm::Rs256, Algorithm::Ps256],
            "EC" => &[Algorithm::Es256],
            _ => return Err(UnusableKey::KeyType),
        };
        fitting
            .iter()
            .copied()
            .filter(|algorithm| allowed.contains(algorithm))
            .find(|algorithm| {
                self.alg
                    .as_deref()
                    .is_none_or(|stated| stated == algorithm.as_str())
            })
            .ok_or(UnusableKey::Algorithm)
    }

    fn rsa_key(&self, parameters: &'static RsaParameters) -> Result<ParsedPublicKey, UnusableKey> {
        let n = decode(self.n.as_deref())?;
        let e = decode(self.e.as_deref())?;
        let bits = match n.first() {
            None | Some(0) => return Err(UnusableKey::Malformed),
            Some(first) => n.len() * 8 - first.leading_zeros() as usize,
        };
        if !(2048..=8192).contains(&bits) {
            return Err(UnusableKey::ModulusSize);
        }
        let even = n.last().is_none_or(|last| last % 2 == 0);
        if even || roca::is_weak(&n) {
            return Err(UnusableKey::WeakModulus);
        }
        if !is_sound_exponent(&e) {
            return Err(UnusableKey::Exponent);
        }
        RsaPublicKeyComponents { n, e }
            .to_parsed_public_key(parameters)
            .map_err(|_| UnusableKey::Malformed)
    }

    fn p256_key(&self) -> Result<ParsedPublicKey, UnusableKey> {
        if self.crv.as_deref() != Some("P-256") {
            return Err(UnusableKey::Curve);
        }
        let x = decode(self.x.as_deref())?;
        let y = decode(self.y.as_deref())?;
        if x.len() != 32 || y.len() != 32 {
            return Err(UnusableKey::Malformed);
        }
        // SEC 1 section 2.3.3: an uncompressed point.
        let point = [&[4], x.as_slice(), y.as_slice()].concat();
        ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).map_err(|_| UnusableKey::Curve)
    }
}

impl fmt::Debug for Jwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwk").finish_non_exhaustive()
    }
}

fn decode(member: Option<&str>) -> Result<Vec<u8>, UnusableKey> {
    member
        .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
        .ok_or(UnusableKey::Malformed)
}

/// Odd and at least 65537: with 1 a signature is its message, and 3 has forged padding behind it.
/// What is larger than 33 bits the key's parser refuses.
fn is_sound_exponent(e: &[u8]) -> bool {
    let minimal = e.first().is_some_and(|first| *first != 0);
    let value = e
        .iter()
        .try_fold(0_u64, |value, byte| {
            value
                .checked_mul(256)
                .map(|shifted| shifted + u64::from(*byte))
        })
        .unwrap_or(0);
    minimal && value % 2 == 1 && (65_537..1 << 33).contains(&value)
}
