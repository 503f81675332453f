//! A certificate and its private key, read once and ready to sign.

use std::fmt;

use auth_interceptor::UnixSeconds;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{KeyPair as _, RSA_PSS_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

use super::CredentialError;

/// What signs client assertions.
pub(super) struct SigningCertificate {
    key: KeyPair,
    /// `x5t#S256` (RFC 7515 section 4.1.8): what the authority finds the certificate by.
    thumbprint: String,
    expires_at: UnixSeconds,
}

impl SigningCertificate {
    /// Reads a certificate, the first of its file, and the key that must be its own.
    pub(super) fn read(certificate_pem: &[u8], key_pem: &[u8]) -> Result<Self, CredentialError> {
        let der = CertificateDer::from_pem_slice(certificate_pem)
            .map_err(|_| CredentialError::Malformed)?;
        let (rest, certificate) =
            X509Certificate::from_der(&der).map_err(|_| CredentialError::Malformed)?;
        if !rest.is_empty() {
            return Err(CredentialError::Malformed);
        }
        let key = PrivateKeyDer::from_pem_slice(key_pem).map_err(|_| CredentialError::Malformed)?;
        let key = match &key {
            PrivateKeyDer::Pkcs8(key) => KeyPair::from_pkcs8(key.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(key) => KeyPair::from_der(key.secret_pkcs1_der()),
            _ => return Err(CredentialError::KeyUnsuitable),
        }
        .map_err(|_| CredentialError::KeyUnsuitable)?;
        // Both are the RSAPublicKey of RFC 8017.
        let certified = &certificate.public_key().subject_public_key.data;
        if **certified != *key.public_key().as_ref() {
            return Err(CredentialError::KeyMismatch);
        }
        let not_after = certificate.validity().not_after.timestamp();
        Ok(Self {
            key,
            thumbprint: URL_SAFE_NO_PAD.encode(digest(&SHA256, &der)),
            // One that ended before 1970 has ended.
            expires_at: not_after.try_into().unwrap_or_default(),
        })
    }

    pub(super) fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    pub(super) fn expires_at(&self) -> UnixSeconds {
        self.expires_at
    }

    /// Signs by PS256 (RFC 7518 section 3.5).
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CredentialError> {
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(
                &RSA_PSS_SHA256,
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .map_err(|_| CredentialError::Unsigned)?;
        Ok(signature)
    }
}

impl fmt::Debug for SigningCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningCertificate")
            .field("thumbprint", &self.thumbprint)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
