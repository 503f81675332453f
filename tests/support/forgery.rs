//! Signatures that must not verify, and keys that nobody published.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::big_number::BigNumber;

/// An RSA key that a test made itself.
pub(crate) struct OwnKey(KeyPair);

impl OwnKey {
    pub(crate) fn generate() -> Self {
        Self(KeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    /// Signs with RS256.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        let random = SystemRandom::new();
        self.0
            .sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
            .unwrap();
        signature
    }

    pub(crate) fn modulus(&self) -> &[u8] {
        self.0
            .public_key()
            .modulus()
            .big_endian_without_leading_zero()
    }

    pub(crate) fn exponent(&self) -> &[u8] {
        self.0
            .public_key()
            .exponent()
            .big_endian_without_leading_zero()
    }

    pub(crate) fn jwk(&self, kid: &str) -> Value {
        rsa_jwk(kid, self.modulus(), self.exponent())
    }
}

/// A key of nobody's: one for the whole process, because making one takes a while.
pub(crate) fn stranger() -> &'static OwnKey {
    static STRANGER: LazyLock<OwnKey> = LazyLock::new(OwnKey::generate);
    &STRANGER
}

pub(crate) fn rsa_jwk(kid: &str, modulus: &[u8], exponent: &[u8]) -> Value {
    json!({
        "kty": "RSA",
        "use": "sig",
        "kid": kid,
        "n": URL_SAFE_NO_PAD.encode(modulus),
        "e": URL_SAFE_NO_PAD.encode(exponent),
    })
}

/// The key as a SubjectPublicKeyInfo (RFC 8017 appendix A.1.1 in RFC 5280 section 4.1).
pub(crate) fn public_key_der(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    const RSA_ENCRYPTION: [u8; 15] = [
        0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
    ];

    let key = tlv(0x30, &[integer(modulus), integer(exponent)].concat());
    let bits = tlv(0x03, &[&[0], key.as_slice()].concat());
    tlv(0x30, &[RSA_ENCRYPTION.as_slice(), &bits].concat())
}

/// The same as PEM text, as files have it.
pub(crate) fn public_key_pem(modulus: &[u8], exponent: &[u8]) -> String {
    let base64 = STANDARD.encode(public_key_der(modulus, exponent));
    let lines: Vec<_> = base64
        .as_bytes()
        .chunks(64)
        .map(|line| str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        lines.join("\n")
    )
}

fn integer(big_endian: &[u8]) -> Vec<u8> {
    let sign: &[u8] = if big_endian[0] >= 0x80 { &[0] } else { &[] };
    tlv(0x02, &[sign, big_endian].concat())
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut bytes = vec![tag];
    match length {
        0..128 => bytes.push(u8::try_from(length).unwrap()),
        128..256 => bytes.extend([0x81, u8::try_from(length).unwrap()]),
        _ => {
            bytes.push(0x82);
            bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
    }
    bytes.extend(content);
    bytes
}

/// HS256 with the public key as the secret: what a validator that lets the token choose would take.
pub(crate) fn hmac_sha256(secret: &[u8], message: &[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    hmac::sign(&key, message).as_ref().to_vec()
}

/// A number whose cube begins like a padded digest of `message`: good for a key with the exponent 3
/// and a verifier that does not look at what follows the digest (Bleichenbacher, 2006).
pub(crate) fn exponent_three_forgery(message: &[u8], length: usize) -> Vec<u8> {
    const DIGEST_INFO: [u8; 19] = [
        0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01,
        0x05, 0x00, 0x04, 0x20,
    ];

    let mut wanted = vec![
        0x00, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00,
    ];
    wanted.extend(DIGEST_INFO);
    wanted.extend(digest::digest(&digest::SHA256, message).as_ref());
    let known = wanted.len();
    wanted.resize(length, 0xff);
    let root = BigNumber::from_bytes(&wanted).cube_root();
    let cube = root.power(3).to_bytes(length);
    assert_eq!(cube[..known], wanted[..known], "the forgery is a good one");
    root.to_bytes(length)
}
