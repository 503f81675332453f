//! The one table of AADSTS numbers: what each means where nothing else in a response says.
//!
//! From Entra's published list of error codes. A number that is not here means nothing.

use super::Meaning;
use crate::exchange::RefusalClass::{
    Blocked, ClientCredential, ClientUnauthorized, Consent, Interaction, Loop, ResourceInvalid,
    ScopeInvalid, SubjectRejected, Throttled,
};

/// Nobody has consented to the application for this resource.
pub(super) const CONSENT_IS_MISSING: u32 = 65001;

/// The client assertion is outside the time it is valid for: a new one may pass.
pub(in crate::exchange::authority_client) const STALE_ASSERTION: u32 = 700_024;

const MEANINGS: &[(Meaning, &[u32])] = &[
    // The user or an administrator consents.
    (
        Meaning::Refusal(Consent),
        &[CONSENT_IS_MISSING, 65004, 90008, 90094, 90095],
    ),
    // Second factors, devices, and challenges of other providers.
    (
        Meaning::Refusal(Interaction),
        &[50005, 50072, 50074, 50076, 50078, 50079, 50097, 50158],
    ),
    // Conditional Access, risk, and users who are disabled, unassigned or not of this tenant.
    (
        Meaning::Refusal(Blocked),
        &[
            16000, 50014, 50020, 50034, 50057, 50105, 50131, 51004, 53000, 53001, 53002, 53003,
            53004, 53010, 53011, 90072, 500_212, 500_213, 530_032, 530_035,
        ],
    ),
    // Tokens that have expired, are revoked, or are another application's.
    (
        Meaning::Refusal(SubjectRejected),
        &[
            50089, 50132, 50133, 50173, 70008, 70043, 500_131, 500_133, 700_082, 700_084,
        ],
    ),
    // Secrets, certificates and client assertions.
    (
        Meaning::Refusal(ClientCredential),
        &[
            70002,
            700_021,
            STALE_ASSERTION,
            700_025,
            700_027,
            700_030,
            7_000_215,
            7_000_218,
            7_000_222,
        ],
    ),
    // Applications and tenants that do not know each other, and assertions of a kind or form that
    // no new token of the same application would cure.
    (
        Meaning::Refusal(ClientUnauthorized),
        &[
            50013, 50027, 50194, 65002, 70001, 90002, 90014, 240_002, 650_056, 700_011, 700_016,
            900_144, 7_000_112, 7_000_114, 9_001_023, 9_002_313,
        ],
    ),
    (
        Meaning::Refusal(ResourceInvalid),
        &[50001, 65005, 500_011, 650_052, 650_054, 650_057],
    ),
    (
        Meaning::Refusal(ScopeInvalid),
        &[28002, 28003, 70011, 90009, 700_022, 700_023],
    ),
    (Meaning::Refusal(Throttled), &[90055]),
    (Meaning::Refusal(Loop), &[50196]),
    // The authority's own faults.
    (
        Meaning::Unavailable,
        &[
            50000, 50033, 50086, 90006, 90012, 90024, 90033, 90036, 90090,
        ],
    ),
];

/// What the last known number says: the general comes before the particular, as in
/// `[70002, 500133]`.
pub(super) fn meaning(codes: &[u32]) -> Option<Meaning> {
    codes.iter().rev().find_map(|code| {
        MEANINGS
            .iter()
            .find(|(_, codes)| codes.contains(code))
            .map(|(meaning, _)| *meaning)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::MEANINGS;

    #[test]
    fn a_number_has_one_meaning() {
        let mut seen = HashSet::new();
        for code in MEANINGS.iter().flat_map(|(_, codes)| *codes) {
            assert!(seen.insert(code), "{code}");
        }
    }
}
