//! Files to read credentials from, and certificates to sign with.

use std::sync::OnceLock;

use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, date_time_ymd};

pub(in crate::exchange) use crate::tests::folder::TempDir;

/// When the certificates end: 2030-01-01T00:00:00Z.
pub(in crate::exchange) const NOT_AFTER: u64 = 1_893_456_000;

/// A certificate and its key.
pub(in crate::exchange) struct Pair {
    pub(in crate::exchange) certificate_pem: String,
    pub(in crate::exchange) certificate_der: Vec<u8>,
    pub(in crate::exchange) key_pem: String,
    /// The `RSAPublicKey` of RFC 8017.
    pub(in crate::exchange) public_key: Vec<u8>,
}

/// Two pairs, the same throughout a test run: to make a key takes long.
pub(in crate::exchange) fn pairs() -> &'static [Pair; 2] {
    static PAIRS: OnceLock<[Pair; 2]> = OnceLock::new();
    PAIRS.get_or_init(|| [pair(), pair()])
}

fn pair() -> Pair {
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2030, 1, 1);
    let certificate = params.self_signed(&key).unwrap();
    Pair {
        certificate_pem: certificate.pem(),
        certificate_der: certificate.der().to_vec(),
        key_pem: key.serialize_pem(),
        public_key: key.public_key_raw().to_vec(),
    }
}
