//! Who may give orders, what they have to say, and what is left of them in the log.

use std::sync::Arc;

use auth_interceptor::{Auth, Clock};
use emulator::{TokenRequest, seed};
use tonic::Code;
use tonic::service::Routes;
use uuid::Uuid;

use super::Administration;
use crate::contracts::admin::v1::administration_service_client::AdministrationServiceClient;
use crate::contracts::admin::v1::administration_service_server::AdministrationServiceServer;
use crate::contracts::admin::v1::{ForgetTenantRequest, ForgetUserRequest, RefreshKeysRequest};
use crate::telemetry::audit::{Audit, Trail};
use crate::telemetry::identity::{UserIdentity, UserNaming};
use crate::tests::{Guarded, log, refused};

const OBJECT_ID: &str = "5d0f3b8e-0000-4000-8000-6f2a0c9b1e77";

async fn administered() -> (Guarded, AdministrationServiceClient<Auth<Routes>>) {
    let guarded = Guarded::start().await;
    let naming = UserNaming::Hash { key_file: None };
    let users = UserIdentity::new(&naming, Clock::system()).unwrap();
    let audit = Audit::new(Trail::default(), Arc::new(users), Clock::system());
    let orders = Administration::new(
        guarded.authenticator.clone(),
        guarded.exchange.clone(),
        Arc::new(audit),
    );
    let service = guarded.serve(|services| {
        services
            .add(AdministrationServiceServer::new(orders))
            .unwrap();
    });
    (guarded, AdministrationServiceClient::new(service))
}

fn user_to_forget() -> ForgetUserRequest {
    ForgetUserRequest {
        tenant_id: seed::FABRIKAM_TENANT_ID.to_owned(),
        object_id: OBJECT_ID.to_owned(),
    }
}

#[tokio::test]
async fn only_an_application_with_the_role_gives_orders() {
    let (guarded, mut client) = administered().await;
    let order = guarded.bearer(&guarded.daemon(), user_to_forget());
    assert!(client.forget_user(order).await.is_ok());

    let without_role = TokenRequest::app_only(seed::DAEMON_CLIENT_ID, seed::WORKLOAD_CLIENT_ID);
    for (token, reason) in [
        (without_role.roles(["Selvedge.Reader"]), "APP_ROLE_MISSING"),
        (
            guarded.user().roles([seed::ADMIN_ROLE]),
            "DELEGATED_NOT_ALLOWED",
        ),
    ] {
        let order = guarded.bearer(&token, user_to_forget());
        let status = client.forget_user(order).await.unwrap_err();
        assert_eq!(refused(&status).1, reason);
    }
}

#[tokio::test]
async fn an_order_names_whom_it_is_about() {
    let (guarded, mut client) = administered().await;
    for (order, field) in [
        (
            ForgetUserRequest {
                tenant_id: "common".to_owned(),
                ..user_to_forget()
            },
            "tenant_id",
        ),
        (
            ForgetUserRequest {
                object_id: String::new(),
                ..user_to_forget()
            },
            "object_id",
        ),
        (
            ForgetUserRequest {
                object_id: "x".repeat(256),
                ..user_to_forget()
            },
            "object_id",
        ),
    ] {
        let order = guarded.bearer(&guarded.daemon(), order);
        let status = client.forget_user(order).await.unwrap_err();
        let expected = (
            Code::InvalidArgument,
            "FIELD_INVALID".to_owned(),
            Some(field.to_owned()),
        );
        assert_eq!(refused(&status), expected);
    }
    let of_any_case = ForgetTenantRequest {
        tenant_id: seed::FABRIKAM_TENANT_ID.to_uppercase(),
    };
    let order = guarded.bearer(&guarded.daemon(), of_any_case);
    assert!(client.forget_tenant(order).await.is_ok());
}

#[tokio::test]
async fn refreshed_keys_are_reported_by_authority() {
    let (guarded, mut client) = administered().await;
    let before = guarded.emulator.fetches(emulator::Endpoint::Jwks);
    let order = guarded.bearer(&guarded.daemon(), RefreshKeysRequest {});
    let answer = client.refresh_keys(order).await.unwrap().into_inner();
    assert!(guarded.emulator.fetches(emulator::Endpoint::Jwks) > before);
    let [keys] = answer.authorities.as_slice() else {
        panic!("one authority");
    };
    assert_eq!(keys.authority, "entra");
    assert!(keys.keys > 0 && keys.last_error.is_empty());
}

#[tokio::test]
async fn every_order_leaves_one_event_that_names_no_user() {
    log::start();
    let (guarded, mut client) = administered().await;
    // One process logs for all tests: these orders are told from others by who gives them.
    let operator = Uuid::new_v4().to_string();
    let token = guarded.daemon().client(&operator);
    let order = guarded.bearer(&token, user_to_forget());
    client.forget_user(order).await.unwrap();
    let of_nobody = ForgetTenantRequest {
        tenant_id: "common".to_owned(),
    };
    let order = guarded.bearer(&token, of_nobody);
    client.forget_tenant(order).await.unwrap_err();
    let order = guarded.bearer(&token, RefreshKeysRequest {});
    client.refresh_keys(order).await.unwrap();

    let events = log::events("selvedge.admin.audit", "selvedge.client_app.id", &operator);
    let [user, tenant, keys] = events.as_slice() else {
        panic!("three orders: {events:?}");
    };
    assert_eq!(user["selvedge.admin.order"], "forget_user");
    assert_eq!(user["selvedge.admin.outcome"], "done");
    assert_eq!(
        user["selvedge.admin.target.tenant.id"],
        seed::FABRIKAM_TENANT_ID
    );
    assert!(!user.to_string().contains(OBJECT_ID), "{user}");
    assert_eq!(tenant["selvedge.admin.order"], "forget_tenant");
    assert_eq!(tenant["selvedge.admin.outcome"], "failed");
    assert_eq!(tenant["selvedge.admin.reason"], "FIELD_INVALID");
    assert_eq!(keys["selvedge.admin.order"], "refresh_keys");
}
