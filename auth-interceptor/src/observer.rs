//! What a service may watch of the interceptor's work: each decision, each validation, each read of
//! keys. For metrics, traces and audits, none of which this crate knows.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::caller::Admission;
use crate::claims::{Claims, SignedParts, TokenSubject, TokenVersion};
use crate::error::{AuthError, TokenRole};
use crate::identity::TenantId;
use crate::known::{Known, TokenId};
use crate::policy::MethodPolicy;
use crate::refusal::Denial;

/// Watches. Called where the work is done, within the span of the call or read, so that it must
/// neither wait nor panic. It changes nothing: a decision has been made when it is told of.
pub trait Observer: fmt::Debug + Send + Sync + 'static {
    /// A call was let through or refused: once for each call that came to the layer.
    fn decided(&self, decided: &DecidedCall<'_>) {
        let _ = decided;
    }

    /// A token was judged. A call with two tokens has two; one that waits for a key is told of when
    /// the wait is over.
    fn validated(&self, validation: &Validation<'_>) {
        let _ = validation;
    }

    /// An authority's keys were read, or could not be.
    fn keys_read(&self, read: &KeyRead<'_>) {
        let _ = read;
    }

    /// An authority was asked for a document. A read of keys takes two for each set of them.
    fn requested(&self, request: &SentRequest<'_>) {
        let _ = request;
    }
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl Observer for Unobserved {}

/// How a call was decided.
#[derive(Clone, Copy, Debug)]
pub struct DecidedCall<'a> {
    pub(crate) method: Option<&'a Arc<MethodPolicy>>,
    pub(crate) verdict: Verdict<'a>,
    /// The age of the keys that a denied call was, or would have been, judged with.
    pub(crate) keys_age: Option<Duration>,
}

/// What became of a call, and all that is known of who called.
#[derive(Clone, Copy, Debug)]
pub enum Verdict<'a> {
    /// It goes on to the handler.
    Allowed(&'a Admission),
    /// It goes back.
    Denied(&'a Denial),
}

/// What became of a call, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was let through.
    Allow,
    /// What it proves is not what the method demands.
    Deny,
    /// It could not be decided: the service or an authority is at fault.
    Error,
}

impl Outcome {
    /// The value of `selvedge.auth.outcome`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Error => "error",
        }
    }

    pub(crate) fn of(error: &AuthError) -> Self {
        match error {
            AuthError::SigningKeysUnavailable { .. } | AuthError::MethodPolicyMissing => {
                Self::Error
            }
            _ => Self::Deny,
        }
    }
}

impl<'a> DecidedCall<'a> {
    /// The method; none where no such method is served.
    #[must_use]
    pub fn method(&self) -> Option<&'a Arc<MethodPolicy>> {
        self.method
    }

    /// What became of the call, in full.
    #[must_use]
    pub fn verdict(&self) -> Verdict<'a> {
        self.verdict
    }

    /// What became of the call, in a word.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self.verdict {
            Verdict::Allowed(_) => Outcome::Allow,
            Verdict::Denied(denial) => Outcome::of(denial.error()),
        }
    }

    /// Why it was refused; none where it was let through.
    #[must_use]
    pub fn error(&self) -> Option<&'a AuthError> {
        match self.verdict {
            Verdict::Allowed(_) => None,
            Verdict::Denied(denial) => Some(denial.error()),
        }
    }

    /// The verified claims that the decision was about: the bearer's or user's, or the
    /// application's where there are no others.
    #[must_use]
    pub fn claims(&self) -> Option<&'a Claims> {
        match self.verdict {
            Verdict::Allowed(admission) => admission.claims.as_deref().or(admission.app.as_deref()),
            Verdict::Denied(denial) => denial.claims(),
        }
    }

    /// Which token a refusal is about, where it is about one.
    #[must_use]
    pub fn token_role(&self) -> Option<TokenRole> {
        match self.verdict {
            Verdict::Allowed(_) => None,
            Verdict::Denied(denial) => denial.token_role(),
        }
    }

    /// The scopes and roles that the method asks for; none where it asks for none.
    #[must_use]
    pub fn required(&self) -> Option<&'a str> {
        let required = self.method?.required();
        (!required.is_empty()).then_some(required)
    }

    /// The tenant of the caller, as far as an authority, or Fabric itself, vouches for it.
    #[must_use]
    pub fn tenant(&self) -> Option<TenantId> {
        let stated = match self.verdict {
            Verdict::Allowed(admission) => admission.stated_tenant,
            Verdict::Denied(denial) => denial.known.stated_tenant,
        };
        let signed = || Some(self.signed()?.tenant);
        let of_app = || Some(self.app()?.tenant());
        self.own_claims()
            .map(Claims::tenant)
            .or_else(signed)
            .or(stated)
            .or_else(of_app)
    }

    /// The application that calls, as far as an authority vouches for it.
    #[must_use]
    pub fn client(&self) -> Option<&'a str> {
        let of = |claims: &'a Claims| claims.client().as_str();
        let signed = || Some(self.signed()?.client.as_ref()?.as_str());
        self.own_claims()
            .map(of)
            .or_else(signed)
            .or_else(|| self.app().map(of))
    }

    /// The version of the token, in the values of `selvedge.token.version`.
    #[must_use]
    pub fn token_version(&self) -> Option<&'static str> {
        let signed = || self.signed()?.version;
        self.claims()
            .map(Claims::version)
            .or_else(signed)
            .map(TokenVersion::as_str)
    }

    /// What the token is called.
    #[must_use]
    pub fn token_id(&self) -> Option<TokenId<'a>> {
        let digest = match self.verdict {
            Verdict::Allowed(admission) => admission.digest,
            Verdict::Denied(denial) => denial.known.digest,
        };
        let claim = match self.claims() {
            Some(claims) => claims.token_id(),
            None => self.signed().and_then(|signed| signed.token_id.as_deref()),
        };
        TokenId::of(claim, digest)
    }

    /// What kind of token proved the call, in the values of `selvedge.token.kind`: `user`, `app`,
    /// `composite` for two in one, and `none` where nothing was proved.
    #[must_use]
    pub fn token_kind(&self) -> &'static str {
        let is_pair = match self.verdict {
            Verdict::Allowed(admission) => admission.app.is_some(),
            Verdict::Denied(denial) => {
                denial.token_role() == Some(TokenRole::App) || denial.known.app.is_some()
            }
        };
        let signed = || self.signed()?.subject;
        let subject = self.claims().map(Claims::subject).or_else(signed);
        match subject.or_else(|| self.app().map(Claims::subject)) {
            Some(_) if is_pair => "composite",
            Some(TokenSubject::User) => "user",
            Some(TokenSubject::App) => "app",
            None => "none",
        }
    }

    /// The age of the keys that a denied call was judged with, or would have been: of several
    /// authorities', where none is named, the oldest.
    #[must_use]
    pub fn keys_age(&self) -> Option<Duration> {
        self.keys_age
    }

    /// The claims of the token that the decision was about, and not of one beside it.
    fn own_claims(&self) -> Option<&'a Claims> {
        match self.verdict {
            Verdict::Allowed(admission) => admission.claims.as_deref(),
            Verdict::Denied(denial) => denial.claims(),
        }
    }

    fn signed(&self) -> Option<&'a SignedParts> {
        self.known()?.signed.as_deref()
    }

    /// The claims of an application that has proved itself beside the user.
    fn app(&self) -> Option<&'a Claims> {
        match self.verdict {
            Verdict::Allowed(admission) => admission.app.as_deref(),
            Verdict::Denied(denial) => denial.known.app.as_deref(),
        }
    }

    fn known(&self) -> Option<&'a Known> {
        match self.verdict {
            Verdict::Allowed(_) => None,
            Verdict::Denied(denial) => Some(&denial.known),
        }
    }
}

/// How a token was judged.
#[derive(Clone, Copy, Debug)]
pub struct Validation<'a> {
    /// How long it took, without the wait for a key.
    pub duration: Duration,
    /// Where the keys came from.
    pub keys: KeyOrigin,
    /// Whether the token was remembered from an earlier call, so that nothing was verified.
    pub is_remembered: bool,
    /// The configured name of the authority that issued it; none where that was not found out.
    pub authority: Option<&'a str>,
    /// The time since that authority's keys were last read.
    pub keys_age: Option<Duration>,
}

/// Where the keys of a validation came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyOrigin {
    /// They were at hand.
    Cache,
    /// The call waited for them to be read.
    Fetch,
    /// They were at hand from an earlier read: the latest failed.
    LastKnownGood,
}

impl KeyOrigin {
    /// The value of `selvedge.jwks.source`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cache => "cache",
            Self::Fetch => "fetch",
            Self::LastKnownGood => "lkg",
        }
    }
}

/// How a read of an authority's keys ended.
#[derive(Clone, Debug)]
pub struct KeyRead<'a> {
    /// The authority's configured name.
    pub authority: &'a str,
    /// What it was made for: `start`, `timer`, `unknown_kid` or `flush`.
    pub trigger: &'static str,
    /// What came of it.
    pub outcome: KeyReadOutcome,
    /// The value of `error.type`; none where there are new keys.
    pub error_type: Option<Cow<'static, str>>,
}

/// What came of a read of an authority's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyReadOutcome {
    /// There are new keys, be they the same as before.
    Read,
    /// The authority could not be asked.
    Unavailable,
    /// It answered, and the answer is not one to believe.
    Refused,
}

impl KeyReadOutcome {
    /// The value of `selvedge.jwks.outcome`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "ok",
            Self::Unavailable => "unavailable",
            Self::Refused => "refused",
        }
    }
}

/// A request that was sent, and how it ended.
#[derive(Clone, Copy, Debug)]
pub struct SentRequest<'a> {
    /// The host that was asked.
    pub server: &'a str,
    /// The method.
    pub method: &'static str,
    /// From the first byte of the request to the last of the answer that was waited for.
    pub duration: Duration,
    /// The status of the answer; none where there was none.
    pub status: Option<u16>,
    /// Why there is no answer to use, whatever its status.
    pub error_type: Option<&'static str>,
}
