//! An issuer of tokens for tests: two Entra tenants, one OpenID provider, and their keys.

use std::sync::{Arc, LazyLock};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{Unverified, Validator, VerifiedToken};
use crate::authority::{Algorithm, Authority, AuthorityKind, Registration};
use crate::claims::{Claims, TokenVersion};
use crate::error::AuthError;
use crate::issuer::IssuerTemplate;
use crate::jws::DEFAULT_TOKEN_LIMIT;
use crate::keys::{KeySet, KeySnapshot};

pub(crate) const NOW: u64 = 1_800_000_000;
pub(crate) const TENANT: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";
pub(crate) const OTHER_TENANT: &str = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
pub(crate) const OIDC_TENANT: &str = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
pub(crate) const CLIENT_ID: &str = "11111111-2222-4333-8444-555555555555";
pub(crate) const AUDIENCE_V1: &str = "api://localdevinstance/workload";
pub(crate) const OIDC_AUDIENCE: &str = "https://api.example";
pub(crate) const ISSUER_V1: &str = "https://sts.example/{tenantid}/";
pub(crate) const ISSUER_V2: &str = "https://login.example/{tenantid}/v2.0";
pub(crate) const OIDC_ISSUER: &str = "https://idp.example";
/// The key of every document but the provider's.
pub(crate) const KID: &str = "shared";
/// A key that the provider alone publishes.
pub(crate) const OIDC_KID: &str = "provider";
/// A key whose document says that only [`OTHER_TENANT`] signs with it.
pub(crate) const BOUND_KID: &str = "bound";
/// A key whose document says that it signs PS256.
pub(crate) const PS256_KID: &str = "pss";
pub(crate) const X5T: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQ";

/// Making an RSA key takes long: all tests share one, under several key ids.
static KEY: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Signs whatever text the header and the payload are.
pub(crate) fn sign_text(header: &str, payload: &str) -> String {
    let input = format!("{}.{}", encode(header), encode(payload));
    let mut signature = vec![0; KEY.public_modulus_len()];
    KEY.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        input.as_bytes(),
        &mut signature,
    )
    .unwrap();
    format!("{input}.{}", encode(signature))
}

pub(crate) fn sign(header: &Value, payload: &Value) -> String {
    sign_text(&header.to_string(), &payload.to_string())
}

/// A good user token's header.
pub(crate) fn header() -> Value {
    json!({"typ": "JWT", "alg": "RS256", "kid": KID})
}

/// A good user token's claims, as Entra writes version 2.0.
pub(crate) fn user_v2() -> Value {
    json!({
        "aud": CLIENT_ID,
        "iss": ISSUER_V2.replace("{tenantid}", TENANT),
        "iat": NOW - 10, "nbf": NOW - 10, "exp": NOW + 3600,
        "azp": "client-app", "azpacr": "0",
        "name": "Ada Example", "preferred_username": "ada@tenant.example",
        "oid": "9b2f7e64-4f5c-4f8b-9e39-0c6f3d0e5a11",
        "sub": "pairwise-subject", "tid": TENANT,
        "scp": "data.read data.write", "uti": "token-1", "ver": "2.0", "rh": "0.x",
    })
}

/// The same user's claims, as Entra writes version 1.0.
pub(crate) fn user_v1() -> Value {
    let mut claims = user_v2();
    change(&mut claims, "azp", None);
    change(&mut claims, "preferred_username", None);
    change(&mut claims, "appid", Some(json!("client-app")));
    change(&mut claims, "upn", Some(json!("ada@tenant.example")));
    change(&mut claims, "ver", Some(json!("1.0")));
    change(&mut claims, "aud", Some(json!(AUDIENCE_V1)));
    change(
        &mut claims,
        "iss",
        Some(json!(ISSUER_V1.replace("{tenantid}", TENANT))),
    );
    claims
}

/// An application's own claims.
pub(crate) fn app_v2() -> Value {
    let mut claims = user_v2();
    for absent in ["scp", "name", "preferred_username"] {
        change(&mut claims, absent, None);
    }
    change(&mut claims, "idtyp", Some(json!("app")));
    change(&mut claims, "roles", Some(json!(["Data.Sync"])));
    let object_id = claims["oid"].clone();
    change(&mut claims, "sub", Some(object_id));
    claims
}

/// A good token of the OpenID provider.
pub(crate) fn oidc_header() -> Value {
    json!({"typ": "at+jwt", "alg": "RS256", "kid": OIDC_KID})
}

pub(crate) fn oidc_user() -> Value {
    json!({
        "iss": OIDC_ISSUER, "aud": OIDC_AUDIENCE, "sub": "user-1", "client_id": "spa",
        "iat": NOW - 10, "exp": NOW + 3600, "jti": "id-1", "scope": "data.read openid",
    })
}

/// Sets a member, or takes it away.
pub(crate) fn change(object: &mut Value, name: &str, value: Option<Value>) {
    let members = object.as_object_mut().unwrap();
    match value {
        Some(value) => members.insert(name.to_owned(), value),
        None => members.remove(name),
    };
}

pub(crate) fn entra() -> Authority {
    Authority {
        name: "entra".to_owned(),
        url: "https://login.example".to_owned(),
        kind: AuthorityKind::Entra {
            issuer_v1: IssuerTemplate::new(ISSUER_V1),
            issuer_v2: IssuerTemplate::new(ISSUER_V2),
            tenants: vec![TENANT.parse().unwrap()],
        },
        algorithms: vec![Algorithm::Rs256],
        root_certificates_pem: None,
    }
}

pub(crate) fn oidc() -> Authority {
    Authority {
        name: "provider".to_owned(),
        url: OIDC_ISSUER.to_owned(),
        kind: AuthorityKind::Oidc {
            issuer: IssuerTemplate::new(OIDC_ISSUER),
            tenant: OIDC_TENANT.parse().unwrap(),
        },
        algorithms: vec![Algorithm::Rs256],
        root_certificates_pem: None,
    }
}

pub(crate) fn registration(name: &str, authority: &str) -> Registration {
    Registration {
        name: name.to_owned(),
        authority: authority.to_owned(),
        client_id: String::new(),
        audiences_v1: Vec::new(),
        audiences: Vec::new(),
        publisher_tenant: None,
        allowed_clients: Vec::new(),
        claims_capable_clients: Vec::new(),
    }
}

pub(crate) fn workload() -> Registration {
    Registration {
        client_id: CLIENT_ID.to_owned(),
        audiences_v1: vec![AUDIENCE_V1.to_owned()],
        ..registration("workload", "entra")
    }
}

pub(crate) fn provider_api() -> Registration {
    Registration {
        audiences: vec![OIDC_AUDIENCE.to_owned()],
        ..registration("provider-api", "provider")
    }
}

fn jwk(kid: &str, more: Value) -> Value {
    let public = KEY.public_key();
    let mut jwk = json!({
        "kty": "RSA", "use": "sig", "kid": kid,
        "n": encode(public.modulus().big_endian_without_leading_zero()),
        "e": encode(public.exponent().big_endian_without_leading_zero()),
    });
    for (name, value) in more.as_object().unwrap() {
        change(&mut jwk, name, Some(value.clone()));
    }
    jwk
}

fn key_set(issuer: &str, jwks: &[Value]) -> KeySet {
    let document = json!({ "keys": jwks }).to_string();
    let algorithms = [Algorithm::Rs256, Algorithm::Ps256];
    KeySet::admit(
        document.as_bytes(),
        &IssuerTemplate::new(issuer),
        &algorithms,
    )
    .unwrap()
}

fn entra_keys() -> Arc<KeySnapshot> {
    Arc::new(KeySnapshot::Entra {
        v1: key_set(ISSUER_V1, &[jwk(KID, json!({"x5t": X5T}))]),
        v2: key_set(
            ISSUER_V2,
            &[
                jwk(KID, json!({"issuer": ISSUER_V2, "x5t": X5T})),
                jwk(PS256_KID, json!({"alg": "PS256"})),
                jwk(
                    BOUND_KID,
                    json!({"issuer": ISSUER_V2.replace("{tenantid}", OTHER_TENANT)}),
                ),
            ],
        ),
    })
}

fn oidc_keys() -> Arc<KeySnapshot> {
    Arc::new(KeySnapshot::Oidc(key_set(
        OIDC_ISSUER,
        &[jwk(OIDC_KID, json!({}))],
    )))
}

/// A validator for both authorities, with the keys it looks at.
pub(crate) struct Fixture {
    pub(crate) validator: Validator,
    pub(crate) keys: Vec<Option<Arc<KeySnapshot>>>,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self {
            validator: Validator::new(
                &[entra(), oidc()],
                &[workload(), provider_api()],
                DEFAULT_TOKEN_LIMIT,
            )
            .unwrap(),
            keys: vec![Some(entra_keys()), Some(oidc_keys())],
        }
    }

    /// One authority alone.
    pub(crate) fn entra_alone() -> Self {
        Self {
            validator: Validator::new(&[entra()], &[workload()], DEFAULT_TOKEN_LIMIT).unwrap(),
            keys: vec![Some(entra_keys())],
        }
    }

    pub(crate) fn verify_at(&self, token: &str, now: u64) -> Result<VerifiedToken, Unverified> {
        let jws = self.validator.decode(token)?;
        let text = self.validator.read(&jws)?;
        self.validator.verify(&text, &self.keys, now)
    }

    pub(crate) fn verify(&self, token: &str) -> Result<VerifiedToken, Unverified> {
        self.verify_at(token, NOW)
    }

    /// Takes the key that Entra's good tokens are signed with out of use.
    pub(crate) fn withdraw_entra_keys(&mut self) {
        let keys = self.keys.first_mut().and_then(Option::take).unwrap();
        for version in [TokenVersion::V1, TokenVersion::V2] {
            keys.find(version, KID).unwrap().withdraw();
        }
    }

    /// The claims of a token that must be good.
    pub(crate) fn claims(&self, header: &Value, claims: &Value) -> Claims {
        let verified = self.verify(&sign(header, claims)).unwrap();
        Claims::clone(&verified.claims)
    }

    /// The refusal of a token that must be bad.
    #[track_caller]
    pub(crate) fn refusal(&self, token: &str) -> AuthError {
        match self.verify(token) {
            Err(Unverified::Refused(error) | Unverified::SignedAndRefused { error, .. }) => error,
            other => panic!("expected a refusal, got {other:?}"),
        }
    }

    /// The refusal of the good version 2.0 token with one claim changed or taken away.
    #[track_caller]
    pub(crate) fn refusal_with(&self, name: &str, value: Option<Value>) -> AuthError {
        let mut claims = user_v2();
        change(&mut claims, name, value);
        self.refusal(&sign(&header(), &claims))
    }
}
