//! Exchanges, downstream calls and orders of an operator: what of them is in the log, and that
//! replies hold secrets where the contract puts them and nowhere else.

use auth_interceptor::Clock;
use emulator::{Emulator, Endpoint, Fault, ScriptedError, seed};
use prost::Message;
use selvedge::contracts::admin::v1::ForgetUserRequest;
use selvedge::contracts::data::v1::write_file_request::Part;
use selvedge::contracts::data::v1::{
    CreateWarehouseRequest, ListWorkspacesRequest, ReadDataRequest, ReadFileRequest,
    WriteFileRequest,
};
use selvedge::contracts::exchange::v1::{ExchangeTokenRequest, ExchangeTokenResponse};
use serde_json::json;

use super::assert_holds_none;
use crate::administration::operator;
use crate::exchange::{
    EXCHANGE, FORGET, claims_of, marked_as_retry, page_token, pair, service_token, storage_request,
};
use crate::fabric_calls::at;
use crate::support::process::{PLANTED_SECRET, ServiceProcess};
use crate::support::running::{STORAGE_SCOPE, start_emulator};
use crate::support::temporary::TemporaryFolder;
use crate::support::{Call, READ_DATA, RawClient, Reply, eventually, user_token};

/// How every token of the emulator begins, also those that no test sees: the service's own, and
/// those that it sends downstream.
const TOKENS_BEGIN: &str = "eyJhbGciOiJSUzI1";

const LIST: &str = "/selvedge.data.v1.WorkspaceService/ListWorkspaces";
const CREATE: &str = "/selvedge.data.v1.WarehouseService/CreateWarehouse";
const READ_FILE: &str = "/selvedge.data.v1.LakehouseService/ReadFile";
const WRITE_FILE: &str = "/selvedge.data.v1.LakehouseService/WriteFile";
const FORGET_USER: &str = "/selvedge.admin.v1.AdministrationService/ForgetUser";

/// A user's calls, what came back, and what of it must not be found again.
struct Exercise<'e> {
    emulator: &'e Emulator,
    client: RawClient,
    administration: RawClient,
    secrets: Vec<(&'static str, String)>,
    claims: Vec<String>,
    replies: Vec<Reply>,
}

impl Exercise<'_> {
    async fn send(&mut self, call: Call) -> Reply {
        let reply = self.client.send(&call).await;
        self.replies.push(reply.clone());
        reply
    }

    /// A new token of this user, which is a secret from now on.
    fn token(&mut self, upn: &str) -> String {
        let scopes = [
            "token.exchange",
            "data.read",
            "workspaces.read",
            "warehouses.write",
            "lakehouse.read",
            "lakehouse.write",
        ];
        let token = self.emulator.issue(&page_token(upn).scopes(scopes));
        assert!(token.starts_with(TOKENS_BEGIN));
        self.secrets.push(("a user's token", token.clone()));
        token
    }

    /// Makes the authority answer like this, once, and asks.
    async fn answered(&mut self, fault: Fault) -> Reply {
        let once = Fault::Next {
            requests: 1,
            fault: Box::new(fault),
        };
        self.emulator.set_fault(Endpoint::OnBehalfOf, Some(once));
        let token = self.token(seed::CONSENTED);
        self.send(exchange(&token, "")).await
    }

    async fn exchanges(&mut self) {
        let token = self.token(seed::CONSENTED);
        for call in [
            exchange(&token, ""),
            exchange(&token, ""),
            marked_as_retry(exchange(&token, "")),
        ] {
            let reply = self.client.send(&call).await;
            let received: ExchangeTokenResponse = reply.message();
            // The one place for it; nothing around it says it again.
            let mut around = reply.clone();
            around.body.clear();
            self.replies.push(around);
            self.secrets
                .push(("a downstream token", received.access_token));
        }
        let wanted = r#"{"access_token":{"acrs":{"essential":true,"value":"c7"},"planted":{"value":"planted-request-0123456789"}}}"#;
        self.claims.push(wanted.to_owned());
        let reply = self.send(exchange(&token, wanted)).await;
        assert_eq!(reply.verdict(), "UNAUTHENTICATED INTERACTION_REQUIRED");
        for upn in [seed::NO_CONSENT, seed::MFA, seed::DEVICE, seed::BLOCKED] {
            let token = self.token(upn);
            let reply = self.send(exchange(&token, "")).await;
            let challenge = reply.auth_challenge().unwrap_or_default();
            let claims = challenge.claims_for_conditional_access_policy;
            self.claims.extend((!claims.is_empty()).then_some(claims));
        }
        let app = self.emulator.issue(&service_token(seed::REPORTS_CLIENT_ID));
        self.secrets.push(("a service's token", app.clone()));
        for subject in [String::new(), token.clone()] {
            let call = Call::to(FORGET).header("authorization", pair(&subject, &app));
            self.send(call).await;
        }
        let swapped = Call::to(EXCHANGE).header("authorization", pair(&app, &token));
        self.send(swapped).await;
    }

    async fn odd_answers(&mut self) {
        let claims = r#"{"access_token":{"planted":{"value":"planted-claims-challenge-4711"}}}"#;
        self.claims.push(claims.to_owned());
        let description = "planted-error-description-0123456789";
        self.secrets.push(("a description", description.to_owned()));
        let [downstream, refresh] = [
            "planted-downstream-token-0123",
            "planted-refresh-token-0123456",
        ];
        self.secrets
            .push(("an answer's token", downstream.to_owned()));
        self.secrets.push(("a refresh token", refresh.to_owned()));
        let grant = |kind: &str| Fault::Answer {
            code: 200,
            body: json!({
                "token_type": kind, "scope": STORAGE_SCOPE, "expires_in": 3_600,
                "access_token": downstream, "refresh_token": refresh,
            })
            .to_string(),
            retry_after: None,
        };
        let refusal = Fault::Answer {
            code: 400,
            body: json!({
                "error": "invalid_grant", "error_description": description,
                "error_codes": [50_076], "claims": claims, "suberror": "basic_action",
            })
            .to_string(),
            retry_after: None,
        };
        let interaction = ScriptedError::new(400, "interaction_required", 50_076).claims(claims);
        for (fault, verdict) in [
            (refusal, "UNAUTHENTICATED INTERACTION_REQUIRED"),
            (
                Fault::AuthorityError(interaction),
                "UNAUTHENTICATED INTERACTION_REQUIRED",
            ),
            (grant("MAC"), "INTERNAL AUTHORITY_RESPONSE_INVALID"),
        ] {
            assert_eq!(self.answered(fault).await.verdict(), verdict);
        }
        let received: ExchangeTokenResponse = self.answered(grant("Bearer")).await.message();
        assert_eq!(received.access_token, downstream);
        // That reply is the one place for that token.
        self.replies.pop();
    }

    async fn downstream(&mut self) {
        let token = self.token(seed::CONSENTED);
        let call =
            |path: &str, message: &dyn Fn(Call) -> Call| message(Call::to(path).bearer(&token));
        let list = call(LIST, &|call| {
            call.message(&ListWorkspacesRequest::default())
        });
        let item = ReadDataRequest {
            workspace_id: seed::WORKSPACE_ID.to_owned(),
            item_id: seed::ITEM_ID.to_owned(),
            ..ReadDataRequest::default()
        };
        let create = CreateWarehouseRequest {
            workspace_id: seed::WORKSPACE_ID.to_owned(),
            display_name: "figures".to_owned(),
            description: String::new(),
        };
        let content = b"planted-file-content-0123456789".as_slice();
        let read = ReadFileRequest {
            location: Some(at("planted.txt")),
            ..ReadFileRequest::default()
        };
        let parts = [
            Part::Location(at("planted.txt")),
            Part::Content(content.into()),
        ];
        let parts = parts.map(|part| WriteFileRequest { part: Some(part) });
        let calls = [
            list.clone(),
            call(READ_DATA, &|call| call.message(&item)),
            call(CREATE, &|call| call.message(&create)),
            call(WRITE_FILE, &|call| messages(call, &parts)),
            call(READ_FILE, &|call| call.message(&read)),
        ];
        for call in calls {
            let path = call.path.clone();
            assert_eq!(self.send(call).await.verdict(), "OK", "{path}");
        }

        let claims =
            r#"{"access_token":{"nbf":{"essential":true,"value":"planted-nbf-0123456789"}}}"#;
        self.claims.push(claims.to_owned());
        let challenge = Fault::ClaimsChallenge {
            claims: claims.to_owned(),
        };
        let unauthorized = Fault::Status {
            code: 401,
            retry_after: None,
        };
        for fault in [challenge, unauthorized] {
            self.emulator.set_fault(Endpoint::Fabric, Some(fault));
            let reply = self.send(list.clone()).await;
            assert!(
                reply.verdict().contains("DOWNSTREAM_"),
                "{}",
                reply.verdict()
            );
        }
        self.emulator.set_fault(Endpoint::Fabric, None);
    }

    /// An operator's order about a user, whose object id is nobody's to read in a log.
    async fn order(&mut self) -> String {
        let claims = claims_of(&self.emulator.issue(&page_token(seed::DEVICE)));
        let object_id = claims["oid"].as_str().unwrap().to_owned();
        let order = ForgetUserRequest {
            tenant_id: seed::CONTOSO_TENANT_ID.to_owned(),
            object_id: object_id.clone(),
        };
        let token = self.emulator.issue(&operator());
        self.secrets.push(("an operator's token", token.clone()));
        let call = Call::to(FORGET_USER).bearer(&token).message(&order);
        let reply = self.administration.send(&call).await;
        assert_eq!(reply.verdict(), "OK");
        object_id
    }

    /// The authority stops accepting the service's secret.
    async fn expired_secret(&mut self) {
        self.emulator.expire_secret(seed::WORKLOAD_CLIENT_ID);
        let token = self.token(seed::CONSENTED);
        let reply = self.send(exchange(&token, "")).await;
        assert_eq!(reply.verdict(), "INTERNAL CLIENT_CREDENTIAL_INVALID");
    }
}

fn exchange(token: &str, claims: &str) -> Call {
    let request = ExchangeTokenRequest {
        claims: claims.to_owned(),
        ..storage_request()
    };
    Call::to(EXCHANGE).bearer(token).message(&request)
}

/// A stream of messages as the body.
fn messages(call: Call, messages: &[impl Message]) -> Call {
    let mut body = Vec::new();
    for message in messages {
        body.extend_from_slice(&call.clone().message(message).body);
    }
    Call {
        body: body.into(),
        ..call
    }
}

/// The answer without the two places that claims travel in.
fn without_challenge(reply: &Reply) -> Reply {
    let mut rest = reply.clone();
    if let Some(mut status) = reply.rich_status() {
        status.details.retain(|detail| {
            !detail
                .type_url
                .ends_with("/selvedge.refusal.v1.AuthChallenge")
        });
        rest.body.extend(status.encode_to_vec());
    }
    for map in [&mut rest.headers, &mut rest.trailers] {
        map.remove("grpc-status-details-bin");
        map.remove("www-authenticate");
    }
    rest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_secret_of_an_exchange_is_logged_or_said_where_it_does_not_belong() {
    let emulator = start_emulator(Clock::system()).await;
    let folder = TemporaryFolder::new();
    let mut served = ServiceProcess::start(&emulator, folder.path(), "trace").await;
    let client = served.client().await;
    eventually("a call is served", async || {
        let token = user_token(&emulator, seed::CONSENTED, &["data.read"]);
        let call = Call::to(READ_DATA).bearer(&token);
        client.send(&call).await.verdict() == "OK"
    })
    .await;
    let mut exercise = Exercise {
        emulator: &emulator,
        client,
        administration: RawClient::connect(served.administration.parse().unwrap()).await,
        secrets: vec![
            ("the registration's secret", PLANTED_SECRET.to_owned()),
            ("the beginning of a token", TOKENS_BEGIN.to_owned()),
        ],
        claims: Vec::new(),
        replies: Vec::new(),
    };
    exercise.exchanges().await;
    exercise.odd_answers().await;
    exercise.downstream().await;
    let forgotten = exercise.order().await;
    exercise.expired_secret().await;
    served.end();

    let Exercise {
        mut secrets,
        claims,
        replies,
        ..
    } = exercise;
    assert!(claims.len() >= 6 && replies.len() >= 20);
    for reply in &replies {
        for (name, secret) in &secrets {
            assert!(!reply.quotes(secret.as_bytes()), "{name}: {reply:?}");
        }
        let rest = without_challenge(reply);
        for text in &claims {
            assert!(!rest.quotes(text.as_bytes()), "{text}: {reply:?}");
        }
    }

    let log = served.log();
    for expected in [
        "\"TRACE\"",
        "selvedge.call.refused",
        "selvedge.admin.audit",
        "the authority does not accept the registration's credential",
    ] {
        assert!(log.contains(expected), "the run was logged: {expected}");
    }
    secrets.extend(claims.into_iter().map(|text| ("claims", text)));
    let content = "planted-file-content-0123456789";
    secrets.push(("a file's content", content.to_owned()));
    assert_holds_none(&log, &secrets);
    let audit = log
        .lines()
        .find(|line| line.contains("selvedge.admin.audit"));
    assert!(!audit.unwrap().contains(&forgotten));
}
