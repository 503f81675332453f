//! The server's own certificate.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::config::TlsFiles;

/// A certificate that cannot be served with.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The chain cannot be read.
    #[error("server.tls_cert_file holds no certificate chain in PEM")]
    Certificates,
    /// The key cannot be read.
    #[error("server.tls_key_file holds no private key in PEM")]
    Key,
    /// Chain and key do not go together, or are of a kind that TLS does not take.
    #[error("server.tls_key_file is not the key of server.tls_cert_file")]
    Mismatch(#[source] rustls::Error),
}

/// TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1, without client certificates.
///
/// # Errors
///
/// See [`TlsError`]; no error holds a byte of the key.
pub fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, TlsError> {
    let chain = CertificateDer::pem_file_iter(&files.cert_file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|_| TlsError::Certificates)?;
    if chain.is_empty() {
        return Err(TlsError::Certificates);
    }
    let key = PrivateKeyDer::from_pem_file(&files.key_file).map_err(|_| TlsError::Key)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Mismatch)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(TlsError::Mismatch)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
