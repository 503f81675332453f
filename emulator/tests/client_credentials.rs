//! Applications that prove themselves: by secret, and by certificates as MSAL's clients do.

use aws_lc_rs::digest;
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding};
use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use emulator::{ClientCertificate, TokenRequest, seed};
use rcgen::{CertificateParams, PKCS_RSA_SHA256};
use rustls_pki_types::PrivatePkcs8KeyDer;
use serde_json::{Value, json};

use crate::support::{Harness, NOW, claims};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A client's key and certificate.
struct Credential {
    key: KeyPair,
    certificate: Vec<u8>,
}

impl Credential {
    fn new() -> Self {
        let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let pkcs8: Pkcs8V1Der<'_> = key.as_der().unwrap();
        let named = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(
            &PrivatePkcs8KeyDer::from(pkcs8.as_ref()),
            &PKCS_RSA_SHA256,
        )
        .unwrap();
        let certificate = CertificateParams::default().self_signed(&named).unwrap();
        Self {
            key,
            certificate: certificate.der().to_vec(),
        }
    }

    fn x5t(&self) -> String {
        let sha1 = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &self.certificate);
        URL_SAFE.encode(sha1)
    }

    fn x5t_s256(&self) -> String {
        URL_SAFE.encode(digest::digest(&digest::SHA256, &self.certificate))
    }

    fn sign(&self, padding: &'static dyn RsaEncoding, header: &Value, claims: &Value) -> String {
        let message = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(
                padding,
                &SystemRandom::new(),
                message.as_bytes(),
                &mut signature,
            )
            .unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn default_scope() -> String {
    format!("{}/.default", seed::WORKLOAD_URI)
}

async fn with_assertion(harness: &Harness, assertion: &str) -> (u16, Value) {
    harness
        .token(&[
            ("grant_type", "client_credentials"),
            ("client_id", seed::DAEMON_CLIENT_ID),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", assertion),
            ("scope", &default_scope()),
        ])
        .await
}

async fn with_secret(harness: &Harness, secret: &str, scope: &str) -> (u16, Value) {
    harness
        .token(&[
            ("grant_type", "client_credentials"),
            ("client_id", seed::DAEMON_CLIENT_ID),
            ("client_secret", secret),
            ("scope", scope),
        ])
        .await
}

#[tokio::test]
async fn a_secret_gets_an_app_only_token_with_the_assigned_roles() {
    let harness = Harness::start().await;
    let (status, reply) = with_secret(&harness, seed::DAEMON_SECRET, &default_scope()).await;
    assert_eq!(status, 200, "{reply}");
    assert!(reply.get("refresh_token").is_none() && reply.get("id_token").is_none());
    let access = claims(&reply["access_token"]);
    assert_eq!(access["roles"], json!([seed::ADMIN_ROLE]));
    assert_eq!(access["idtyp"], "app");
    assert_eq!(access["appid"], seed::DAEMON_CLIENT_ID);
    assert_eq!(access["appidacr"], "1");
    assert_eq!(access["aud"], seed::WORKLOAD_URI);
}

#[tokio::test]
async fn the_version_1_endpoint_takes_a_resource_for_a_scope() {
    let harness = Harness::start().await;
    let response = harness
        .post(
            "/contoso.test/oauth2/token",
            &[
                ("grant_type", "client_credentials"),
                ("client_id", seed::DAEMON_CLIENT_ID),
                ("client_secret", seed::DAEMON_SECRET),
                ("resource", seed::WORKLOAD_URI),
            ],
        )
        .await;
    let reply: Value = response.json().await.unwrap();
    assert_eq!(claims(&reply["access_token"])["aud"], seed::WORKLOAD_URI);
}

#[tokio::test]
async fn a_wrong_secret_or_none_or_another_form_of_scope_is_refused() {
    let harness = Harness::start().await;
    let (status, error) = with_secret(&harness, "wrong", &default_scope()).await;
    assert_eq!((status, &error["error_codes"][0]), (401, &json!(7000215)));
    let (status, error) = with_secret(&harness, "", &default_scope()).await;
    assert_eq!((status, &error["error_codes"][0]), (401, &json!(7000218)));
    let scope = format!("{}/data.read", seed::WORKLOAD_URI);
    let (status, error) = with_secret(&harness, seed::DAEMON_SECRET, &scope).await;
    assert_eq!((status, &error["error_codes"][0]), (400, &json!(1002012)));
    let (status, error) = harness
        .token(&[
            ("grant_type", "client_credentials"),
            ("client_id", seed::CLI_CLIENT_ID),
            ("client_secret", "any"),
            ("scope", &default_scope()),
        ])
        .await;
    assert_eq!((status, &error["error_codes"][0]), (401, &json!(700025)));
}

#[tokio::test]
async fn assertions_are_accepted_in_every_form_that_real_clients_send() {
    let harness = Harness::start().await;
    let credential = Credential::new();
    let certificate = ClientCertificate::from_der(&credential.certificate).unwrap();
    assert!(
        harness
            .emulator
            .add_certificate(seed::DAEMON_CLIENT_ID, certificate)
    );
    let origin = harness.emulator.origin();
    let endpoint = |tenant: &str| format!("{origin}/{tenant}/oauth2/v2.0/token");
    let client = seed::DAEMON_CLIENT_ID;
    let unpadded = credential.x5t_s256().trim_end_matches('=').to_owned();

    let python_ps256 = credential.sign(
        &RSA_PSS_SHA256,
        &json!({"alg": "PS256", "typ": "JWT", "x5t#S256": credential.x5t_s256(),
                "x5c": "MII\nbroken over\nlines"}),
        &json!({"aud": endpoint(seed::CONTOSO_TENANT_ID), "iss": client, "sub": client,
                "exp": NOW as f64 + 600.5, "iat": NOW as f64 + 0.5, "jti": "1"}),
    );
    let python_rs256 = credential.sign(
        &RSA_PKCS1_SHA256,
        &json!({"alg": "RS256", "x5t": credential.x5t()}),
        &json!({"aud": endpoint(seed::CONTOSO_TENANT_ID), "iss": client, "sub": client,
                "exp": NOW + 600, "jti": "1"}),
    );
    let node_ps256 = credential.sign(
        &RSA_PSS_SHA256,
        &json!({"alg": "PS256", "x5t#S256": unpadded}),
        &json!({"aud": endpoint(seed::CONTOSO_DOMAIN), "iss": client, "sub": client,
                "exp": NOW + 600, "nbf": NOW + 1, "iat": NOW, "jti": "1"}),
    );
    let issuer_audience = credential.sign(
        &RSA_PSS_SHA256,
        &json!({"alg": "PS256", "x5t#S256": unpadded}),
        &json!({"aud": format!("{origin}/{}/v2.0", seed::CONTOSO_TENANT_ID), "iss": client,
                "sub": client, "exp": NOW + 600}),
    );
    for assertion in [&python_ps256, &python_rs256, &node_ps256, &issuer_audience] {
        for use_ in ["first", "again"] {
            let (status, reply) = with_assertion(&harness, assertion).await;
            assert_eq!(status, 200, "{use_}: {reply}");
            assert_eq!(claims(&reply["access_token"])["appidacr"], "2");
        }
    }
}

#[tokio::test]
async fn an_assertion_that_proves_nothing_is_refused() {
    let harness = Harness::start().await;
    let credential = Credential::new();
    let certificate = ClientCertificate::from_der(&credential.certificate).unwrap();
    harness
        .emulator
        .add_certificate(seed::DAEMON_CLIENT_ID, certificate);
    let client = seed::DAEMON_CLIENT_ID;
    let audience = format!(
        "{}/{}/oauth2/v2.0/token",
        harness.emulator.origin(),
        seed::CONTOSO_TENANT_ID
    );
    let header = json!({"alg": "PS256", "x5t#S256": credential.x5t_s256()});
    let with = |name: &str, value: Value| {
        let mut claims = json!({"aud": audience, "iss": client, "sub": client, "exp": NOW + 600});
        claims[name] = value;
        claims
    };
    let good = with("jti", json!("1"));
    let sign = |claims: &Value| credential.sign(&RSA_PSS_SHA256, &header, claims);
    let stranger = Credential::new();
    let cases = [
        (
            "another's key",
            stranger.sign(&RSA_PSS_SHA256, &header, &good),
            700027,
        ),
        (
            "another's thumbprint",
            stranger.sign(
                &RSA_PSS_SHA256,
                &json!({"alg": "PS256", "x5t#S256": stranger.x5t_s256()}),
                &good,
            ),
            700027,
        ),
        (
            "an algorithm unlike the signature",
            credential.sign(&RSA_PKCS1_SHA256, &header, &good),
            700027,
        ),
        (
            "no algorithm",
            credential.sign(
                &RSA_PSS_SHA256,
                &json!({"alg": "none", "x5t#S256": credential.x5t_s256()}),
                &good,
            ),
            50027,
        ),
        ("no token at all", "x".to_owned(), 50027),
        (
            "another subject",
            sign(&with("sub", json!("someone"))),
            700021,
        ),
        (
            "another audience",
            sign(&with("aud", json!("https://elsewhere.test"))),
            700023,
        ),
        (
            "a past expiry",
            sign(&with("exp", json!(NOW - 301))),
            700024,
        ),
        ("no expiry", sign(&with("exp", Value::Null)), 700024),
        ("a far start", sign(&with("nbf", json!(NOW + 301))), 700024),
    ];
    for (what, assertion, code) in cases {
        let (status, error) = with_assertion(&harness, &assertion).await;
        assert_eq!(status, 401, "{what}");
        assert_eq!(error["error_codes"][0], code, "{what}");
    }
}

#[tokio::test]
async fn a_certificate_is_good_for_an_exchange_until_its_assertion_is_not() {
    let harness = Harness::start().await;
    let credential = Credential::new();
    harness.emulator.add_certificate(
        seed::WORKLOAD_CLIENT_ID,
        ClientCertificate::from_der(&credential.certificate).unwrap(),
    );
    let user = harness.emulator.issue(
        &TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID).scopes(["data.read"]),
    );
    let exchange = async |expires_at: u64| {
        let assertion = credential.sign(
            &RSA_PSS_SHA256,
            &json!({"alg": "PS256", "typ": "JWT", "x5t#S256": credential.x5t_s256()}),
            &json!({
                "aud": harness.url("/contoso.test/oauth2/v2.0/token"),
                "iss": seed::WORKLOAD_CLIENT_ID,
                "sub": seed::WORKLOAD_CLIENT_ID,
                "jti": "1",
                "nbf": expires_at - 600,
                "exp": expires_at,
            }),
        );
        harness
            .on_behalf_of_as(
                &[
                    ("client_id", seed::WORKLOAD_CLIENT_ID),
                    ("client_assertion_type", ASSERTION_TYPE),
                    ("client_assertion", &assertion),
                ],
                &user,
                "https://storage.azure.com/user_impersonation",
            )
            .await
    };
    let (status, reply) = exchange(NOW + 600).await;
    assert_eq!(status, 200, "{reply}");
    assert_eq!(claims(&reply["access_token"])["appidacr"], "2");
    let (status, reply) = exchange(NOW - 600).await;
    assert_eq!((status, &reply["error"]), (401, &json!("invalid_client")));
    assert_eq!(reply["error_codes"], json!([700_024]));
}
