//! `Debug` of whatever the crate hands out shows no token, no name and no secret.

use std::sync::{Arc, Mutex};

use auth_interceptor::{
    AuthLayer, Authenticator, Denial, GuardedServices, PlainRefusal, Policy, Refuse,
};
use emulator::{TokenRequest, seed};
use tonic::Status;
use tonic::transport::Server;

use crate::guarded::{CHECK, declaration, declared, listen, recording};
use crate::issuer::{Issuer, user};

/// What must not be seen of a person and their token.
fn secrets(token: &str) -> Vec<String> {
    let mut secrets: Vec<_> = token.split('.').map(str::to_owned).collect();
    secrets.extend(["Cora", "Consented", seed::CONSENTED, "secret-role"].map(str::to_owned));
    secrets
}

fn request() -> TokenRequest {
    user(&["data.read"]).roles(["secret-role"])
}

#[track_caller]
fn assert_discreet(shown: &str, token: &str) {
    for secret in secrets(token) {
        assert!(!shown.contains(&secret), "{secret} in {shown}");
    }
}

#[tokio::test]
async fn a_caller_and_their_claims_are_discreet() {
    let issuer = Issuer::start().await;
    let guarded = declared(&issuer, &Policy::delegated(&["data.read"])).await;
    let token = issuer.issue(&request());
    assert_eq!(guarded.check(&token).await, Ok(()));
    let caller = guarded.caller_seen();
    let claims = caller.user().unwrap();
    assert_eq!(claims.name(), Some("Cora Consented"));
    let object_id = claims.object_id();
    for shown in [
        format!("{caller:?}"),
        format!("{caller:#?}"),
        format!("{claims:?}"),
        format!("{object_id:?}"),
        format!("{:?}", guarded.authenticator),
        format!("{:?}", guarded.authenticator.status()),
    ] {
        assert_discreet(&shown, &token);
        assert!(!shown.contains(object_id.as_str()), "{shown}");
    }
}

#[tokio::test]
async fn a_denial_is_discreet() {
    let issuer = Issuer::start().await;
    let authenticator = Authenticator::start(&issuer.settings()).unwrap();
    authenticator.ready().await;
    let shown = Arc::new(Mutex::new(Vec::new()));
    let refuse = Arc::new(Showing(Arc::clone(&shown)));
    let policies = declaration(&Policy::delegated(&["data.write"]));
    let mut services = GuardedServices::new(policies, refuse.clone());
    services.add(recording(&Arc::default())).unwrap();
    let (routes, served) = services.into_parts();
    let (incoming, client) = listen().await;
    let layer = AuthLayer::new(authenticator, served, refuse);
    tokio::spawn(
        Server::builder()
            .layer(layer)
            .add_routes(routes)
            .serve_with_incoming(incoming),
    );

    let token = issuer.issue(&request());
    let forged = token.rsplit_once('.').unwrap().0.to_owned() + ".AAAA";
    for presented in [&token, &forged] {
        assert!(client.bearer(CHECK, presented).await.is_err());
    }
    let shown = shown.lock().unwrap();
    assert_eq!(shown.len(), 2);
    for shown in shown.iter() {
        assert_discreet(shown, &token);
    }
}

/// Shows a denial, and its error, the way a log would.
struct Showing(Arc<Mutex<Vec<String>>>);

impl Refuse for Showing {
    fn refuse(&self, denial: &Denial) -> Status {
        let error = denial.error();
        let shown = format!("{denial:?} {denial:#?} {error:?} {error}");
        self.0.lock().unwrap().push(shown);
        PlainRefusal::new(crate::guarded::DOMAIN).refuse(denial)
    }
}
