//! What a policy demands: kinds of token, scopes, roles, client applications, tenants.

use auth_interceptor::{AuthorityKind, Plane, Policy, TokenSubject, TokenVersion};
use emulator::{TokenRequest, seed};
use tonic::Code;

use crate::guarded::{Guarded, HEALTH, assert_refused, checked_by, declaration, declared};
use crate::issuer::{Issuer, app, user};

#[tokio::test]
async fn a_public_method_serves_anybody_and_knows_nobody() {
    let issuer = Issuer::start().await;
    let guarded = declared(&issuer, &Policy::public(Plane::Data)).await;
    assert_eq!(guarded.client.bare(crate::guarded::CHECK).await, Ok(()));
    // Nobody asked for the token, so nobody looks at it.
    assert_eq!(guarded.check("no token").await, Ok(()));
    assert!(guarded.caller_seen().claims().is_none());
}

#[tokio::test]
async fn a_delegated_method_takes_a_users_token_of_either_version() {
    let issuer = Issuer::start().await;
    let guarded = declared(&issuer, &Policy::delegated(&["data.read"])).await;
    for (version, read_as) in [
        (emulator::TokenVersion::V1, TokenVersion::V1),
        (emulator::TokenVersion::V2, TokenVersion::V2),
    ] {
        let token = issuer.issue(&user(&["data.read"]).version(version));
        assert_eq!(guarded.check(&token).await, Ok(()));
        let caller = guarded.caller_seen();
        assert_eq!(caller.method(), format!("{HEALTH}/Check"));
        let claims = caller.user().unwrap();
        assert_eq!(claims.version(), read_as);
        assert_eq!(claims.client().as_str(), seed::PORTAL_CLIENT_ID);
        assert_eq!(claims.registration(), "workload");
    }
    let token = issuer.issue(&app(&["Selvedge.Admin"]));
    let outcome = guarded.check(&token).await;
    assert_refused(outcome, Code::PermissionDenied, "APP_ONLY_NOT_ALLOWED");
}

#[tokio::test]
async fn an_app_only_method_takes_an_applications_own_token() {
    let issuer = Issuer::start().await;
    let guarded = declared(&issuer, &Policy::app_only(&["Selvedge.Admin"])).await;
    let token = issuer.issue(&app(&["Selvedge.Admin"]));
    assert_eq!(guarded.check(&token).await, Ok(()));
    let caller = guarded.caller_seen();
    assert_eq!(caller.claims().unwrap().subject(), TokenSubject::App);
    assert!(caller.user().is_err());

    let without_role = guarded
        .check(&issuer.issue(&app(&["Selvedge.Reader"])))
        .await;
    assert_refused(without_role, Code::PermissionDenied, "APP_ROLE_MISSING");
}

#[tokio::test]
async fn a_role_counts_where_the_registration_is_at_home_and_nowhere_else() {
    let issuer = Issuer::start().await;
    let mut settings = issuer.settings();
    let tenants = [seed::CONTOSO_TENANT_ID, seed::FABRIKAM_TENANT_ID];
    if let AuthorityKind::Entra { tenants: users, .. } = &mut settings.authorities[0].kind {
        *users = tenants.map(|tenant| tenant.parse().unwrap()).to_vec();
    }
    let policies = declaration(&Policy::app_only(&["Selvedge.Admin"]));
    for (publisher, at_home) in [
        (Some(seed::CONTOSO_TENANT_ID), [true, false]),
        (Some(seed::FABRIKAM_TENANT_ID), [false, true]),
        (None, [false, false]),
    ] {
        settings.registrations[0].publisher_tenant =
            publisher.map(|tenant| tenant.parse().unwrap());
        let guarded = Guarded::start(&settings, policies.clone()).await;
        for (tenant, at_home) in tenants.into_iter().zip(at_home) {
            let token = issuer.issue(&app(&["Selvedge.Admin"]).tenant(tenant));
            let outcome = guarded.check(&token).await;
            if at_home {
                assert_eq!(outcome, Ok(()), "{publisher:?} {tenant}");
            } else {
                assert_refused(outcome, Code::PermissionDenied, "TENANT_NOT_ALLOWED");
            }
        }
    }
}

#[tokio::test]
async fn a_users_role_never_satisfies_an_app_role() {
    let issuer = Issuer::start().await;
    let token = issuer.issue(&user(&["data.read"]).roles(["Selvedge.Admin"]));

    let app_only = declared(&issuer, &Policy::app_only(&["Selvedge.Admin"])).await;
    let outcome = app_only.check(&token).await;
    assert_refused(outcome, Code::PermissionDenied, "DELEGATED_NOT_ALLOWED");

    let either = checked_by(
        &issuer,
        r#"plane: PLANE_DATA
           token_kinds: [TOKEN_KIND_DELEGATED, TOKEN_KIND_APP_ONLY]
           scopes: { values: "data.write" }
           roles: { values: "Selvedge.Admin" }"#,
    )
    .await;
    let outcome = either.check(&token).await;
    assert_refused(outcome, Code::PermissionDenied, "SCOPE_MISSING");
    let app = issuer.issue(&app(&["Selvedge.Admin"]));
    assert_eq!(either.check(&app).await, Ok(()));
}

#[tokio::test]
async fn any_group_of_scopes_will_do_but_in_full() {
    let issuer = Issuer::start().await;
    let guarded = checked_by(
        &issuer,
        r#"plane: PLANE_DATA token_kinds: TOKEN_KIND_DELEGATED
           scopes: { values: ["data.read", "data.write"] }
           scopes: { values: "data.all" }"#,
    )
    .await;
    for scopes in [
        ["data.read", "data.write"].as_slice(),
        &["data.write", "other", "data.read"],
        &["data.all"],
    ] {
        let token = issuer.issue(&user(scopes));
        assert_eq!(guarded.check(&token).await, Ok(()), "{scopes:?}");
    }
    for scopes in [
        ["data.read"].as_slice(),
        &["data.write"],
        &["Data.All"],
        &["data.all.too"],
        &["data.al"],
        &["data.read,data.write"],
        &["data.read\tdata.write"],
        &["data.read\u{a0}data.write"],
        &["dаta.all"],
        &[],
    ] {
        let outcome = guarded.check(&issuer.issue(&user(scopes))).await;
        assert_refused(outcome, Code::PermissionDenied, "SCOPE_MISSING");
    }
}

#[tokio::test]
async fn a_scope_in_any_other_claim_is_no_scope() {
    let issuer = Issuer::start().await;
    let guarded = declared(&issuer, &Policy::delegated(&["data.read"])).await;
    for claim in ["scope", "scopes"] {
        let request = user(&["other"]).claim(claim, "data.read");
        let outcome = guarded.check(&issuer.issue(&request)).await;
        assert_refused(outcome, Code::PermissionDenied, "SCOPE_MISSING");
    }
    let in_roles = guarded
        .check(&issuer.issue(&user(&["other"]).roles(["data.read"])))
        .await;
    assert_refused(in_roles, Code::PermissionDenied, "SCOPE_MISSING");
}

#[tokio::test]
async fn a_policy_names_the_clients_that_may_call() {
    let issuer = Issuer::start().await;
    let guarded = checked_by(
        &issuer,
        &format!(
            r#"plane: PLANE_DATA token_kinds: TOKEN_KIND_DELEGATED
               scopes: {{ values: "data.read" }} allowed_clients: "{}""#,
            seed::CLI_CLIENT_ID
        ),
    )
    .await;
    allows_the_command_line_alone(&issuer, &guarded).await;
}

#[tokio::test]
async fn a_registration_names_the_clients_that_may_call() {
    let issuer = Issuer::start().await;
    let mut settings = issuer.settings();
    settings.registrations[0].allowed_clients = vec![seed::CLI_CLIENT_ID.to_owned()];
    let policies = declaration(&Policy::delegated(&["data.read"]));
    let guarded = Guarded::start(&settings, policies).await;
    allows_the_command_line_alone(&issuer, &guarded).await;
}

async fn allows_the_command_line_alone(issuer: &Issuer, guarded: &Guarded) {
    let request = user(&["data.read"]);
    let allowed = issuer.issue(&request.clone().client(seed::CLI_CLIENT_ID));
    assert_eq!(guarded.check(&allowed).await, Ok(()));
    let outcome = guarded.check(&issuer.issue(&request)).await;
    assert_refused(outcome, Code::PermissionDenied, "CLIENT_APP_NOT_ALLOWED");
}

#[tokio::test]
async fn only_listed_tenants_may_call() {
    let issuer = Issuer::start().await;
    let guarded = declared(&issuer, &Policy::delegated(&["data.read"])).await;
    let stranger =
        TokenRequest::delegated(seed::OTHER_TENANT, seed::WORKLOAD_CLIENT_ID).scopes(["data.read"]);
    let outcome = guarded.check(&issuer.issue(&stranger)).await;
    assert_refused(outcome, Code::PermissionDenied, "TENANT_NOT_ALLOWED");
}

#[tokio::test]
async fn a_guest_belongs_to_the_tenant_that_issued_the_token() {
    let issuer = Issuer::start().await;
    let guarded = declared(&issuer, &Policy::delegated(&["data.read"])).await;
    let guest =
        TokenRequest::delegated(seed::GUEST, seed::WORKLOAD_CLIENT_ID).scopes(["data.read"]);

    let here = issuer.issue(&guest.clone().tenant(seed::CONTOSO_TENANT_ID));
    assert_eq!(guarded.check(&here).await, Ok(()));
    let tenant = guarded.caller_seen().user().unwrap().tenant().to_string();
    assert_eq!(tenant, seed::CONTOSO_TENANT_ID);

    let at_home = guarded.check(&issuer.issue(&guest)).await;
    assert_refused(at_home, Code::PermissionDenied, "TENANT_NOT_ALLOWED");
}
