//! Entra's tokens of both versions: issuer, tenant, audience, kind and caller.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::claims::{TokenSubject, TokenVersion};
use crate::error::AuthError;
use crate::validator::mint::{
    AUDIENCE_V1, BOUND_KID, CLIENT_ID, Fixture, ISSUER_V1, ISSUER_V2, OIDC_KID, OTHER_TENANT,
    TENANT, app_v2, change, header, sign, user_v1, user_v2,
};

fn v1(name: &str, value: Option<Value>) -> String {
    let mut claims = user_v1();
    change(&mut claims, name, value);
    sign(&header(), &claims)
}

fn v2(name: &str, value: Option<Value>) -> String {
    let mut claims = user_v2();
    change(&mut claims, name, value);
    sign(&header(), &claims)
}

#[test]
fn a_users_token_of_either_version_says_who_is_calling() {
    let fixture = Fixture::new();
    for (token, version) in [(user_v1(), TokenVersion::V1), (user_v2(), TokenVersion::V2)] {
        let claims = fixture.claims(&header(), &token);
        assert_eq!(claims.version(), version);
        assert_eq!(claims.subject(), TokenSubject::User);
        assert_eq!(claims.tenant(), TENANT.parse().unwrap());
        assert_eq!(claims.object_id().as_str(), token["oid"]);
        assert_eq!(claims.client().as_str(), "client-app");
        assert_eq!(claims.registration(), "workload");
        assert_eq!(claims.expires_at(), token["exp"]);
        assert_eq!(claims.issued_at(), token["iat"]);
        assert_eq!(claims.token_id(), Some("token-1"));
        assert_eq!(claims.name(), Some("Ada Example"));
        assert_eq!(claims.preferred_username(), Some("ada@tenant.example"));
        assert!(claims.scopes().eq(["data.read", "data.write"]));
        assert!(!claims.is_claims_capable());
    }
}

#[test]
fn debug_output_of_claims_names_no_user() {
    let fixture = Fixture::new();
    let printed = format!(
        "{:?}",
        fixture.verify(&sign(&header(), &user_v2())).unwrap()
    );
    for secret in ["Ada", "ada@", "9b2f7e64", "pairwise", "token-1"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[test]
fn a_scope_is_held_exactly_or_not_at_all() {
    let fixture = Fixture::new();
    let scopes = |scp: &str| {
        let mut claims = user_v2();
        change(&mut claims, "scp", Some(json!(scp)));
        fixture.claims(&header(), &claims)
    };
    for scp in [
        "data.read",
        " data.read",
        "data.read  data.write",
        "x data.read y",
    ] {
        assert!(scopes(scp).has_scope("data.read"), "{scp:?}");
    }
    for scp in [
        "",
        " ",
        "Data.Read",
        "data.read.all",
        "data.reader",
        "xdata.read",
        "data.read,data.write",
        "api://app/data.read",
        "d\u{430}ta.read",
        "data\u{ff0e}read",
        "data.\u{200d}read",
        "data.re\u{301}ad",
        "x\u{a0}data.read",
        "\u{202e}data.read",
        "data.read\0",
        "x\tdata.read",
        "x\ndata.read",
    ] {
        assert!(!scopes(scp).has_scope("data.read"), "{scp:?}");
    }
    assert!(!scopes("data.read ").has_scope(""));
}

#[test]
fn a_scope_in_another_claim_is_no_scope() {
    let fixture = Fixture::new();
    for claim in ["roles", "scope", "scopes", "wids", "groups"] {
        let mut claims = user_v2();
        change(&mut claims, "scp", None);
        change(&mut claims, claim, Some(json!(["data.read"])));
        let claims = fixture.claims(&header(), &claims);
        assert_eq!(claims.subject(), TokenSubject::User);
        assert!(!claims.has_scope("data.read"), "{claim}");
    }
}

#[test]
fn an_apps_own_token_is_recognised_with_and_without_idtyp() {
    let fixture = Fixture::new();
    let mut without = app_v2();
    change(&mut without, "idtyp", None);
    for claims in [app_v2(), without.clone()] {
        let claims = fixture.claims(&header(), &claims);
        assert_eq!(claims.subject(), TokenSubject::App);
        assert!(claims.has_role("Data.Sync"));
        assert_eq!(claims.scopes().count(), 0);
    }
    // A user's token with roles is still a user's.
    change(&mut without, "scp", Some(json!("data.read")));
    assert_eq!(
        fixture.claims(&header(), &without).subject(),
        TokenSubject::User
    );
    let mut stated = user_v2();
    change(&mut stated, "idtyp", Some(json!("user")));
    assert_eq!(
        fixture.claims(&header(), &stated).subject(),
        TokenSubject::User
    );
}

#[test]
fn step_up_claims_are_read_as_entra_writes_them() {
    let fixture = Fixture::new();
    let mut claims = user_v2();
    change(&mut claims, "acrs", Some(json!(["c1", "c2"])));
    change(&mut claims, "xms_cc", Some(json!(["cp1"])));
    let read = fixture.claims(&header(), &claims);
    assert!(read.authentication_contexts().eq(["c1", "c2"]));
    assert!(read.is_claims_capable());
    change(&mut claims, "acrs", Some(json!("c1")));
    change(&mut claims, "xms_cc", Some(json!(["CP1"])));
    let read = fixture.claims(&header(), &claims);
    assert!(read.authentication_contexts().eq(["c1"]));
    assert!(!read.is_claims_capable());
}

#[test]
fn an_id_token_authorizes_nothing() {
    let fixture = Fixture::new();
    for without in [["scp", ""], ["scp", "azp"]] {
        for roles in [None, Some(json!(["Data.Sync"]))] {
            let mut claims = user_v2();
            for claim in without {
                change(&mut claims, claim, None);
            }
            change(&mut claims, "roles", roles);
            change(&mut claims, "nonce", Some(json!("n")));
            assert_eq!(
                fixture.refusal(&sign(&header(), &claims)),
                AuthError::TokenTypeNotAllowed
            );
        }
    }
}

#[test]
fn an_audience_is_compared_exactly_and_by_version() {
    let fixture = Fixture::new();
    for audience in [
        "00000003-0000-0000-c000-000000000000",
        AUDIENCE_V1,
        &CLIENT_ID[..CLIENT_ID.len() - 1],
        &format!("{CLIENT_ID}/"),
        &format!("api://{CLIENT_ID}"),
        "https://api.example",
    ] {
        assert_eq!(
            fixture.refusal(&v2("aud", Some(json!(audience)))),
            AuthError::TokenAudienceMismatch,
            "{audience}"
        );
    }
    for audience in [
        CLIENT_ID,
        &AUDIENCE_V1.to_uppercase(),
        &format!("{AUDIENCE_V1}/"),
        &AUDIENCE_V1[..AUDIENCE_V1.len() - 1],
        &format!("x{AUDIENCE_V1}"),
    ] {
        assert_eq!(
            fixture.refusal(&v1("aud", Some(json!(audience)))),
            AuthError::TokenAudienceMismatch,
            "{audience}"
        );
    }
}

#[test]
fn an_unknown_version_is_not_supported() {
    let fixture = Fixture::new();
    for version in [
        None,
        Some(json!("3.0")),
        Some(json!(2.0)),
        Some(json!("")),
        Some(json!("2")),
    ] {
        assert_eq!(
            fixture.refusal(&v2("ver", version)),
            AuthError::TokenVersionUnsupported
        );
    }
}

#[test]
fn version_and_issuer_belong_together() {
    let fixture = Fixture::new();
    for token in [
        v2("iss", Some(json!(ISSUER_V1.replace("{tenantid}", TENANT)))),
        v1("iss", Some(json!(ISSUER_V2.replace("{tenantid}", TENANT)))),
        v2("ver", Some(json!("1.0"))),
    ] {
        let error = fixture.refusal(&token);
        // Taking a version 2.0 token for 1.0, the first thing missing is the client id.
        let expected = [
            AuthError::TokenIssuerMismatch,
            AuthError::TokenClaimMissing { claim: "appid" },
        ];
        assert!(expected.contains(&error), "{error:?}");
    }
    let mut crossed = user_v2();
    change(&mut crossed, "ver", Some(json!("1.0")));
    change(&mut crossed, "appid", Some(json!("client-app")));
    assert_eq!(
        fixture.refusal(&sign(&header(), &crossed)),
        AuthError::TokenIssuerMismatch
    );
}

#[test]
fn an_issuer_is_compared_byte_for_byte() {
    let fixture = Fixture::new();
    for issuer in [
        "https://login.example/common/v2.0",
        "https://login.example/organizations/v2.0",
        "https://login.example/{tenantid}/v2.0",
        &format!("http://login.example/{TENANT}/v2.0"),
        &format!("https://login.example/{TENANT}/x/v2.0"),
        &format!("https://login.example/{TENANT}/v2.0/"),
        &format!("https://login.example/{TENANT}"),
        &format!("https://login.example:443/{TENANT}/v2.0"),
        &format!("https://login.example@evil.example/{TENANT}/v2.0"),
        &format!("https://login.examp1e/{TENANT}/v2.0"),
        &format!("https://xn--login-9bb.example/{TENANT}/v2.0"),
        &format!("https://login.example/{TENANT}/v2.0?x"),
        &format!("https://login.example/{TENANT}/v2.0#x"),
        &format!("https://login.example/{}/v2.0", TENANT.to_uppercase()),
    ] {
        assert_eq!(
            fixture.refusal(&v2("iss", Some(json!(issuer)))),
            AuthError::TokenIssuerMismatch,
            "{issuer}"
        );
    }
    for issuer in [
        format!("https://sts.example/{TENANT}"),
        format!("https://sts.example/{TENANT}//"),
        format!("http://sts.example/{TENANT}/"),
    ] {
        assert_eq!(
            fixture.refusal(&v1("iss", Some(json!(issuer)))),
            AuthError::TokenIssuerMismatch,
            "{issuer}"
        );
    }
}

#[test]
fn issuer_and_tenant_name_the_same_tenant() {
    let fixture = Fixture::new();
    assert_eq!(
        fixture.refusal(&v2("tid", Some(json!(OTHER_TENANT)))),
        AuthError::TenantMismatch
    );
    assert_eq!(
        fixture.refusal(&v1("tid", Some(json!(OTHER_TENANT)))),
        AuthError::TenantMismatch
    );
}

#[test]
fn a_key_bound_to_a_tenant_signs_for_no_other() {
    let fixture = Fixture::new();
    let mut header = header();
    change(&mut header, "kid", Some(json!(BOUND_KID)));
    let mut claims = user_v2();
    assert_eq!(
        fixture.refusal(&sign(&header, &claims)),
        AuthError::TokenIssuerMismatch
    );
    change(&mut claims, "tid", Some(json!(OTHER_TENANT)));
    let issuer = ISSUER_V2.replace("{tenantid}", OTHER_TENANT);
    change(&mut claims, "iss", Some(json!(issuer)));
    // Whether the tenant may call at all is judged on every call, not here.
    assert_eq!(
        fixture.claims(&header, &claims).tenant(),
        OTHER_TENANT.parse().unwrap()
    );
}

#[test]
fn the_signature_is_verified_before_any_claim_is_judged() {
    let fixture = Fixture::new();
    let good = sign(&header(), &user_v2());
    let bad = v2("exp", Some(json!("never")));
    let (_, signature) = good.rsplit_once('.').unwrap();
    let (input, _) = bad.rsplit_once('.').unwrap();
    assert_eq!(
        fixture.refusal(&format!("{input}.{signature}")),
        AuthError::TokenSignatureInvalid {
            for_other_resource: false
        }
    );
}

#[test]
fn checks_are_made_in_their_order() {
    let fixture = Fixture::new();
    let mut claims = user_v2();
    let spoil = |claims: &mut Value, name: &str, value: Value| {
        change(claims, name, Some(value));
        fixture.refusal(&sign(&header(), claims))
    };
    change(&mut claims, "scp", None);
    assert_eq!(
        spoil(&mut claims, "nonce", json!("n")),
        AuthError::TokenTypeNotAllowed
    );
    assert_eq!(
        spoil(&mut claims, "aud", json!("another")),
        AuthError::TokenAudienceMismatch
    );
    assert_eq!(
        spoil(&mut claims, "ver", json!("3.0")),
        AuthError::TokenVersionUnsupported
    );
    assert_eq!(
        spoil(&mut claims, "tid", json!(OTHER_TENANT)),
        AuthError::TenantMismatch
    );
    assert!(matches!(
        spoil(&mut claims, "exp", json!(1_000)),
        AuthError::TokenClaimInvalid { claim: "nbf" }
    ));
    change(&mut claims, "nbf", Some(json!(1)));
    assert!(matches!(
        spoil(&mut claims, "iat", json!(1)),
        AuthError::TokenExpired { .. }
    ));
    assert_eq!(
        spoil(&mut claims, "roles", json!("x")),
        AuthError::TokenClaimInvalid { claim: "roles" }
    );
}

#[test]
fn a_token_of_an_unread_authority_waits_for_its_keys() {
    use crate::validator::Unverified;

    let mut fixture = Fixture::new();
    let keys = std::mem::replace(&mut fixture.keys, vec![None, None]);
    assert!(matches!(
        fixture.verify(&sign(&header(), &user_v2())),
        Err(Unverified::KeysUnavailable { authority: 0 })
    ));
    // An issuer of nobody's could still be signed by a key that was not read yet.
    fixture.keys = vec![keys[0].clone(), None];
    let mut unknown = header();
    change(&mut unknown, "kid", Some(json!("other")));
    let mut claims = user_v2();
    change(&mut claims, "iss", Some(json!("https://nobody.example")));
    assert!(matches!(
        fixture.verify(&sign(&unknown, &claims)),
        Err(Unverified::KeysUnavailable { authority: 1 })
    ));
    fixture.keys = vec![keys[0].clone(), keys[1].as_ref().map(Arc::clone)];
    assert!(matches!(
        fixture.verify(&sign(&unknown, &claims)),
        Err(Unverified::ForeignKey)
    ));
    assert!(matches!(
        fixture.verify(&sign(&unknown, &user_v2())),
        Err(Unverified::UnknownKey { authority: 0, .. })
    ));
}

#[test]
fn a_key_of_another_authority_is_unknown_to_the_one_named() {
    use crate::validator::Unverified;

    let fixture = Fixture::new();
    let mut header = header();
    change(&mut header, "kid", Some(json!(OIDC_KID)));
    assert!(matches!(
        fixture.verify(&sign(&header, &user_v2())),
        Err(Unverified::UnknownKey { authority: 0, .. })
    ));
    let alone = Fixture::entra_alone();
    let mut claims = user_v2();
    change(&mut claims, "iss", Some(json!("https://nobody.example")));
    assert!(matches!(
        alone.verify(&sign(&header, &claims)),
        Err(Unverified::UnknownKey { authority: 0, .. })
    ));
    change(&mut header, "kid", Some(json!(crate::validator::mint::KID)));
    assert_eq!(
        alone.refusal(&sign(&header, &claims)),
        AuthError::TokenIssuerMismatch
    );
    assert_eq!(
        fixture.refusal(&sign(&header, &claims)),
        AuthError::TokenIssuerMismatch
    );
}
