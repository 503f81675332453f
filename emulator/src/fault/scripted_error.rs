//! A refusal in the authority's own form, on command: every error that the emulator has no reason
//! of its own to give.

/// What an [`AuthorityError`](crate::Fault::AuthorityError) says. The emulator adds description,
/// ids and time.
///
/// ```
/// use emulator::{Fault, ScriptedError};
///
/// let looping = Fault::AuthorityError(ScriptedError::new(400, "invalid_grant", 50_196));
/// let throttled = Fault::AuthorityError(
///     ScriptedError::new(429, "temporarily_unavailable", 90_055).retry_after(60),
/// );
/// # let _ = (looping, throttled);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ScriptedError {
    /// The status code.
    pub status: u16,
    /// `error`.
    pub error: String,
    /// `error_codes`; the first leads the description.
    pub codes: Vec<u32>,
    /// `suberror`.
    pub suberror: Option<String>,
    /// `claims`, byte for byte.
    pub claims: Option<String>,
    /// Seconds for `Retry-After`.
    pub retry_after: Option<u64>,
}

impl ScriptedError {
    /// A refusal with one number.
    #[must_use]
    pub fn new(status: u16, error: impl Into<String>, code: u32) -> Self {
        Self {
            status,
            error: error.into(),
            codes: vec![code],
            suberror: None,
            claims: None,
            retry_after: None,
        }
    }

    /// Adds another number.
    #[must_use]
    pub fn code(mut self, code: u32) -> Self {
        self.codes.push(code);
        self
    }

    /// Sets the suberror.
    #[must_use]
    pub fn suberror(mut self, suberror: impl Into<String>) -> Self {
        self.suberror = Some(suberror.into());
        self
    }

    /// Sets the claims challenge.
    #[must_use]
    pub fn claims(mut self, claims: impl Into<String>) -> Self {
        self.claims = Some(claims.into());
        self
    }

    /// Sets `Retry-After`.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}
