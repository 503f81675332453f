//! Settings that would leave it open who is meant by a token.

use crate::authority::{Authority, AuthorityKind, Registration};
use crate::issuer::IssuerTemplate;
use crate::jws::DEFAULT_TOKEN_LIMIT;
use crate::validator::Validator;
use crate::validator::mint::{
    AUDIENCE_V1, CLIENT_ID, entra, oidc, provider_api, registration, workload,
};

/// The one sentence that says what is wrong.
#[track_caller]
fn complaint(authorities: &[Authority], registrations: &[Registration]) -> String {
    Validator::new(authorities, registrations, DEFAULT_TOKEN_LIMIT)
        .expect_err("settings that make no sense")
        .to_string()
}

#[test]
fn an_authority_lets_somebody_call() {
    let mut no_tenant = entra();
    if let AuthorityKind::Entra { tenants, .. } = &mut no_tenant.kind {
        tenants.clear();
    }
    assert_eq!(
        complaint(&[no_tenant], &[workload()]),
        "authority `entra` allows no tenant"
    );
    let mut no_algorithm = entra();
    no_algorithm.algorithms.clear();
    assert_eq!(
        complaint(&[no_algorithm], &[workload()]),
        "authority `entra` accepts no signature algorithm"
    );
    assert_eq!(complaint(&[], &[workload()]), "no authority is configured");
    assert_eq!(complaint(&[entra()], &[]), "no registration is configured");
}

#[test]
fn issuers_tell_authorities_and_tenants_apart() {
    let issuers = |v1: &str, v2: &str| {
        let mut authority = entra();
        if let AuthorityKind::Entra {
            issuer_v1,
            issuer_v2,
            ..
        } = &mut authority.kind
        {
            *issuer_v1 = IssuerTemplate::new(v1);
            *issuer_v2 = IssuerTemplate::new(v2);
        }
        authority
    };
    assert_eq!(
        complaint(
            &[issuers(
                "https://sts.example/",
                "https://l.example/{tenantid}/v2.0"
            )],
            &[workload()]
        ),
        "authority `entra` has an issuer without {tenantid}: https://sts.example/"
    );
    let mut provider = oidc();
    let AuthorityKind::Oidc { issuer, .. } = &mut provider.kind else {
        unreachable!("the provider is one");
    };
    *issuer = IssuerTemplate::new("https://idp.example/{tenantid}");
    assert_eq!(
        complaint(&[entra(), provider], &[workload(), provider_api()]),
        "authority `provider` has an issuer with {tenantid}, which only Entra's have: \
         https://idp.example/{tenantid}"
    );
    let mut provider = oidc();
    let AuthorityKind::Oidc { issuer, .. } = &mut provider.kind else {
        unreachable!("the provider is one");
    };
    *issuer =
        IssuerTemplate::new("https://login.example/0f8fad5b-d9cb-469f-a165-70867728950e/v2.0");
    assert_eq!(
        complaint(&[entra(), provider], &[workload(), provider_api()]),
        "authorities `entra` and `provider` have the same issuer"
    );
    assert_eq!(
        complaint(&[entra(), entra()], &[workload()]),
        "authority `entra` is configured twice"
    );
}

#[test]
fn a_registration_has_its_own_audience() {
    assert_eq!(
        complaint(&[entra()], &[registration("workload", "elsewhere")]),
        "registration `workload` names the unknown authority `elsewhere`"
    );
    assert_eq!(
        complaint(&[entra()], &[registration("workload", "entra")]),
        "registration `workload` has no client_id"
    );
    assert_eq!(
        complaint(&[oidc()], &[registration("api", "provider")]),
        "registration `api` has no audiences"
    );
    let mut empty = workload();
    empty.audiences_v1.push(String::new());
    assert_eq!(
        complaint(&[entra()], &[empty]),
        "registration `workload` has an empty audience"
    );
    assert_eq!(
        complaint(&[entra()], &[workload(), workload()]),
        "registration `workload` is configured twice"
    );
    let same_client = Registration {
        name: "second".to_owned(),
        audiences_v1: Vec::new(),
        ..workload()
    };
    assert_eq!(
        complaint(&[entra()], &[workload(), same_client]),
        format!("registrations `workload` and `second` have the same audience {CLIENT_ID}")
    );
    let same_uri = Registration {
        name: "second".to_owned(),
        client_id: "another".to_owned(),
        ..workload()
    };
    assert_eq!(
        complaint(&[entra()], &[workload(), same_uri]),
        format!("registrations `workload` and `second` have the same audience {AUDIENCE_V1}")
    );
}
