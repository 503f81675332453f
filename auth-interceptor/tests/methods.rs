//! Which paths there are, and that a decision counts for the method it was made for alone.

use std::sync::Arc;

use auth_interceptor::{AuthLayer, Authenticator, GuardedServices, PlainRefusal, Policies, Policy};
use http::{Request, Uri};
use tonic::Code;
use tonic::body::Body;
use tonic::metadata::MetadataMap;
use tonic::transport::Server;
use tower::util::MapRequestLayer;

use crate::guarded::{
    CHECK, DOMAIN, HEALTH, WATCH, assert_refused, bearer, declaration, declared, listen, recording,
};
use crate::issuer::{Issuer, user};

#[tokio::test]
async fn an_unknown_method_is_not_found_whoever_asks() {
    let issuer = Issuer::start().await;
    let guarded = declared(&issuer, &Policy::delegated(&["data.read"])).await;
    let good = issuer.issue(&user(&["data.read"]));
    for path in [
        "/grpc.health.v1.Health/Other",
        "/grpc.health.v1.Health/Check/",
        "/grpc.health.v1.Health/check",
        "/grpc.health.v1.Health/%43heck",
        "/grpc.health.v1.Health//Check",
        "//grpc.health.v1.Health/Check",
        "/grpc.health.v1.health/Check",
        "/other.Service/Check",
        "/x/../grpc.health.v1.Health/Check",
        "/grpc.health.v1.Health/Check?x=1",
        "/grpc.health.v1.Health/Check?",
        "/grpc.health.v1.Health/Check;x",
        "/grpc.health.v1.Health/",
        "/",
    ] {
        let answers = [
            guarded.client.bare(path).await,
            guarded.client.bearer(path, "a.b.c").await,
            guarded.client.bearer(path, &good).await,
        ];
        for answer in &answers {
            assert_eq!(*answer, answers[0], "{path}");
        }
        let [answer, ..] = answers;
        assert_refused(answer, Code::Unimplemented, "METHOD_NOT_FOUND");
    }
    assert!(!guarded.handler_entered());
}

#[tokio::test]
async fn a_method_left_out_of_a_declaration_is_not_found() {
    let issuer = Issuer::start().await;
    let policies = Policies::default().declare(HEALTH, &["Check"], &Policy::delegated(&["a"]));
    let guarded = crate::guarded::Guarded::start(&issuer.settings(), policies).await;
    let outcome = guarded.client.bare(WATCH).await;
    assert_refused(outcome, Code::Unimplemented, "METHOD_NOT_FOUND");
    let outcome = guarded.client.bare(CHECK).await;
    assert_refused(outcome, Code::Unauthenticated, "CREDENTIALS_MISSING");
}

#[tokio::test]
async fn without_the_layer_nobody_is_served() {
    let issuer = Issuer::start().await;
    let refuse = Arc::new(PlainRefusal::new(DOMAIN));
    let policies = declaration(&Policy::public(auth_interceptor::Plane::Data));
    let mut services = GuardedServices::new(policies, refuse);
    services.add(recording(&Arc::default())).unwrap();
    let (routes, _) = services.into_parts();
    let (incoming, client) = listen().await;
    tokio::spawn(
        Server::builder()
            .add_routes(routes)
            .serve_with_incoming(incoming),
    );

    let token = issuer.issue(&user(&["data.read"]));
    for metadata in [MetadataMap::new(), bearer(&token)] {
        let outcome = client.call(CHECK, metadata).await;
        assert_refused(outcome, Code::PermissionDenied, "METHOD_POLICY_MISSING");
    }
}

#[tokio::test]
async fn a_caller_let_through_to_one_method_reaches_no_other() {
    let issuer = Issuer::start().await;
    let authenticator = Authenticator::start(&issuer.settings()).unwrap();
    authenticator.ready().await;
    let refuse = Arc::new(PlainRefusal::new(DOMAIN));
    let policies = declaration(&Policy::delegated(&["data.read"]));
    let mut services = GuardedServices::new(policies, refuse.clone());
    services.add(recording(&Arc::default())).unwrap();
    let (routes, served) = services.into_parts();
    let (incoming, client) = listen().await;
    // A layer in between that sends every call to `Check`.
    let rewrite = MapRequestLayer::new(|mut request: Request<Body>| {
        *request.uri_mut() = Uri::from_static(CHECK);
        request
    });
    let server = Server::builder()
        .layer(AuthLayer::new(authenticator, served, refuse))
        .layer(rewrite)
        .add_routes(routes);
    tokio::spawn(server.serve_with_incoming(incoming));

    let token = issuer.issue(&user(&["data.read"]));
    assert_eq!(client.bearer(CHECK, &token).await, Ok(()));
    let outcome = client.bearer(WATCH, &token).await;
    assert_refused(outcome, Code::PermissionDenied, "METHOD_POLICY_MISSING");
}
