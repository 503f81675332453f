//! Client assertions, as whoever verifies them sees them.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;

use super::stub::{Received, Reply, Stub};
use super::{CLIENT_ID, PATIENCE, Setup, TENANT, entra, on_behalf_of};
use crate::exchange::credential::tests::fixtures::{Pair, TempDir, pairs};
use crate::exchange::{CredentialSource, ExchangeError, RefusalClass, TokenEndpoint as _};

const STALE: &str = r#"{"error":"invalid_client","error_codes":[700024]}"#;

fn setup(stub: &Stub, pair: &Pair) -> Setup {
    let files = TempDir::new();
    let credential = CredentialSource::Certificate {
        certificate_file: files.write("cert.pem", &pair.certificate_pem),
        key_file: files.write("key.pem", &pair.key_pem),
    };
    Setup::new(entra(&stub.url, &stub.root_pem), credential, files)
}

fn assertion(request: &Received) -> String {
    let form = request.form();
    assert_eq!(
        form["client_assertion_type"],
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    );
    assert!(!form.contains_key("client_secret"));
    form["client_assertion"].clone()
}

/// Header and claims of an assertion that `pair` signed.
fn verified(assertion: &str, pair: &Pair) -> (Value, Value) {
    let mut validation = Validation::new(Algorithm::PS256);
    validation.validate_aud = false;
    validation.validate_exp = false;
    validation.required_spec_claims.clear();
    let key = DecodingKey::from_rsa_der(&pair.public_key);
    let claims = jsonwebtoken::decode::<Value>(assertion, &key, &validation)
        .unwrap()
        .claims;
    let header = assertion.split('.').next().unwrap();
    let header = URL_SAFE_NO_PAD.decode(header).unwrap();
    (serde_json::from_slice(&header).unwrap(), claims)
}

fn thumbprint(pair: &Pair) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &pair.certificate_der);
    URL_SAFE_NO_PAD.encode(digest)
}

#[tokio::test]
async fn a_certificate_signs_what_entra_documents() {
    let [pair, _] = pairs();
    let mut stub = Stub::serve(|_| Reply::token("downstream")).await;
    let setup = setup(&stub, pair);
    setup.ask(on_behalf_of()).await.unwrap();
    let (header, claims) = verified(&assertion(&stub.received()), pair);
    assert_eq!(
        header,
        serde_json::json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint(pair) })
    );
    let now = setup.clock.now();
    let jti = claims["jti"].as_str().unwrap();
    assert!(jti.parse::<uuid::Uuid>().is_ok());
    assert_eq!(
        claims,
        serde_json::json!({
            "aud": format!("{}/{TENANT}/oauth2/v2.0/token", stub.url),
            "iss": CLIENT_ID,
            "sub": CLIENT_ID,
            "jti": jti,
            "nbf": now,
            "iat": now,
            "exp": now + 600,
        })
    );
}

#[tokio::test]
async fn an_assertion_is_signed_once_for_many_requests_at_one_endpoint() {
    let [pair, _] = pairs();
    let mut stub = Stub::serve(|_| Reply::token("downstream")).await;
    let setup = setup(&stub, pair);
    setup.ask(on_behalf_of()).await.unwrap();
    let first = assertion(&stub.received());
    setup.clock.advance(299);
    setup.ask(on_behalf_of()).await.unwrap();
    assert_eq!(assertion(&stub.received()), first);
    setup.clock.advance(1);
    setup.ask(on_behalf_of()).await.unwrap();
    let second = assertion(&stub.received());
    assert_ne!(second, first);

    let other_tenant = "1f8fad5b-d9cb-469f-a165-70867728950e";
    let registration = Arc::clone(&setup.registration);
    let tenant = other_tenant.parse().unwrap();
    let asked = setup
        .client
        .request(registration, tenant, on_behalf_of(), PATIENCE);
    asked.await.unwrap();
    let (_, claims) = verified(&assertion(&stub.received()), pair);
    assert_eq!(
        claims["aud"],
        format!("{}/{other_tenant}/oauth2/v2.0/token", stub.url)
    );
    setup.ask(on_behalf_of()).await.unwrap();
    assert_eq!(assertion(&stub.received()), second);
}

#[tokio::test]
async fn a_new_certificate_is_used_without_a_restart() {
    let [old, new] = pairs();
    let mut stub = Stub::serve(|_| Reply::token("downstream")).await;
    let setup = setup(&stub, old);
    setup.ask(on_behalf_of()).await.unwrap();
    verified(&assertion(&stub.received()), old);
    let version = setup.client.credential_version(&setup.registration);

    setup.files.write("cert.pem", &new.certificate_pem);
    setup.files.write("key.pem", &new.key_pem);
    setup.clock.advance(1);
    setup.ask(on_behalf_of()).await.unwrap();
    let (header, _) = verified(&assertion(&stub.received()), new);
    assert_eq!(header["x5t#S256"], thumbprint(new));
    assert_ne!(
        setup.client.credential_version(&setup.registration),
        version
    );
}

#[tokio::test]
async fn a_stale_assertion_is_replaced_once() {
    let [pair, _] = pairs();
    let refused = std::sync::Mutex::new(None);
    let mut stub = Stub::serve(move |request| {
        let assertion = assertion(request);
        let mut refused = refused.lock().unwrap();
        if refused.as_ref().is_none_or(|refused| *refused == assertion) {
            *refused = Some(assertion);
            Reply::json(401, STALE)
        } else {
            Reply::token("downstream")
        }
    })
    .await;
    let setup = setup(&stub, pair);
    let granted = setup.ask(on_behalf_of()).await.unwrap();
    assert_eq!(granted.access_token.expose(), "downstream");
    let [first, second] = [stub.received(), stub.received()];
    assert!(stub.is_quiet());
    let id = |request: &Received| request.headers["client-request-id"].clone();
    assert_ne!(id(&first), id(&second));
    let (_, first) = verified(&assertion(&first), pair);
    let (_, second) = verified(&assertion(&second), pair);
    assert_ne!(first["jti"], second["jti"]);
}

#[tokio::test]
async fn an_authority_that_finds_every_assertion_stale_is_asked_twice() {
    let [pair, _] = pairs();
    let mut stub = Stub::serve(|_| Reply::json(401, STALE)).await;
    let error = setup(&stub, pair).ask(on_behalf_of()).await.unwrap_err();
    assert!(
        matches!(&error, ExchangeError::Refused(refusal)
            if refusal.class == RefusalClass::ClientCredential),
        "{error:?}"
    );
    stub.received();
    stub.received();
    assert!(stub.is_quiet());
}

#[tokio::test]
async fn what_cannot_be_renewed_is_not_sent_again() {
    let mut stub = Stub::serve(|_| Reply::json(401, STALE)).await;
    Setup::entra(&stub).ask(on_behalf_of()).await.unwrap_err();
    stub.received();
    assert!(stub.is_quiet());

    let files = TempDir::new();
    let credential = CredentialSource::FederatedToken {
        file: files.write("token", "head.claims.signature"),
    };
    let setup = Setup::new(entra(&stub.url, &stub.root_pem), credential, files);
    setup.ask(on_behalf_of()).await.unwrap_err();
    assert_eq!(assertion(&stub.received()), "head.claims.signature");
    assert!(stub.is_quiet());

    setup.files.write("token", "head.claims.renewed");
    setup.clock.advance(1);
    setup.ask(on_behalf_of()).await.unwrap_err();
    assert_eq!(assertion(&stub.received()), "head.claims.renewed");
}
