//! What is sent, parameter by parameter.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use super::stub::{Received, Reply, Stub};
use super::{CLIENT_ID, SCOPE, Setup, TENANT, on_behalf_of, scopes, with_claims};
use crate::exchange::{Grant, Scopes};
use crate::secret::Secret;

const GRANTED: &str = r#"{"token_type":"Bearer","expires_in":3599,"access_token":"downstream","refresh_token":"refresh"}"#;

async fn sent(grant: Grant) -> Received {
    let mut stub = Stub::serve(|_| Reply::json(200, GRANTED)).await;
    Setup::entra(&stub).ask(grant).await.unwrap();
    stub.received()
}

fn form(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(own).collect()
}

#[tokio::test]
async fn on_behalf_of_sends_these_parameters_and_no_other() {
    let request = sent(on_behalf_of()).await;
    assert_eq!(request.method, "POST");
    assert_eq!(request.target, format!("/{TENANT}/oauth2/v2.0/token"));
    assert_eq!(
        request.headers["content-type"],
        "application/x-www-form-urlencoded"
    );
    assert_eq!(
        request.form(),
        form(&[
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("client_id", CLIENT_ID),
            ("client_secret", "s3cr3t & more="),
            ("assertion", "user.token.signature"),
            ("scope", SCOPE),
            ("requested_token_use", "on_behalf_of"),
        ])
    );
}

#[tokio::test]
async fn claims_are_sent_byte_for_byte() {
    let claims = "{ \"access_token\":{\"acrs\" :{\"essential\":true,\"value\":\"c&=+% ü\"}}}\n";
    assert_eq!(sent(with_claims(claims)).await.form()["claims"], claims);
}

#[tokio::test]
async fn work_that_outlives_its_call_asks_for_a_refresh_token() {
    let mut stub = Stub::serve(|_| Reply::json(200, GRANTED)).await;
    let setup = Setup::entra(&stub);
    let offline = Grant::OnBehalfOf {
        assertion: Secret::new("user.token.signature"),
        scopes: scopes(),
        claims: None,
        offline: true,
    };
    let granted = setup.ask(offline).await.unwrap();
    assert_eq!(
        stub.received().form()["scope"],
        format!("{SCOPE} offline_access")
    );
    let refresh_token = granted.refresh_token.unwrap();
    assert_eq!(refresh_token.expose(), "refresh");

    let refresh = Grant::RefreshToken {
        refresh_token,
        scopes: scopes(),
    };
    setup.ask(refresh).await.unwrap();
    assert_eq!(
        stub.received().form(),
        form(&[
            ("grant_type", "refresh_token"),
            ("client_id", CLIENT_ID),
            ("client_secret", "s3cr3t & more="),
            ("refresh_token", "refresh"),
            ("scope", &format!("{SCOPE} offline_access")),
        ])
    );
}

#[tokio::test]
async fn the_application_asks_for_itself_in_the_tenant_given() {
    let request = sent(Grant::ClientCredentials {
        scopes: Arc::new(Scopes::parse(&["https://api.example/.default"]).unwrap()),
    })
    .await;
    assert_eq!(request.target, format!("/{TENANT}/oauth2/v2.0/token"));
    assert_eq!(
        request.form(),
        form(&[
            ("grant_type", "client_credentials"),
            ("client_id", CLIENT_ID),
            ("client_secret", "s3cr3t & more="),
            ("scope", "https://api.example/.default"),
        ])
    );
}

#[tokio::test]
async fn no_value_becomes_a_second_parameter() {
    let request = sent(Grant::OnBehalfOf {
        assertion: Secret::new("a&scope=evil\r\nb=c;d%26"),
        scopes: Arc::new(Scopes::parse(&["r&client_id=x/a", "r%26b"]).unwrap()),
        claims: None,
        offline: false,
    })
    .await;
    let form = request.form();
    assert_eq!(form["assertion"], "a&scope=evil\r\nb=c;d%26");
    assert_eq!(form["scope"], "r%26b r&client_id=x/a");
    assert_eq!(form["client_id"], CLIENT_ID);
    assert_eq!(form.len(), 6);
}

#[tokio::test]
async fn each_request_has_an_id_and_all_share_a_connection() {
    let mut stub = Stub::serve(|_| Reply::token("downstream")).await;
    let setup = Setup::entra(&stub);
    let mut ids = Vec::new();
    for _ in 0..3 {
        setup.ask(on_behalf_of()).await.unwrap();
        let id = stub.received().headers["client-request-id"].clone();
        ids.push(id.parse::<Uuid>().unwrap());
    }
    ids.dedup();
    assert_eq!(ids.len(), 3);
    assert_eq!(stub.connections(), 1);
}
