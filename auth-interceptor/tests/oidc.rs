//! Authorities other than Entra: RFC 9068 access tokens, and both kinds side by side.

use auth_interceptor::{
    Algorithm, AuthSettings, Authority, AuthorityKind, IssuerTemplate, Policy, Registration,
    TokenSubject, TokenVersion,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use emulator::{SigningKey, seed};
use serde_json::{Value, json};
use tonic::Code;

use crate::contract;
use crate::guarded::{CHECK, Guarded, assert_refused, declaration, pair};
use crate::issuer::{Issuer, KEYS, NOW, app, user};
use crate::tls_documents::TlsDocuments;

const TENANT: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";
const AUDIENCE: &str = "https://health.example";

/// An OpenID provider with one key.
struct Provider {
    documents: TlsDocuments,
    key: SigningKey,
}

impl Provider {
    async fn start(key: &SigningKey) -> Self {
        let jwk = json!({
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": key.kid(),
            "n": URL_SAFE_NO_PAD.encode(key.modulus()),
            "e": URL_SAFE_NO_PAD.encode(key.exponent()),
        });
        let documents = TlsDocuments::serve(|url| {
            let discovery = json!({ "issuer": url, "jwks_uri": format!("{url}/keys") });
            vec![
                ("/.well-known/openid-configuration", discovery.to_string()),
                ("/keys", json!({ "keys": [jwk] }).to_string()),
            ]
        })
        .await;
        Self {
            documents,
            key: key.clone(),
        }
    }

    fn authority(&self) -> Authority {
        Authority {
            name: "provider".to_owned(),
            url: self.documents.url.clone(),
            kind: AuthorityKind::Oidc {
                issuer: IssuerTemplate::new(&self.documents.url),
                tenant: TENANT.parse().unwrap(),
            },
            algorithms: vec![Algorithm::Rs256],
            root_certificates_pem: Some(self.documents.root_pem.clone().into_bytes()),
        }
    }

    fn settings(&self, issuer: &Issuer) -> AuthSettings {
        let mut settings = AuthSettings::new(vec![self.authority()], vec![registration()]);
        settings.clock = issuer.clock();
        settings
    }

    /// An access token as section 2 of RFC 9068 has it.
    fn token(&self) -> Token {
        Token {
            header: json!({ "typ": "at+jwt", "alg": "RS256", "kid": self.key.kid() }),
            claims: json!({
                "iss": self.documents.url,
                "aud": AUDIENCE,
                "sub": "user-1",
                "client_id": "client-1",
                "iat": NOW,
                "exp": NOW + 3600,
                "jti": "token-1",
                "scope": "data.read openid",
            }),
            key: self.key.clone(),
        }
    }
}

fn registration() -> Registration {
    let mut registration = Registration::new("health", "provider", "");
    registration.audiences = vec![AUDIENCE.to_owned()];
    registration
}

struct Token {
    header: Value,
    claims: Value,
    key: SigningKey,
}

impl Token {
    fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header[name] = value.into();
        self
    }

    fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims[name] = value.into();
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.claims.as_object_mut().unwrap().remove(name);
        self.header.as_object_mut().unwrap().remove(name);
        self
    }

    fn sign(self) -> String {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let header = encode(self.header.to_string().as_bytes());
        let claims = encode(self.claims.to_string().as_bytes());
        let message = format!("{header}.{claims}");
        let signature = encode(&self.key.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }
}

#[tokio::test]
async fn an_access_token_is_accepted_for_the_configured_tenant() {
    let issuer = Issuer::start().await;
    let provider = Provider::start(&KEYS[0]).await;
    let policies = declaration(&Policy::delegated(&["data.read"]));
    let guarded = Guarded::start(&provider.settings(&issuer), policies).await;
    // Entra's claims are another authority's words: they are not read.
    let token = provider
        .token()
        .claim("tid", seed::CONTOSO_TENANT_ID)
        .claim("oid", "11111111-1111-4111-8111-111111111111")
        .claim("scp", "data.write");
    assert_eq!(guarded.check(&token.sign()).await, Ok(()));

    let caller = guarded.caller_seen();
    let claims = caller.user().unwrap();
    assert_eq!(claims.version(), TokenVersion::Rfc9068);
    assert_eq!(claims.tenant().to_string(), TENANT);
    assert_eq!(claims.object_id().as_str(), "user-1");
    assert_eq!(claims.client().as_str(), "client-1");
    assert!(!claims.has_scope("data.write"));
}

#[tokio::test]
async fn the_type_says_access_token() {
    let issuer = Issuer::start().await;
    let provider = Provider::start(&KEYS[0]).await;
    let policies = declaration(&Policy::delegated(&["data.read"]));
    let guarded = Guarded::start(&provider.settings(&issuer), policies).await;
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt"] {
        let token = provider.token().header("typ", typ).sign();
        assert_eq!(guarded.check(&token).await, Ok(()), "{typ}");
    }
    for token in [
        provider.token().header("typ", "JWT"),
        provider.token().header("typ", "id+jwt"),
        provider.token().without("typ"),
    ] {
        let outcome = guarded.check(&token.sign()).await;
        assert_refused(outcome, Code::Unauthenticated, "TOKEN_TYPE_NOT_ALLOWED");
    }
}

#[tokio::test]
async fn every_claim_that_the_profile_requires_is_required() {
    let issuer = Issuer::start().await;
    let provider = Provider::start(&KEYS[0]).await;
    let policies = declaration(&Policy::delegated(&["data.read"]));
    let guarded = Guarded::start(&provider.settings(&issuer), policies).await;
    for claim in ["aud", "sub", "client_id", "iat", "exp", "jti", "iss"] {
        let outcome = guarded.check(&provider.token().without(claim).sign()).await;
        assert_refused(outcome, Code::Unauthenticated, "TOKEN_CLAIM_MISSING");
        let outcome = guarded
            .check(&provider.token().claim(claim, Value::Null).sign())
            .await;
        assert_refused(outcome, Code::Unauthenticated, "TOKEN_CLAIM_INVALID");
    }
    let cases = [
        (
            provider.token().claim("aud", "other"),
            "TOKEN_AUDIENCE_MISMATCH",
        ),
        (
            provider.token().claim("aud", json!([AUDIENCE])),
            "TOKEN_CLAIM_INVALID",
        ),
        (
            provider.token().claim("iss", "https://other.example"),
            "TOKEN_ISSUER_MISMATCH",
        ),
        (provider.token().claim("exp", NOW - 61), "TOKEN_EXPIRED"),
        (
            provider.token().claim("scope", json!(["data.read"])),
            "TOKEN_CLAIM_INVALID",
        ),
    ];
    for (token, reason) in cases {
        let outcome = guarded.check(&token.sign()).await;
        assert_refused(outcome, Code::Unauthenticated, reason);
    }
    let outcome = guarded
        .check(&provider.token().without("scope").sign())
        .await;
    assert_refused(outcome, Code::PermissionDenied, "SCOPE_MISSING");
}

#[tokio::test]
async fn a_client_that_is_its_own_subject_is_an_application() {
    let issuer = Issuer::start().await;
    let provider = Provider::start(&KEYS[0]).await;
    let policies = declaration(&Policy::app_only(&["Health.Read"]));
    let guarded = Guarded::start(&provider.settings(&issuer), policies).await;
    let token = provider
        .token()
        .claim("sub", "client-1")
        .claim("roles", json!(["Health.Read"]));
    assert_eq!(guarded.check(&token.sign()).await, Ok(()));
    let subject = guarded.caller_seen().claims().unwrap().subject();
    assert_eq!(subject, TokenSubject::App);
    let outcome = guarded.check(&provider.token().sign()).await;
    assert_refused(outcome, Code::PermissionDenied, "DELEGATED_NOT_ALLOWED");
}

#[tokio::test]
async fn step_up_is_asked_for_in_the_words_of_rfc_9470() {
    let issuer = Issuer::start().await;
    let provider = Provider::start(&KEYS[0]).await;
    let policies = contract::policies(
        r#"plane: PLANE_DATA token_kinds: TOKEN_KIND_DELEGATED
           scopes: { values: "data.read" } authentication_context: "urn:mfa""#,
    );
    let guarded = Guarded::start(&provider.settings(&issuer), policies.unwrap()).await;
    let refused = guarded.check(&provider.token().sign()).await.unwrap_err();
    assert_eq!(refused.code, Code::Unauthenticated);
    assert_eq!(refused.reason, "STEP_UP_REQUIRED");
    assert_eq!(
        refused.challenge,
        Some(format!(
            "Bearer realm=\"{TENANT}\", error=\"insufficient_user_authentication\", \
             acr_values=\"urn:mfa\""
        ))
    );
    let stepped_up = provider.token().claim("acr", "urn:mfa").sign();
    assert_eq!(guarded.check(&stepped_up).await, Ok(()));
}

#[tokio::test]
async fn two_authorities_serve_side_by_side_and_cannot_speak_for_each_other() {
    let issuer = Issuer::start().await;
    let provider = Provider::start(&KEYS[1]).await;
    let mut settings = issuer.settings();
    settings.authorities.push(provider.authority());
    settings.registrations.push(registration());
    let policies = declaration(&Policy::delegated(&["data.read"]));
    let guarded = Guarded::start(&settings, policies).await;

    let from_entra = user(&["data.read"]);
    assert_eq!(guarded.check(&issuer.issue(&from_entra)).await, Ok(()));
    assert_eq!(
        guarded.caller_seen().claims().unwrap().registration(),
        "workload"
    );
    assert_eq!(guarded.check(&provider.token().sign()).await, Ok(()));
    assert_eq!(
        guarded.caller_seen().claims().unwrap().registration(),
        "health"
    );

    // The provider's key signs what says it is Entra's, and the other way round.
    let forged = issuer.issue(&from_entra.signed_by(&KEYS[1]));
    assert_refused(
        guarded.check(&forged).await,
        Code::Unauthenticated,
        "SIGNING_KEY_UNKNOWN",
    );
    let mut forged = provider.token().header("kid", KEYS[0].kid());
    forged.key = KEYS[0].clone();
    let outcome = guarded.check(&forged.sign()).await;
    assert_refused(outcome, Code::Unauthenticated, "SIGNING_KEY_UNKNOWN");
}

#[tokio::test]
async fn a_refusal_sends_a_caller_to_no_authority_but_its_own() {
    let issuer = Issuer::start().await;
    let provider = Provider::start(&KEYS[1]).await;
    let mut settings = issuer.settings();
    settings.authorities.push(provider.authority());
    settings.registrations.push(registration());
    let policies = declaration(&Policy::delegated(&["data.write"]));
    let guarded = Guarded::start(&settings, policies).await;
    let refused = guarded.check(&provider.token().sign()).await.unwrap_err();
    assert_eq!(
        refused.challenge,
        Some(format!(
            "Bearer realm=\"{TENANT}\", error=\"insufficient_scope\", scope=\"data.write\""
        ))
    );
}

#[tokio::test]
async fn two_tokens_of_one_call_are_from_one_authority() {
    let issuer = Issuer::start().await;
    let provider = Provider::start(&KEYS[1]).await;
    let mut settings = issuer.settings();
    settings.authorities.push(provider.authority());
    settings.registrations.push(registration());
    settings.registrations[0].publisher_tenant = Some(seed::CONTOSO_TENANT_ID.parse().unwrap());
    settings.registrations[1].publisher_tenant = Some(TENANT.parse().unwrap());
    let policies = contract::policies(
        r#"plane: PLANE_DATA token_kinds: TOKEN_KIND_SUBJECT_AND_APP
           scopes: { values: "data.read" }"#,
    );
    let guarded = Guarded::start(&settings, policies.unwrap()).await;

    let of_user = provider.token().sign();
    let of_service = provider.token().claim("sub", "client-1").sign();
    let outcome = guarded.client.call(CHECK, pair(&of_user, &of_service));
    assert_eq!(outcome.await, Ok(()));
    let caller = guarded.caller_seen();
    assert_eq!(caller.user().unwrap().object_id().as_str(), "user-1");
    assert_eq!(caller.app().unwrap().client().as_str(), "client-1");

    let of_entra_user = issuer.issue(&user(&["data.read"]));
    let of_entra_service = issuer.issue(&app(&[]));
    for (subject, app) in [(&of_user, &of_entra_service), (&of_entra_user, &of_service)] {
        let outcome = guarded.client.call(CHECK, pair(subject, app)).await;
        assert_refused(outcome, Code::Unauthenticated, "TOKEN_ISSUER_MISMATCH");
    }
}
