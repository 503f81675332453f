//! Orders of an operator: where they are taken, of whom, and what they change. What they leave in
//! the log is shown where the real binary logs.

use emulator::{Endpoint, Rotation, TokenRequest, seed};
use selvedge::contracts::admin::v1::{
    ForgetTenantRequest, ForgetUserRequest, RefreshKeysRequest, RefreshKeysResponse,
};

use crate::exchange::{Exchanging, claims_of, received};
use crate::support::{Call, READ_DATA, RawClient, Reply, Setup, read_token};

const FORGET_USER: &str = "/selvedge.admin.v1.AdministrationService/ForgetUser";
const FORGET_TENANT: &str = "/selvedge.admin.v1.AdministrationService/ForgetTenant";
const REFRESH_KEYS: &str = "/selvedge.admin.v1.AdministrationService/RefreshKeys";

/// An application that holds the role, as the operator's tools do.
pub(crate) fn operator() -> TokenRequest {
    TokenRequest::app_only(seed::DAEMON_CLIENT_ID, seed::WORKLOAD_CLIENT_ID)
        .roles([seed::ADMIN_ROLE])
        .idtyp(true)
}

struct Administered {
    exchanging: Exchanging,
    administration: RawClient,
}

impl Administered {
    async fn start() -> Self {
        let exchanging = Exchanging::with(Setup::default()).await;
        Self {
            administration: RawClient::connect(exchanging.running.administration).await,
            exchanging,
        }
    }

    fn operators_token(&self) -> String {
        self.exchanging.emulator().issue(&operator())
    }

    async fn order(&self, path: &str, message: &impl prost::Message) -> Reply {
        let call = Call::to(path).bearer(&self.operators_token());
        self.administration.send(&call.message(message)).await
    }
}

#[tokio::test]
async fn orders_are_taken_on_their_own_listener_alone() {
    let administered = Administered::start().await;
    for path in [FORGET_USER, FORGET_TENANT, REFRESH_KEYS] {
        let call = Call::to(path).bearer(&administered.operators_token());
        let reply = administered.exchanging.client.send(&call).await;
        assert_eq!(reply.verdict(), "UNIMPLEMENTED METHOD_NOT_FOUND", "{path}");
    }
    // Nor is anything that users call to be had where administrators are served.
    let emulator = administered.exchanging.emulator();
    let call = Call::to(READ_DATA).bearer(&read_token(emulator));
    let reply = administered.administration.send(&call).await;
    assert_eq!(reply.verdict(), "UNIMPLEMENTED METHOD_NOT_FOUND");
}

#[tokio::test]
async fn orders_are_taken_from_an_application_with_the_role() {
    let administered = Administered::start().await;
    let emulator = administered.exchanging.emulator();
    let without_role = TokenRequest::app_only(seed::DAEMON_CLIENT_ID, seed::WORKLOAD_CLIENT_ID);
    let user = TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID)
        .scopes(seed::WORKLOAD_SCOPES)
        .roles([seed::ADMIN_ROLE]);
    for (token, verdict) in [
        (None, "UNAUTHENTICATED CREDENTIALS_MISSING"),
        (
            Some(without_role.idtyp(true)),
            "PERMISSION_DENIED APP_ROLE_MISSING",
        ),
        (Some(user), "PERMISSION_DENIED DELEGATED_NOT_ALLOWED"),
        (
            // A tenant's administrator assigns roles there to whom they like.
            Some(operator().tenant(seed::FABRIKAM_TENANT_ID)),
            "PERMISSION_DENIED TENANT_NOT_ALLOWED",
        ),
        (
            Some(operator().issued_at(-7_200)),
            "UNAUTHENTICATED TOKEN_EXPIRED",
        ),
    ] {
        for path in [FORGET_USER, FORGET_TENANT, REFRESH_KEYS] {
            let mut call = Call::to(path);
            if let Some(token) = &token {
                call = call.bearer(&emulator.issue(token));
            }
            let reply = administered.administration.send(&call).await;
            assert_eq!(reply.verdict(), verdict, "{path}");
        }
    }
}

#[tokio::test]
async fn a_user_or_a_tenant_that_is_forgotten_is_asked_for_anew_and_no_other_is() {
    let administered = Administered::start().await;
    let exchanging = &administered.exchanging;
    let emulator = exchanging.emulator();
    emulator.clear_access_policy(seed::DEVICE, seed::STORAGE_URI);
    let users = [seed::CONSENTED, seed::DEVICE, seed::OTHER_TENANT];
    let tokens = users.map(|upn| exchanging.token(upn));
    let ask_each = async || {
        for token in &tokens {
            received(&exchanging.ask(token).await);
        }
        users.map(|upn| emulator.on_behalf_of_requests_for(upn))
    };
    assert_eq!(ask_each().await, [1, 1, 1]);
    assert_eq!(ask_each().await, [1, 1, 1]);

    let claims = claims_of(&tokens[0]);
    let user = ForgetUserRequest {
        tenant_id: claims["tid"].as_str().unwrap().to_owned(),
        object_id: claims["oid"].as_str().unwrap().to_owned(),
    };
    assert_eq!(administered.order(FORGET_USER, &user).await.verdict(), "OK");
    assert_eq!(ask_each().await, [2, 1, 1]);

    // The same object id in another tenant is another user.
    let elsewhere = ForgetUserRequest {
        tenant_id: seed::FABRIKAM_TENANT_ID.to_owned(),
        ..user
    };
    let reply = administered.order(FORGET_USER, &elsewhere).await;
    assert_eq!(reply.verdict(), "OK");
    assert_eq!(ask_each().await, [2, 1, 1]);

    let tenant = ForgetTenantRequest {
        tenant_id: seed::CONTOSO_TENANT_ID.to_owned(),
    };
    let reply = administered.order(FORGET_TENANT, &tenant).await;
    assert_eq!(reply.verdict(), "OK");
    assert_eq!(ask_each().await, [3, 2, 1]);

    let nobody = ForgetTenantRequest {
        tenant_id: "common".to_owned(),
    };
    let reply = administered.order(FORGET_TENANT, &nobody).await;
    assert_eq!(reply.verdict(), "INVALID_ARGUMENT FIELD_INVALID");
}

#[tokio::test]
async fn keys_are_read_when_an_operator_says_so_whatever_the_cooldown() {
    let administered = Administered::start().await;
    let exchanging = &administered.exchanging;
    let emulator = exchanging.emulator();
    // The operator's token is of the key that the service knows.
    let order = Call::to(REFRESH_KEYS)
        .bearer(&administered.operators_token())
        .message(&RefreshKeysRequest {});
    let read = async |token: &str| {
        let call = Call::to(READ_DATA).bearer(token);
        exchanging.client.send(&call).await.verdict()
    };
    // The one read that an unknown key may cause is spent.
    let unknown = TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID)
        .header("kid", "spends-it");
    read(&emulator.issue(&unknown)).await;
    emulator.rotate_keys(Rotation::Unannounced);
    let new = read_token(emulator);
    assert_eq!(read(&new).await, "UNAUTHENTICATED SIGNING_KEY_UNKNOWN");

    let fetches = emulator.fetches(Endpoint::Jwks);
    let reply = administered.administration.send(&order).await;
    let authorities = reply.message::<RefreshKeysResponse>().authorities;
    assert!(emulator.fetches(Endpoint::Jwks) > fetches);
    assert_eq!(authorities.len(), 1);
    assert_eq!(authorities[0].authority, "entra");
    assert!(authorities[0].keys > 0 && authorities[0].last_error.is_empty());
    assert_eq!(read(&new).await, "OK");
}
