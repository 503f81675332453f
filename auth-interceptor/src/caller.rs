//! The verified caller: exists only as the layer's output, and is all that a handler learns.

use std::sync::Arc;

use crate::claims::{Claims, TokenSubject};
use crate::error::AuthError;
use crate::policy::MethodPolicy;

/// Whoever calls, as far as it has been proved.
///
/// There is no public constructor: a handler can only be given one, by way of the request's
/// extensions, and holds in it the proof that this very method's policy was met.
///
/// ```compile_fail,E0451
/// fn forge(proven: &auth_interceptor::Caller) -> auth_interceptor::Caller {
///     auth_interceptor::Caller { claims: None, ..proven.clone() }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Caller {
    pub(crate) method: Arc<MethodPolicy>,
    pub(crate) claims: Option<Arc<Claims>>,
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
        self.method.method()
    }

    /// The claims of the user's token.
    ///
    /// # Errors
    ///
    /// [`AuthError::AppOnlyNotAllowed`] if no user is calling: the method's policy takes other
    /// kinds of token than its handler.
    pub fn user(&self) -> Result<&Claims, AuthError> {
        self.claims
            .as_deref()
            .filter(|claims| claims.subject == TokenSubject::User)
            .ok_or(AuthError::AppOnlyNotAllowed)
    }

    /// The claims of the bearer token, a user's or an application's; none on a public method.
    #[must_use]
    pub fn claims(&self) -> Option<&Claims> {
        self.claims.as_deref()
    }
}
