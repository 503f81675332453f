//! How a registration proves itself to its authority (RFC 6749 section 2.3, RFC 7521 section 4.2).
//!
//! What is in files follows the files without a restart; while they are half written or gone, what
//! was last good stays in use. Nothing here is printed: not a secret, an assertion or a key.

mod assertion;
mod certificate;
mod files;
mod managed_identity;

use std::sync::Arc;

use auth_interceptor::{Clock, UnixSeconds};

pub(super) use self::assertion::AssertionUse;
use self::assertion::SignedAssertions;
use self::certificate::SigningCertificate;
use self::files::CredentialFiles;
use self::managed_identity::ManagedIdentity;
use super::CredentialSource;
use crate::requests::RequestObserver;
use crate::secret::Secret;
use crate::watched_files::{Content, WatchedFiles};

/// A registration's credential, for as long as the process runs.
#[derive(Debug)]
pub(super) struct Credential {
    source: Source,
    clock: Clock,
}

#[derive(Debug)]
enum Source {
    Secret(WatchedFiles<CredentialFiles<Secret>>),
    Certificate {
        files: WatchedFiles<CredentialFiles<SigningCertificate>>,
        assertions: SignedAssertions,
    },
    FederatedToken(WatchedFiles<CredentialFiles<Secret>>),
    ManagedIdentity(Box<ManagedIdentity>),
}

/// What goes into one request.
#[derive(Clone, Debug)]
pub(super) enum Proof {
    /// A client secret.
    Secret(Secret),
    /// A client assertion (RFC 7523 section 2.2).
    Assertion(Secret),
}

/// Why a credential cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// A file is missing, too large or not readable by this process.
    #[error("a file of the credential cannot be read")]
    Unreadable,
    /// A file is empty or is not of the kind that it should be.
    #[error("a file of the credential does not hold what it should")]
    Malformed,
    /// The key is not of a kind that PS256 signs with.
    #[error("the private key is not an RSA key of at least 2048 bits")]
    KeyUnsuitable,
    /// Certificate and key are not a pair.
    #[error("the private key is not that of the certificate")]
    KeyMismatch,
    /// Signing fails.
    #[error("the private key does not sign")]
    Unsigned,
    /// The managed identity endpoint cannot be reached or refuses.
    #[error("the managed identity endpoint gives out no token")]
    IdentityUnavailable,
}

/// What an operator wants to know of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CredentialStatus {
    /// What it is: `secret`, `certificate`, `federated_token` or `managed_identity`.
    pub kind: &'static str,
    /// When it ends, as far as that can be read from it: a certificate's `notAfter`.
    pub expires_at: Option<UnixSeconds>,
}

/// A managed identity endpoint that must not be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an https url, or http to 169.254.169.254 or a loopback address")]
pub(super) struct IdentityUrlError;

impl Credential {
    /// The credential at `source`, of the registration that logs call `registration`, for an
    /// authority that takes assertions as often as `assertions` says. Files need not be there yet.
    pub(super) fn open(
        registration: &str,
        source: &CredentialSource,
        assertions: AssertionUse,
        clock: Clock,
        observer: &Arc<dyn RequestObserver>,
    ) -> Result<Self, IdentityUrlError> {
        let source = match source {
            CredentialSource::Secret { file } => {
                let files = CredentialFiles::new(registration, secret_in);
                Source::Secret(WatchedFiles::new(files, [file.clone()]))
            }
            CredentialSource::Certificate {
                certificate_file,
                key_file,
            } => Source::Certificate {
                files: WatchedFiles::new(
                    CredentialFiles::new(registration, |contents| match contents {
                        [certificate, key] => SigningCertificate::read(certificate, key),
                        _ => Err(CredentialError::Malformed),
                    }),
                    [certificate_file.clone(), key_file.clone()],
                ),
                assertions: SignedAssertions::new(assertions),
            },
            CredentialSource::FederatedToken { file } => {
                let files = CredentialFiles::new(registration, jwt_in);
                Source::FederatedToken(WatchedFiles::new(files, [file.clone()]))
            }
            CredentialSource::ManagedIdentity { url, client_id } => {
                Source::ManagedIdentity(Box::new(ManagedIdentity::new(
                    registration,
                    url,
                    client_id.as_deref(),
                    observer,
                )?))
            }
        };
        let credential = Self { source, clock };
        // What is wrong with a file is logged at the start, not at the first call.
        let _ = credential.status();
        Ok(credential)
    }

    /// What proves that `client_id` is asking at `token_endpoint`.
    pub(super) async fn proof(
        &self,
        client_id: &str,
        token_endpoint: &str,
    ) -> Result<Proof, CredentialError> {
        self.proof_other_than(None, client_id, token_endpoint).await
    }

    /// A newer proof than one that the authority holds to be out of date; none where there is no
    /// newer one.
    pub(super) async fn renewed(
        &self,
        stale: &Proof,
        client_id: &str,
        token_endpoint: &str,
    ) -> Result<Option<Proof>, CredentialError> {
        let Proof::Assertion(stale) = stale else {
            return Ok(None);
        };
        let proof = self
            .proof_other_than(Some(stale), client_id, token_endpoint)
            .await?;
        let is_newer = matches!(&proof, Proof::Assertion(new) if new.expose() != stale.expose());
        Ok(is_newer.then_some(proof))
    }

    async fn proof_other_than(
        &self,
        stale: Option<&Secret>,
        client_id: &str,
        token_endpoint: &str,
    ) -> Result<Proof, CredentialError> {
        let now = self.clock.now();
        match &self.source {
            Source::Secret(file) => Ok(Proof::Secret((*file.current(now)?.content).clone())),
            Source::FederatedToken(file) => {
                let token = file.current(now)?.content;
                Ok(Proof::Assertion((*token).clone()))
            }
            Source::Certificate { files, assertions } => {
                let certificate = files.current(now)?;
                assertions
                    .assertion(&certificate, client_id, token_endpoint, stale, now)
                    .map(Proof::Assertion)
            }
            Source::ManagedIdentity(identity) => {
                identity.token(stale, now).await.map(Proof::Assertion)
            }
        }
    }

    /// What it is and when it ends.
    pub(super) fn status(&self) -> Result<CredentialStatus, CredentialError> {
        let now = self.clock.now();
        let (kind, expires_at) = match &self.source {
            Source::Secret(file) => file.current(now).map(|_| ("secret", None))?,
            Source::FederatedToken(file) => file.current(now).map(|_| ("federated_token", None))?,
            Source::Certificate { files, .. } => {
                let certificate = files.current(now)?.content;
                ("certificate", Some(certificate.expires_at()))
            }
            Source::ManagedIdentity(_) => ("managed_identity", None),
        };
        Ok(CredentialStatus { kind, expires_at })
    }

    /// Another number than before once the credential is another: what was learnt of the old one
    /// does not hold for the new one.
    pub(super) fn version(&self) -> u64 {
        let now = self.clock.now();
        match &self.source {
            Source::Secret(file) | Source::FederatedToken(file) => file.version(now),
            Source::Certificate { files, .. } => files.version(now),
            Source::ManagedIdentity(identity) => identity.version(),
        }
    }
}

/// The text of the one file; a line break at its end is not part of it.
fn text_in(contents: &[Content]) -> Result<&str, CredentialError> {
    let [content] = contents else {
        return Err(CredentialError::Malformed);
    };
    std::str::from_utf8(content)
        .map(|text| text.trim_end_matches(['\r', '\n']))
        .map_err(|_| CredentialError::Malformed)
}

fn secret_in(contents: &[Content]) -> Result<Secret, CredentialError> {
    let text = text_in(contents)?;
    if text.is_empty() || text.contains(char::is_control) {
        return Err(CredentialError::Malformed);
    }
    Ok(Secret::new(text))
}

/// A file that is being written ends early: three parts are the least that a token has.
fn jwt_in(contents: &[Content]) -> Result<Secret, CredentialError> {
    let text = text_in(contents)?;
    let is_part = |part: &str| {
        let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        !part.is_empty() && part.bytes().all(is_base64url)
    };
    if text.split('.').count() == 3 && text.split('.').all(is_part) {
        Ok(Secret::new(text))
    } else {
        Err(CredentialError::Malformed)
    }
}

#[cfg(test)]
pub(super) mod tests;
