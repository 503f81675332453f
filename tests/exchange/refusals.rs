//! Every way in which an exchange is refused, and what of it a front end, an administrator and a
//! support engineer are handed.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use emulator::{AccessPolicy, Endpoint, Fault, ScriptedError, seed};
use selvedge::contracts::refusal::v1::AuthChallenge;
use selvedge::exchange::Consent;

use super::{
    EXCHANGE, Exchanging, FORGET, for_storage, pair, request, service_token, storage_request,
};
use crate::support::expected::{ANY, Expected};
use crate::support::running::STORAGE_SCOPE;
use crate::support::{Call, Setup};

/// A refusal of the authority's, with what support asks for.
fn refused(verdict: &'static str, aadsts: &str) -> Expected {
    Expected::refusal(verdict)
        .with("aadsts", aadsts)
        .with("correlationId", ANY)
        .with("authorityTraceId", ANY)
}

/// The challenge that names the user's tenant and sign-in page, and says this.
fn bearer(exchanging: &Exchanging, rest: &str) -> String {
    let tenant = seed::CONTOSO_TENANT_ID;
    let origin = exchanging.emulator().origin();
    format!(
        r#"Bearer realm="{tenant}", authorization_uri="{origin}/{tenant}/oauth2/v2.0/authorize", {rest}"#
    )
}

fn admin_consent(exchanging: &Exchanging) -> String {
    let origin = exchanging.emulator().origin();
    let (tenant, client) = (seed::CONTOSO_TENANT_ID, seed::WORKLOAD_CLIENT_ID);
    format!("{origin}/{tenant}/adminconsent?client_id={client}")
}

/// Asks in this user's name and holds the answer to what it must be.
async fn asked(exchanging: &Exchanging, upn: &str, expected: &Expected) {
    let token = exchanging.token(upn);
    let reply = exchanging.ask(&token).await;
    expected.assert(&reply, &[&token, seed::WORKLOAD_SECRET]);
    assert_eq!(reply.metadata("cache-control"), Some("no-store"));
}

/// Makes the authority refuse every exchange like this.
fn script(exchanging: &Exchanging, error: ScriptedError) {
    let fault = Some(Fault::AuthorityError(error));
    exchanging.emulator().set_fault(Endpoint::OnBehalfOf, fault);
}

// === The user or an administrator acts ===

#[tokio::test]
pub(crate) async fn missing_consent_names_the_scopes_and_where_an_administrator_consents() {
    let exchanging = Exchanging::start().await;
    let rest =
        format!(r#"error="insufficient_scope", scope="{STORAGE_SCOPE}", proposedAction="consent""#);
    let expected = refused("PERMISSION_DENIED CONSENT_REQUIRED", "65001")
        .with("suberror", "consent_required")
        .with("resource", seed::STORAGE_URI)
        .challenge(AuthChallenge {
            additional_scopes_to_consent: vec![STORAGE_SCOPE.to_owned()],
            retryable: true,
            ..AuthChallenge::default()
        })
        .www_authenticate(bearer(&exchanging, &rest))
        .help(admin_consent(&exchanging));
    asked(&exchanging, seed::NO_CONSENT, &expected).await;
}

#[tokio::test]
async fn where_consent_is_asked_for_at_once_no_single_scope_is_named() {
    let setup = Setup {
        consent: Consent::Full,
        ..Setup::default()
    };
    let exchanging = Exchanging::with(setup).await;
    let reply = exchanging.ask(&exchanging.token(seed::NO_CONSENT)).await;
    let expected = AuthChallenge {
        prompt_full_consent: true,
        retryable: true,
        ..AuthChallenge::default()
    };
    assert_eq!(reply.auth_challenge(), Some(expected));
}

#[tokio::test]
pub(crate) async fn a_demand_of_conditional_access_arrives_byte_for_byte() {
    let exchanging = Exchanging::start().await;
    for (upn, policy, aadsts, suberror) in [
        (seed::MFA, AccessPolicy::Mfa, "50076", "basic_action"),
        (
            seed::DEVICE,
            AccessPolicy::CompliantDevice,
            "53000",
            "additional_action",
        ),
    ] {
        let emulator = exchanging.emulator();
        let rule = emulator.set_access_policy(upn, seed::STORAGE_URI, policy);
        let claims = format!(
            r#"{{"access_token":{{"capolids":{{"essential":true,"values":["{}"]}}}}}}"#,
            rule.unwrap().id()
        );
        let encoded = STANDARD.encode(&claims);
        let rest = format!(r#"error="insufficient_claims", claims="{encoded}""#);
        let expected = refused("UNAUTHENTICATED INTERACTION_REQUIRED", aadsts)
            .with("suberror", suberror)
            .challenge(AuthChallenge {
                claims_for_conditional_access_policy: claims,
                retryable: true,
                ..AuthChallenge::default()
            })
            .www_authenticate(bearer(&exchanging, &rest));
        asked(&exchanging, upn, &expected).await;
    }
}

#[tokio::test]
async fn no_byte_of_odd_claims_is_changed_and_none_breaks_out_of_a_header() {
    let exchanging = Exchanging::start().await;
    let odd = "{ \"access_token\" : {\"x\":{\"value\":\"a\\\"b, c=\\u00e9 \u{fc}\\r\\n\"},\n\t\"n\":1.50}}";
    script(
        &exchanging,
        ScriptedError::new(400, "interaction_required", 50_076).claims(odd),
    );
    let rest = format!(
        r#"error="insufficient_claims", claims="{}""#,
        STANDARD.encode(odd)
    );
    let expected = refused("UNAUTHENTICATED INTERACTION_REQUIRED", "50076")
        .challenge(AuthChallenge {
            claims_for_conditional_access_policy: odd.to_owned(),
            retryable: true,
            ..AuthChallenge::default()
        })
        .www_authenticate(bearer(&exchanging, &rest));
    asked(&exchanging, seed::CONSENTED, &expected).await;
}

#[tokio::test]
pub(crate) async fn a_block_can_be_explained_and_not_be_mended() {
    let exchanging = Exchanging::start().await;
    let rule = exchanging.emulator().set_access_policy(
        seed::BLOCKED,
        seed::STORAGE_URI,
        AccessPolicy::Block,
    );
    let claims = format!(
        r#"{{"access_token":{{"capolids":{{"essential":true,"values":["{}"]}}}}}}"#,
        rule.unwrap().id()
    );
    let expected = refused("PERMISSION_DENIED BLOCKED_BY_POLICY", "53003")
        .with("suberror", "message_only")
        .challenge(AuthChallenge {
            claims_for_conditional_access_policy: claims,
            retryable: false,
            ..AuthChallenge::default()
        });
    asked(&exchanging, seed::BLOCKED, &expected).await;

    // Without claims there is nothing that a dialog could show.
    exchanging.emulator().disable_account(seed::CONSENTED);
    let expected = refused("PERMISSION_DENIED BLOCKED_BY_POLICY", "50057");
    asked(&exchanging, seed::CONSENTED, &expected).await;
}

// === The client acts ===

#[tokio::test]
pub(crate) async fn a_token_that_the_authority_no_longer_accepts_calls_for_a_new_one() {
    let exchanging = Exchanging::start().await;
    let token = exchanging.token(seed::CONSENTED);
    // For the authority it is two hours later than for the service.
    exchanging.emulator().advance_clock(7_200);
    let reply = exchanging.ask(&token).await;
    Expected::refusal("UNAUTHENTICATED SUBJECT_TOKEN_REJECTED")
        .with("aadsts", ANY)
        .with("correlationId", ANY)
        .with("authorityTraceId", ANY)
        .challenge(AuthChallenge {
            retryable: true,
            ..AuthChallenge::default()
        })
        .www_authenticate(bearer(&exchanging, r#"error="invalid_token""#))
        .assert(&reply, &[&token]);
}

#[tokio::test]
pub(crate) async fn a_back_end_without_a_user_has_nothing_to_exchange_or_to_forget() {
    let exchanging = Exchanging::start().await;
    let app = exchanging
        .emulator()
        .issue(&service_token(seed::REPORTS_CLIENT_ID));
    let alone = |path| Call::to(path).header("authorization", pair("", &app));
    let reply = exchanging
        .client
        .send(&alone(EXCHANGE).message(&storage_request()))
        .await;
    Expected::refusal("FAILED_PRECONDITION EXCHANGE_APP_ONLY_UNSUPPORTED").assert(&reply, &[&app]);

    let reply = exchanging.client.send(&alone(FORGET)).await;
    assert_eq!(reply.verdict(), "UNAUTHENTICATED SUBJECT_TOKEN_REQUIRED");
    assert_eq!(reply.error_info().unwrap().metadata["tokenRole"], "subject");
    assert!(!reply.quotes(app.as_bytes()));
    assert_eq!(exchanging.asked(), 0);
}

#[tokio::test]
pub(crate) async fn a_scope_that_is_not_listed_is_refused_before_anybody_is_asked() {
    let exchanging = Exchanging::start().await;
    let token = exchanging.token(seed::CONSENTED);
    let other = request(&["https://graph.microsoft.com/User.Read"]);
    let call = Call::to(EXCHANGE).bearer(&token).message(&other);
    let reply = exchanging.client.send(&call).await;
    Expected::refusal("PERMISSION_DENIED DOWNSTREAM_SCOPE_NOT_ALLOWED")
        .with("registration", "workload")
        .assert(&reply, &[&token]);
    assert_eq!(exchanging.asked(), 0);
}

#[tokio::test]
pub(crate) async fn a_listed_scope_or_resource_that_the_authority_does_not_know_is_told_apart() {
    let unknown_scope = "https://storage.azure.com/no_such_scope";
    let unknown_resource = "https://nowhere.example/read";
    let setup = Setup {
        downstream_scopes: vec![unknown_scope.to_owned(), unknown_resource.to_owned()],
        ..Setup::default()
    };
    let exchanging = Exchanging::with(setup).await;
    let token = exchanging.token(seed::CONSENTED);
    for (scope, expected) in [
        (
            unknown_scope,
            refused("INVALID_ARGUMENT DOWNSTREAM_SCOPE_INVALID", "70011"),
        ),
        (
            unknown_resource,
            refused("FAILED_PRECONDITION DOWNSTREAM_RESOURCE_INVALID", "500011")
                .with("resource", "https://nowhere.example"),
        ),
    ] {
        let call = Call::to(EXCHANGE)
            .bearer(&token)
            .message(&request(&[scope]));
        let reply = exchanging.client.send(&call).await;
        expected.assert(&reply, &[&token]);
    }
}

// === An operator or administrator acts ===

#[tokio::test]
pub(crate) async fn an_expired_secret_is_our_fault_and_says_whose_registration() {
    let exchanging = Exchanging::start().await;
    assert!(
        exchanging
            .emulator()
            .expire_secret(seed::WORKLOAD_CLIENT_ID)
    );
    let expected =
        refused("INTERNAL CLIENT_CREDENTIAL_INVALID", "7000222").with("registration", "workload");
    asked(&exchanging, seed::CONSENTED, &expected).await;
}

#[tokio::test]
pub(crate) async fn an_application_that_a_tenant_does_not_know_is_sent_to_its_administrator() {
    let exchanging = Exchanging::start().await;
    script(
        &exchanging,
        ScriptedError::new(400, "unauthorized_client", 700_016),
    );
    let expected = refused("FAILED_PRECONDITION CLIENT_UNAUTHORIZED", "700016")
        .with("tenantId", seed::CONTOSO_TENANT_ID)
        .help(admin_consent(&exchanging));
    asked(&exchanging, seed::CONSENTED, &expected).await;
}

// === The authority is in trouble ===

#[tokio::test]
pub(crate) async fn a_throttling_authority_says_how_long_to_wait_and_is_left_alone() {
    let exchanging = Exchanging::start().await;
    script(
        &exchanging,
        ScriptedError::new(429, "temporarily_unavailable", 90_055).retry_after(55),
    );
    let first = refused("RESOURCE_EXHAUSTED AUTHORITY_THROTTLED", "90055")
        .with("retryAfterS", "55")
        .retry_after(54..=55);
    asked(&exchanging, seed::CONSENTED, &first).await;
    // The pause is the registration's in that tenant: others wait as well.
    let later = refused("RESOURCE_EXHAUSTED AUTHORITY_THROTTLED", "90055")
        .with("retryAfterS", ANY)
        .retry_after(30..=55);
    for upn in [seed::MFA, seed::CONSENTED, seed::DEVICE] {
        asked(&exchanging, upn, &later).await;
    }
    assert_eq!(exchanging.asked(), 1);
}

#[tokio::test]
pub(crate) async fn a_loop_is_waited_out_and_no_mark_or_claims_pass_it() {
    let exchanging = Exchanging::start().await;
    script(
        &exchanging,
        ScriptedError::new(400, "invalid_grant", 50_196),
    );
    let token = exchanging.token(seed::CONSENTED);
    let expected = |retry_after| {
        refused("RESOURCE_EXHAUSTED AUTHORITY_LOOP_DETECTED", "50196")
            .with("retryAfterS", retry_after)
            .retry_after(30..=60)
    };
    let reply = exchanging.ask(&token).await;
    expected("60").assert(&reply, &[&token]);
    let marked = super::marked_as_retry(for_storage(&token));
    let reply = exchanging.client.send(&marked).await;
    expected(ANY).assert(&reply, &[&token]);
    assert_eq!(exchanging.asked(), 1);
}

#[tokio::test]
pub(crate) async fn an_authority_that_fails_is_asked_twice_and_one_that_names_a_time_once() {
    for (retry_after, requests, seconds) in [(None, 2, 1..=1), (Some(7), 1, 7..=7)] {
        let exchanging = Exchanging::start().await;
        let failing = Fault::Status {
            code: 503,
            retry_after,
        };
        exchanging
            .emulator()
            .set_fault(Endpoint::OnBehalfOf, Some(failing));
        let expected = Expected::refusal("UNAVAILABLE AUTHORITY_UNAVAILABLE")
            .with("authority", "entra")
            .retry_after(seconds);
        asked(&exchanging, seed::CONSENTED, &expected).await;
        assert_eq!(exchanging.asked(), requests);
    }
}

#[tokio::test]
pub(crate) async fn an_authority_that_never_answers_is_given_up_in_time() {
    let setup = Setup {
        exchange_patience: Duration::from_millis(500),
        ..Setup::default()
    };
    let exchanging = Exchanging::with(setup).await;
    exchanging
        .emulator()
        .set_fault(Endpoint::OnBehalfOf, Some(Fault::Hang));
    let expected = Expected::refusal("UNAVAILABLE AUTHORITY_TIMEOUT")
        .with("authority", "entra")
        .retry_after(1..=1);
    asked(&exchanging, seed::CONSENTED, &expected).await;
}

#[tokio::test]
pub(crate) async fn an_answer_that_makes_no_sense_is_used_by_nobody() {
    let exchanging = Exchanging::start().await;
    let page = Fault::Body {
        bytes: b"<html>planted-text-of-a-proxy</html>".to_vec(),
        content_type: "text/html".to_owned(),
    };
    exchanging
        .emulator()
        .set_fault(Endpoint::OnBehalfOf, Some(page));
    let expected =
        Expected::refusal("INTERNAL AUTHORITY_RESPONSE_INVALID").with("authority", "entra");
    let token = exchanging.token(seed::CONSENTED);
    for requests in 1..=2 {
        let reply = exchanging.ask(&token).await;
        expected.assert(&reply, &[&token, "planted-text-of-a-proxy"]);
        assert_eq!(exchanging.asked(), requests, "nothing is remembered");
    }
}
