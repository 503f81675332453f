//! Keys and signatures where a table of tokens is not enough: key documents that are wrong in some
//! way, several authorities, and damage at every position.

use auth_interceptor::Clock;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use emulator::{Emulator, Endpoint, Fault, TokenRequest, TokenVersion, seed};
use futures_util::stream::{self, StreamExt as _};
use serde_json::{Value, json};

use crate::support::big_number::BigNumber;
use crate::support::forgery::{OwnKey, rsa_jwk, stranger};
use crate::support::running::start_emulator;
use crate::support::token_recipe::Parts;
use crate::support::{Call, GET_PROFILE, READ_DATA, RawClient, Running, Setup, read_token};

const GOOD: &str = "OK";
const UNKNOWN: &str = "UNAUTHENTICATED SIGNING_KEY_UNKNOWN";

/// The issuer of Microsoft accounts' tenant, which must never vouch for an organization.
const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// A service whose authority publishes these keys in both documents.
async fn with_keys(emulator: Emulator, keys: &[Value]) -> (Running, RawClient) {
    emulator.set_fault(Endpoint::Jwks, Some(document(keys)));
    let running = Setup::default().start_with(emulator).await;
    running.ready().await;
    let client = running.raw().await;
    (running, client)
}

fn document(keys: &[Value]) -> Fault {
    Fault::Body {
        bytes: json!({ "keys": keys }).to_string().into_bytes(),
        content_type: "application/json".to_owned(),
    }
}

/// The emulator's own signing key as a document publishes it, changed as a test likes.
fn published(emulator: &Emulator) -> Value {
    let key = emulator.signing_key(TokenVersion::V2);
    rsa_jwk(key.kid(), key.modulus(), key.exponent())
}

fn with(mut jwk: Value, name: &str, value: Value) -> Value {
    jwk[name] = value;
    jwk
}

/// A good token, but for who signed it under which key id.
fn signed_by(emulator: &Emulator, key: &OwnKey, kid: &str) -> String {
    let mut parts = Parts::of(&read_token(emulator));
    parts.header.insert("kid".to_owned(), kid.into());
    let encode = |members| URL_SAFE_NO_PAD.encode(Value::Object(members).to_string());
    let message = format!("{}.{}", encode(parts.header), encode(parts.payload));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes()));
    format!("{message}.{signature}")
}

async fn verdict(client: &RawClient, token: &str) -> String {
    client
        .send(&Call::to(READ_DATA).bearer(token))
        .await
        .verdict()
}

#[tokio::test]
pub(crate) async fn a_key_is_good_for_its_own_algorithm_alone() {
    let emulator = start_emulator(Clock::system()).await;
    let other = with(stranger().jwk("other-algorithm"), "alg", json!("PS256"));
    let own = with(published(&emulator), "alg", json!("RS256"));
    let (running, client) = with_keys(emulator, &[own, other]).await;
    assert_eq!(verdict(&client, &read_token(&running.emulator)).await, GOOD);
    let forged = signed_by(&running.emulator, stranger(), "other-algorithm");
    let found = verdict(&client, &forged).await;
    assert!(
        found == "UNAUTHENTICATED TOKEN_ALG_NOT_ALLOWED" || found == UNKNOWN,
        "{found}"
    );
}

#[tokio::test]
pub(crate) async fn a_key_for_anything_but_signatures_is_never_admitted() {
    let emulator = start_emulator(Clock::system()).await;
    let keys = [
        published(&emulator),
        with(stranger().jwk("encryption"), "use", json!("enc")),
        with(stranger().jwk("operations"), "key_ops", json!(["sign"])),
        json!({ "kty": "oct", "kid": "symmetric", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0" }),
        json!({ "kty": "EC", "crv": "P-256", "kid": "curve", "use": "sig", "alg": "ES256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" }),
    ];
    let (running, client) = with_keys(emulator, &keys).await;
    for kid in ["encryption", "operations", "symmetric"] {
        let forged = signed_by(&running.emulator, stranger(), kid);
        assert_eq!(verdict(&client, &forged).await, UNKNOWN, "{kid}");
    }
    // Admitted or not, a curve's key verifies no RS256.
    let found = verdict(&client, &signed_by(&running.emulator, stranger(), "curve")).await;
    assert!(
        found == UNKNOWN || found == "UNAUTHENTICATED TOKEN_ALG_NOT_ALLOWED",
        "{found}"
    );
    assert_eq!(
        verdict(&client, &read_token(&running.emulator)).await,
        GOOD,
        "the others are kept"
    );
}

#[tokio::test]
pub(crate) async fn a_weak_or_private_key_is_refused_and_the_others_are_kept() {
    let emulator = start_emulator(Clock::system()).await;
    let (modulus, exponent) = (stranger().modulus(), stranger().exponent());
    let mut short = vec![0xc5; 128];
    short[127] = 0x01;
    // A power of 65537 is what a modulus of an affected chip looks like to the test for them.
    let roca = BigNumber::from_bytes(&[1, 0, 1]).power(128).to_bytes(257);
    let keys = [
        published(&emulator),
        rsa_jwk("short", &short, exponent),
        rsa_jwk("exponent-one", modulus, &[1]),
        rsa_jwk("even-exponent", modulus, &[2]),
        rsa_jwk("roca", &roca, exponent),
        with(stranger().jwk("private"), "d", json!("AQAB")),
        json!({ "kty": "oct", "kid": "symmetric", "k": "AAAA" }),
        json!({ "kty": "RSA", "kid": "no-modulus", "e": "AQAB" }),
        json!("no key at all"),
    ];
    let (running, client) = with_keys(emulator, &keys).await;
    for kid in [
        "short",
        "exponent-one",
        "even-exponent",
        "roca",
        "private",
        "symmetric",
        "no-modulus",
    ] {
        let forged = signed_by(&running.emulator, stranger(), kid);
        assert_eq!(verdict(&client, &forged).await, UNKNOWN, "{kid}");
    }
    assert_eq!(verdict(&client, &read_token(&running.emulator)).await, GOOD);
}

#[tokio::test]
pub(crate) async fn a_document_that_gives_two_keys_one_id_is_refused_whole() {
    let emulator = start_emulator(Clock::system()).await;
    let own = published(&emulator);
    let kid = own["kid"].as_str().unwrap().to_owned();
    let (running, client) = with_keys(emulator, std::slice::from_ref(&own)).await;
    assert_eq!(verdict(&client, &read_token(&running.emulator)).await, GOOD);

    for keys in [
        [own.clone(), stranger().jwk(&kid)],
        [stranger().jwk(&kid), own.clone()],
    ] {
        let others = stranger().jwk("another");
        let [first, second] = keys;
        running
            .emulator
            .set_fault(Endpoint::Jwks, Some(document(&[first, second, others])));
        running.authenticator.refresh_keys().await;
        assert_eq!(
            verdict(&client, &read_token(&running.emulator)).await,
            GOOD,
            "the last good set"
        );
        let forged = signed_by(&running.emulator, stranger(), &kid);
        assert_eq!(
            verdict(&client, &forged).await,
            "UNAUTHENTICATED TOKEN_SIGNATURE_INVALID"
        );
        let forged = signed_by(&running.emulator, stranger(), "another");
        assert_eq!(
            verdict(&client, &forged).await,
            UNKNOWN,
            "nothing of it is taken"
        );
    }
}

#[tokio::test]
pub(crate) async fn a_key_of_another_authority_is_unknown_here() {
    let second = start_emulator(Clock::system()).await;
    let setup = Setup {
        second_authority: Some(second.clone()),
        ..Setup::default()
    };
    let running = setup.start().await;
    let client = running.raw().await;
    let request = |emulator: &Emulator| {
        let request = TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID);
        (emulator.clone(), request.scopes(["data.read"]))
    };
    for (own, other) in [(&running.emulator, &second), (&second, &running.emulator)] {
        let (emulator, request) = request(own);
        assert_eq!(verdict(&client, &emulator.issue(&request)).await, GOOD);
        let stolen = request.signed_by(&other.signing_key(TokenVersion::V2));
        assert_eq!(verdict(&client, &emulator.issue(&stolen)).await, UNKNOWN);
    }
}

#[tokio::test]
pub(crate) async fn a_key_bound_to_one_tenant_vouches_for_no_other() {
    let emulator = start_emulator(Clock::system()).await;
    let origin = emulator.origin().to_owned();
    let own = published(&emulator);
    for bound in [seed::FABRIKAM_TENANT_ID, CONSUMERS] {
        let issuer = format!("{origin}/{bound}/v2.0");
        emulator.set_fault(
            Endpoint::JwksV2,
            Some(document(&[with(own.clone(), "issuer", json!(issuer))])),
        );
        let running = Setup::default().start_with(emulator.clone()).await;
        running.ready().await;
        let client = running.raw().await;
        let token = emulator.issue(
            &TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID)
                .scopes(["data.read"])
                .version(TokenVersion::V2),
        );
        let found = verdict(&client, &token).await;
        assert_eq!(
            found, "UNAUTHENTICATED TOKEN_ISSUER_MISMATCH",
            "bound to {bound}"
        );
    }
}

#[tokio::test]
pub(crate) async fn a_key_of_organizations_vouches_for_no_microsoft_account() {
    let emulator = start_emulator(Clock::system()).await;
    let origin = emulator.origin().to_owned();
    let issuer = format!("{origin}/{}/v2.0", seed::CONTOSO_TENANT_ID);
    let keys = [with(published(&emulator), "issuer", json!(issuer))];
    emulator.set_fault(Endpoint::JwksV2, Some(document(&keys)));
    let setup = Setup {
        tenants: vec![seed::CONTOSO_TENANT_ID, CONSUMERS],
        ..Setup::default()
    };
    let running = setup.start_with(emulator).await;
    running.ready().await;
    let client = running.raw().await;
    let request = || {
        TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID)
            .scopes(["data.read"])
            .version(TokenVersion::V2)
    };
    assert_eq!(
        verdict(&client, &running.emulator.issue(&request())).await,
        GOOD
    );
    let of_consumers = running.emulator.issue(&request().tenant(CONSUMERS));
    assert_eq!(
        verdict(&client, &of_consumers).await,
        "UNAUTHENTICATED TOKEN_ISSUER_MISMATCH"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
pub(crate) async fn a_flipped_bit_anywhere_makes_a_token_worthless() {
    let running = Running::start().await;
    let client = running.raw().await;
    let token = read_token(&running.emulator);
    assert_eq!(verdict(&client, &token).await, GOOD);
    let segments: Vec<Vec<u8>> = token
        .split('.')
        .map(|segment| URL_SAFE_NO_PAD.decode(segment).unwrap())
        .collect();
    let mut damaged = Vec::new();
    for (segment, bytes) in segments.iter().enumerate() {
        for at in 0..bytes.len() {
            // Another bit at each position; over the token every bit has its turn many times.
            let mut segments = segments.clone();
            segments[segment][at] ^= 1 << (at % 8);
            let encoded: Vec<_> = segments
                .iter()
                .map(|bytes| URL_SAFE_NO_PAD.encode(bytes))
                .collect();
            damaged.push((segment, at, encoded.join(".")));
        }
    }
    let entered = running.store.calls();
    let calls = stream::iter(&damaged).map(|(segment, at, token)| {
        let client = &client;
        async move {
            let verdict = verdict(client, token).await;
            assert!(
                verdict.starts_with("UNAUTHENTICATED "),
                "{segment} {at}: {verdict}"
            );
        }
    });
    calls.buffer_unordered(32).collect::<Vec<()>>().await;
    assert_eq!(running.store.calls(), entered, "no handler is entered");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
pub(crate) async fn every_other_character_anywhere_makes_a_token_worthless() {
    let running = Running::start().await;
    let client = running.raw().await;
    let token = read_token(&running.emulator);
    let calls = stream::iter(0..token.len()).map(|at| {
        let other = if &token[at..=at] == "A" { "B" } else { "A" };
        let damaged = format!("{}{other}{}", &token[..at], &token[at + 1..]);
        let client = &client;
        async move {
            let verdict = verdict(client, &damaged).await;
            assert!(verdict.starts_with("UNAUTHENTICATED "), "{at}: {verdict}");
        }
    });
    calls.buffer_unordered(32).collect::<Vec<()>>().await;
    assert_eq!(running.store.calls(), 0, "no handler is entered");
}

#[tokio::test]
async fn a_token_is_no_less_checked_the_second_time() {
    let running = Running::start().await;
    let client = running.raw().await;
    let token = read_token(&running.emulator);
    for _ in 0..3 {
        assert_eq!(verdict(&client, &token).await, GOOD);
    }
    // What is remembered is the token, not the right to call: another method demands its own.
    let call = Call::to(GET_PROFILE).bearer(&token);
    assert_eq!(
        client.send(&call).await.verdict(),
        "PERMISSION_DENIED SCOPE_MISSING"
    );
    let (message, signature) = token.rsplit_once('.').unwrap();
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    bytes[7] ^= 1;
    let forged = format!("{message}.{}", URL_SAFE_NO_PAD.encode(bytes));
    assert_eq!(
        verdict(&client, &forged).await,
        "UNAUTHENTICATED TOKEN_SIGNATURE_INVALID"
    );
}
