//! Every way in which Fabric and OneLake refuse a call through the service, what their caller is
//! told, and how often they are asked.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use emulator::{Endpoint, Fault, WarehouseCreation, seed};
use prost::Message;
use selvedge::contracts::data::v1::{
    CreateWarehouseRequest, ListWorkspacesRequest, ReadDataRequest, ReadFileRequest,
};
use selvedge::contracts::refusal::v1::AuthChallenge;

use crate::fabric_calls::at;
use crate::support::expected::{ANY, Expected};
use crate::support::{Call, READ_DATA, RawClient, Reply, Running, user_token};

const LIST: &str = "/selvedge.data.v1.WorkspaceService/ListWorkspaces";
const CREATE: &str = "/selvedge.data.v1.WarehouseService/CreateWarehouse";
const READ_FILE: &str = "/selvedge.data.v1.LakehouseService/ReadFile";

/// A running service, and one user who may do everything there.
struct Calling {
    running: Running,
    client: RawClient,
    token: String,
}

impl Calling {
    async fn start() -> Self {
        let running = Running::start().await;
        let scopes = [
            "data.read",
            "workspaces.read",
            "warehouses.write",
            "lakehouse.read",
        ];
        let token = user_token(&running.emulator, seed::CONSENTED, &scopes);
        let client = running.raw().await;
        Self {
            running,
            client,
            token,
        }
    }

    async fn call(&self, path: &str, message: &impl Message) -> Reply {
        let call = Call::to(path).bearer(&self.token).message(message);
        self.client.send(&call).await
    }

    async fn list(&self) -> Reply {
        self.call(LIST, &ListWorkspacesRequest::default()).await
    }

    async fn create(&self) -> Reply {
        let request = CreateWarehouseRequest {
            workspace_id: seed::WORKSPACE_ID.to_owned(),
            display_name: "figures".to_owned(),
            description: String::new(),
        };
        self.call(CREATE, &request).await
    }

    async fn read_file(&self) -> Reply {
        let request = ReadFileRequest {
            location: Some(at("customers.csv")),
            ..ReadFileRequest::default()
        };
        self.call(READ_FILE, &request).await
    }

    fn fault(&self, endpoint: Endpoint, fault: Fault) {
        self.running.emulator.set_fault(endpoint, Some(fault));
    }

    /// How many requests Fabric's list has had, and the authority for the user.
    fn requests(&self) -> [u64; 2] {
        let emulator = &self.running.emulator;
        [
            emulator.fetches(Endpoint::FabricWorkspaces),
            emulator.on_behalf_of_requests(),
        ]
    }
}

fn from_fabric(verdict: &'static str) -> Expected {
    Expected::refusal(verdict).with("resource", seed::FABRIC_URI)
}

fn error_code(status: u16, error_code: &str, retry_after: Option<u64>) -> Fault {
    Fault::ErrorCode {
        status,
        error_code: error_code.to_owned(),
        retry_after,
    }
}

#[tokio::test]
pub(crate) async fn a_claims_challenge_arrives_byte_for_byte_after_one_call_and_costs_the_token() {
    let calling = Calling::start().await;
    assert_eq!(calling.list().await.verdict(), "OK");
    let claims =
        r#"{ "access_token":{"nbf":{"essential":true, "value":"1604106651"},"x":"\u00e9"}}"#;
    calling.fault(
        Endpoint::Fabric,
        Fault::ClaimsChallenge {
            claims: claims.to_owned(),
        },
    );
    let reply = calling.list().await;
    from_fabric("UNAUTHENTICATED DOWNSTREAM_CLAIMS_CHALLENGE")
        .with("downstreamRequestId", ANY)
        .challenge(AuthChallenge {
            claims_for_conditional_access_policy: claims.to_owned(),
            retryable: true,
            ..AuthChallenge::default()
        })
        .www_authenticate(format!(
            r#"Bearer realm="", error="insufficient_claims", claims="{}""#,
            STANDARD.encode(claims)
        ))
        .assert(&reply, &[&calling.token]);
    assert_eq!(calling.requests(), [2, 1]);

    // The token that was not good enough is not served again.
    calling.running.emulator.set_fault(Endpoint::Fabric, None);
    assert_eq!(calling.list().await.verdict(), "OK");
    assert_eq!(calling.requests(), [3, 2]);
}

#[tokio::test]
pub(crate) async fn a_bare_rejection_is_tried_once_with_a_fresh_token_and_then_our_fault() {
    let calling = Calling::start().await;
    calling.fault(Endpoint::Fabric, error_code(401, "TokenRejected", None));
    let reply = calling.list().await;
    from_fabric("INTERNAL DOWNSTREAM_UNAUTHORIZED")
        .with("errorCode", "TokenRejected")
        .with("downstreamRequestId", ANY)
        .assert(&reply, &[&calling.token]);
    assert_eq!(calling.requests(), [2, 2]);

    // Once, a fresh token does it.
    let once = Fault::Next {
        requests: 1,
        fault: Box::new(error_code(401, "TokenRejected", None)),
    };
    calling.fault(Endpoint::Fabric, once);
    assert_eq!(calling.list().await.verdict(), "OK");
    assert_eq!(calling.requests()[0], 4);
}

#[tokio::test]
pub(crate) async fn what_no_second_try_would_change_is_asked_for_once() {
    let calling = Calling::start().await;
    for (status, verdict, retry_after) in [
        (403, "PERMISSION_DENIED DOWNSTREAM_FORBIDDEN", None),
        (404, "NOT_FOUND RESOURCE_NOT_FOUND", None),
        (400, "FAILED_PRECONDITION DOWNSTREAM_REJECTED", None),
        (429, "RESOURCE_EXHAUSTED DOWNSTREAM_THROTTLED", Some(55)),
    ] {
        let [before, _] = calling.requests();
        calling.fault(
            Endpoint::Fabric,
            error_code(status, "Scripted", retry_after),
        );
        let reply = calling.list().await;
        let mut expected = from_fabric(verdict)
            .with("errorCode", "Scripted")
            .with("downstreamRequestId", ANY);
        if let Some(seconds) = retry_after {
            expected = expected.with("retryAfterS", seconds.to_string());
            expected = expected.retry_after(54..=55);
        }
        expected.assert(&reply, &[&calling.token]);
        assert_eq!(calling.requests()[0], before + 1, "{status}");
    }
}

#[tokio::test]
pub(crate) async fn a_server_at_fault_is_asked_twice_for_what_can_be_asked_twice() {
    let calling = Calling::start().await;
    let failing = || error_code(503, "ServiceUnavailable", None);
    calling.fault(Endpoint::Fabric, failing());
    let unavailable = |reply: &Reply| {
        from_fabric("UNAVAILABLE DOWNSTREAM_UNAVAILABLE")
            .with("errorCode", "ServiceUnavailable")
            .with("downstreamRequestId", ANY)
            .retry_after(1..=1)
            .assert(reply, &[&calling.token]);
    };
    unavailable(&calling.list().await);
    assert_eq!(calling.requests()[0], 2);
    // Nobody knows whether the first try has made the warehouse.
    unavailable(&calling.create().await);
    let emulator = &calling.running.emulator;
    assert_eq!(emulator.fetches(Endpoint::FabricWarehouses), 1);

    // OneLake's refusals come before the stream does.
    calling.fault(Endpoint::OneLake, failing());
    let reply = calling.read_file().await;
    Expected::refusal("UNAVAILABLE DOWNSTREAM_UNAVAILABLE")
        .with("resource", seed::STORAGE_URI)
        .with("errorCode", "ServiceUnavailable")
        .with("downstreamRequestId", ANY)
        .retry_after(1..=1)
        .assert(&reply, &[&calling.token]);
    assert_eq!(emulator.fetches(Endpoint::OneLake), 2);
}

#[tokio::test]
pub(crate) async fn an_answer_that_makes_no_sense_is_quoted_to_nobody() {
    let calling = Calling::start().await;
    let page = Fault::Body {
        bytes: b"<html>planted-text-of-a-proxy</html>".to_vec(),
        content_type: "text/html".to_owned(),
    };
    calling.fault(Endpoint::Fabric, page);
    let reply = calling.list().await;
    from_fabric("INTERNAL DOWNSTREAM_RESPONSE_INVALID")
        .with("downstreamRequestId", ANY)
        .assert(&reply, &[&calling.token, "planted-text-of-a-proxy"]);
}

#[tokio::test]
pub(crate) async fn an_operation_that_fails_is_named_with_its_cause() {
    let calling = Calling::start().await;
    let failing = WarehouseCreation::Fails {
        error_code: "CapacityNotActive".to_owned(),
    };
    calling.running.emulator.set_warehouse_creation(failing);
    let reply = calling.create().await;
    from_fabric("FAILED_PRECONDITION DOWNSTREAM_OPERATION_FAILED")
        .with("errorCode", "CapacityNotActive")
        .with("operationId", ANY)
        .with("downstreamRequestId", ANY)
        .assert(&reply, &[&calling.token]);
}

#[tokio::test]
pub(crate) async fn rows_of_an_item_are_kept_from_whom_fabric_does_not_let_at_it() {
    let calling = Calling::start().await;
    let emulator = &calling.running.emulator;
    assert!(emulator.set_item_permissions(seed::CONSENTED, seed::ITEM_ID, &[]));
    let request = ReadDataRequest {
        workspace_id: seed::WORKSPACE_ID.to_owned(),
        item_id: seed::ITEM_ID.to_owned(),
        ..ReadDataRequest::default()
    };
    let reply = calling.call(READ_DATA, &request).await;
    Expected::refusal("PERMISSION_DENIED ITEM_PERMISSION_DENIED")
        .with("itemId", seed::ITEM_ID)
        .assert(&reply, &[&calling.token]);
    assert_eq!(calling.running.store.calls(), 0);
}

#[tokio::test]
async fn a_redirect_is_an_answer_that_makes_no_sense_and_is_not_followed() {
    let calling = Calling::start().await;
    let planted = crate::support::listener::PlantedListener::plant().await;
    calling.fault(Endpoint::Fabric, Fault::RedirectTo(planted.url()));
    let reply = calling.list().await;
    assert_eq!(reply.verdict(), "INTERNAL DOWNSTREAM_RESPONSE_INVALID");
    assert_eq!(planted.connections(), 0);
}
