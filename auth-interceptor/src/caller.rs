//! The verified caller: exists only as the layer's output, and is all that a handler learns.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use http::HeaderValue;

use crate::claims::{Claims, TokenSubject};
use crate::clock::UnixSeconds;
use crate::error::AuthError;
use crate::identity::TenantId;
use crate::observer::{DecidedCall, Verdict};
use crate::policy::{ItemPermissions, MethodPolicy, Plane};
use crate::remembered::TokenDigest;

/// Whoever calls, as far as it has been proved.
///
/// There is no public constructor: a handler can only be given one, by way of the request's
/// extensions, and holds in it the proof that this very method's policy was met.
///
/// ```compile_fail,E0451
/// fn forge(proven: &auth_interceptor::Caller) -> auth_interceptor::Caller {
///     auth_interceptor::Caller { subject_token: None, ..proven.clone() }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Caller {
    pub(crate) admission: Admission,
    pub(crate) subject_token: Option<SubjectToken>,
}

/// Who was let through, and to what: all of a [`Caller`] but the token, for who watches and may
/// remember it for longer than the call lasts.
#[derive(Clone, Debug)]
pub struct Admission {
    pub(crate) method: Arc<MethodPolicy>,
    pub(crate) claims: Option<Arc<Claims>>,
    pub(crate) app: Option<Arc<Claims>>,
    /// The tenant that Fabric names beside its token.
    pub(crate) stated_tenant: Option<TenantId>,
    /// The head of the SHA-256 of the token that the claims are of.
    pub(crate) digest: Option<u64>,
}

impl Admission {
    /// The decision, as an [`Observer`](crate::Observer) is told of it.
    #[must_use]
    pub fn decided(&self) -> DecidedCall<'_> {
        DecidedCall {
            method: Some(&self.method),
            verdict: Verdict::Allowed(self),
            keys_age: None,
        }
    }
}

impl Caller {
    /// The caller of this request.
    ///
    /// ```
    /// use auth_interceptor::{AuthError, Caller};
    ///
    /// let unguarded = tonic::Request::new(());
    /// let caller = Caller::of(&unguarded).map(Caller::method);
    /// assert_eq!(caller, Err(AuthError::MethodPolicyMissing));
    /// ```
    ///
    /// # Errors
    ///
    /// [`AuthError::MethodPolicyMissing`] if the request did not come through the layer.
    pub fn of<T>(request: &tonic::Request<T>) -> Result<&Self, AuthError> {
        request
            .extensions()
            .get()
            .ok_or(AuthError::MethodPolicyMissing)
    }

    /// The method that the caller was let through to, as `package.Service/Method`.
    #[must_use]
    pub fn method(&self) -> &str {
        self.admission.method.method()
    }

    /// The plane of the method: on [`Plane::Control`], Fabric itself has proved that it calls.
    #[must_use]
    pub fn plane(&self) -> Plane {
        self.admission.method.policy().plane()
    }

    /// The item permissions that the method's policy wants confirmed once the request is decoded.
    #[must_use]
    pub fn item_permissions(&self) -> Option<&ItemPermissions> {
        self.admission.method.policy().item_permissions()
    }

    /// The claims of the user's token.
    ///
    /// # Errors
    ///
    /// [`AuthError::AppOnlyNotAllowed`] if no user is calling: the method's policy takes other
    /// kinds of token than its handler.
    pub fn user(&self) -> Result<&Claims, AuthError> {
        self.admission
            .claims
            .as_deref()
            .filter(|claims| claims.subject == TokenSubject::User)
            .ok_or(AuthError::AppOnlyNotAllowed)
    }

    /// The user's token itself, for an On-Behalf-Of exchange; none if no user is calling.
    #[must_use]
    pub fn subject_token(&self) -> Option<&SubjectToken> {
        self.subject_token.as_ref()
    }

    /// The claims of the bearer token, a user's or an application's, or of the user's token where
    /// there are two; none on a public method, and where an application sends no user's token.
    #[must_use]
    pub fn claims(&self) -> Option<&Claims> {
        self.admission.claims.as_deref()
    }

    /// The claims of the application's token beside the user's: who it is that calls, proved by a
    /// token of its own. None for a bearer token, whose client application is only who the user
    /// signed in to.
    #[must_use]
    pub fn app(&self) -> Option<&Claims> {
        self.admission.app.as_deref()
    }

    /// The tenant that the call is for: the one of the user, or of the application that calls with a
    /// bearer token of its own; and where Fabric calls without a user, the one that it names.
    ///
    /// None on a public method, where a service acts without a user on the data plane, and where the
    /// policy lets Fabric name no tenant.
    #[must_use]
    pub fn tenant(&self) -> Option<TenantId> {
        self.claims()
            .map(Claims::tenant)
            .or(self.admission.stated_tenant)
    }

    /// The decision that let them through, without the token.
    #[must_use]
    pub fn admission(&self) -> &Admission {
        &self.admission
    }

    /// When the first of the call's tokens expires.
    pub(crate) fn expires_at(&self) -> Option<UnixSeconds> {
        let Admission { claims, app, .. } = &self.admission;
        let tokens = [claims, app].into_iter().flatten();
        tokens.map(|claims| claims.expires_at).min()
    }
}

/// A user's token that was verified for this call: the assertion of an On-Behalf-Of exchange.
///
/// It is a secret, so it has neither `Display` nor serialization. Like [`Caller`], it can only be
/// given: who holds one holds the proof that it was good when the call came in.
#[derive(Clone)]
pub struct SubjectToken {
    /// The `authorization` value, shared with the request that it came with.
    value: HeaderValue,
    /// Where in it the token is.
    text: Range<usize>,
    claims: Arc<Claims>,
    digest: TokenDigest,
}

impl SubjectToken {
    /// `token` is a part of `value`; nothing if it is not.
    pub(crate) fn of(
        value: &HeaderValue,
        token: &str,
        claims: &Arc<Claims>,
        digest: TokenDigest,
    ) -> Option<Self> {
        let whole = value.as_bytes();
        let start = token.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
        let text = start..start.checked_add(token.len())?;
        whole.get(text.clone())?;
        Some(Self {
            value: value.clone(),
            text,
            claims: Arc::clone(claims),
            digest,
        })
    }

    /// The token, for the one place that sends it to the authority.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.value
            .as_bytes()
            .get(self.text.clone())
            .and_then(|text| std::str::from_utf8(text).ok())
            .unwrap_or_default()
    }

    /// The SHA-256 of its text, which says nothing of it: what hangs on the very token can be told
    /// apart by it without another look at the whole.
    #[must_use]
    pub fn digest(&self) -> &[u8; 32] {
        self.digest.as_bytes()
    }

    /// What it says.
    #[must_use]
    pub fn claims(&self) -> &Claims {
        &self.claims
    }
}

impl fmt::Debug for SubjectToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubjectToken")
            .field("claims", &self.claims)
            .finish_non_exhaustive()
    }
}
