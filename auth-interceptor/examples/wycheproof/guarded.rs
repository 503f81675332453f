//! A guarded service whose authority publishes the keys of one group of vectors.

use std::sync::Arc;

use auth_interceptor::vectors::SignatureCheck;
use auth_interceptor::{
    Algorithm, AuthLayer, AuthSettings, Authenticator, Authority, AuthorityKind, GuardedServices,
    IssuerTemplate, PlainRefusal, Policies, Policy, Registration,
};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::tls_documents::TlsDocuments;

const ISSUER_V1: &str = "https://sts.example/{tenantid}/";
const ISSUER_V2: &str = "https://login.example/{tenantid}/v2.0";

pub(crate) struct Guarded {
    pub(crate) signature: SignatureCheck,
    client: HealthClient<Channel>,
    _documents: TlsDocuments,
}

impl Guarded {
    /// `public` is a JWK, a set of them, or nothing.
    pub(crate) async fn start(public: &Value) -> Self {
        let key_set = key_set(public);
        let documents = TlsDocuments::serve(|url| documents(url, &key_set)).await;
        let authority = authority(&documents);
        let registration = Registration::new("health", "vectors", "health");
        let issuer = IssuerTemplate::new(ISSUER_V2);
        let signature =
            SignatureCheck::new(&authority, &registration, &issuer, key_set.as_bytes()).unwrap();

        let settings = AuthSettings::new(vec![authority], vec![registration]);
        let authenticator = Authenticator::start(&settings).unwrap();
        authenticator.ready().await;
        Self {
            signature,
            client: serve(authenticator).await,
            _documents: documents,
        }
    }

    /// Calls with the token: the refusal, or none if no HTTP header can hold such a token.
    pub(crate) async fn call(&self, token: &str) -> Option<Status> {
        let mut request = Request::new(HealthCheckRequest::default());
        let value = format!("Bearer {token}").parse().ok()?;
        request.metadata_mut().insert("authorization", value);
        let answer = self.client.clone().check(request).await;
        Some(answer.map_or_else(|status| status, |_| Status::ok("let through")))
    }
}

async fn serve(authenticator: Arc<Authenticator>) -> HealthClient<Channel> {
    let refuse = Arc::new(PlainRefusal::new("vectors.example"));
    let policies = Policies::default().declare(
        "grpc.health.v1.Health",
        &["Check"],
        &Policy::delegated(&["health.read"]),
    );
    let (_, health) = tonic_health::server::health_reporter();
    let mut services = GuardedServices::new(policies, refuse.clone());
    services.add(health).unwrap();
    let (routes, served) = services.into_parts();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = Server::builder()
        .layer(AuthLayer::new(authenticator, served, refuse))
        .add_routes(routes);
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    HealthClient::new(Endpoint::from_shared(url).unwrap().connect_lazy())
}

fn authority(documents: &TlsDocuments) -> Authority {
    Authority {
        name: "vectors".to_owned(),
        url: documents.url.clone(),
        // RFC 9068 demands a `typ` that no vector has.
        kind: AuthorityKind::Entra {
            issuer_v1: IssuerTemplate::new(ISSUER_V1),
            issuer_v2: IssuerTemplate::new(ISSUER_V2),
            tenants: vec!["0f8fad5b-d9cb-469f-a165-70867728950e".parse().unwrap()],
        },
        algorithms: vec![Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256],
        root_certificates_pem: Some(documents.root_pem.clone().into_bytes()),
    }
}

fn documents(url: &str, key_set: &str) -> Vec<(&'static str, String)> {
    let discovery =
        |issuer: &str| json!({ "issuer": issuer, "jwks_uri": format!("{url}/keys") }).to_string();
    vec![
        (
            "/common/.well-known/openid-configuration",
            discovery(ISSUER_V1),
        ),
        (
            "/common/v2.0/.well-known/openid-configuration",
            discovery(ISSUER_V2),
        ),
        ("/keys", key_set.to_owned()),
    ]
}

fn key_set(public: &Value) -> String {
    let mut keys = match (public.get("keys"), public) {
        (Some(Value::Array(keys)), _) => keys.clone(),
        (_, Value::Null) => Vec::new(),
        (_, key) => vec![key.clone()],
    };
    let ours = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let point = ours.public_key().as_ref();
    keys.push(json!({
        "kty": "EC",
        "crv": "P-256",
        "kid": "beside-the-vectors",
        "x": URL_SAFE_NO_PAD.encode(&point[1..33]),
        "y": URL_SAFE_NO_PAD.encode(&point[33..]),
    }));
    json!({ "keys": keys }).to_string()
}
