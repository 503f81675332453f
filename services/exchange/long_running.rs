//! Work that outlives its call: a sealed refresh token stands in for the user who has gone.
//!
//! The token is kept in the store, sealed so that it opens for this session, user and registration
//! alone. When the authority wants the user, the work is told so as any caller is: nobody else can
//! act. A token that the authority does not take any more is deleted.

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use auth_interceptor::{SubjectToken, UnixSeconds};
use bytes::Bytes;
use uuid::Uuid;

use super::answering::Wanted;
use super::answers::{Found, Fresh};
use super::key::Subject;
use super::keyring::{KeyRing, SealError};
use super::moment::Moment;
use super::{
    AnswerSource, ExchangeError, Exchanged, Freshness, Grant, LongRunningReport, RefusalClass,
    Registration, Scopes, TokenExchange, TokenResponse,
};
use crate::secret::Secret;
use crate::store::{Etag, Owner, Store, StoreError};

/// Where refresh tokens are kept, and what seals them.
#[derive(Clone, Debug)]
pub struct RefreshTokens {
    /// Where.
    pub store: Arc<dyn Store>,
    /// The keys of the purpose [`RefreshTokens::PURPOSE`].
    pub keys: Arc<KeyRing>,
}

/// A piece of work that acts for a user after the call that began it. It is no secret, and worth
/// nothing outside the service.
#[derive(Clone, PartialEq, Eq)]
pub struct LongRunningSession {
    /// The user.
    pub owner: Owner,
    /// The registration that the user's token was meant for.
    pub registration: String,
    /// Which piece of work.
    pub id: Uuid,
}

/// Why long-running work has no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LongRunningError {
    /// As in a call: the error says who has to act.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// The refresh token cannot be kept or found. [`StoreError::NotFound`]: the session has ended.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The refresh token cannot be sealed or opened. The operator acts.
    #[error(transparent)]
    Sealed(#[from] SealError),
    /// No keys are configured, and nothing is kept unsealed. The operator acts.
    #[error("no keys are configured that seal refresh tokens")]
    NoKeys,
}

impl RefreshTokens {
    /// What the keys are derived for.
    pub const PURPOSE: &'static str = "refresh token";

    fn seal(&self, session: &LongRunningSession, token: &Secret) -> Result<Bytes, SealError> {
        let id = session.id.into_bytes();
        let tenant = session.owner.tenant().as_uuid().into_bytes();
        let sealed = self
            .keys
            .seal(&session.context(&id, &tenant), token.expose().as_bytes())?;
        Ok(sealed.into())
    }

    fn open(&self, session: &LongRunningSession, record: &[u8]) -> Result<Secret, SealError> {
        let id = session.id.into_bytes();
        let tenant = session.owner.tenant().as_uuid().into_bytes();
        let token = self.keys.open(&session.context(&id, &tenant), record)?;
        let text = str::from_utf8(&token).map_err(|_| SealError::Malformed)?;
        Ok(Secret::new(text))
    }
}

impl LongRunningSession {
    /// What the sealed token is bound to.
    fn context<'a>(&'a self, id: &'a [u8], tenant: &'a [u8]) -> [&'a [u8]; 4] {
        let object_id = self.owner.object_id().as_bytes();
        [id, tenant, object_id, self.registration.as_bytes()]
    }
}

impl TokenExchange {
    /// Lets work go on for the user after the call has ended.
    ///
    /// # Errors
    ///
    /// The authority gives no refresh token, or it cannot be kept.
    pub async fn keep_for_long_running(
        &self,
        subject: &SubjectToken,
        scopes: &Arc<Scopes>,
    ) -> Result<LongRunningSession, LongRunningError> {
        let began = Instant::now();
        let source = OnceLock::new();
        let kept = self.begin_long_running(subject, scopes, &source).await;
        let claims = subject.claims();
        self.observer.answered_long_running(&LongRunningReport {
            owner: &Owner::from(claims),
            claims: Some(claims),
            registration: claims.registration(),
            scopes,
            source: known(&source),
            duration: began.elapsed(),
            error: kept.as_ref().err(),
        });
        kept
    }

    async fn begin_long_running(
        &self,
        subject: &SubjectToken,
        scopes: &Arc<Scopes>,
        source: &OnceLock<AnswerSource>,
    ) -> Result<LongRunningSession, LongRunningError> {
        let refresh_tokens = self.refresh_tokens()?;
        let claims = subject.claims();
        let registration = self.registrations.with_credential(claims.registration())?;
        let session = LongRunningSession {
            owner: Owner::from(claims),
            registration: registration.name.clone(),
            id: Uuid::new_v4(),
        };
        let grant = Grant::OnBehalfOf {
            assertion: Secret::new(subject.expose()),
            scopes: Arc::clone(scopes),
            claims: None,
            offline: true,
        };
        let asked_at = Moment::now(&self.answering.clock);
        let _ = source.set(AnswerSource::Authority);
        let response = self
            .calls
            .request(registration, claims.tenant(), grant)
            .await?;
        let token = response.refresh_token.as_ref().ok_or_else(|| {
            ExchangeError::AuthorityResponseInvalid {
                authority: registration.authority.name.as_str().into(),
            }
        })?;
        let sealed = refresh_tokens.seal(&session, token)?;
        refresh_tokens
            .store
            .keep_refresh_token(&session.owner, session.id, sealed, asked_at.wall)
            .await?;
        self.remember_for_session(&session, registration, scopes, response, asked_at);
        Ok(session)
    }

    /// A downstream token for work that goes on.
    ///
    /// # Errors
    ///
    /// The session has ended, its token cannot be opened, or the authority refuses: the error says
    /// who has to act.
    pub async fn exchange_for_long_running(
        &self,
        session: &LongRunningSession,
        scopes: &Arc<Scopes>,
    ) -> Result<Exchanged, LongRunningError> {
        let began = Instant::now();
        let source = OnceLock::new();
        let exchanged = self.answer_long_running(session, scopes, &source).await;
        self.observer.answered_long_running(&LongRunningReport {
            owner: &session.owner,
            claims: None,
            registration: &session.registration,
            scopes,
            source: known(&source),
            duration: began.elapsed(),
            error: exchanged.as_ref().err(),
        });
        exchanged
    }

    async fn answer_long_running(
        &self,
        session: &LongRunningSession,
        scopes: &Arc<Scopes>,
        source: &OnceLock<AnswerSource>,
    ) -> Result<Exchanged, LongRunningError> {
        let refresh_tokens = self.refresh_tokens()?;
        let registration = self.registrations.with_credential(&session.registration)?;
        let id = session.id.to_string();
        let key = self
            .keys
            .session(&session.subject(registration, &id), scopes);
        let answers = self.answering.memory.find_or_begin(session.owner.clone());
        let now = Moment::now(&self.answering.clock);
        // Looked for first, so that most calls read no store.
        if let Found::Token { exchanged, .. } = answers.find(&key, Freshness::Remembered, now) {
            let _ = source.set(AnswerSource::Memory);
            return Ok(exchanged);
        }
        let kept = refresh_tokens
            .store
            .refresh_token(&session.owner, session.id)
            .await?;
        let refresh = Arc::new(Refresh {
            refresh_token: refresh_tokens.open(session, &kept.sealed)?,
            refresh_tokens: refresh_tokens.clone(),
            session: session.clone(),
            etag: kept.etag,
            now: now.wall,
        });
        let ask = || {
            let calls = Arc::clone(&self.calls);
            let registration = Arc::clone(registration);
            let refresh = Arc::clone(&refresh);
            let grant = Grant::RefreshToken {
                refresh_token: refresh.refresh_token.clone(),
                scopes: Arc::clone(scopes),
            };
            async move {
                let tenant = refresh.session.owner.tenant();
                let response = calls.request(&registration, tenant, grant).await;
                refresh.settle(&response).await;
                response
            }
        };
        let wanted = Wanted {
            key,
            repetition: || None,
            answers,
            freshness: Freshness::Remembered,
            until: None,
            authority: registration.authority.name.as_str().into(),
            ask,
            source: OnceLock::new(),
        };
        let exchanged = self.answering.answer(&wanted).await;
        let _ = source.set(known(&wanted.source));
        Ok(exchanged?)
    }

    /// Forgets the token that the work was given last: downstream has rejected it. One that has taken
    /// its place since stays.
    pub fn discard_for_long_running(
        &self,
        session: &LongRunningSession,
        scopes: &Arc<Scopes>,
        rejected: &Secret,
    ) {
        let Ok(registration) = self.registrations.with_credential(&session.registration) else {
            return;
        };
        if let Some(answers) = self.answering.memory.find(&session.owner) {
            let id = session.id.to_string();
            let key = self
                .keys
                .session(&session.subject(registration, &id), scopes);
            answers.discard(&key, rejected);
        }
    }

    /// Deletes what the work acted with: it is done. A downstream token that it was given counts
    /// until its own end.
    ///
    /// # Errors
    ///
    /// It could not be deleted. A session that has ended already is none.
    pub async fn end_long_running(
        &self,
        session: &LongRunningSession,
    ) -> Result<(), LongRunningError> {
        let store = &self.refresh_tokens()?.store;
        let deleted = store
            .delete_refresh_token(&session.owner, session.id, None)
            .await;
        match deleted {
            Ok(()) | Err(StoreError::NotFound) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn refresh_tokens(&self) -> Result<&RefreshTokens, LongRunningError> {
        self.refresh_tokens.as_ref().ok_or(LongRunningError::NoKeys)
    }

    /// The token that came with the refresh token is the work's first.
    fn remember_for_session(
        &self,
        session: &LongRunningSession,
        registration: &Registration,
        scopes: &Scopes,
        response: TokenResponse,
        asked_at: Moment,
    ) {
        let id = session.id.to_string();
        let key = self
            .keys
            .session(&session.subject(registration, &id), scopes);
        let answers = self.answering.memory.find_or_begin(session.owner.clone());
        let fresh = Fresh::of(response, asked_at, None);
        answers.remember_token(key, fresh, asked_at);
        self.answering.memory.weigh(&answers);
    }
}

/// Where an answer came from, if anybody was asked.
fn known(source: &OnceLock<AnswerSource>) -> AnswerSource {
    source.get().copied().unwrap_or(AnswerSource::Nowhere)
}

impl LongRunningSession {
    fn subject<'a>(&'a self, registration: &'a Registration, id: &'a str) -> Subject<'a> {
        Subject {
            registration,
            tenant: self.owner.tenant(),
            object_id: self.owner.object_id(),
            proof: id.as_bytes(),
        }
    }
}

/// A stored refresh token in use.
struct Refresh {
    refresh_tokens: RefreshTokens,
    session: LongRunningSession,
    refresh_token: Secret,
    etag: Etag,
    now: UnixSeconds,
}

impl Refresh {
    /// Keeps the token that has taken this one's place; deletes one that is dead.
    ///
    /// What fails here fails the next time round: the answer counts all the same.
    async fn settle(&self, response: &Result<TokenResponse, ExchangeError>) {
        let done = match response {
            Ok(TokenResponse {
                refresh_token: Some(next),
                ..
            }) => self.replace(next).await,
            Err(ExchangeError::Refused(refusal))
                if refusal.class == RefusalClass::SubjectRejected =>
            {
                self.delete().await
            }
            _ => Ok(()),
        };
        match done {
            // Somebody else has replaced it, or its user is forgotten.
            Ok(()) | Err(LongRunningError::Store(StoreError::Conflict | StoreError::NotFound)) => {}
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    selvedge.session.id = %self.session.id,
                    "a stored refresh token could not be brought up to date"
                );
            }
        }
    }

    async fn replace(&self, next: &Secret) -> Result<(), LongRunningError> {
        let LongRunningSession { owner, id, .. } = &self.session;
        let sealed = self.refresh_tokens.seal(&self.session, next)?;
        let store = &self.refresh_tokens.store;
        store
            .replace_refresh_token(owner, *id, sealed, self.etag, self.now)
            .await?;
        Ok(())
    }

    async fn delete(&self) -> Result<(), LongRunningError> {
        let LongRunningSession { owner, id, .. } = &self.session;
        let store = &self.refresh_tokens.store;
        store
            .delete_refresh_token(owner, *id, Some(self.etag))
            .await?;
        Ok(())
    }
}

impl fmt::Debug for LongRunningSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LongRunningSession")
            .field("registration", &self.registration)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
