//! Types and times of claims, whichever profile they are read by.

use serde_json::{Value, json};

use crate::error::AuthError;
use crate::validator::mint::{
    Fixture, NOW, app_v2, change, header, sign, sign_text, user_v1, user_v2,
};

fn invalid(claim: &'static str) -> AuthError {
    AuthError::TokenClaimInvalid { claim }
}

fn missing(claim: &'static str) -> AuthError {
    AuthError::TokenClaimMissing { claim }
}

#[test]
fn a_claim_that_is_needed_and_absent_is_named() {
    let fixture = Fixture::new();
    for claim in [
        "exp", "nbf", "iat", "iss", "aud", "tid", "oid", "sub", "azp",
    ] {
        assert_eq!(fixture.refusal_with(claim, None), missing(claim));
    }
    let mut v1 = user_v1();
    change(&mut v1, "appid", None);
    assert_eq!(fixture.refusal(&sign(&header(), &v1)), missing("appid"));
}

#[test]
fn null_is_never_taken_for_absent() {
    let fixture = Fixture::new();
    for claim in [
        "exp",
        "nbf",
        "iat",
        "iss",
        "aud",
        "tid",
        "oid",
        "sub",
        "azp",
        "appid",
        "scp",
        "roles",
        "idtyp",
        "ver",
        "acrs",
        "xms_cc",
        "uti",
        "name",
        "preferred_username",
        "upn",
        "nonce",
    ] {
        assert_eq!(
            fixture.refusal_with(claim, Some(Value::Null)),
            invalid(claim)
        );
    }
}

#[test]
fn an_empty_identifier_is_invalid() {
    let fixture = Fixture::new();
    for claim in ["iss", "aud", "tid", "oid", "sub", "azp", "appid"] {
        assert_eq!(fixture.refusal_with(claim, Some(json!(""))), invalid(claim));
    }
}

#[test]
fn times_are_plain_integers() {
    let fixture = Fixture::new();
    for claim in ["exp", "nbf", "iat"] {
        for value in [
            json!("1800003600"),
            json!(1_800_003_600.5),
            json!(1_800_003_600.0),
            json!(1e300),
            json!(-1),
            json!(u64::MAX),
            json!((1_u64 << 53) + 1),
            json!(true),
            json!([NOW]),
            json!({}),
        ] {
            assert_eq!(
                fixture.refusal_with(claim, Some(value.clone())),
                invalid(claim),
                "{value}"
            );
        }
        // One more than a 64-bit integer holds.
        let text = user_v2().to_string();
        let number = user_v2()[claim].to_string();
        let text = text.replace(
            &format!("\"{claim}\":{number}"),
            &format!("\"{claim}\":18446744073709551616"),
        );
        let token = sign_text(&header().to_string(), &text);
        assert_eq!(fixture.refusal(&token), invalid(claim));
    }
}

#[test]
fn text_is_one_string() {
    let fixture = Fixture::new();
    for claim in [
        "iss",
        "aud",
        "tid",
        "oid",
        "sub",
        "azp",
        "appid",
        "scp",
        "idtyp",
        "uti",
        "name",
        "preferred_username",
        "upn",
        "nonce",
    ] {
        for value in [
            json!(1),
            json!(true),
            json!({}),
            json!([]),
            json!(["x"]),
            json!(["x", 1]),
        ] {
            assert_eq!(
                fixture.refusal_with(claim, Some(value.clone())),
                invalid(claim),
                "{value}"
            );
        }
    }
}

#[test]
fn lists_are_arrays_of_strings() {
    let fixture = Fixture::new();
    for claim in ["roles", "xms_cc", "acrs"] {
        for value in [
            json!(1),
            json!({}),
            json!([1]),
            json!(["x", {}]),
            json!([["x"]]),
        ] {
            assert_eq!(
                fixture.refusal_with(claim, Some(value.clone())),
                invalid(claim),
                "{value}"
            );
        }
    }
    for claim in ["roles", "xms_cc"] {
        assert_eq!(
            fixture.refusal_with(claim, Some(json!("x"))),
            invalid(claim)
        );
    }
}

#[test]
fn the_skew_is_sixty_seconds_at_both_ends() {
    let fixture = Fixture::new();
    let token = |name: &str, value: u64| {
        let mut claims = user_v2();
        change(&mut claims, "nbf", Some(json!(NOW - 100)));
        change(&mut claims, "iat", Some(json!(NOW - 100)));
        change(&mut claims, name, Some(json!(value)));
        sign(&header(), &claims)
    };
    assert_eq!(
        fixture.refusal(&token("exp", NOW - 61)),
        AuthError::TokenExpired {
            expired_at: NOW - 61,
            now: NOW
        }
    );
    assert!(fixture.verify(&token("exp", NOW - 59)).is_ok());
    for claim in ["nbf", "iat"] {
        assert_eq!(
            fixture.refusal(&token(claim, NOW + 61)),
            AuthError::TokenNotYetValid { now: NOW }
        );
        assert!(fixture.verify(&token(claim, NOW + 59)).is_ok());
    }
    assert_eq!(fixture.refusal(&token("nbf", NOW + 3600)), invalid("nbf"));
}

#[test]
fn no_lifetime_is_longer_than_entra_gives() {
    let fixture = Fixture::new();
    let token = |lifetime: u64| {
        let mut claims = user_v2();
        change(&mut claims, "exp", Some(json!(NOW - 10 + lifetime)));
        sign(&header(), &claims)
    };
    assert!(fixture.verify(&token(28 * 3600)).is_ok());
    assert_eq!(
        fixture.refusal(&token(28 * 3600 + 1)),
        AuthError::TokenLifetimeTooLong
    );
    assert_eq!(
        fixture.refusal(&token((1 << 53) - NOW)),
        AuthError::TokenLifetimeTooLong
    );
}

#[test]
fn a_clock_at_either_end_of_time_is_survived() {
    let fixture = Fixture::new();
    let token = sign(&header(), &user_v2());
    for now in [0, u64::MAX] {
        assert!(fixture.verify_at(&token, now).is_err());
    }
}

#[test]
fn identifiers_have_one_spelling() {
    let fixture = Fixture::new();
    for claim in ["tid", "oid"] {
        for value in [
            "0F8FAD5B-D9CB-469F-A165-70867728950E",
            "{0f8fad5b-d9cb-469f-a165-70867728950e}",
            "0f8fad5bd9cb469fa16570867728950e",
            "common",
        ] {
            assert_eq!(
                fixture.refusal_with(claim, Some(json!(value))),
                invalid(claim)
            );
        }
    }
}

#[test]
fn client_ids_do_not_contradict_each_other() {
    let fixture = Fixture::new();
    assert_eq!(
        fixture.refusal_with("appid", Some(json!("another"))),
        invalid("azp")
    );
    let mut both = user_v2();
    change(&mut both, "appid", Some(json!("client-app")));
    assert!(fixture.verify(&sign(&header(), &both)).is_ok());
}

#[test]
fn the_kind_of_token_is_stated_consistently() {
    let fixture = Fixture::new();
    for (name, value, claim) in [
        ("scp", json!("data.read"), "idtyp"),
        ("scp", json!(""), "idtyp"),
        ("idtyp", json!("device"), "idtyp"),
        ("idtyp", json!("App"), "idtyp"),
        ("idtyp", json!(""), "idtyp"),
    ] {
        let mut claims = app_v2();
        change(&mut claims, name, Some(value));
        assert_eq!(fixture.refusal(&sign(&header(), &claims)), invalid(claim));
    }
}
