//! Calls with two tokens: a service that proves itself beside its user, and every way in which the
//! two tokens are not what they have to be.

use auth_interceptor::{AuthSettings, Policies, Registration, TokenSubject};
use emulator::{Rotation, TokenRequest, seed};
use tonic::Code;

use crate::contract;
use crate::guarded::{CHECK, Guarded, HEALTH, Refused, assert_refused, authorization, pair};
use crate::issuer::{Issuer, app, user};

/// What a method states that takes a user's token alone or with a service's own beside it.
const EITHER: &str = r#"plane: PLANE_DATA
    token_kinds: [TOKEN_KIND_DELEGATED, TOKEN_KIND_SUBJECT_AND_APP]
    scopes: { values: "token.exchange" }"#;

const SUBJECT: Option<&str> = Some("subject");
const APP: Option<&str> = Some("app");

/// The tests' settings, with the tenant that the service's own token has to come from.
fn settings(issuer: &Issuer) -> AuthSettings {
    let mut settings = issuer.settings();
    settings.registrations[0].publisher_tenant = Some(seed::CONTOSO_TENANT_ID.parse().unwrap());
    settings
}

async fn guarded(issuer: &Issuer) -> Guarded {
    let policies = contract::policies(EITHER).unwrap();
    Guarded::start(&settings(issuer), policies).await
}

fn subject() -> TokenRequest {
    user(&["token.exchange"])
}

fn service() -> TokenRequest {
    app(&[])
}

/// What comes of a call with these two tokens.
async fn call(guarded: &Guarded, subject: &str, app: &str) -> Result<(), Refused> {
    guarded.client.call(CHECK, pair(subject, app)).await
}

/// Asserts that a pair is refused, for what and for which of its tokens.
#[track_caller]
fn assert_pair_refused(
    outcome: Result<(), Refused>,
    code: Code,
    reason: &str,
    token_role: Option<&str>,
) {
    let refused = outcome.expect_err("the call was let through");
    assert_eq!(
        (
            refused.code,
            &*refused.reason,
            refused.token_role.as_deref()
        ),
        (code, reason, token_role)
    );
}

#[tokio::test]
async fn a_good_pair_is_let_through_and_both_are_known() {
    let issuer = Issuer::start().await;
    let guarded = guarded(&issuer).await;
    for version in [emulator::TokenVersion::V1, emulator::TokenVersion::V2] {
        let of_user = issuer.issue(&subject().version(version));
        let of_service = issuer.issue(&service().version(version));
        // The second time, both are remembered.
        for _ in 0..2 {
            assert_eq!(call(&guarded, &of_user, &of_service).await, Ok(()));
            let caller = guarded.caller_seen();
            let claims = caller.user().unwrap();
            assert_eq!(claims.client().as_str(), seed::PORTAL_CLIENT_ID);
            assert_eq!(caller.subject_token().unwrap().expose(), of_user);
            let app = caller.app().unwrap();
            assert_eq!(app.client().as_str(), seed::DAEMON_CLIENT_ID);
            assert_eq!(app.subject(), TokenSubject::App);
            assert!(!guarded.metadata_seen().contains_key("authorization"));
        }
    }
}

#[tokio::test]
async fn a_bearer_token_still_does_and_proves_no_service() {
    let issuer = Issuer::start().await;
    let guarded = guarded(&issuer).await;
    let token = issuer.issue(&subject());
    assert_eq!(guarded.check(&token).await, Ok(()));
    let caller = guarded.caller_seen();
    assert!(caller.app().is_none());
    assert_eq!(caller.subject_token().unwrap().expose(), token);
}

#[tokio::test]
async fn a_method_that_does_not_state_the_kind_takes_no_pair() {
    let issuer = Issuer::start().await;
    let policies = contract::policies(
        r#"plane: PLANE_DATA token_kinds: TOKEN_KIND_DELEGATED
           scopes: { values: "token.exchange" }"#,
    );
    let guarded = Guarded::start(&settings(&issuer), policies.unwrap()).await;
    let outcome = call(
        &guarded,
        &issuer.issue(&subject()),
        &issuer.issue(&service()),
    )
    .await;
    assert_pair_refused(
        outcome,
        Code::Unauthenticated,
        "AUTH_SCHEME_UNSUPPORTED",
        None,
    );
}

#[tokio::test]
async fn a_method_that_takes_pairs_alone_takes_no_bearer_token() {
    let issuer = Issuer::start().await;
    let policies = contract::policies(
        r#"plane: PLANE_DATA token_kinds: TOKEN_KIND_SUBJECT_AND_APP
           scopes: { values: "token.exchange" }"#,
    );
    let guarded = Guarded::start(&settings(&issuer), policies.unwrap()).await;
    let of_user = issuer.issue(&subject());
    assert_refused(
        guarded.check(&of_user).await,
        Code::Unauthenticated,
        "AUTH_SCHEME_UNSUPPORTED",
    );
    let outcome = call(&guarded, &of_user, &issuer.issue(&service())).await;
    assert_eq!(outcome, Ok(()));
}

#[tokio::test]
async fn a_token_out_of_its_role_is_no_token_of_that_role() {
    let issuer = Issuer::start().await;
    let guarded = guarded(&issuer).await;
    let of_user = issuer.issue(&subject());
    let of_service = issuer.issue(&service());
    let untyped = issuer.issue(&service().idtyp(false));
    let scoped = issuer.issue(&service().claim("scp", "token.exchange"));
    for (subject, app, role) in [
        (&of_service, &of_user, APP),
        (&of_user, &of_user, APP),
        (&of_service, &of_service, SUBJECT),
        (&of_user, &untyped, APP),
        (&of_user, &scoped, APP),
    ] {
        let outcome = call(&guarded, subject, app).await;
        assert_pair_refused(
            outcome,
            Code::Unauthenticated,
            "TOKEN_TYPE_NOT_ALLOWED",
            role,
        );
    }
    assert!(!guarded.handler_entered());
}

#[tokio::test]
async fn a_service_is_believed_from_the_publisher_tenant_alone() {
    let issuer = Issuer::start().await;
    let of_user = issuer.issue(&subject());
    let of_contoso = issuer.issue(&service());
    let of_fabrikam = issuer.issue(&service().tenant(seed::FABRIKAM_TENANT_ID));
    for (publisher, believed, other) in [
        (
            Some(seed::CONTOSO_TENANT_ID),
            Some(&of_contoso),
            &of_fabrikam,
        ),
        // The list of tenants, on which it is not, is the users'.
        (
            Some(seed::FABRIKAM_TENANT_ID),
            Some(&of_fabrikam),
            &of_contoso,
        ),
        (None, None, &of_contoso),
    ] {
        let mut settings = settings(&issuer);
        settings.registrations[0].publisher_tenant =
            publisher.map(|tenant| tenant.parse().unwrap());
        let guarded = Guarded::start(&settings, contract::policies(EITHER).unwrap()).await;
        if let Some(believed) = believed {
            assert_eq!(call(&guarded, &of_user, believed).await, Ok(()));
        }
        let outcome = call(&guarded, &of_user, other).await;
        assert_pair_refused(outcome, Code::Unauthenticated, "TENANT_MISMATCH", APP);
    }
}

#[tokio::test]
async fn both_tokens_are_for_one_registration() {
    let issuer = Issuer::start().await;
    let mut settings = settings(&issuer);
    let mut ledger = Registration::new("ledger", "entra", seed::LEDGER_CLIENT_ID);
    ledger.audiences_v1 = vec![seed::LEDGER_URI.to_owned()];
    ledger.publisher_tenant = Some(seed::FABRIKAM_TENANT_ID.parse().unwrap());
    settings.registrations.push(ledger);
    let guarded = Guarded::start(&settings, contract::policies(EITHER).unwrap()).await;

    let of_user = issuer.issue(&subject());
    let for_ledger =
        TokenRequest::app_only(seed::DAEMON_CLIENT_ID, seed::LEDGER_CLIENT_ID).idtyp(true);
    let outcome = call(&guarded, &of_user, &issuer.issue(&for_ledger)).await;
    assert_pair_refused(
        outcome,
        Code::Unauthenticated,
        "TOKEN_AUDIENCE_MISMATCH",
        APP,
    );

    let for_nobody = issuer.issue(&service().claim("aud", "api://other"));
    let outcome = call(&guarded, &of_user, &for_nobody).await;
    assert_pair_refused(
        outcome,
        Code::Unauthenticated,
        "TOKEN_AUDIENCE_MISMATCH",
        APP,
    );
    let outcome = call(
        &guarded,
        &issuer.issue(&subject().claim("aud", "api://other")),
        &issuer.issue(&service()),
    )
    .await;
    assert_pair_refused(
        outcome,
        Code::Unauthenticated,
        "TOKEN_AUDIENCE_MISMATCH",
        SUBJECT,
    );
}

#[tokio::test]
async fn the_user_has_to_be_allowed_as_with_a_bearer_token() {
    let issuer = Issuer::start().await;
    let mut settings = settings(&issuer);
    settings.registrations[0].allowed_clients = vec![seed::PORTAL_CLIENT_ID.to_owned()];
    let policies = contract::policies(&format!("{EITHER} authentication_context: \"c1\"")).unwrap();
    let guarded = Guarded::start(&settings, policies).await;
    let of_service = issuer.issue(&service());
    let good = subject().acrs(["c1"]);
    assert_eq!(
        call(&guarded, &issuer.issue(&good), &of_service).await,
        Ok(())
    );

    let stranger = TokenRequest::delegated(seed::OTHER_TENANT, seed::WORKLOAD_CLIENT_ID)
        .scopes(["token.exchange"])
        .acrs(["c1"]);
    for (request, code, reason) in [
        (
            user(&["data.read"]).acrs(["c1"]),
            Code::PermissionDenied,
            "SCOPE_MISSING",
        ),
        (stranger, Code::PermissionDenied, "TENANT_NOT_ALLOWED"),
        (
            good.client(seed::CLI_CLIENT_ID),
            Code::PermissionDenied,
            "CLIENT_APP_NOT_ALLOWED",
        ),
        (
            subject().xms_cc(["cp1"]),
            Code::Unauthenticated,
            "CLAIMS_CHALLENGE_REQUIRED",
        ),
    ] {
        let outcome = call(&guarded, &issuer.issue(&request), &of_service).await;
        assert_pair_refused(outcome, code, reason, SUBJECT);
    }
}

#[tokio::test]
async fn no_service_lends_the_user_its_roles() {
    let issuer = Issuer::start().await;
    let policies = contract::policies(
        r#"plane: PLANE_DATA
           token_kinds: [TOKEN_KIND_APP_ONLY, TOKEN_KIND_SUBJECT_AND_APP]
           roles: { values: "Selvedge.Admin" } scopes: { values: "data.write" }"#,
    );
    let guarded = Guarded::start(&settings(&issuer), policies.unwrap()).await;
    let of_service = issuer.issue(&app(&["Selvedge.Admin"]));
    assert_eq!(guarded.check(&of_service).await, Ok(()));
    let outcome = call(&guarded, &issuer.issue(&subject()), &of_service).await;
    assert_pair_refused(outcome, Code::PermissionDenied, "SCOPE_MISSING", SUBJECT);
}

#[tokio::test]
async fn a_refusal_names_the_token_that_is_out_of_its_time_or_size() {
    let issuer = Issuer::start().await;
    let mut settings = settings(&issuer);
    settings.token_bytes = 2048;
    let guarded = Guarded::start(&settings, contract::policies(EITHER).unwrap()).await;
    let of_user = issuer.issue(&subject());
    let of_service = issuer.issue(&service());
    assert_eq!(call(&guarded, &of_user, &of_service).await, Ok(()));
    let groups = vec!["g".repeat(36); 80];
    for (bad, reason) in [
        (
            [
                subject().issued_at(-3661),
                service().lifetime(3600).issued_at(-3661),
            ],
            "TOKEN_EXPIRED",
        ),
        (
            [
                subject().claim("groups", groups.clone()),
                service().claim("groups", groups),
            ],
            "TOKEN_TOO_LARGE",
        ),
        (
            [
                subject().header("alg", "none"),
                service().header("alg", "none"),
            ],
            "TOKEN_ALG_NOT_ALLOWED",
        ),
    ] {
        let [bad_subject, bad_app] = bad.map(|request| issuer.issue(&request));
        let outcome = call(&guarded, &bad_subject, &of_service).await;
        assert_pair_refused(outcome, Code::Unauthenticated, reason, SUBJECT);
        let outcome = call(&guarded, &of_user, &bad_app).await;
        assert_pair_refused(outcome, Code::Unauthenticated, reason, APP);
    }
    assert_eq!(call(&guarded, &of_user, &of_service).await, Ok(()));
}

#[tokio::test]
async fn without_a_user_a_pair_is_refused_unless_the_method_may_do_without() {
    let issuer = Issuer::start().await;
    let of_service = issuer.issue(&service());

    let needs_user = guarded(&issuer).await;
    let refused = call(&needs_user, "", &of_service).await.unwrap_err();
    assert_eq!(
        refused,
        Refused {
            code: Code::Unauthenticated,
            reason: "SUBJECT_TOKEN_REQUIRED".to_owned(),
            token_role: SUBJECT.map(str::to_owned),
            challenge: Some(format!(
                "SubjectAndAppToken1.0 realm=\"\", \
                 authorization_uri=\"{}/common/oauth2/v2.0/authorize\", error=\"invalid_token\"",
                issuer.entra.origin()
            )),
        }
    );
    // Nobody learns that without proof of their own.
    let outcome = call(&needs_user, "", &issuer.issue(&subject())).await;
    assert_pair_refused(
        outcome,
        Code::Unauthenticated,
        "TOKEN_TYPE_NOT_ALLOWED",
        APP,
    );

    let policies = contract::policies(&format!("{EITHER} subject_may_be_empty: true"));
    let needs_none = Guarded::start(&settings(&issuer), policies.unwrap()).await;
    assert_eq!(call(&needs_none, "", &of_service).await, Ok(()));
    let caller = needs_none.caller_seen();
    assert!(caller.user().is_err() && caller.claims().is_none());
    assert!(caller.subject_token().is_none());
    assert_eq!(
        caller.app().unwrap().client().as_str(),
        seed::DAEMON_CLIENT_ID
    );
    // That a user may be absent makes no bad user good.
    let outcome = call(&needs_none, &issuer.issue(&user(&["other"])), &of_service).await;
    assert_pair_refused(outcome, Code::PermissionDenied, "SCOPE_MISSING", SUBJECT);
}

#[tokio::test]
async fn a_realm_is_where_the_user_signs_in_and_never_the_services_tenant() {
    let issuer = Issuer::start().await;
    let guarded = guarded(&issuer).await;
    let foreign = issuer.issue(&service().tenant(seed::FABRIKAM_TENANT_ID));
    let refused = call(&guarded, &issuer.issue(&subject()), &foreign).await;
    let challenge = refused.unwrap_err().challenge.unwrap();
    assert!(challenge.starts_with("Bearer realm=\"\", "), "{challenge}");
}

#[tokio::test]
async fn a_header_that_is_no_pair_is_malformed() {
    let issuer = Issuer::start().await;
    let guarded = guarded(&issuer).await;
    let (of_user, of_service) = (issuer.issue(&subject()), issuer.issue(&service()));
    for (value, reason) in [
        (
            format!("SubjectAndAppToken1.0 subjectToken=\"{of_user}\", appToken=\"\""),
            "AUTH_HEADER_MALFORMED",
        ),
        (
            format!("SubjectAndAppToken1.0 appToken=\"{of_service}\", subjectToken=\"{of_user}\""),
            "AUTH_HEADER_MALFORMED",
        ),
        (
            format!("subjectandapptoken1.0 subjectToken=\"{of_user}\", appToken=\"{of_service}\""),
            "AUTH_HEADER_MALFORMED",
        ),
        (
            format!("SubjectAndAppToken2.0 subjectToken=\"{of_user}\", appToken=\"{of_service}\""),
            "AUTH_SCHEME_UNSUPPORTED",
        ),
    ] {
        let outcome = guarded.client.call(CHECK, authorization(&value)).await;
        assert_pair_refused(outcome, Code::Unauthenticated, reason, None);
    }
    let mut twice = pair(&of_user, &of_service);
    twice.append(
        "authorization",
        format!("Bearer {of_user}").parse().unwrap(),
    );
    let outcome = guarded.client.call(CHECK, twice).await;
    assert_pair_refused(
        outcome,
        Code::Unauthenticated,
        "AUTH_HEADER_DUPLICATED",
        None,
    );
}

#[tokio::test]
async fn a_new_key_of_either_token_is_learned() {
    for (subject_is_new, app_is_new) in [(true, false), (false, true), (true, true)] {
        let issuer = Issuer::start().await;
        let guarded = guarded(&issuer).await;
        let old = (issuer.issue(&subject()), issuer.issue(&service()));
        assert_eq!(call(&guarded, &old.0, &old.1).await, Ok(()));
        issuer.entra.rotate_keys(Rotation::Published);
        issuer.entra.promote_key();
        let new = (issuer.issue(&subject()), issuer.issue(&service()));
        let of_user = if subject_is_new { &new.0 } else { &old.0 };
        let of_service = if app_is_new { &new.1 } else { &old.1 };
        assert_eq!(call(&guarded, of_user, of_service).await, Ok(()));
    }
}

#[tokio::test]
async fn a_key_that_nobody_has_is_refused_in_its_role() {
    let issuer = Issuer::start().await;
    let guarded = guarded(&issuer).await;
    let unknown =
        |request: TokenRequest| issuer.issue(&request.header("kid", "nobody").without("x5t"));
    let outcome = call(&guarded, &issuer.issue(&subject()), &unknown(service())).await;
    assert_pair_refused(outcome, Code::Unauthenticated, "SIGNING_KEY_UNKNOWN", APP);
    let outcome = call(&guarded, &unknown(subject()), &issuer.issue(&service())).await;
    assert_pair_refused(
        outcome,
        Code::Unauthenticated,
        "SIGNING_KEY_UNKNOWN",
        SUBJECT,
    );
}

#[tokio::test]
async fn a_stream_ends_with_the_first_of_its_tokens() {
    let issuer = Issuer::start().await;
    let contract = contract::policies(EITHER).unwrap();
    let policy = contract.iter().next().unwrap().policy().clone();
    let policies = Policies::default().declare(HEALTH, &["Check", "Watch"], &policy);
    let guarded = Guarded::start(&settings(&issuer), policies).await;
    // Expired 59 s ago: 1 s of the skew is left.
    for (of_user, of_service) in [
        (subject(), service().lifetime(3600).issued_at(-3659)),
        (subject().issued_at(-3659), service()),
    ] {
        let tokens = pair(&issuer.issue(&of_user), &issuer.issue(&of_service));
        let mut watch = guarded.client.open_watch(tokens).await.unwrap();
        assert!(watch.message().await.unwrap().is_some());
        let end = watch.message().await.unwrap_err();
        assert_eq!(Refused::of(&end).reason, "TOKEN_EXPIRED");
    }
}
