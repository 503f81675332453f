//! What the files of a credential hold, and what the log says of them.

use tracing::{info, warn};

use super::{Content, CredentialError};
use crate::watched_files::Purpose;

/// Makes a `T` of what is in the files of a registration's credential.
pub(super) struct CredentialFiles<T> {
    registration: Box<str>,
    read: fn(&[Content]) -> Result<T, CredentialError>,
}

impl<T> CredentialFiles<T> {
    pub(super) fn new(
        registration: &str,
        read: fn(&[Content]) -> Result<T, CredentialError>,
    ) -> Self {
        Self {
            registration: registration.into(),
            read,
        }
    }
}

impl<T> Purpose for CredentialFiles<T> {
    type Made = T;
    type Fault = CredentialError;

    const UNREADABLE: CredentialError = CredentialError::Unreadable;

    fn read(&self, contents: &[Content]) -> Result<T, CredentialError> {
        (self.read)(contents)
    }

    fn took(&self) {
        info!(
            name: "credential_read",
            { selvedge.registration.name = &*self.registration },
            "the credential has been read",
        );
    }

    fn refused(&self, fault: CredentialError, is_another_in_use: bool) {
        let in_use = if is_another_in_use {
            "the last good one stays in use"
        } else {
            "there is none to use"
        };
        warn!(
            name: "credential_unusable",
            { selvedge.registration.name = &*self.registration },
            "{fault}: {in_use}",
        );
    }
}
