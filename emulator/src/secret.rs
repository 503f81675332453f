//! Values that must never be printed.

use std::fmt;

use aws_lc_rs::constant_time;

/// A secret that `Debug` redacts and that compares in constant time.
#[derive(Clone)]
pub struct Secret(String);

/// What a caller of the control routes must present.
pub type ControlSecret = Secret;

impl Secret {
    /// Takes a secret.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The secret itself, for the one place that sends or prints it on purpose.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub(crate) fn is(&self, presented: &[u8]) -> bool {
        constant_time::verify_slices_are_equal(self.0.as_bytes(), presented).is_ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}
