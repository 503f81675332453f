//! The keys that answers are remembered under: a keyed digest of everything that an answer hangs
//! on, so that no two requests that differ in any of it can meet.

use auth_interceptor::{SubjectToken, TenantId};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;

use super::{ClaimsRequest, Registration, Scopes};

/// What an answer is remembered under. Says nothing about the token, not even to whoever reads the
/// process's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ExchangeKey([u8; 32]);

/// Makes keys, with a secret of this process alone.
pub(super) struct KeyMaker(hmac::Key);

/// Whose answer it is.
pub(super) struct Subject<'a> {
    pub(super) registration: &'a Registration,
    pub(super) tenant: TenantId,
    pub(super) object_id: &'a str,
    /// The digest of the very token, or whatever else stands for what the authority is shown.
    pub(super) proof: &'a [u8],
}

impl<'a> Subject<'a> {
    pub(super) fn of(registration: &'a Registration, token: &'a SubjectToken) -> Self {
        Self {
            registration,
            tenant: token.claims().tenant(),
            object_id: token.claims().object_id().as_str(),
            proof: token.digest(),
        }
    }
}

impl KeyMaker {
    /// None if the machine has no randomness.
    pub(super) fn new() -> Option<Self> {
        hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())
            .ok()
            .map(Self)
    }

    /// The key of a request's answer.
    pub(super) fn answer(
        &self,
        subject: &Subject<'_>,
        scopes: &Scopes,
        claims: Option<&ClaimsRequest>,
    ) -> ExchangeKey {
        let digest = self.begin("answer", subject, scopes);
        match claims {
            None => digest,
            Some(claims) => digest.part("claims").part(claims.as_str()),
        }
        .finish()
    }

    /// The key that a loop is remembered under: whatever claims are asked for, it is the same.
    pub(super) fn repetition(&self, subject: &Subject<'_>, scopes: &Scopes) -> ExchangeKey {
        self.begin("loop", subject, scopes).finish()
    }

    /// The key of long-running work's answer: its session stands in for the user's token.
    pub(super) fn session(&self, subject: &Subject<'_>, scopes: &Scopes) -> ExchangeKey {
        self.begin("session", subject, scopes).finish()
    }

    /// The key of the registration's own token.
    pub(super) fn application(
        &self,
        registration: &Registration,
        tenant: TenantId,
        scopes: &Scopes,
    ) -> ExchangeKey {
        let itself = Subject {
            registration,
            tenant,
            object_id: "",
            proof: &[],
        };
        self.begin("application", &itself, scopes).finish()
    }

    fn begin(&self, purpose: &str, subject: &Subject<'_>, scopes: &Scopes) -> Digest {
        Digest(hmac::Context::with_key(&self.0))
            .part(purpose)
            .part(&subject.registration.authority.name)
            .bytes(subject.tenant.as_uuid().as_bytes())
            .part(&subject.registration.name)
            .part(subject.object_id)
            .bytes(subject.proof)
            .part(scopes.as_str())
    }
}

struct Digest(hmac::Context);

impl Digest {
    fn part(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    /// The length goes first: no part's end can pass for the next one's beginning.
    fn bytes(mut self, part: &[u8]) -> Self {
        self.0.update(&(part.len() as u64).to_be_bytes());
        self.0.update(part);
        self
    }

    fn finish(self) -> ExchangeKey {
        let mut key = [0; 32];
        key.copy_from_slice(self.0.sign().as_ref());
        ExchangeKey(key)
    }
}

impl std::fmt::Debug for KeyMaker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyMaker")
    }
}
