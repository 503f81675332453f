//! One RSA signing key with the certificate that names it.
//!
//! As in Entra, a key's `kid` is the SHA-1 thumbprint of its certificate, `x5t` says the same,
//! and `x5c` carries the certificate.

pub(crate) mod ring;

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest;
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::{CertificateParams, DistinguishedName, DnType, PKCS_RSA_SHA256, date_time_ymd};
use rustls_pki_types::PrivatePkcs8KeyDer;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::settings::StartError;

/// An RS256 signing key. Cloning it shares it.
#[derive(Clone)]
pub struct SigningKey(Arc<Inner>);

struct Inner {
    kid: String,
    certificate: Vec<u8>,
    key: KeyPair,
}

/// A signing key as the state directory keeps it.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoredKey {
    pkcs8: String,
    certificate: String,
}

impl SigningKey {
    /// Makes a 2048-bit key: some hundred milliseconds of work for one processor.
    ///
    /// # Errors
    /// When the machine cannot make one.
    pub fn generate() -> Result<Self, StartError> {
        let key = KeyPair::generate(KeySize::Rsa2048).map_err(|_| StartError::Cryptography)?;
        let pkcs8: Pkcs8V1Der<'_> = key.as_der().map_err(|_| StartError::Cryptography)?;
        let certificate = self_signed(pkcs8.as_ref()).map_err(|_| StartError::Cryptography)?;
        Ok(Self::new(key, certificate))
    }

    /// The key id.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.0.kid
    }

    /// Signs with RS256 (RSASSA-PKCS1-v1_5 with SHA-256).
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "the buffer has the modulus's length and the key was accepted when it was made"
    )]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.0.key.public_modulus_len()];
        self.0
            .key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .expect("an accepted RSA key signs");
        signature
    }

    /// Whether an RS256 signature of a message is this key's.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(
            &RSA_PKCS1_2048_8192_SHA256,
            self.0.key.public_key().as_ref(),
        )
        .verify(message, signature)
        .is_ok()
    }

    /// The public modulus, big-endian, without leading zeros.
    #[must_use]
    pub fn modulus(&self) -> &[u8] {
        self.0
            .key
            .public_key()
            .modulus()
            .big_endian_without_leading_zero()
    }

    /// The public exponent, big-endian, without leading zeros.
    #[must_use]
    pub fn exponent(&self) -> &[u8] {
        self.0
            .key
            .public_key()
            .exponent()
            .big_endian_without_leading_zero()
    }

    /// The key as a member of Entra's key documents; version 2 adds the issuer.
    pub(crate) fn jwk(&self, issuer: Option<&str>) -> Value {
        let mut jwk = json!({
            "kty": "RSA",
            "use": "sig",
            "kid": self.kid(),
            "x5t": self.kid(),
            "n": URL_SAFE_NO_PAD.encode(self.modulus()),
            "e": URL_SAFE_NO_PAD.encode(self.exponent()),
            "x5c": [STANDARD.encode(&self.0.certificate)],
        });
        if let (Some(issuer), Some(members)) = (issuer, jwk.as_object_mut()) {
            members.insert("issuer".to_owned(), issuer.into());
        }
        jwk
    }

    pub(crate) fn store(&self) -> Result<StoredKey, StartError> {
        let pkcs8: Pkcs8V1Der<'_> = self.0.key.as_der().map_err(|_| StartError::Cryptography)?;
        Ok(StoredKey {
            pkcs8: STANDARD.encode(pkcs8.as_ref()),
            certificate: STANDARD.encode(&self.0.certificate),
        })
    }

    /// The key of a state file; `None` when it is damaged.
    pub(crate) fn restore(stored: &StoredKey) -> Option<Self> {
        let key = KeyPair::from_pkcs8(&STANDARD.decode(&stored.pkcs8).ok()?).ok()?;
        Some(Self::new(key, STANDARD.decode(&stored.certificate).ok()?))
    }

    fn new(key: KeyPair, certificate: Vec<u8>) -> Self {
        let thumbprint = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &certificate);
        Self(Arc::new(Inner {
            kid: URL_SAFE_NO_PAD.encode(thumbprint),
            certificate,
            key,
        }))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.0.kid)
            .finish_non_exhaustive()
    }
}

fn self_signed(pkcs8: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
    let key = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(
        &PrivatePkcs8KeyDer::from(pkcs8),
        &PKCS_RSA_SHA256,
    )?;
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, "Selvedge emulator token signing");
    let mut params = CertificateParams::default();
    params.distinguished_name = name;
    params.not_before = date_time_ymd(2025, 1, 1);
    params.not_after = date_time_ymd(2049, 12, 31);
    Ok(params.self_signed(&key)?.der().to_vec())
}
