//! What PostgreSQL's error codes (SQLSTATE) mean for a caller.

use crate::store::StoreError;

// https://www.postgresql.org/docs/current/errcodes-appendix.html
const READ_ONLY: &str = "25006";
const SERIALIZATION_FAILURE: &str = "40001";
const DEADLOCK_DETECTED: &str = "40P01";
const INSUFFICIENT_PRIVILEGE: &str = "42501";
const DISK_FULL: &str = "53100";

/// The first two characters of codes that say that the server cannot do it now: broken connections,
/// refused logins, unknown databases, want of resources, busy objects, an operator's intervention,
/// and errors of the system beneath.
const UNAVAILABLE: [&str; 7] = ["08", "28", "3D", "53", "55", "57", "58"];

/// Whether transactions were in each other's way, and another attempt may find the way free.
pub(in crate::store) fn is_contention(code: &str) -> bool {
    matches!(code, SERIALIZATION_FAILURE | DEADLOCK_DETECTED)
}

pub(in crate::store) fn classify(code: &str) -> StoreError {
    match code {
        DISK_FULL => StoreError::Full,
        SERIALIZATION_FAILURE | DEADLOCK_DETECTED => StoreError::Conflict,
        // A server that has become a standby takes no writes until somebody leads again.
        READ_ONLY | INSUFFICIENT_PRIVILEGE => StoreError::Unavailable,
        code if UNAVAILABLE.iter().any(|class| code.starts_with(class)) => StoreError::Unavailable,
        _ => StoreError::Corrupt,
    }
}

#[cfg(test)]
mod tests {
    use super::{classify, is_contention};
    use crate::store::StoreError;

    #[test]
    fn every_code_says_what_a_caller_can_do() {
        for (code, expected) in [
            ("08006", StoreError::Unavailable),
            ("28P01", StoreError::Unavailable),
            ("3D000", StoreError::Unavailable),
            ("25006", StoreError::Unavailable),
            ("42501", StoreError::Unavailable),
            ("53100", StoreError::Full),
            ("53200", StoreError::Unavailable),
            ("53300", StoreError::Unavailable),
            ("55P03", StoreError::Unavailable),
            ("57014", StoreError::Unavailable),
            ("57P01", StoreError::Unavailable),
            ("57P03", StoreError::Unavailable),
            ("58030", StoreError::Unavailable),
            ("40001", StoreError::Conflict),
            ("40P01", StoreError::Conflict),
            ("23514", StoreError::Corrupt),
            ("42P01", StoreError::Corrupt),
            ("XX001", StoreError::Corrupt),
        ] {
            assert_eq!(classify(code), expected, "{code}");
        }
        assert!(is_contention("40001") && is_contention("40P01") && !is_contention("55P03"));
    }
}
