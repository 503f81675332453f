//! Tokens by RFC 9068: type, scopes and whose tenant they belong to.

use serde_json::{Value, json};

use crate::claims::{TokenSubject, TokenVersion};
use crate::error::AuthError;
use crate::validator::mint::{
    Fixture, KID, OIDC_TENANT, TENANT, change, header, oidc_header, oidc_user, sign, user_v2,
};

fn with(name: &str, value: Option<Value>) -> String {
    let mut claims = oidc_user();
    change(&mut claims, name, value);
    sign(&oidc_header(), &claims)
}

#[test]
fn a_users_token_belongs_to_the_authoritys_tenant() {
    let fixture = Fixture::new();
    let mut claims = oidc_user();
    // Entra's claims mean nothing here, whatever their type.
    change(&mut claims, "tid", Some(json!(TENANT)));
    change(&mut claims, "oid", Some(json!(1)));
    change(&mut claims, "scp", Some(json!("data.write")));
    change(&mut claims, "idtyp", Some(json!("app")));
    change(&mut claims, "acr", Some(json!("urn:mfa")));
    let read = fixture.claims(&oidc_header(), &claims);
    assert_eq!(read.version(), TokenVersion::Rfc9068);
    assert_eq!(read.subject(), TokenSubject::User);
    assert_eq!(read.tenant(), OIDC_TENANT.parse().unwrap());
    assert_eq!(read.object_id().as_str(), "user-1");
    assert_eq!(read.client().as_str(), "spa");
    assert_eq!(read.registration(), "provider-api");
    assert_eq!(read.token_id(), Some("id-1"));
    assert!(read.scopes().eq(["data.read", "openid"]));
    assert!(read.authentication_contexts().eq(["urn:mfa"]));
}

#[test]
fn a_clients_own_token_holds_roles_and_no_delegated_scope() {
    let fixture = Fixture::new();
    let mut claims = oidc_user();
    change(&mut claims, "sub", Some(json!("spa")));
    change(&mut claims, "roles", Some(json!(["Data.Sync"])));
    let claims = fixture.claims(&oidc_header(), &claims);
    assert_eq!(claims.subject(), TokenSubject::App);
    assert!(claims.has_role("Data.Sync"));
    assert!(!claims.has_scope("data.read"));
}

#[test]
fn the_type_must_say_access_token() {
    let fixture = Fixture::new();
    for typ in [None, Some(json!("JWT"))] {
        let mut header = oidc_header();
        change(&mut header, "typ", typ);
        assert_eq!(
            fixture.refusal(&sign(&header, &oidc_user())),
            AuthError::TokenTypeNotAllowed
        );
    }
    let mut header = oidc_header();
    change(&mut header, "typ", Some(json!("application/at+jwt")));
    assert!(fixture.verify(&sign(&header, &oidc_user())).is_ok());
}

#[test]
fn claims_are_demanded_and_typed_as_the_profile_says() {
    let fixture = Fixture::new();
    for claim in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
        assert!(
            match fixture.verify(&with(claim, None)) {
                // Without an issuer the key still tells whose token it is.
                Err(crate::validator::Unverified::SignedAndRefused { error, .. }) =>
                    error == AuthError::TokenClaimMissing { claim },
                _ => false,
            },
            "{claim}"
        );
    }
    for claim in [
        "exp",
        "aud",
        "sub",
        "client_id",
        "iat",
        "jti",
        "scope",
        "roles",
        "acr",
        "nbf",
    ] {
        for value in [Value::Null, json!({}), json!([1])] {
            assert_eq!(
                fixture.refusal(&with(claim, Some(value))),
                AuthError::TokenClaimInvalid { claim }
            );
        }
    }
}

#[test]
fn audience_and_issuer_are_compared_exactly() {
    let fixture = Fixture::new();
    for audience in ["https://api.example/", "https://api", ""] {
        let error = fixture.refusal(&with("aud", Some(json!(audience))));
        let expected = [
            AuthError::TokenAudienceMismatch,
            AuthError::TokenClaimInvalid { claim: "aud" },
        ];
        assert!(expected.contains(&error), "{audience}");
    }
    assert_eq!(
        fixture.refusal(&with("iss", Some(json!("https://idp.example/")))),
        AuthError::TokenIssuerMismatch
    );
}

#[test]
fn a_provider_cannot_speak_for_entra() {
    let fixture = Fixture::new();
    assert!(matches!(
        fixture.verify(&sign(&oidc_header(), &user_v2())),
        Err(crate::validator::Unverified::UnknownKey { authority: 0, .. })
    ));
    let mut entra_key = oidc_header();
    change(&mut entra_key, "kid", Some(json!(KID)));
    assert!(matches!(
        fixture.verify(&sign(&entra_key, &oidc_user())),
        Err(crate::validator::Unverified::UnknownKey { authority: 1, .. })
    ));
    assert!(fixture.verify(&sign(&header(), &oidc_user())).is_err());
}
