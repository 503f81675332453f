//! Every served method, from the contracts themselves: what it refuses, whoever adds a method.

use std::collections::BTreeSet;
use std::sync::Arc;

use auth_interceptor::{
    AuthLayer, AuthSettings, Authenticator, Authority, AuthorityKind, GuardedServices,
    IssuerTemplate, MethodPolicy, Policies, Registration, TokenKind,
};
use emulator::{Emulator, TokenRequest, TokenVersion, seed};
use selvedge::bridge::GrpcWebLayer;
use selvedge::refusal::SelvedgeRefusal;
use selvedge::telemetry::call_findings::CallFindings;
use selvedge::transport::completion::CompletionLayer;
use tower::ServiceBuilder;

use crate::contracts::descriptor_set;
use crate::support::running::start_emulator;
use crate::support::served::{Served, traced};
use crate::support::wait::in_time;
use crate::support::{Call, READ_DATA, Reply, Running, Setup, read_token, user_token};

/// Methods that anybody may call. The list may only shrink: a method that joins it is a decision
/// for whoever reviews this file, and no test writes it.
const PUBLIC_METHODS: &str = include_str!("ledger/public-methods.txt");

fn public_methods() -> BTreeSet<&'static str> {
    PUBLIC_METHODS
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

fn takes(method: &MethodPolicy, kind: TokenKind) -> bool {
    method.policy().token_kinds().contains(&kind)
}

/// Sends the same call to every guarded method that fits, and says what came of it.
async fn call_each(
    running: &Running,
    fits: impl Fn(&MethodPolicy) -> bool,
    token: impl Fn(&MethodPolicy) -> Option<String>,
    expected: &str,
) -> usize {
    let client = running.raw().await;
    let mut called = 0;
    for method in running.served_policies.iter().filter(|method| fits(method)) {
        let mut call = Call::to(&format!("/{}", method.method()));
        if let Some(token) = token(method) {
            call = call.bearer(&token);
        }
        let reply = client.send(&call).await;
        assert_eq!(reply.verdict(), expected, "{}", method.method());
        reply.assert_complete(method.method());
        called += 1;
    }
    assert_eq!(running.store.calls(), 0, "no handler is entered");
    called
}

#[tokio::test]
async fn every_method_but_the_public_ones_demands_credentials() {
    let running = Running::start().await;
    let guarded = |method: &MethodPolicy| !takes(method, TokenKind::None);
    let called = call_each(
        &running,
        guarded,
        |_| None,
        "UNAUTHENTICATED CREDENTIALS_MISSING",
    )
    .await;
    assert!(called >= 9, "{called} methods are guarded");
}

#[tokio::test]
async fn the_public_methods_are_those_of_the_ledger() {
    let running = Running::start().await;
    let public: BTreeSet<_> = running
        .served_policies
        .iter()
        .filter(|method| takes(method, TokenKind::None))
        .map(MethodPolicy::method)
        .collect();
    assert_eq!(
        public,
        public_methods(),
        "see tests/ledger/public-methods.txt"
    );
}

#[tokio::test]
async fn no_method_of_users_takes_an_applications_own_token() {
    let running = Running::start().await;
    let users = |method: &MethodPolicy| {
        takes(method, TokenKind::Delegated) && !takes(method, TokenKind::AppOnly)
    };
    let token = running.emulator.issue(
        &TokenRequest::app_only(seed::DAEMON_CLIENT_ID, seed::WORKLOAD_CLIENT_ID)
            .roles([seed::ADMIN_ROLE]),
    );
    let called = call_each(
        &running,
        users,
        |_| Some(token.clone()),
        "PERMISSION_DENIED APP_ONLY_NOT_ALLOWED",
    )
    .await;
    assert!(called >= 9, "{called} methods are for users");
}

#[tokio::test]
async fn no_method_of_users_takes_a_token_with_every_scope_but_its_own() {
    let running = Running::start().await;
    let users = |method: &MethodPolicy| takes(method, TokenKind::Delegated);
    let others = |method: &MethodPolicy| {
        let scopes = method.policy().scopes();
        let own: Vec<&str> = scopes.groups().flatten().map(AsRef::as_ref).collect();
        let others: Vec<&str> = seed::WORKLOAD_SCOPES
            .into_iter()
            .filter(|scope| !own.contains(scope))
            .collect();
        assert!(
            others.len() < seed::WORKLOAD_SCOPES.len(),
            "its scope is the workload's"
        );
        Some(user_token(&running.emulator, seed::CONSENTED, &others))
    };
    let called = call_each(&running, users, others, "PERMISSION_DENIED SCOPE_MISSING").await;
    assert!(called >= 9, "{called} methods are for users");
}

#[tokio::test]
pub(crate) async fn a_client_application_that_is_not_on_the_list_is_refused() {
    let setup = Setup {
        allowed_clients: vec![seed::PORTAL_CLIENT_ID.to_owned()],
        ..Setup::default()
    };
    let running = setup.start().await;
    let client = running.raw().await;
    let from = |client: &str| {
        let request = TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID);
        let token = running
            .emulator
            .issue(&request.scopes(["data.read"]).client(client));
        Call::to(READ_DATA).bearer(&token)
    };
    assert_eq!(
        client.send(&from(seed::PORTAL_CLIENT_ID)).await.verdict(),
        "OK"
    );
    let reply = client.send(&from(seed::CLI_CLIENT_ID)).await;
    assert_eq!(reply.verdict(), "PERMISSION_DENIED CLIENT_APP_NOT_ALLOWED");
    let info = reply.error_info().unwrap();
    assert_eq!(info.metadata["clientAppId"], seed::CLI_CLIENT_ID);
}

#[tokio::test]
pub(crate) async fn a_tenant_taken_off_the_list_is_refused_with_a_token_that_was_good() {
    let emulator = start_emulator(auth_interceptor::Clock::system()).await;
    let token = user_token(&emulator, seed::OTHER_TENANT, &["data.read"]);
    let both = Setup::default().start_with(emulator.clone()).await;
    both.ready().await;
    let call = Call::to(READ_DATA).bearer(&token);
    assert_eq!(both.raw().await.send(&call).await.verdict(), "OK");

    let setup = Setup {
        tenants: vec![seed::CONTOSO_TENANT_ID],
        ..Setup::default()
    };
    let one = setup.start_with(emulator).await;
    one.ready().await;
    let reply = one.raw().await.send(&call).await;
    assert_eq!(reply.verdict(), "PERMISSION_DENIED TENANT_NOT_ALLOWED");
    assert_eq!(
        reply.error_info().unwrap().metadata["tenantId"],
        seed::FABRIKAM_TENANT_ID
    );
}

// === Policies that no contract of ours uses yet, on a service that is not ours ===

/// Health behind the policies of the fixture contract: `Check` demands the authentication context
/// c1, `Watch` an application role.
pub(crate) struct Guarded {
    pub(crate) emulator: Emulator,
    pub(crate) served: Served,
}

impl Guarded {
    pub(crate) async fn start() -> Self {
        Self::under(|emulator| Setup::default().auth(emulator)).await
    }

    /// The same under these settings.
    pub(crate) async fn under(settings: impl FnOnce(&Emulator) -> AuthSettings) -> Self {
        let emulator = start_emulator(auth_interceptor::Clock::system()).await;
        let mut settings = settings(&emulator);
        settings.observer = Arc::new(CallFindings);
        let authenticator = Authenticator::start(&settings).unwrap();
        in_time("the keys are read", authenticator.ready()).await;
        let contract = descriptor_set("step_up", "grpc/health/v1/health.proto");
        let policies = Policies::from_descriptor_set(&contract).unwrap();
        let (_reporter, health) = tonic_health::server::health_reporter();
        let mut services = GuardedServices::new(policies, Arc::new(SelvedgeRefusal));
        services.add(health).unwrap();
        let (routes, served) = services.into_parts();
        let service = ServiceBuilder::new()
            .layer(GrpcWebLayer)
            .layer(traced(served.clone()))
            .layer(CompletionLayer::new(1024, None))
            .layer(AuthLayer::new(
                authenticator,
                served,
                Arc::new(SelvedgeRefusal),
            ))
            .service(routes.prepare());
        Self {
            emulator,
            served: Served::start(service).await,
        }
    }

    async fn check(&self, request: TokenRequest) -> Reply {
        let token = self.emulator.issue(&request.scopes(["data.read"]));
        let client = &self.served.client;
        client
            .send(&Call::to("/grpc.health.v1.Health/Check").bearer(&token))
            .await
    }

    /// Opens a watch; what is let through does not end of itself.
    async fn watch(&self, token: &str) -> String {
        let call = Call::to("/grpc.health.v1.Health/Watch").bearer(token);
        let open = self.served.client.open(&call).await.unwrap();
        if open.reply.metadata("grpc-status").is_some() {
            open.reply.verdict()
        } else {
            "OK".to_owned()
        }
    }
}

pub(crate) fn user() -> TokenRequest {
    TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID)
}

#[tokio::test]
pub(crate) async fn a_missing_authentication_context_is_a_challenge_for_whoever_can_answer_it() {
    let guarded = Guarded::start().await;
    assert_eq!(
        guarded.check(user().acrs(["c1", "c2"])).await.verdict(),
        "OK"
    );
    assert_eq!(
        guarded.check(user().claim("acrs", "c1")).await.verdict(),
        "OK"
    );

    for request in [user().xms_cc(["cp1"]), user().xms_cc(["cp1"]).acrs(["c2"])] {
        let reply = guarded.check(request).await;
        assert_eq!(reply.verdict(), "UNAUTHENTICATED CLAIMS_CHALLENGE_REQUIRED");
        assert_eq!(reply.error_info().unwrap().metadata["authContext"], "c1");
        let challenge = reply.auth_challenge().expect("what the front end needs");
        assert!(challenge.retryable);
        let claims: serde_json::Value =
            serde_json::from_str(&challenge.claims_for_conditional_access_policy).unwrap();
        assert_eq!(claims["access_token"]["acrs"]["value"], "c1");
        assert_eq!(claims["access_token"]["acrs"]["essential"], true);
        let header = reply.challenge_header().unwrap();
        assert!(
            header.contains(r#"error="insufficient_claims", claims=""#),
            "{header}"
        );
    }

    for request in [user(), user().xms_cc(["cp2"]), user().acrs(["C1", "c10"])] {
        let reply = guarded.check(request).await;
        assert_eq!(
            reply.verdict(),
            "PERMISSION_DENIED STEP_UP_UNSUPPORTED_BY_CLIENT"
        );
        assert_eq!(
            reply.challenge_header(),
            None,
            "the client could not answer it"
        );
        assert!(reply.auth_challenge().is_none());
    }
}

#[tokio::test]
pub(crate) async fn a_sign_in_that_is_not_entras_is_stepped_up_in_its_own_words() {
    let guarded = Guarded::under(provider).await;
    let reply = guarded.check(signed_in_elsewhere()).await;
    assert_eq!(reply.verdict(), "UNAUTHENTICATED STEP_UP_REQUIRED");
    assert_eq!(reply.error_info().unwrap().metadata["acrValues"], "c1");
    // Not Entra's claims request but RFC 9470's parameters.
    assert_eq!(reply.auth_challenge(), None);
    let header = reply.challenge_header().unwrap();
    assert!(
        header.ends_with(r#"error="insufficient_user_authentication", acr_values="c1""#),
        "{header}"
    );
    let stepped_up = signed_in_elsewhere().claim("acr", "c1");
    let stepped_up = guarded.check(stepped_up).await;
    assert_eq!(stepped_up.verdict(), "OK");
}

/// A user's token as an OpenID provider other than Entra writes it.
pub(crate) fn signed_in_elsewhere() -> TokenRequest {
    user()
        .version(TokenVersion::V2)
        .header("typ", "at+jwt")
        .claim("client_id", seed::PORTAL_CLIENT_ID)
        .claim("jti", "token-1")
        .claim("scope", "data.read")
}

/// The emulator as an OpenID provider like any other.
pub(crate) fn provider(emulator: &Emulator) -> AuthSettings {
    let issuer = format!("{}/{}/v2.0", emulator.origin(), seed::CONTOSO_TENANT_ID);
    let authority = Authority {
        url: issuer.clone(),
        kind: AuthorityKind::Oidc {
            issuer: IssuerTemplate::new(&issuer),
            tenant: seed::CONTOSO_TENANT_ID.parse().unwrap(),
        },
        root_certificates_pem: Some(emulator.root_certificate_pem().into()),
        ..Authority::entra("provider", Vec::new())
    };
    let registration = Registration {
        audiences: vec![seed::WORKLOAD_CLIENT_ID.to_owned()],
        ..Registration::new("workload", "provider", "")
    };
    AuthSettings::new(vec![authority], vec![registration])
}

#[tokio::test]
pub(crate) async fn a_method_of_applications_takes_no_user_whatever_their_roles() {
    let guarded = Guarded::start().await;
    let issue = |request: &TokenRequest| guarded.emulator.issue(request);
    let daemon = TokenRequest::app_only(seed::DAEMON_CLIENT_ID, seed::WORKLOAD_CLIENT_ID);
    assert_eq!(
        guarded
            .watch(&issue(&daemon.clone().roles([seed::ADMIN_ROLE])))
            .await,
        "OK"
    );
    assert_eq!(
        guarded.watch(&issue(&daemon)).await,
        "PERMISSION_DENIED APP_ROLE_MISSING"
    );
    for role in ["selvedge.admin", "Selvedge.Admin2", "Selvedge.Admin "] {
        let token = issue(&daemon.clone().roles([role]));
        assert_eq!(
            guarded.watch(&token).await,
            "PERMISSION_DENIED APP_ROLE_MISSING",
            "{role}"
        );
    }
    let with_roles = user().scopes(["data.read"]).roles([seed::ADMIN_ROLE]);
    for request in [with_roles.clone(), with_roles.idtyp(true)] {
        let verdict = guarded.watch(&issue(&request)).await;
        assert_eq!(verdict, "PERMISSION_DENIED DELEGATED_NOT_ALLOWED");
    }
}

#[tokio::test]
async fn a_reading_token_does_not_write() {
    let running = Running::start().await;
    let call =
        Call::to("/selvedge.data.v1.DataService/WriteData").bearer(&read_token(&running.emulator));
    let reply = running.raw().await.send(&call).await;
    assert_eq!(reply.verdict(), "PERMISSION_DENIED SCOPE_MISSING");
    assert_eq!(
        reply.error_info().unwrap().metadata["requiredScopes"],
        "data.write"
    );
}
