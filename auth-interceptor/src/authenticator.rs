//! Joins validator, keys, remembered tokens and clock into one decision per call.
//!
//! The decision is synchronous but for one case: a key id that nobody has seen yet, for which the
//! call waits on a read that all such calls share.

mod control_plane;
mod judgement;
mod refused;
mod settings;
mod status;
mod subject_and_app;

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, header};

pub use self::settings::AuthSettings;
pub use self::status::AuthorityStatus;
use crate::authority::AuthorityKind;
use crate::bearer::{self, Credentials};
use crate::caller::{Admission, Caller, SubjectToken};
use crate::claims::{TokenSubject, TokenVersion};
use crate::clock::Clock;
use crate::error::{AuthError, TokenRole};
use crate::identity::TenantId;
use crate::keys::{AuthorityKeys, KeysStartError};
use crate::known::Known;
use crate::observer::Observer;
use crate::policy::{MethodPolicy, Plane, TokenKind};
use crate::refusal::Denial;
use crate::remembered::Remembered;
use crate::validator::{SettingsError, Validator, VerifiedToken};

use self::judgement::Proven;
use self::refused::{RefusedToken, Unproven};

/// An [`Authenticator`] that cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Settings that contradict each other.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// An authority whose documents could never be read.
    #[error(transparent)]
    Keys(#[from] KeysStartError),
}

/// An authority whose keys are kept fresh, in the order of the settings.
#[derive(Debug)]
struct TrustedAuthority {
    name: Arc<str>,
    keys: Arc<AuthorityKeys>,
    tenants: Box<[TenantId]>,
}

/// A key that no one has seen, and whom to ask for it.
pub(crate) struct WantedKey {
    authority: usize,
    version: TokenVersion,
    key_id: Box<str>,
    known: Known,
}

/// Validates tokens against the current keys of the configured authorities.
#[derive(Debug)]
pub struct Authenticator {
    validator: Validator,
    authorities: Box<[TrustedAuthority]>,
    fabric_apps: Box<[Box<str>]>,
    remembered: Remembered,
    clock: Clock,
    observer: Arc<dyn Observer>,
    token_bytes: usize,
    authorization_uri: Option<Arc<str>>,
}

/// What becomes of a call.
pub(crate) enum Decision {
    /// It goes on to the handler.
    Allow(Caller),
    /// It goes back.
    Refuse(Box<Denial>),
    /// It waits for a read of this authority's keys, of which the token in this role needs one, and
    /// is decided again.
    NeedsKey(WantedKey, TokenRole),
}

impl Authenticator {
    /// Starts reading the authorities' keys in the background and returns at once; calls are
    /// answered SIGNING_KEYS_UNAVAILABLE until they are there. Needs a tokio runtime.
    ///
    /// # Errors
    ///
    /// Settings that contradict each other.
    pub fn start(settings: &AuthSettings) -> Result<Arc<Self>, StartError> {
        let validator = Validator::new(
            &settings.authorities,
            &settings.registrations,
            settings.token_bytes,
        )?;
        let authorities = settings
            .authorities
            .iter()
            .map(|authority| {
                Ok(TrustedAuthority {
                    name: authority.name.as_str().into(),
                    keys: AuthorityKeys::start(
                        authority,
                        &settings.keys,
                        &settings.observer,
                        &settings.propagate,
                    )?,
                    tenants: match &authority.kind {
                        AuthorityKind::Entra { tenants, .. } => tenants.as_slice().into(),
                        AuthorityKind::Oidc { tenant, .. } => [*tenant].into(),
                    },
                })
            })
            .collect::<Result<_, KeysStartError>>()?;
        let entra = settings
            .authorities
            .iter()
            .find(|authority| matches!(authority.kind, AuthorityKind::Entra { .. }));
        Ok(Arc::new(Self {
            validator,
            authorities,
            fabric_apps: settings
                .fabric_apps
                .iter()
                .map(|id| id.as_str().into())
                .collect(),
            remembered: Remembered::new(settings.remembered_bytes),
            clock: settings.clock.clone(),
            observer: Arc::clone(&settings.observer),
            token_bytes: settings.token_bytes,
            authorization_uri: entra.map(|authority| {
                format!(
                    "{}/common/oauth2/v2.0/authorize",
                    authority.url.trim_end_matches('/')
                )
                .into()
            }),
        }))
    }

    /// Reads every authority's keys now, whatever the cooldown: an operator's order after an
    /// emergency rotation.
    pub async fn refresh_keys(&self) {
        for authority in &self.authorities {
            authority.keys.refresh_now().await;
        }
    }

    /// Checks one bearer token as a call of `method` would, without remembering it.
    ///
    /// # Errors
    ///
    /// The refusal that the call would get.
    pub async fn explain(&self, method: &MethodPolicy, token: &str) -> Result<(), AuthError> {
        if !method.policy.takes_bearer() {
            return Err(AuthError::AuthSchemeUnsupported);
        }
        let now = self.clock.now();
        let proven = match self.verify(token, now) {
            Err(Unproven::NeedsKey(wanted)) => {
                self.learn(&wanted).await;
                self.verify(token, now)
            }
            other => other,
        };
        match proven {
            Ok(VerifiedToken {
                claims, authority, ..
            }) => method
                .policy
                .authorize_bearer(&claims, self.tenants_of(authority)),
            Err(Unproven::Refused(refused)) => Err(refused.error),
            Err(Unproven::NeedsKey(wanted)) => Err(self.key_unknown(Some(&wanted))),
        }
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) fn observer(&self) -> &dyn Observer {
        &*self.observer
    }

    /// Decides a call from the method's policy and the call's headers.
    pub(crate) fn decide(&self, method: &Arc<MethodPolicy>, headers: &HeaderMap) -> Decision {
        self.decide_again(method, headers, false)
    }

    /// `learned` says whether the call has waited for keys.
    fn decide_again(
        &self,
        method: &Arc<MethodPolicy>,
        headers: &HeaderMap,
        learned: bool,
    ) -> Decision {
        let policy = &method.policy;
        if policy.is_public() {
            return Decision::Allow(Caller {
                subject_token: None,
                admission: Admission {
                    method: Arc::clone(method),
                    claims: None,
                    app: None,
                    stated_tenant: None,
                    digest: None,
                },
            });
        }
        let credentials = match bearer::credentials(headers) {
            Ok(credentials) => credentials,
            Err(error) => return self.refuse(error, None),
        };
        let takes_pair = policy.takes(TokenKind::SubjectAndApp);
        let token = match credentials {
            Credentials::Bearer(token) if policy.takes_bearer() => token,
            Credentials::SubjectAndApp { subject, app } if takes_pair => {
                return match policy.plane {
                    // What Fabric's own calls have to prove is more than a pair of tokens.
                    Plane::Control => self.decide_control(method, headers, subject, app, learned),
                    Plane::Data => self.decide_pair(method, headers, subject, app, learned),
                };
            }
            Credentials::Bearer(_) | Credentials::SubjectAndApp { .. } => {
                return self.refuse(AuthError::AuthSchemeUnsupported, None);
            }
        };
        let role = Some(TokenRole::Subject);
        let proven = match self.recall_or_verify(token, learned) {
            Ok(proven) => proven,
            Err(Unproven::Refused(refused)) => return self.refuse_token(*refused, role),
            Err(Unproven::NeedsKey(wanted)) => {
                return Decision::NeedsKey(wanted, TokenRole::Subject);
            }
        };
        match policy.authorize_bearer(&proven.claims, self.tenants_of(proven.authority)) {
            Ok(()) => Decision::Allow(Caller {
                subject_token: subject_token(headers, token, &proven),
                admission: Admission {
                    method: Arc::clone(method),
                    digest: Some(proven.digest.head()),
                    claims: Some(proven.claims),
                    app: None,
                    stated_tenant: None,
                },
            }),
            Err(error) => self.refuse_proven(error, role, proven),
        }
    }

    /// Waits for the shared read that may bring the key, then decides for good. One read is enough
    /// for two tokens: it brings every key of the one authority that both have to be from.
    pub(crate) async fn decide_after_learning(
        &self,
        wanted: &WantedKey,
        method: &Arc<MethodPolicy>,
        headers: &HeaderMap,
    ) -> Result<Caller, Box<Denial>> {
        self.learn(wanted).await;
        match self.decide_again(method, headers, true) {
            Decision::Allow(caller) => Ok(caller),
            Decision::Refuse(denial) => Err(denial),
            Decision::NeedsKey(wanted, role) => {
                let refused = RefusedToken {
                    error: self.key_unknown(Some(&wanted)),
                    authority: Some(wanted.authority),
                    known: wanted.known,
                };
                Err(Box::new(self.denial(refused, Some(role))))
            }
        }
    }

    async fn learn(&self, wanted: &WantedKey) {
        if let Some(authority) = self.authorities.get(wanted.authority) {
            authority.keys.learn(wanted.version, &wanted.key_id).await;
        }
    }

    /// Nobody publishes the key. Waiting helps only where there is somebody to ask again.
    fn key_unknown(&self, wanted: Option<&WantedKey>) -> AuthError {
        let asked = wanted.and_then(|wanted| self.authorities.get(wanted.authority));
        AuthError::SigningKeyUnknown {
            keys_age: asked
                .and_then(|authority| authority.keys.age())
                .unwrap_or_default(),
            retry_after: asked.and_then(|authority| authority.keys.cooldown_left()),
        }
    }

    fn keys_unavailable(&self, authority: usize) -> AuthError {
        let authority = self.authorities.get(authority);
        AuthError::SigningKeysUnavailable {
            authority: authority.map_or_else(Arc::default, |authority| Arc::clone(&authority.name)),
            keys_age: authority.and_then(|authority| authority.keys.age()),
            retry_after: authority.map_or(Duration::from_secs(1), |authority| {
                authority.keys.retry_after()
            }),
        }
    }

    fn tenants_of(&self, authority: usize) -> &[TenantId] {
        self.authorities
            .get(authority)
            .map_or(&[], |authority| &authority.tenants)
    }

    /// The age of the keys that were read the longest time ago.
    pub(crate) fn oldest_keys_age(&self) -> Option<Duration> {
        let authorities = self.authorities.iter();
        authorities
            .filter_map(|authority| authority.keys.age())
            .max()
    }
}

/// The user's token as the handler gets it; none if no user is calling.
fn subject_token(headers: &HeaderMap, token: &str, proven: &Proven) -> Option<SubjectToken> {
    let of_user = proven.claims.subject() == TokenSubject::User;
    let value = headers.get(header::AUTHORIZATION).filter(|_| of_user)?;
    SubjectToken::of(value, token, &proven.claims, proven.digest)
}
