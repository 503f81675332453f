//! What counts as a success, member by member.

use std::sync::Arc;
use std::time::Duration;

use super::super::defect::Defect;
use super::{MAX_TOKEN, ScopeNames, token_response};
use crate::exchange::{Grant, Scopes};
use crate::secret::Secret;

const ASKED: &str = "https://api.example/Item.Read";

fn grant(scopes: &[&str], offline: bool) -> Grant {
    Grant::OnBehalfOf {
        assertion: Secret::new("assertion"),
        scopes: Arc::new(Scopes::parse(scopes).unwrap()),
        claims: None,
        offline,
    }
}

fn defect_of(body: &str) -> Option<Defect> {
    token_response(body.as_bytes(), &grant(&[ASKED], false), ScopeNames::Entra).err()
}

#[test]
fn a_success_is_read_whole() {
    let body = r#"{"token_type":"bearer","scope":"https://api.example/Item.Read offline_access",
        "expires_in":3599,"ext_expires_in":7199,"access_token":"a.b~c","refresh_token":"r"}"#;
    let asked = grant(&[ASKED], true);
    let read = token_response(body.as_bytes(), &asked, ScopeNames::Entra).unwrap();
    assert_eq!(read.access_token.expose(), "a.b~c");
    assert_eq!(read.expires_in, Duration::from_secs(3599));
    assert_eq!(read.granted_scopes, [ASKED, "offline_access"]);
    assert_eq!(read.refresh_token.unwrap().expose(), "r");

    let unasked = grant(&[ASKED], false);
    let read = token_response(body.as_bytes(), &unasked, ScopeNames::Entra).unwrap();
    assert!(read.refresh_token.is_none());
}

#[test]
fn what_is_missing_or_makes_no_sense_spoils_all_of_it() {
    let long = format!(
        r#"{{"token_type":"Bearer","expires_in":60,"access_token":"{}"}}"#,
        "x".repeat(MAX_TOKEN + 1)
    );
    for (body, defect) in [
        ("", Defect::Malformed),
        ("<html>", Defect::Malformed),
        ("[]", Defect::Malformed),
        ("null", Defect::Malformed),
        ("{}", Defect::TokenType),
        (r#"{"token_type":"Bearer","expires_in":60}"#, Defect::Token),
        (
            r#"{"token_type":"Bearer","expires_in":60,"access_token":""}"#,
            Defect::Token,
        ),
        (
            r#"{"token_type":"Bearer","expires_in":60,"access_token":"a b"}"#,
            Defect::Token,
        ),
        (
            r#"{"token_type":"Bearer","expires_in":60,"access_token":"a\u0000"}"#,
            Defect::Token,
        ),
        (
            r#"{"token_type":"Bearer","expires_in":60,"access_token":"é"}"#,
            Defect::Token,
        ),
        (long.as_str(), Defect::Token),
        (
            r#"{"token_type":"Bearer","expires_in":60,"access_token":1}"#,
            Defect::Malformed,
        ),
        (
            r#"{"token_type":"Bearer","expires_in":60,"access_token":"a","access_token":"b"}"#,
            Defect::Malformed,
        ),
        (
            r#"{"token_type":"MAC","expires_in":60,"access_token":"a"}"#,
            Defect::TokenType,
        ),
        (r#"{"expires_in":60,"access_token":"a"}"#, Defect::TokenType),
        (
            r#"{"token_type":"Bearer","expires_in":60,"access_token":"a","error":"invalid_grant"}"#,
            Defect::ErrorWithSuccess,
        ),
        (
            r#"{"token_type":"Bearer","expires_in":60,"access_token":"a","scope":"x\ny"}"#,
            Defect::Scope,
        ),
    ] {
        assert_eq!(defect_of(body), Some(defect), "{body:.80}");
    }
    let offline = grant(&[ASKED], true);
    let body = br#"{"token_type":"Bearer","expires_in":60,"access_token":"a"}"#;
    assert_eq!(
        token_response(body, &offline, ScopeNames::Entra).err(),
        Some(Defect::NoRefreshToken)
    );
}

#[test]
fn a_life_is_a_number_of_seconds_from_one_to_a_week() {
    let of = |life: &str| {
        defect_of(&format!(
            r#"{{"token_type":"Bearer","access_token":"a","expires_in":{life}}}"#
        ))
    };
    for life in ["1", "3599", "604800", "\"3599\""] {
        assert_eq!(of(life), None, "{life}");
    }
    for life in [
        "0",
        "604801",
        "1000000000000",
        "18446744073709551615",
        "\"0\"",
        "\"\"",
        "\"soon\"",
        "\"+60\"",
        "null",
    ] {
        assert_eq!(of(life), Some(Defect::ExpiresIn), "{life}");
    }
    for life in ["-1", "1e12", "3599.0", "18446744073709551616", "true", "[]"] {
        assert_eq!(of(life), Some(Defect::Malformed), "{life}");
    }
}

#[test]
fn what_was_asked_for_is_granted_under_one_of_its_names() {
    let granted = |asked: &[&str], scope: &str, names| {
        let body = format!(
            r#"{{"token_type":"Bearer","access_token":"a","expires_in":60,"scope":"{scope}"}}"#
        );
        token_response(body.as_bytes(), &grant(asked, false), names).is_ok()
    };
    let warehouse = "https://api.example/Warehouse.ReadWrite.All";
    let sql = "https://database.example//user_impersonation";
    for (asked, scope, entra, exact) in [
        (&[ASKED][..], "https://api.example/Item.Read", true, true),
        (&[ASKED], "https://api.example/item.read", true, false),
        (&[ASKED], "profile Item.Read email", true, false),
        (
            &[ASKED],
            "https://api.example/Other https://api.example/Item.Read",
            true,
            true,
        ),
        (&[ASKED], "https://other.example/Item.Read", false, false),
        (&[ASKED], "https://api.example/Item.ReadWrite", false, false),
        (&[ASKED], "", false, false),
        (
            &[ASKED, warehouse],
            "https://api.example/Item.Read",
            false,
            false,
        ),
        (
            &[ASKED, warehouse],
            "Item.Read Warehouse.ReadWrite.All",
            true,
            false,
        ),
        (&[sql], sql, true, true),
        (
            &["https://api.example/.default"],
            "https://api.example/Item.Read",
            true,
            false,
        ),
        (&["User.Read"], "openid profile User.Read", true, true),
        (
            &["User.Read"],
            "https://graph.example/User.Read",
            true,
            false,
        ),
        (&["items:read"], "items:read items:write", true, true),
        (&["items:read"], "items:write", false, false),
    ] {
        assert_eq!(
            granted(asked, scope, ScopeNames::Entra),
            entra,
            "{asked:?} {scope}"
        );
        assert_eq!(
            granted(asked, scope, ScopeNames::AsAsked),
            exact,
            "{asked:?} {scope}"
        );
    }
}

#[test]
fn without_a_list_all_that_was_asked_for_is_granted() {
    let body = br#"{"token_type":"Bearer","expires_in":60,"access_token":"a"}"#;
    let read = token_response(body, &grant(&[ASKED], false), ScopeNames::AsAsked).unwrap();
    assert_eq!(read.granted_scopes, [ASKED]);
}
