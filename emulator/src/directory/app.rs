//! Application registrations: how each may be reached, prove itself and be reached back.

use aws_lc_rs::digest;
use aws_lc_rs::signature::{RsaParameters, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::server::ParsedCertificate;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use super::TokenVersion;
use crate::random;
use crate::secret::Secret;

/// Whether an application can keep a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppKind {
    /// It cannot: a browser or a command line. May use device code and password.
    Public,
    /// It can: it proves itself at the token endpoint.
    Confidential,
}

/// The platform a redirect URI is registered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectKind {
    /// A server: its codes need the client's credential.
    Web,
    /// A page: its codes are redeemed by a cross-origin request, with PKCE.
    Spa,
    /// A local program.
    Native,
}

/// A registered redirect URI.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Redirect {
    /// The URI. Where its host is `localhost` or `127.0.0.1`, any port matches.
    pub uri: String,
    /// Its platform.
    pub kind: RedirectKind,
}

impl Redirect {
    /// A redirect URI.
    pub fn new(uri: impl Into<String>, kind: RedirectKind) -> Self {
        Self {
            uri: uri.into(),
            kind,
        }
    }

    fn allows(&self, uri: &str) -> bool {
        if self.uri == uri {
            return true;
        }
        match (loopback_without_port(&self.uri), loopback_without_port(uri)) {
            (Some(registered), Some(asked)) => registered == asked,
            _ => false,
        }
    }
}

/// Splits `http://localhost:1234/path` into scheme with host, and path, when the host is loopback.
fn loopback_without_port(uri: &str) -> Option<(&str, &str)> {
    const HOSTS: [&str; 3] = ["http://localhost", "http://127.0.0.1", "https://localhost"];

    let (host, rest) = HOSTS
        .iter()
        .find_map(|host| Some((*host, uri.strip_prefix(host)?)))?;
    let path = match rest.strip_prefix(':') {
        Some(rest) => {
            let path = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            let digits = rest.len() - path.len();
            (1..=5).contains(&digits).then_some(path)?
        }
        None => rest,
    };
    match path {
        "" | "/" => Some((host, "")),
        path if path.starts_with('/') => Some((host, path)),
        _ => None,
    }
}

/// What a registration lists of a resource's scopes ("API permissions"): what `.default` asks for,
/// and what an administrator consents to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Permission {
    /// The resource's client id.
    pub resource: String,
    /// Delegated scopes.
    pub scopes: Vec<String>,
}

impl Permission {
    /// Permissions of one resource.
    pub fn new(resource: &str, scopes: &[&str]) -> Self {
        Self {
            resource: resource.to_owned(),
            scopes: scopes.iter().map(ToString::to_string).collect(),
        }
    }
}

/// A certificate whose key may sign an application's client assertions.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    sha1: String,
    sha256: String,
    public_key: Vec<u8>,
}

/// The bytes are no X.509 certificate that this crate can read.
#[derive(Debug, thiserror::Error)]
#[error("not an X.509 version 3 certificate")]
#[non_exhaustive]
pub struct UnusableCertificate;

impl ClientCertificate {
    /// Reads a certificate in DER.
    ///
    /// # Errors
    /// When the bytes are no certificate.
    pub fn from_der(der: &[u8]) -> Result<Self, UnusableCertificate> {
        let thumbprint = |algorithm| URL_SAFE_NO_PAD.encode(digest::digest(algorithm, der));
        let certificate = CertificateDer::from(der);
        let parsed = ParsedCertificate::try_from(&certificate).map_err(|_| UnusableCertificate)?;
        Ok(Self {
            sha1: thumbprint(&digest::SHA1_FOR_LEGACY_USE_ONLY),
            sha256: thumbprint(&digest::SHA256),
            public_key: parsed.subject_public_key_info().to_vec(),
        })
    }

    /// Reads a certificate in PEM.
    ///
    /// # Errors
    /// When the text holds no certificate.
    pub fn from_pem(pem: &str) -> Result<Self, UnusableCertificate> {
        let der =
            CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| UnusableCertificate)?;
        Self::from_der(&der)
    }

    /// Whether a header's `x5t` or `x5t#S256`, without padding, names this certificate.
    pub(crate) fn has_thumbprint(&self, thumbprint: &str) -> bool {
        self.sha1 == thumbprint || self.sha256 == thumbprint
    }

    pub(crate) fn verifies(
        &self,
        algorithm: &'static RsaParameters,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        UnparsedPublicKey::new(algorithm, &self.public_key)
            .verify(message, signature)
            .is_ok()
    }
}

/// An application registration.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct App {
    /// The client id, a GUID.
    pub client_id: String,
    /// The name for people.
    pub name: String,
    /// The id of the tenant that registered it.
    pub publisher_tenant: String,
    /// Whether other tenants may use it.
    pub multi_tenant: bool,
    /// Whether it can keep a secret.
    pub kind: AppKind,
    /// The Application ID URI, when it is a resource.
    pub identifier_uri: Option<String>,
    /// The delegated scopes it exposes.
    pub scopes: Vec<String>,
    /// The application roles it exposes.
    pub roles: Vec<String>,
    /// `requestedAccessTokenVersion` at start.
    pub token_version: TokenVersion,
    /// Whether it asked for the optional claim `idtyp`.
    pub wants_idtyp: bool,
    /// Where its users are sent back to.
    pub redirects: Vec<Redirect>,
    /// Its client secrets.
    pub secrets: Vec<Secret>,
    /// The certificates it signs assertions with.
    pub certificates: Vec<ClientCertificate>,
    /// What it may ask its users for.
    pub permissions: Vec<Permission>,
    /// The client ids of applications whose users may consent to this one in passing
    /// (`knownClientApplications`).
    pub known_clients: Vec<String>,
}

impl App {
    /// A registration with nothing but its identity: single tenant, public, version 2 tokens.
    pub fn new(
        client_id: impl Into<String>,
        name: impl Into<String>,
        publisher_tenant: impl Into<String>,
    ) -> Self {
        Self {
            client_id: client_id.into(),
            name: name.into(),
            publisher_tenant: publisher_tenant.into(),
            multi_tenant: false,
            kind: AppKind::Public,
            identifier_uri: None,
            scopes: Vec::new(),
            roles: Vec::new(),
            token_version: TokenVersion::V2,
            wants_idtyp: false,
            redirects: Vec::new(),
            secrets: Vec::new(),
            certificates: Vec::new(),
            permissions: Vec::new(),
            known_clients: Vec::new(),
        }
    }

    /// The object id of the application's service principal in a tenant.
    #[must_use]
    pub fn service_principal(&self, tenant: &str) -> String {
        random::derived_guid(&["service principal", tenant, &self.client_id])
    }

    /// Whether a tenant's users may use it.
    #[must_use]
    pub fn is_in(&self, tenant: &str) -> bool {
        self.multi_tenant || self.publisher_tenant == tenant
    }

    /// The scopes of a resource that the registration lists.
    pub(crate) fn permissions_of(&self, resource: &App) -> impl Iterator<Item = String> {
        self.permissions
            .iter()
            .filter(|permission| permission.resource == resource.client_id)
            .flat_map(|permission| permission.scopes.iter().cloned())
    }

    /// Whether a person at `client` is asked for what this application may ask for, too.
    pub(crate) fn knows(&self, client: &App) -> bool {
        self.known_clients.contains(&client.client_id)
    }

    /// The platform a redirect URI is registered for, if it is.
    pub(crate) fn redirect_kind(&self, uri: &str) -> Option<RedirectKind> {
        self.redirects
            .iter()
            .find(|redirect| redirect.allows(uri))
            .map(|redirect| redirect.kind)
    }

    /// The audience of its version 1 tokens.
    pub(crate) fn audience_v1(&self) -> &str {
        self.identifier_uri.as_deref().unwrap_or(&self.client_id)
    }
}

#[cfg(test)]
mod tests {
    use super::{Redirect, RedirectKind};

    #[test]
    fn only_the_port_of_a_loopback_redirect_is_free() {
        let cases = [
            ("http://localhost", "http://localhost:4321", true),
            ("http://localhost", "http://localhost:4321/", true),
            (
                "http://localhost:60006/close",
                "http://localhost:1/close",
                true,
            ),
            ("http://localhost", "http://localhost:4321/elsewhere", false),
            ("http://localhost", "http://localhost.evil.test", false),
            ("http://localhost", "http://localhost:80@evil.test", false),
            ("http://localhost", "http://localhost:123456", false),
            ("http://localhost", "http://127.0.0.1:4321", false),
            (
                "https://app.test/close",
                "https://app.test:444/close",
                false,
            ),
            ("https://app.test/close", "https://app.test/close", true),
        ];
        for (registered, asked, allowed) in cases {
            let redirect = Redirect::new(registered, RedirectKind::Native);
            assert_eq!(redirect.allows(asked), allowed, "{registered} and {asked}");
        }
    }
}
