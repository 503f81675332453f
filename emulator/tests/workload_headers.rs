//! By which headers Fabric calls a workload, and the wrong ones a test can have it send.

use std::collections::HashSet;

use emulator::{Generation, HeaderVariant, ItemOrder, TokenVersion, WorkloadRequest, seed};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;

use crate::support::workload::{Heard, StubWorkload};
use crate::support::{Harness, NOW, decode};

/// The claims of a token whose signature, issuer and audience an independent library accepts.
async fn verified(harness: &Harness, token: &str, version: TokenVersion) -> Value {
    let (keys, issuer, audience) = match version {
        TokenVersion::V1 => ("/common/discovery/keys", "sts", seed::WORKLOAD_URI),
        _ => ("/common/discovery/v2.0/keys", "", seed::WORKLOAD_CLIENT_ID),
    };
    let keys: JwkSet = serde_json::from_value(harness.json(keys).await).unwrap();
    let header = jsonwebtoken::decode_header(token).unwrap();
    let key = DecodingKey::from_jwk(keys.find(header.kid.as_deref().unwrap()).unwrap()).unwrap();
    let mut rules = Validation::new(Algorithm::RS256);
    // The clock of the emulator is not this machine's.
    rules.validate_exp = false;
    rules.set_audience(&[audience]);
    let claims = jsonwebtoken::decode::<Value>(token, &key, &rules)
        .unwrap()
        .claims;
    let (iss, tid) = (
        claims["iss"].as_str().unwrap(),
        claims["tid"].as_str().unwrap(),
    );
    assert!(iss.starts_with(harness.emulator.origin()) && iss.contains(tid));
    assert!(iss.contains(issuer), "{iss}");
    assert!(claims["nbf"].as_u64() <= Some(NOW) && claims["exp"].as_u64() > Some(NOW));
    claims
}

async fn heard_of(harness: &Harness, upn: &str) -> Heard {
    let workload = StubWorkload::start().await;
    let fabric = workload.called_by(&harness.emulator, Generation::First, upn);
    fabric
        .item_payload(&ItemOrder::new(seed::WORKSPACE_ID, seed::ITEM_ID))
        .await
        .unwrap();
    workload.last()
}

#[tokio::test]
async fn fabric_calls_with_two_tokens_that_an_independent_library_verifies() {
    let harness = Harness::start().await;
    for (version, azp) in [(TokenVersion::V1, "appid"), (TokenVersion::V2, "azp")] {
        harness
            .emulator
            .set_token_version(seed::WORKLOAD_CLIENT_ID, version);
        for (upn, tenant) in [
            (seed::CONSENTED, seed::CONTOSO_TENANT_ID),
            (seed::OTHER_TENANT, seed::FABRIKAM_TENANT_ID),
        ] {
            let heard = heard_of(&harness, upn).await;
            let (subject, app) = heard.tokens();
            let subject = verified(&harness, &subject, version).await;
            let app = verified(&harness, &app, version).await;

            assert_eq!(heard.header("x-ms-client-tenant-id"), tenant);
            assert_eq!(subject["tid"], tenant);
            assert_eq!(subject["scp"], "FabricWorkloadControl");
            assert!(subject.get("idtyp").is_none());
            assert_eq!(app["tid"], seed::CONTOSO_TENANT_ID, "the publisher's");
            assert_eq!(app["idtyp"], "app");
            assert!(app.get("scp").is_none());
            assert_eq!(app[azp], seed::FABRIC_CLIENT_ID);
            assert_eq!(subject[azp], seed::FABRIC_CLIENT_ID);
        }
    }
}

#[tokio::test]
async fn every_call_has_an_activity_a_request_id_and_fabrics_query() {
    let harness = Harness::start().await;
    let workload = StubWorkload::start().await;
    let fabric = workload.called_by(&harness.emulator, Generation::First, seed::CONSENTED);
    let item = ItemOrder::new(seed::WORKSPACE_ID, seed::ITEM_ID);
    for _ in 0..2 {
        fabric.item_payload(&item).await.unwrap();
    }
    let heard = workload.heard();
    let ids = |name| -> HashSet<&str> { heard.iter().map(|heard| heard.header(name)).collect() };
    assert_eq!(ids("activityid").len(), 1, "one user's action");
    assert_eq!(ids("requestid").len(), 2);
    for heard in &heard {
        assert_eq!(heard.uri.query(), Some("api-version=2016-10-01"));
    }
}

#[tokio::test]
async fn endpoint_resolution_has_neither_tenant_nor_user() {
    let harness = Harness::start().await;
    let workload = StubWorkload::start().await;
    for (generation, path) in [
        (Generation::First, "/workload/resolve-api-path-placeholder"),
        (Generation::Second, "/workload/resolve-endpoint"),
    ] {
        let fabric = workload.called_by(&harness.emulator, generation, seed::CONSENTED);
        fabric
            .resolve_endpoint(&[("TenantRegion", "West Europe")])
            .await
            .unwrap();
        let heard = workload.last();
        assert_eq!(heard.uri.path(), path);
        assert!(!heard.headers.contains_key("x-ms-client-tenant-id"));
        assert_eq!(heard.tokens().0, "");
        let context = &heard.json()["context"][0];
        assert_eq!(context["name"], "TenantRegion");
        assert_eq!(context["value"], "West Europe");
    }
}

#[tokio::test]
async fn every_malformed_variant_is_sent_and_differs_from_the_good_one() {
    let harness = Harness::start().await;
    let workload = StubWorkload::start().await;
    let fabric = workload.called_by(&harness.emulator, Generation::First, seed::CONSENTED);
    let request = WorkloadRequest::new("GET", "/anything");
    let well_formed = |heard: &Heard| {
        let values: Vec<_> = heard.headers.get_all("authorization").iter().collect();
        let tenants: Vec<_> = heard
            .headers
            .get_all("x-ms-client-tenant-id")
            .iter()
            .collect();
        let [value] = values.as_slice() else {
            return false;
        };
        let parts: Vec<&str> = value.to_str().unwrap().split('"').collect();
        let &[begin, subject, between, app, ""] = parts.as_slice() else {
            return false;
        };
        let token = |token: &str| token.split('.').count() == 3 && !token.contains([',', '\\']);
        begin == "SubjectAndAppToken1.0 subjectToken="
            && between == ", appToken="
            && token(subject)
            && token(app)
            && tenants == [seed::CONTOSO_TENANT_ID]
            && good_claims(subject, app)
            && intact(&harness, subject)
            && intact(&harness, app)
    };
    fabric.send(&request).await.unwrap();
    assert!(well_formed(&workload.last()), "Fabric's own");
    for variant in HeaderVariant::malformed() {
        let reply = fabric.clone().with_header(variant).send(&request).await;
        assert_eq!(
            reply.unwrap().status,
            200,
            "{variant:?} reaches the workload"
        );
        assert!(!well_formed(&workload.last()), "{variant:?}");
    }
    let longest = workload
        .heard()
        .iter()
        .filter_map(|heard| heard.headers.get("authorization"))
        .map(http::HeaderValue::len)
        .max();
    assert!(longest > Some(100 * 1024));
}

fn good_claims(subject: &str, app: &str) -> bool {
    let (_, subject) = decode(subject);
    let (_, app) = decode(app);
    subject["scp"] == "FabricWorkloadControl"
        && subject.get("idtyp").is_none()
        && subject["iss"]
            .as_str()
            .unwrap()
            .contains("https://localhost:")
        && app["idtyp"] == "app"
        && app.get("scp").is_none()
        && app["tid"] == seed::CONTOSO_TENANT_ID
        && subject["appid"] == seed::FABRIC_CLIENT_ID
        && app["appid"] == seed::FABRIC_CLIENT_ID
        && subject["exp"].as_u64() > Some(NOW)
        && app["exp"].as_u64() > Some(NOW)
}

fn intact(harness: &Harness, token: &str) -> bool {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let key = harness.emulator.signing_key(TokenVersion::V1);
    // RS256 is deterministic: the same key signs the same message alike.
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes()))
        == signature
}

#[test]
fn variants_are_named_once_and_found_by_name() {
    let names: HashSet<_> = HeaderVariant::all().map(HeaderVariant::name).collect();
    assert_eq!(names.len(), HeaderVariant::all().count());
    for variant in HeaderVariant::all() {
        assert_eq!(HeaderVariant::named(variant.name()), Some(variant));
    }
    assert_eq!(HeaderVariant::named("no-such"), None);
}
