//! The exchange itself: who may ask, what is asked of the authority, what comes back.

use std::collections::HashMap;
use std::sync::Arc;

use auth_interceptor::{Caller, Clock, SubjectToken, TenantId};

use super::{
    ExchangeError, ExchangeRequest, ExchangeSettings, ExchangeStartError, Exchanged, Grant,
    Registration, Scopes, TokenEndpoint,
};
use crate::secret::Secret;
use crate::store::StoreError;

/// Exchanges the tokens of verified callers, by the registration that each token is meant for.
#[derive(Debug)]
pub struct TokenExchange {
    registrations: HashMap<String, Arc<Registration>>,
    endpoint: Arc<dyn TokenEndpoint>,
    clock: Clock,
    patience: std::time::Duration,
}

impl TokenExchange {
    /// Exchanges at `endpoint` for the registrations of `settings`.
    ///
    /// # Errors
    ///
    /// The settings contradict each other.
    pub fn new(
        settings: ExchangeSettings,
        endpoint: Arc<dyn TokenEndpoint>,
    ) -> Result<Arc<Self>, ExchangeStartError> {
        let mut registrations = HashMap::new();
        for registration in settings.registrations {
            let name = registration.name.clone();
            if let Some(twin) = registrations.insert(name, Arc::new(registration)) {
                return Err(ExchangeStartError::RegistrationRepeated {
                    name: twin.name.clone(),
                });
            }
        }
        Ok(Arc::new(Self {
            registrations,
            endpoint,
            clock: settings.clock,
            patience: settings.patience,
        }))
    }

    /// Whether the caller may be handed an exchanged token.
    ///
    /// `azp` says which application the user signed in to, not who is calling: a back end has to
    /// prove itself with a token of its own beside the user's, and then that token alone counts.
    ///
    /// # Errors
    ///
    /// No user is calling, or the caller is on neither list.
    pub fn may_receive(&self, caller: &Caller) -> Result<(), ExchangeError> {
        let subject = caller
            .subject_token()
            .ok_or(ExchangeError::AppOnlyUnsupported)?
            .claims();
        let registration = self.registrations.get(subject.registration());
        let listed = registration.map(|registration| &registration.token_clients);
        let client = subject.client();
        if listed.is_some_and(|listed| listed.iter().any(|one| one == client.as_str())) {
            return Ok(());
        }
        Err(ExchangeError::ReceiverNotAllowed {
            client: client.as_str().into(),
        })
    }

    /// Whether every scope is one that callers may ask for.
    ///
    /// # Errors
    ///
    /// One is not on the list of the subject's registration.
    pub fn allowed(&self, subject: &SubjectToken, scopes: &Scopes) -> Result<(), ExchangeError> {
        let name = subject.claims().registration();
        let listed = self
            .registrations
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

    /// A downstream token for the user of the request.
    ///
    /// # Errors
    ///
    /// There is none: the error says who has to act.
    pub async fn exchange(
        &self,
        request: &ExchangeRequest<'_>,
    ) -> Result<Exchanged, ExchangeError> {
        let claims = request.subject.claims();
        let registration = self.with_credential(claims.registration())?;
        let grant = Grant::OnBehalfOf {
            assertion: Secret::new(request.subject.expose()),
            scopes: Arc::clone(&request.scopes),
            claims: request.claims.clone(),
            offline: false,
        };
        let asked_at = self.clock.now();
        let response = self
            .endpoint
            .request(
                Arc::clone(registration),
                claims.tenant(),
                grant,
                self.patience,
            )
            .await?;
        Ok(Exchanged {
            access_token: response.access_token,
            expires_at: asked_at.saturating_add(response.expires_in.as_secs()),
            granted_scopes: response.granted_scopes.into(),
            from_cache: false,
        })
    }

    /// Forgets the token that the request was answered with: downstream has rejected it. One that
    /// has taken its place since stays.
    pub fn discard(&self, request: &ExchangeRequest<'_>, rejected: &Secret) {
        // Nothing is remembered.
        let _ = (request, rejected);
    }

    /// The registration's own token, of its publisher's tenant, for calls in which the service
    /// proves itself beside the user. It is handed to no caller.
    ///
    /// # Errors
    ///
    /// There is none: the error says who has to act.
    pub async fn application_token(
        &self,
        registration: &str,
        scopes: &Arc<Scopes>,
    ) -> Result<Secret, ExchangeError> {
        let registration = self.with_credential(registration)?;
        let unusable = || ExchangeError::CredentialUnusable {
            registration: registration.name.as_str().into(),
        };
        let tenant = registration.publisher_tenant.ok_or_else(unusable)?;
        let grant = Grant::ClientCredentials {
            scopes: Arc::clone(scopes),
        };
        let response = self
            .endpoint
            .request(Arc::clone(registration), tenant, grant, self.patience)
            .await?;
        Ok(response.access_token)
    }

    /// Forgets the tokens and refusals of a user, or of all users of a tenant.
    ///
    /// # Errors
    ///
    /// What is stored could not be deleted.
    pub async fn forget(
        &self,
        tenant: TenantId,
        object_id: Option<&str>,
    ) -> Result<(), StoreError> {
        // Nothing is remembered.
        let _ = (tenant, object_id);
        Ok(())
    }

    fn with_credential(&self, name: &str) -> Result<&Arc<Registration>, ExchangeError> {
        self.registrations
            .get(name)
            .filter(|registration| registration.credential.is_some())
            .ok_or_else(|| ExchangeError::CredentialUnusable {
                registration: name.into(),
            })
    }
}
