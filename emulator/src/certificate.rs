//! The emulator's own certificate authority, which is good for this machine only.
//!
//! People are asked to trust the root, so it is constrained to `localhost`, `127.0.0.1` and
//! `::1`: whoever steals its key can impersonate nothing else. Validity is fixed and wide,
//! because a scripted clock must not break TLS.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints, SanType, date_time_ymd,
};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::settings::StartError;
use crate::state::StateDir;

const ROOT_FILE: &str = "root-ca.pem";
const ROOT_KEY_FILE: &str = "root-ca.key.pem";

/// A root certificate and a server certificate under it.
pub(crate) struct Certificates {
    pub(crate) root_pem: String,
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

impl Certificates {
    /// Loads the root from the state directory, or makes one; the server certificate is new at
    /// every start.
    pub(crate) fn load_or_make(state: &StateDir) -> Result<Self, StartError> {
        let (root_pem, root_key) = match (state.read(ROOT_FILE)?, state.read(ROOT_KEY_FILE)?) {
            (Some(certificate), Some(key)) => (
                certificate,
                KeyPair::from_pem(&key).map_err(|_| state.damaged(ROOT_KEY_FILE))?,
            ),
            _ => {
                let key = KeyPair::generate().map_err(unmade)?;
                let pem = root_params().self_signed(&key).map_err(unmade)?.pem();
                state.write(ROOT_KEY_FILE, &key.serialize_pem())?;
                state.write(ROOT_FILE, &pem)?;
                (pem, key)
            }
        };
        let root = CertificateDer::from_pem_slice(root_pem.as_bytes())
            .map_err(|_| state.damaged(ROOT_FILE))?;
        // The issuer's name and key identifier are functions of fixed parameters and the key, so
        // they need not be read back from the stored certificate.
        let issuer = Issuer::new(root_params(), root_key);
        let key = KeyPair::generate().map_err(unmade)?;
        let leaf = leaf_params().signed_by(&key, &issuer).map_err(unmade)?;
        Ok(Self {
            root_pem,
            chain: vec![leaf.der().clone(), root],
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        })
    }
}

fn unmade(_: rcgen::Error) -> StartError {
    StartError::Cryptography
}

fn root_params() -> CertificateParams {
    let mut params = params("Selvedge emulator root (this machine only)");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![
            GeneralSubtree::DnsName("localhost".to_owned()),
            GeneralSubtree::IpAddress(CidrSubnet::V4(Ipv4Addr::LOCALHOST.octets(), [u8::MAX; 4])),
            GeneralSubtree::IpAddress(CidrSubnet::V6(Ipv6Addr::LOCALHOST.octets(), [u8::MAX; 16])),
        ],
        excluded_subtrees: Vec::new(),
    });
    params
}

fn leaf_params() -> CertificateParams {
    let mut params = params("localhost");
    if let Ok(name) = "localhost".try_into() {
        params.subject_alt_names.push(SanType::DnsName(name));
    }
    for address in [
        IpAddr::from(Ipv4Addr::LOCALHOST),
        IpAddr::from(Ipv6Addr::LOCALHOST),
    ] {
        params.subject_alt_names.push(SanType::IpAddress(address));
    }
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Strict verifiers, Python's among them, refuse a leaf without it.
    params.use_authority_key_identifier_extension = true;
    params
}

fn params(common_name: &str) -> CertificateParams {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    let mut params = CertificateParams::default();
    params.distinguished_name = name;
    params.not_before = date_time_ymd(2025, 1, 1);
    params.not_after = date_time_ymd(2049, 12, 31);
    params
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use rcgen::{CertificateParams, Issuer, KeyPair, SanType};
    use rustls::RootCertStore;
    use rustls::client::WebPkiServerVerifier;
    use rustls::client::danger::ServerCertVerifier as _;
    use rustls::crypto::aws_lc_rs;
    use rustls_pki_types::{ServerName, UnixTime};

    use super::{leaf_params, root_params};

    #[test]
    fn the_root_vouches_for_this_machine_only() {
        let key = KeyPair::generate().unwrap();
        let root = root_params().self_signed(&key).unwrap();
        let issuer = Issuer::new(root_params(), key);
        let mut roots = RootCertStore::empty();
        roots.add(root.der().clone()).unwrap();
        let verifier = WebPkiServerVerifier::builder_with_provider(
            Arc::new(roots),
            Arc::new(aws_lc_rs::default_provider()),
        )
        .build()
        .unwrap();
        let is_trusted = |params: CertificateParams, name: &str| {
            let key = KeyPair::generate().unwrap();
            let leaf = params.signed_by(&key, &issuer).unwrap();
            let name = ServerName::try_from(name).unwrap();
            let now = UnixTime::since_unix_epoch(Duration::from_secs(1_800_000_000));
            verifier
                .verify_server_cert(leaf.der(), &[], &name, &[], now)
                .is_ok()
        };
        for name in ["localhost", "127.0.0.1", "::1"] {
            assert!(is_trusted(leaf_params(), name), "{name}");
        }
        let foreign = [
            (
                SanType::DnsName("elsewhere.test".try_into().unwrap()),
                "elsewhere.test",
            ),
            (SanType::IpAddress([10, 0, 0, 1].into()), "10.0.0.1"),
        ];
        for (subject, name) in foreign {
            let mut params = leaf_params();
            params.subject_alt_names = vec![subject];
            assert!(!is_trusted(params, name), "{name}");
        }
    }
}
