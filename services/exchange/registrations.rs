//! The registrations, by name: who may receive what they exchange, and for which scopes.

use std::collections::HashMap;
use std::sync::Arc;

use auth_interceptor::{Caller, SubjectToken};

use super::{ExchangeError, ExchangeStartError, Registration, Scopes};

/// The registrations of one service.
#[derive(Debug)]
pub(super) struct Registrations(HashMap<String, Arc<Registration>>);

impl Registrations {
    pub(super) fn new(registrations: Vec<Registration>) -> Result<Self, ExchangeStartError> {
        let mut by_name = HashMap::new();
        for registration in registrations {
            let name = registration.name.clone();
            if by_name
                .insert(name.clone(), Arc::new(registration))
                .is_some()
            {
                return Err(ExchangeStartError::RegistrationRepeated { name });
            }
        }
        Ok(Self(by_name))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Registration> {
        self.0.values().map(|registration| &**registration)
    }

    /// The registration, if it can prove itself.
    pub(super) fn with_credential(&self, name: &str) -> Result<&Arc<Registration>, ExchangeError> {
        self.0
            .get(name)
            .filter(|registration| registration.credential.is_some())
            .ok_or_else(|| ExchangeError::CredentialUnusable {
                registration: name.into(),
            })
    }

    /// Whether the caller may be handed an exchanged token.
    ///
    /// `azp` says which application the user signed in to, not who is calling. A back end proves
    /// itself with a token of its own beside the user's, and then that token alone says who it is.
    pub(super) fn may_receive(&self, caller: &Caller) -> Result<(), ExchangeError> {
        let subject = caller
            .subject_token()
            .ok_or(ExchangeError::AppOnlyUnsupported)?
            .claims();
        let registration = self.0.get(subject.registration());
        let (client, listed) = match caller.app() {
            None => (subject.client(), registration.map(|own| &own.token_clients)),
            Some(app) => (app.client(), registration.map(|own| &own.token_services)),
        };
        let listed = listed.map(Vec::as_slice).unwrap_or_default();
        if listed.iter().any(|one| one == client.as_str()) {
            return Ok(());
        }
        Err(ExchangeError::ReceiverNotAllowed {
            client: client.as_str().into(),
        })
    }

    /// Whether every scope is on the list of the subject's registration.
    pub(super) fn allow(
        &self,
        subject: &SubjectToken,
        scopes: &Scopes,
    ) -> Result<(), ExchangeError> {
        let name = subject.claims().registration();
        let listed = self
            .0
            .get(name)
            .map(|registration| registration.downstream_scopes.as_slice())
            .unwrap_or_default();
        if scopes
            .iter()
            .all(|scope| listed.iter().any(|one| one == scope))
        {
            return Ok(());
        }
        Err(ExchangeError::ScopeNotAllowed {
            registration: name.into(),
        })
    }
}
