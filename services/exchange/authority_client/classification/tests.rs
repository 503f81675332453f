//! Every published number as Entra sends it, and the order in which the rest decides.

use super::Meaning::{self, Refusal, Unavailable};
use super::{Signs, classify};
use crate::exchange::RefusalClass::{
    self, Blocked, ClientCredential, ClientUnauthorized, Consent, Interaction, Loop,
    ResourceInvalid, ScopeInvalid, SubjectRejected, Throttled,
};

fn of(
    status: u16,
    error: &str,
    suberror: Option<&str>,
    has_claims: bool,
    codes: &[u32],
) -> Meaning {
    classify(Signs {
        status,
        error,
        suberror,
        has_claims,
        codes,
    })
}

fn grant(suberror: Option<&str>, has_claims: bool, codes: &[u32]) -> Meaning {
    of(400, "invalid_grant", suberror, has_claims, codes)
}

/// `error`, `error_codes`, and what they mean without `suberror` and claims.
const NUMBERS: &[(&str, &[u32], RefusalClass)] = &[
    ("invalid_grant", &[65001], Consent),
    ("invalid_grant", &[65004], Consent),
    ("invalid_client", &[65005], ResourceInvalid),
    ("invalid_client", &[650_052], ResourceInvalid),
    ("invalid_client", &[650_054], ResourceInvalid),
    ("invalid_client", &[650_056], ClientUnauthorized),
    ("invalid_resource", &[650_057], ResourceInvalid),
    ("invalid_grant", &[90008], Consent),
    ("invalid_grant", &[90094], Consent),
    ("invalid_grant", &[90095], Consent),
    ("invalid_client", &[65002], ClientUnauthorized),
    ("interaction_required", &[50076], Interaction),
    ("invalid_grant", &[50074], Interaction),
    ("invalid_grant", &[50072], Interaction),
    ("invalid_grant", &[50078], Interaction),
    ("interaction_required", &[50079], Interaction),
    ("interaction_required", &[50158], Interaction),
    ("invalid_grant", &[50097], Interaction),
    ("invalid_grant", &[50005], Interaction),
    ("invalid_grant", &[50131], Blocked),
    ("invalid_grant", &[53000], Blocked),
    ("interaction_required", &[53001], Blocked),
    ("invalid_grant", &[53002], Blocked),
    ("invalid_grant", &[53003], Blocked),
    ("invalid_grant", &[530_032], Blocked),
    ("invalid_grant", &[530_035], Blocked),
    ("invalid_grant", &[53004], Blocked),
    ("invalid_grant", &[53010], Blocked),
    ("invalid_grant", &[53011], Blocked),
    ("invalid_grant", &[50013], ClientUnauthorized),
    ("invalid_grant", &[50013, 500_133], SubjectRejected),
    ("invalid_grant", &[500_131], SubjectRejected),
    ("invalid_grant", &[500_133], SubjectRejected),
    ("invalid_grant", &[70002, 500_133], SubjectRejected),
    ("invalid_request", &[50027], ClientUnauthorized),
    ("invalid_grant", &[240_002], ClientUnauthorized),
    ("invalid_grant", &[700_082], SubjectRejected),
    ("invalid_grant", &[70008], SubjectRejected),
    ("invalid_grant", &[700_084], SubjectRejected),
    ("invalid_grant", &[70043], SubjectRejected),
    ("invalid_grant", &[50173], SubjectRejected),
    ("invalid_grant", &[50132], SubjectRejected),
    ("invalid_grant", &[50133], SubjectRejected),
    ("invalid_grant", &[50089], SubjectRejected),
    ("invalid_client", &[7_000_215], ClientCredential),
    ("invalid_client", &[7_000_222], ClientCredential),
    ("invalid_client", &[70002], ClientCredential),
    ("invalid_client", &[7_000_218], ClientCredential),
    ("invalid_client", &[700_025], ClientCredential),
    ("invalid_client", &[700_024], ClientCredential),
    ("invalid_client", &[700_027], ClientCredential),
    ("invalid_client", &[700_030], ClientCredential),
    ("invalid_client", &[700_021], ClientCredential),
    ("unauthorized_client", &[700_016], ClientUnauthorized),
    ("unauthorized_client", &[700_011], ClientUnauthorized),
    ("invalid_client", &[7_000_112], ClientUnauthorized),
    ("unauthorized_client", &[70001], ClientUnauthorized),
    ("invalid_grant", &[7_000_114], ClientUnauthorized),
    ("invalid_resource", &[500_011], ResourceInvalid),
    ("invalid_resource", &[50001], ResourceInvalid),
    ("invalid_scope", &[70011], ScopeInvalid),
    ("invalid_request", &[28002], ScopeInvalid),
    ("invalid_request", &[28003], ScopeInvalid),
    ("invalid_request", &[700_022], ScopeInvalid),
    ("invalid_request", &[700_023], ScopeInvalid),
    ("invalid_request", &[90009], ScopeInvalid),
    ("invalid_request", &[900_144], ClientUnauthorized),
    ("invalid_request", &[9_002_313], ClientUnauthorized),
    ("invalid_request", &[90014], ClientUnauthorized),
    ("invalid_request", &[9_001_023], ClientUnauthorized),
    ("invalid_request", &[50194], ClientUnauthorized),
    ("invalid_request", &[90002], ClientUnauthorized),
    ("invalid_tenant", &[90002], ClientUnauthorized),
    ("invalid_grant", &[90072], Blocked),
    ("invalid_grant", &[50020], Blocked),
    ("invalid_grant", &[50034], Blocked),
    ("invalid_grant", &[50014], Blocked),
    ("invalid_grant", &[51004], Blocked),
    ("invalid_grant", &[16000], Blocked),
    ("invalid_grant", &[50105], Blocked),
    ("invalid_grant", &[50057], Blocked),
    ("invalid_grant", &[500_212], Blocked),
    ("invalid_grant", &[500_213], Blocked),
    ("invalid_grant", &[50196], Loop),
    ("invalid_grant", &[90055], Throttled),
];

#[test]
fn a_number_refines_what_the_error_leaves_open() {
    for (error, codes, class) in NUMBERS {
        assert_eq!(
            of(400, error, None, false, codes),
            Refusal(*class),
            "{error} {codes:?}"
        );
    }
}

#[test]
fn a_fault_of_the_authority_is_no_refusal() {
    for code in [
        50033, 90006, 90012, 90024, 90033, 90090, 90036, 50086, 50000,
    ] {
        assert_eq!(grant(None, false, &[code]), Unavailable, "{code}");
    }
    for status in [500, 502, 503, 504, 599] {
        let refused = of(
            status,
            "invalid_grant",
            Some("basic_action"),
            true,
            &[50076],
        );
        assert_eq!(refused, Unavailable, "{status}");
    }
    for error in ["temporarily_unavailable", "server_error"] {
        assert_eq!(of(400, error, None, false, &[]), Unavailable, "{error}");
    }
    assert_eq!(
        of(429, "temporarily_unavailable", None, false, &[]),
        Refusal(Throttled)
    );
}

#[test]
fn the_combinations_seen_in_the_field_mean_what_they_say() {
    for (error, suberror, has_claims, code, class) in [
        (
            "invalid_grant",
            Some("consent_required"),
            false,
            65001,
            Consent,
        ),
        (
            "invalid_grant",
            Some("basic_action"),
            true,
            50076,
            Interaction,
        ),
        (
            "interaction_required",
            Some("basic_action"),
            true,
            50076,
            Interaction,
        ),
        (
            "interaction_required",
            Some("basic_action"),
            false,
            50076,
            Interaction,
        ),
        ("interaction_required", None, true, 50079, Interaction),
        ("invalid_grant", Some("message_only"), true, 53003, Blocked),
        ("interaction_required", None, false, 50158, Interaction),
        (
            "invalid_grant",
            Some("additional_action"),
            true,
            53000,
            Interaction,
        ),
        ("invalid_grant", None, false, 500_133, SubjectRejected),
        ("invalid_client", None, false, 700_024, ClientCredential),
    ] {
        assert_eq!(
            of(400, error, suberror, has_claims, &[code]),
            Refusal(class),
            "{error} {code}"
        );
    }
}

#[test]
fn a_number_never_overrides_a_known_suberror() {
    for (suberror, class) in [
        ("consent_required", Consent),
        ("message_only", Blocked),
        ("basic_action", Interaction),
        ("additional_action", Interaction),
        ("user_password_expired", Interaction),
        ("device_authentication_failed", Interaction),
        ("bad_token", SubjectRejected),
        ("token_expired", SubjectRejected),
        ("protection_policy_required", Blocked),
        ("client_mismatch", ClientUnauthorized),
    ] {
        for code in [50196, 65001, 53003, 90033, 500_133, 7_000_215, 1] {
            assert_eq!(
                grant(Some(suberror), false, &[code]),
                Refusal(class),
                "{suberror} {code}"
            );
        }
    }
}

#[test]
fn claims_ask_for_the_user_unless_something_before_them_decides() {
    assert_eq!(grant(None, true, &[53003]), Refusal(Interaction));
    assert_eq!(grant(None, true, &[50196]), Refusal(Interaction));
    assert_eq!(grant(Some("bad_token"), true, &[]), Refusal(Interaction));
    assert_eq!(grant(Some("news"), true, &[]), Refusal(Interaction));
    assert_eq!(grant(Some("message_only"), true, &[]), Refusal(Blocked));
    assert_eq!(grant(Some("consent_required"), true, &[]), Refusal(Consent));
    assert_eq!(grant(None, true, &[65001]), Refusal(Consent));
    assert_eq!(
        of(400, "invalid_client", None, true, &[]),
        Refusal(ClientCredential)
    );
}

#[test]
fn an_unknown_suberror_or_number_leaves_it_to_the_error() {
    for suberror in [None, Some("news")] {
        for codes in [&[][..], &[1], &[4_294_967_295]] {
            for (error, class) in [
                ("invalid_grant", SubjectRejected),
                ("login_required", SubjectRejected),
                ("interaction_required", Interaction),
                ("consent_required", Consent),
                ("invalid_client", ClientCredential),
                ("invalid_request", ClientUnauthorized),
                ("unsupported_grant_type", ClientUnauthorized),
                ("invalid_target", ResourceInvalid),
                ("news", ClientUnauthorized),
                ("", ClientUnauthorized),
            ] {
                assert_eq!(
                    of(400, error, suberror, false, codes),
                    Refusal(class),
                    "{error} {suberror:?} {codes:?}"
                );
            }
        }
    }
}

#[test]
fn a_number_about_the_user_does_not_soften_a_misconfiguration() {
    for error in ["invalid_client", "invalid_request"] {
        for code in [50076, 500_133, 65001, 50196, 90033] {
            let Refusal(class) = of(400, error, None, false, &[code]) else {
                panic!("{error} {code}");
            };
            assert!(
                matches!(class, ClientCredential | ClientUnauthorized),
                "{error} {code}"
            );
        }
    }
    assert_eq!(
        of(400, "invalid_scope", None, false, &[65001]),
        Refusal(ScopeInvalid)
    );
}
