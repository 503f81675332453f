//! What was changed since the start: token versions, credentials, disabled accounts.

use std::collections::{HashMap, HashSet};

use super::TokenVersion;
use super::app::{App, ClientCertificate};
use crate::locked::Locked;
use crate::secret::Secret;

/// An application has a handful of credentials: the present and the next.
const CAPACITY: usize = 8;

/// What a presented client secret is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecretState {
    Expired,
    Unknown,
    Valid,
}

/// Changes by client id and user principal name.
#[derive(Debug, Default)]
pub(super) struct Changes {
    versions: Locked<HashMap<String, TokenVersion>>,
    certificates: Locked<HashMap<String, Vec<ClientCertificate>>>,
    secrets: Locked<HashMap<String, Secrets>>,
    disabled: Locked<HashSet<String>>,
}

/// An application's secrets beyond those of its registration.
#[derive(Debug, Default)]
struct Secrets {
    /// Whether the registration's own have expired.
    registered_expired: bool,
    expired: Vec<Secret>,
    added: Vec<Secret>,
}

impl Changes {
    pub(super) fn version(&self, app: &App) -> Option<TokenVersion> {
        self.versions.lock().get(&app.client_id).copied()
    }

    pub(super) fn set_version(&self, app: &App, version: TokenVersion) {
        self.versions.lock().insert(app.client_id.clone(), version);
    }

    pub(super) fn certificates(&self, app: &App) -> Vec<ClientCertificate> {
        let certificates = self.certificates.lock();
        certificates
            .get(&app.client_id)
            .cloned()
            .unwrap_or_default()
    }

    pub(super) fn add_certificate(&self, app: &App, certificate: ClientCertificate) {
        let mut certificates = self.certificates.lock();
        push(
            certificates.entry(app.client_id.clone()).or_default(),
            certificate,
        );
    }

    pub(super) fn judge_secret(&self, app: &App, presented: &[u8]) -> SecretState {
        let is_one = |secrets: &[Secret]| secrets.iter().any(|secret| secret.is(presented));
        let changes = self.secrets.lock();
        let changed = changes.get(&app.client_id);
        let registered = is_one(&app.secrets);
        let registered_expired = changed.is_some_and(|changed| changed.registered_expired);
        if changed.is_some_and(|changed| is_one(&changed.added))
            || (registered && !registered_expired)
        {
            SecretState::Valid
        } else if registered || changed.is_some_and(|changed| is_one(&changed.expired)) {
            SecretState::Expired
        } else {
            SecretState::Unknown
        }
    }

    pub(super) fn add_secret(&self, app: &App, secret: Secret) {
        let mut secrets = self.secrets.lock();
        push(
            &mut secrets.entry(app.client_id.clone()).or_default().added,
            secret,
        );
    }

    /// Every secret known so far expires; one added afterwards is good.
    pub(super) fn expire_secrets(&self, app: &App) {
        let mut secrets = self.secrets.lock();
        let changed = secrets.entry(app.client_id.clone()).or_default();
        changed.registered_expired = true;
        for secret in std::mem::take(&mut changed.added) {
            push(&mut changed.expired, secret);
        }
    }

    pub(super) fn is_disabled(&self, upn: &str) -> bool {
        self.disabled.lock().contains(&upn.to_ascii_lowercase())
    }

    pub(super) fn set_disabled(&self, upn: &str, disabled: bool) {
        let upn = upn.to_ascii_lowercase();
        let mut accounts = self.disabled.lock();
        if disabled {
            accounts.insert(upn);
        } else {
            accounts.remove(&upn);
        }
    }
}

fn push<T>(credentials: &mut Vec<T>, credential: T) {
    credentials.push(credential);
    if credentials.len() > CAPACITY {
        credentials.remove(0);
    }
}
