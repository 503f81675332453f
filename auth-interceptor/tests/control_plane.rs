//! The control plane: Fabric calling with its own token, the tenant it names, and its user's token
//! where there is a user; and everybody else who tries.

mod tenants;

use auth_interceptor::{
    AuthError, AuthSettings, AuthorityKind, IssuerTemplate, Policies, Registration,
};
use emulator::{Rotation, TokenRequest, TokenVersion, seed};
use tonic::Code;
use tonic::metadata::MetadataMap;

use crate::contract;
use crate::guarded::{CHECK, Guarded, HEALTH, Refused, assert_refused, authorization, pair};
use crate::issuer::{Issuer, app, user};

/// What a method states that Fabric calls for a user.
const FOR_USERS: &str = r#"plane: PLANE_CONTROL
    token_kinds: TOKEN_KIND_SUBJECT_AND_APP
    scopes: { values: "FabricWorkloadControl" }"#;
/// Its scope.
const SCOPE: &str = "FabricWorkloadControl";

const TENANT: &str = "x-ms-client-tenant-id";
const CONTOSO: &str = seed::CONTOSO_TENANT_ID;
const FABRIKAM: &str = seed::FABRIKAM_TENANT_ID;
/// A tenant that is on no list.
const UNLISTED: &str = "77777777-7777-4777-8777-777777777777";
const FABRIC: &str = seed::FABRIC_CLIENT_ID;

const SUBJECT: Option<&str> = Some("subject");
const APP: Option<&str> = Some("app");

/// The tests' settings: Contoso publishes the workload, and its users and Fabrikam's may call.
fn settings(issuer: &Issuer) -> AuthSettings {
    let mut settings = issuer.settings();
    let AuthorityKind::Entra { tenants, .. } = &mut settings.authorities[0].kind else {
        panic!("the authority is Entra's");
    };
    tenants.push(FABRIKAM.parse().unwrap());
    settings
}

async fn guarded(issuer: &Issuer) -> Guarded {
    stating(issuer, FOR_USERS).await
}

async fn stating(issuer: &Issuer, policy: &str) -> Guarded {
    Guarded::start(&settings(issuer), contract::policies(policy).unwrap()).await
}

/// The user's token as Fabric gets it.
fn subject() -> TokenRequest {
    user(&[SCOPE]).client(FABRIC)
}

/// Fabric's own token.
fn fabric() -> TokenRequest {
    app(&[]).client(FABRIC)
}

/// What Fabric sends: both tokens, and a tenant if there is one to send.
fn headers(subject: &str, app: &str, tenant: Option<&str>) -> MetadataMap {
    let mut metadata = pair(subject, app);
    if let Some(tenant) = tenant {
        metadata.insert(TENANT, tenant.parse().unwrap());
    }
    metadata
}

/// What comes of a call for Contoso with these two tokens.
async fn call(guarded: &Guarded, subject: &str, app: &str) -> Result<(), Refused> {
    call_for(guarded, subject, app, Some(CONTOSO)).await
}

async fn call_for(
    guarded: &Guarded,
    subject: &str,
    app: &str,
    tenant: Option<&str>,
) -> Result<(), Refused> {
    let metadata = headers(subject, app, tenant);
    guarded.client.call(CHECK, metadata).await
}

/// Asserts that a call is refused, for what and for which of its tokens.
#[track_caller]
fn assert_refused_for(
    outcome: Result<(), Refused>,
    code: Code,
    reason: &str,
    token_role: Option<&str>,
) {
    let refused = outcome.expect_err("the call was let through");
    let role = refused.token_role.as_deref();
    assert_eq!(
        (refused.code, &*refused.reason, role),
        (code, reason, token_role)
    );
}

#[tokio::test]
async fn fabric_is_let_through_with_either_of_its_applications_and_versions() {
    let issuer = Issuer::start().await;
    let guarded = guarded(&issuer).await;
    for client in [FABRIC, seed::FABRIC_WORKLOAD_CLIENT_ID] {
        for version in [TokenVersion::V1, TokenVersion::V2] {
            let of_user = issuer.issue(&subject().client(client).version(version));
            let of_fabric = issuer.issue(&fabric().client(client).version(version));
            // The second time, both are remembered.
            for _ in 0..2 {
                assert_eq!(call(&guarded, &of_user, &of_fabric).await, Ok(()));
                let caller = guarded.caller_seen();
                assert_eq!(caller.tenant(), Some(CONTOSO.parse().unwrap()));
                assert_eq!(caller.subject_token().unwrap().expose(), of_user);
                assert_eq!(caller.app().unwrap().client().as_str(), client);
                // Neither the credentials nor a tenant to be believed instead of the caller's.
                let metadata = guarded.metadata_seen();
                assert!(!metadata.contains_key("authorization"));
                assert!(!metadata.contains_key(TENANT));
            }
        }
    }
    // The two versions may meet: one registration has one id.
    let of_user = issuer.issue(&subject().version(TokenVersion::V1));
    let of_fabric = issuer.issue(&fabric().version(TokenVersion::V2));
    assert_eq!(call(&guarded, &of_user, &of_fabric).await, Ok(()));
}

#[tokio::test]
async fn a_bearer_token_is_not_of_the_control_planes_scheme() {
    let issuer = Issuer::start().await;
    let guarded = guarded(&issuer).await;
    let contract = contract::policies(FOR_USERS).unwrap();
    let method = contract.iter().next().unwrap();
    for token in [subject(), fabric()] {
        let token = issuer.issue(&token);
        assert_refused(
            guarded.check(&token).await,
            Code::Unauthenticated,
            "AUTH_SCHEME_UNSUPPORTED",
        );
        let explained = guarded.authenticator.explain(method, &token).await;
        assert_eq!(explained, Err(AuthError::AuthSchemeUnsupported));
    }
    assert_refused(
        guarded.client.bare(CHECK).await,
        Code::Unauthenticated,
        "CREDENTIALS_MISSING",
    );
    assert!(!guarded.handler_entered());
}

#[tokio::test]
async fn a_token_out_of_its_role_is_no_token_of_that_role() {
    let issuer = Issuer::start().await;
    let guarded = guarded(&issuer).await;
    let of_user = issuer.issue(&subject());
    let of_fabric = issuer.issue(&fabric());
    for (subject, app, role) in [
        // Swapped, and one twice.
        (&of_fabric, &of_user, APP),
        (&of_user, &of_user, APP),
        (&of_fabric, &of_fabric, SUBJECT),
        (&of_user, &issuer.issue(&fabric().idtyp(false)), APP),
        (&of_user, &issuer.issue(&fabric().claim("scp", SCOPE)), APP),
        (
            &of_user,
            &issuer.issue(&fabric().claim("idtyp", "device")),
            APP,
        ),
        (&issuer.issue(&subject().idtyp(true)), &of_fabric, SUBJECT),
        (
            &issuer.issue(&subject().claim("idtyp", "app")),
            &of_fabric,
            SUBJECT,
        ),
        (
            &issuer.issue(&subject().claim("idtyp", "device")),
            &of_fabric,
            SUBJECT,
        ),
        (&issuer.issue(&fabric().idtyp(false)), &of_fabric, SUBJECT),
    ] {
        let outcome = call(&guarded, subject, app).await;
        assert_refused_for(
            outcome,
            Code::Unauthenticated,
            "TOKEN_TYPE_NOT_ALLOWED",
            role,
        );
    }
    assert!(!guarded.handler_entered());
}

#[tokio::test]
async fn nobody_but_fabric_calls_whatever_the_lists_of_users_clients_say() {
    let issuer = Issuer::start().await;
    let mut settings = settings(&issuer);
    // Lists whom users sign in to, which says nothing about who calls here.
    settings.registrations[0].allowed_clients = vec![
        seed::PORTAL_CLIENT_ID.to_owned(),
        seed::DAEMON_CLIENT_ID.to_owned(),
    ];
    let policies = || contract::policies(FOR_USERS).unwrap();
    let guarded = Guarded::start(&settings, policies()).await;
    let (of_user, of_fabric) = (issuer.issue(&subject()), issuer.issue(&fabric()));
    assert_eq!(call(&guarded, &of_user, &of_fabric).await, Ok(()));
    for client in [seed::DAEMON_CLIENT_ID, seed::PORTAL_CLIENT_ID] {
        let outcome = call(
            &guarded,
            &issuer.issue(&subject().client(client)),
            &issuer.issue(&fabric().client(client)),
        )
        .await;
        assert_refused_for(
            outcome,
            Code::PermissionDenied,
            "CLIENT_APP_NOT_ALLOWED",
            APP,
        );
    }

    // Another cloud's Fabric has other ids.
    settings.fabric_apps = vec![seed::DAEMON_CLIENT_ID.to_owned()];
    let guarded = Guarded::start(&settings, policies()).await;
    let outcome = call(&guarded, &of_user, &of_fabric).await;
    assert_refused_for(
        outcome,
        Code::PermissionDenied,
        "CLIENT_APP_NOT_ALLOWED",
        APP,
    );
    let outcome = call(
        &guarded,
        &issuer.issue(&subject().client(seed::DAEMON_CLIENT_ID)),
        &issuer.issue(&fabric().client(seed::DAEMON_CLIENT_ID)),
    )
    .await;
    assert_eq!(outcome, Ok(()));
}

#[tokio::test]
async fn a_method_may_be_for_one_of_fabrics_applications_alone() {
    let issuer = Issuer::start().await;
    let policy = format!("{FOR_USERS} allowed_clients: \"{FABRIC}\"");
    let guarded = stating(&issuer, &policy).await;
    let outcome = call(
        &guarded,
        &issuer.issue(&subject()),
        &issuer.issue(&fabric()),
    )
    .await;
    assert_eq!(outcome, Ok(()));
    let other = seed::FABRIC_WORKLOAD_CLIENT_ID;
    let outcome = call(
        &guarded,
        &issuer.issue(&subject().client(other)),
        &issuer.issue(&fabric().client(other)),
    )
    .await;
    assert_refused_for(
        outcome,
        Code::PermissionDenied,
        "CLIENT_APP_NOT_ALLOWED",
        APP,
    );
}

#[tokio::test]
async fn each_part_is_judged_before_the_next_is_looked_at() {
    let issuer = Issuer::start().await;
    let guarded = guarded(&issuer).await;
    let good = (issuer.issue(&subject()), issuer.issue(&fabric()));
    let expired = (
        issuer.issue(&subject().issued_at(-3661)),
        issuer.issue(&fabric().lifetime(3600).issued_at(-3661)),
    );
    let header = Code::InvalidArgument;
    let token = Code::Unauthenticated;
    for (subject, app, tenant, (code, reason, role)) in [
        // Whoever is not Fabric learns nothing about the rest.
        (
            &*expired.0,
            &*expired.1,
            None,
            (token, "TOKEN_EXPIRED", APP),
        ),
        ("", &*good.0, None, (token, "TOKEN_TYPE_NOT_ALLOWED", APP)),
        // Then the tenant, whatever the user's token is.
        (
            &*expired.0,
            &*good.1,
            None,
            (header, "TENANT_HEADER_INVALID", None),
        ),
        (
            "",
            &*good.1,
            Some("x"),
            (header, "TENANT_HEADER_INVALID", None),
        ),
        // Then the user's token, which says who it is before it is held against the tenant.
        (
            &*expired.0,
            &*good.1,
            Some(FABRIKAM),
            (token, "TOKEN_EXPIRED", SUBJECT),
        ),
        (
            &*good.1,
            &*good.1,
            Some(FABRIKAM),
            (token, "TOKEN_TYPE_NOT_ALLOWED", SUBJECT),
        ),
        (
            "",
            &*good.1,
            Some(FABRIKAM),
            (token, "SUBJECT_TOKEN_REQUIRED", SUBJECT),
        ),
    ] {
        let outcome = call_for(&guarded, subject, app, tenant).await;
        assert_refused_for(outcome, code, reason, role);
    }
    // And whether they belong together before what the user may do.
    let unscoped = issuer.issue(&user(&["other"]).client(FABRIC));
    let outcome = call_for(&guarded, &unscoped, &good.1, Some(FABRIKAM)).await;
    assert_refused_for(outcome, token, "TENANT_MISMATCH", SUBJECT);
}

#[tokio::test]
async fn the_users_token_was_issued_to_the_application_that_calls() {
    let issuer = Issuer::start().await;
    let guarded = guarded(&issuer).await;
    let of_fabric = issuer.issue(&fabric());
    for client in [seed::FABRIC_WORKLOAD_CLIENT_ID, seed::PORTAL_CLIENT_ID] {
        let of_user = issuer.issue(&subject().client(client));
        let refused = call(&guarded, &of_user, &of_fabric).await.unwrap_err();
        let expected = Refused {
            code: Code::Unauthenticated,
            reason: "SUBJECT_APP_MISMATCH".to_owned(),
            token_role: SUBJECT.map(str::to_owned),
            challenge: Some(format!(
                "SubjectAndAppToken1.0 realm=\"{CONTOSO}\", \
                 authorization_uri=\"{}/common/oauth2/v2.0/authorize\", error=\"invalid_token\"",
                issuer.entra.origin()
            )),
        };
        assert_eq!(refused, expected);
    }
}

#[tokio::test]
async fn both_tokens_are_of_one_authority_and_one_registration() {
    let (issuer, other_cloud) = (Issuer::start().await, Issuer::start().await);
    let mut settings = settings(&issuer);
    let mut ledger = Registration::new("ledger", "entra", seed::LEDGER_CLIENT_ID);
    ledger.audiences_v1 = vec![seed::LEDGER_URI.to_owned()];
    ledger.publisher_tenant = Some(CONTOSO.parse().unwrap());
    settings.registrations.push(ledger);
    let mut second = other_cloud.settings();
    second.authorities[0].name = "other-cloud".to_owned();
    second.registrations[0].name = "workload-there".to_owned();
    second.registrations[0].authority = "other-cloud".to_owned();
    settings.authorities.append(&mut second.authorities);
    settings.registrations.append(&mut second.registrations);
    let guarded = Guarded::start(&settings, contract::policies(FOR_USERS).unwrap()).await;
    let (of_user, of_fabric) = (issuer.issue(&subject()), issuer.issue(&fabric()));
    assert_eq!(call(&guarded, &of_user, &of_fabric).await, Ok(()));
    let there = (other_cloud.issue(&subject()), other_cloud.issue(&fabric()));
    assert_eq!(call(&guarded, &there.0, &there.1).await, Ok(()));

    for (subject, app) in [(&of_user, &there.1), (&there.0, &of_fabric)] {
        let outcome = call(&guarded, subject, app).await;
        assert_refused_for(
            outcome,
            Code::Unauthenticated,
            "TOKEN_ISSUER_MISMATCH",
            SUBJECT,
        );
    }
    let for_ledger = TokenRequest::delegated(seed::CONSENTED, seed::LEDGER_CLIENT_ID)
        .scopes([SCOPE])
        .client(FABRIC);
    let outcome = call(&guarded, &issuer.issue(&for_ledger), &of_fabric).await;
    assert_refused_for(
        outcome,
        Code::Unauthenticated,
        "TOKEN_AUDIENCE_MISMATCH",
        SUBJECT,
    );
}

#[tokio::test]
async fn a_provider_that_is_not_entra_has_no_fabric() {
    let issuer = Issuer::start().await;
    let origin = issuer.entra.origin().to_owned();
    // The emulator as an OpenID provider like any other, whose tokens have Fabric's client id.
    let tenant = format!("{origin}/{CONTOSO}/v2.0");
    let mut settings = issuer.settings();
    settings.authorities[0].url = tenant.clone();
    settings.authorities[0].kind = AuthorityKind::Oidc {
        issuer: IssuerTemplate::new(&tenant),
        tenant: CONTOSO.parse().unwrap(),
    };
    settings.registrations[0].audiences = vec![seed::WORKLOAD_CLIENT_ID.to_owned()];
    let guarded = Guarded::start(&settings, contract::policies(FOR_USERS).unwrap()).await;
    let as_provider = |request: TokenRequest| {
        let request = request
            .version(TokenVersion::V2)
            .header("typ", "at+jwt")
            .claim("client_id", FABRIC)
            .claim("jti", "token-1");
        issuer.issue(&request)
    };
    let of_user = as_provider(subject().claim("scope", SCOPE));
    let of_fabric = as_provider(fabric().claim("sub", FABRIC));
    for subject in [&*of_user, ""] {
        let outcome = call(&guarded, subject, &of_fabric).await;
        assert_refused_for(outcome, Code::Unauthenticated, "TOKEN_ISSUER_MISMATCH", APP);
    }
}

#[tokio::test]
async fn the_user_has_to_be_allowed_what_the_method_states() {
    let issuer = Issuer::start().await;
    let policy = format!("{FOR_USERS} authentication_context: \"c1\"");
    let guarded = stating(&issuer, &policy).await;
    let of_fabric = issuer.issue(&fabric());
    let good = || subject().acrs(["c1"]);
    let outcome = call(&guarded, &issuer.issue(&good()), &of_fabric).await;
    assert_eq!(outcome, Ok(()));

    let unscoped = user(&["data.read"]).client(FABRIC).acrs(["c1"]);
    for request in [
        unscoped.clone(),
        unscoped.clone().claim("scp", "fabricworkloadcontrol"),
        unscoped.clone().without("scp"),
        unscoped.roles([SCOPE]),
    ] {
        let outcome = call(&guarded, &issuer.issue(&request), &of_fabric).await;
        assert_refused_for(outcome, Code::PermissionDenied, "SCOPE_MISSING", SUBJECT);
    }
    let stranger = good().tenant(UNLISTED);
    let outcome = call_for(
        &guarded,
        &issuer.issue(&stranger),
        &of_fabric,
        Some(UNLISTED),
    )
    .await;
    assert_refused_for(
        outcome,
        Code::PermissionDenied,
        "TENANT_NOT_ALLOWED",
        SUBJECT,
    );
    let weak = issuer.issue(&subject().xms_cc(["cp1"]));
    assert_refused_for(
        call(&guarded, &weak, &of_fabric).await,
        Code::Unauthenticated,
        "CLAIMS_CHALLENGE_REQUIRED",
        SUBJECT,
    );
}

#[tokio::test]
async fn a_header_that_is_no_pair_is_malformed() {
    let issuer = Issuer::start().await;
    let guarded = guarded(&issuer).await;
    let (user, fabric) = (issuer.issue(&subject()), issuer.issue(&fabric()));
    let good = format!("SubjectAndAppToken1.0 subjectToken=\"{user}\", appToken=\"{fabric}\"");
    let almost = "subjectToken=\"eyJa\", ".repeat(400);
    for (value, reason) in [
        (good.replace(&fabric, ""), "AUTH_HEADER_MALFORMED"),
        (good.replace(", ", ","), "AUTH_HEADER_MALFORMED"),
        (good.replace('"', "'"), "AUTH_HEADER_MALFORMED"),
        (good.replace('"', ""), "AUTH_HEADER_MALFORMED"),
        (good.to_lowercase(), "AUTH_HEADER_MALFORMED"),
        (format!("{good},"), "AUTH_HEADER_MALFORMED"),
        (format!("{good}, {good}"), "AUTH_HEADER_MALFORMED"),
        (
            format!("SubjectAndAppToken1.0 {almost}"),
            "AUTH_HEADER_MALFORMED",
        ),
        (good.replace("1.0", "2.0"), "AUTH_SCHEME_UNSUPPORTED"),
    ] {
        let mut metadata = authorization(&value);
        metadata.insert(TENANT, CONTOSO.parse().unwrap());
        let outcome = guarded.client.call(CHECK, metadata).await;
        assert_refused_for(outcome, Code::Unauthenticated, reason, None);
    }
}

#[tokio::test]
async fn a_new_key_of_either_token_is_learned() {
    for (subject_is_new, app_is_new) in [(true, false), (false, true), (true, true)] {
        let issuer = Issuer::start().await;
        let guarded = guarded(&issuer).await;
        let old = (issuer.issue(&subject()), issuer.issue(&fabric()));
        issuer.entra.rotate_keys(Rotation::Published);
        issuer.entra.promote_key();
        let new = (issuer.issue(&subject()), issuer.issue(&fabric()));
        let of_user = if subject_is_new { &new.0 } else { &old.0 };
        let of_fabric = if app_is_new { &new.1 } else { &old.1 };
        assert_eq!(call(&guarded, of_user, of_fabric).await, Ok(()));
        assert!(guarded.caller_seen().tenant().is_some());
    }
}

#[tokio::test]
async fn a_stream_ends_with_the_first_of_its_tokens() {
    let issuer = Issuer::start().await;
    let contract = contract::policies(&format!("{FOR_USERS} subject_may_be_empty: true"));
    let policy = contract.unwrap().iter().next().unwrap().policy().clone();
    let policies = Policies::default().declare(HEALTH, &["Check", "Watch"], &policy);
    let guarded = Guarded::start(&settings(&issuer), policies).await;
    // Expired 59 s ago: 1 s of the skew is left.
    let ending = issuer.issue(&fabric().lifetime(3600).issued_at(-3659));
    for (of_user, of_fabric) in [
        (issuer.issue(&subject()), &ending),
        (String::new(), &ending),
        (
            issuer.issue(&subject().issued_at(-3659)),
            &issuer.issue(&fabric()),
        ),
    ] {
        let tokens = headers(&of_user, of_fabric, Some(CONTOSO));
        let mut watch = guarded.client.open_watch(tokens).await.unwrap();
        assert!(watch.message().await.unwrap().is_some());
        let end = watch.message().await.unwrap_err();
        assert_eq!(Refused::of(&end).reason, "TOKEN_EXPIRED");
    }
}
