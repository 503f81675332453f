//! What anybody might print while they look for a fault: none of it holds a secret, claims, or who a
//! user is.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use auth_interceptor::{AuthError, Challenge};
use bytes::Bytes;
use tonic::Status;
use uuid::Uuid;

use super::callers::User;
use super::{STORAGE, scopes};
use crate::call::CallError;
use crate::contracts::admin::v1::ForgetUserRequest;
use crate::contracts::data::v1::Profile;
use crate::contracts::exchange::v1::{ExchangeTokenRequest, ExchangeTokenResponse};
use crate::contracts::refusal::v1::AuthChallenge;
use crate::control::error_response::error_response;
use crate::downstream::{DownstreamError, FailedCall};
use crate::exchange::{
    AuthorityRefusal, ClaimsRequest, Consent, ExchangeError, ExchangeRequest, Exchanged, Freshness,
    Grant, LongRunningError, LongRunningSession, RefusalClass, TokenResponse,
};
use crate::refusal::{Details, Refusal};
use crate::secret::Secret;
use crate::store::{JobFailure, Owner, SealedToken};

const CANARY: &str = "c4n4ry";

/// Both forms of a value, without anything planted in it.
#[track_caller]
fn assert_redacted(value: &dyn Debug, planted: &[&str]) {
    for printed in [format!("{value:?}"), format!("{value:#?}")] {
        for planted in planted {
            assert!(!printed.contains(planted), "{planted} in {printed}");
        }
    }
}

fn claims() -> ClaimsRequest {
    ClaimsRequest::parse(&format!("{{\"access_token\":{{\"{CANARY}\":null}}}}")).unwrap()
}

fn owner() -> Owner {
    Owner::new(super::callers::CONTOSO.parse().unwrap(), CANARY)
}

fn refused(class: RefusalClass) -> ExchangeError {
    ExchangeError::Refused(Arc::new(AuthorityRefusal {
        class,
        authority: "entra".into(),
        authorization_uri: None,
        admin_consent_uri: None,
        registration: "workload".into(),
        consent: Consent::Incremental,
        tenant: owner().tenant(),
        scopes: scopes(&[STORAGE]),
        error: "interaction_required",
        suberror: None,
        codes: vec![50_076],
        claims: Some(claims()),
        correlation_id: None,
        trace_id: None,
        retry_after: None,
    }))
}

#[test]
fn what_an_exchange_is_asked_and_answers_prints_no_secret() {
    let secret = || Secret::new(CANARY);
    let scopes = scopes(&[STORAGE]);
    let grants = [
        Grant::OnBehalfOf {
            assertion: secret(),
            scopes: Arc::clone(&scopes),
            claims: Some(claims()),
            offline: true,
        },
        Grant::RefreshToken {
            refresh_token: secret(),
            scopes: Arc::clone(&scopes),
        },
    ];
    let response = TokenResponse {
        access_token: secret(),
        expires_in: Duration::from_secs(1),
        granted_scopes: vec![STORAGE.to_owned()],
        refresh_token: Some(secret()),
    };
    let exchanged = Exchanged {
        access_token: secret(),
        expires_at: 1,
        granted_scopes: Arc::from([STORAGE.to_owned()]),
        from_cache: false,
    };
    let session = LongRunningSession {
        owner: owner(),
        registration: "workload".to_owned(),
        id: Uuid::nil(),
    };
    let sealed = SealedToken {
        sealed: Bytes::from_static(CANARY.as_bytes()),
        etag: crate::store::Etag::parse(""),
    };
    let values: [&dyn Debug; 8] = [
        &secret(),
        &claims(),
        &grants,
        &response,
        &exchanged,
        &owner(),
        &session,
        &sealed,
    ];
    for value in values {
        // Bytes that are printed as numbers are printed all the same.
        assert_redacted(value, &[CANARY, "99, 52, 110"]);
    }
}

#[test]
fn a_caller_prints_neither_token_nor_name() {
    let caller = User::numbered(4_711).call();
    let user = caller.user().unwrap();
    let subject = caller.subject_token().unwrap();
    let mut planted: Vec<&str> = subject.expose().split('.').collect();
    planted.push(user.object_id().as_str());
    planted.extend(user.name());
    planted.extend(user.preferred_username());
    assert!(planted.len() >= 6, "all are there: {planted:?}");
    let request = ExchangeRequest {
        subject,
        scopes: scopes(&[STORAGE]),
        claims: Some(claims()),
        freshness: Freshness::Remembered,
    };
    let values: [&dyn Debug; 5] = [&caller, user, subject, &request, &Owner::from(user)];
    for value in values {
        assert_redacted(value, &planted);
        assert_redacted(value, &[CANARY]);
    }
}

#[test]
fn a_failure_prints_no_claims_in_any_form_that_it_takes() {
    // As they stand, as JSON quotes them, and in base64 at each of its three offsets.
    let forms = [CANARY, "YzRuNHJ5", "M0bjRye", "jNG40cn"];
    let step_up = CallError::Authentication(AuthError::ClaimsChallengeRequired {
        context: CANARY.into(),
    });
    let downstream = DownstreamError::ClaimsChallenge {
        call: FailedCall {
            resource: "https://storage.azure.com",
            error_code: None,
            request_id: None,
        },
        claims: claims(),
    };
    let errors = [
        CallError::Exchange(refused(RefusalClass::Interaction)),
        CallError::Exchange(refused(RefusalClass::Blocked)),
        CallError::Downstream(downstream),
        CallError::Downstream(DownstreamError::LongRunning(LongRunningError::Exchange(
            refused(RefusalClass::Interaction),
        ))),
    ];
    for error in errors {
        let refusal = Refusal::from(error.clone());
        let status = Status::from(refusal.clone());
        let told = error_response(&status);
        let details = Details::of(&status);
        assert!(
            details.challenge.as_ref().is_some_and(|challenge| {
                challenge
                    .claims_for_conditional_access_policy
                    .contains(CANARY)
            }),
            "the claims are there"
        );
        let values: [&dyn Debug; 4] = [&error, &refusal, &told, &details];
        for value in values {
            assert_redacted(value, &forms);
        }
        assert!(!error.to_string().contains(CANARY));
    }
    // A context is the service's own to name; the claims made of it are not repeated.
    let refusal = Refusal::from(step_up);
    assert_redacted(&refusal, &["essential"]);
    let challenge = Challenge::bearer("").with("claims", CANARY);
    assert_redacted(&challenge, &[CANARY]);
    assert_redacted(
        &JobFailure(Bytes::from_static(CANARY.as_bytes())),
        &[CANARY],
    );
}

#[test]
fn a_message_prints_no_token_no_claims_and_nobody() {
    let planted = || CANARY.to_owned();
    let forget = ForgetUserRequest {
        object_id: planted(),
        ..ForgetUserRequest::default()
    };
    let profile = Profile {
        object_id: planted(),
        display_name: planted(),
        preferred_username: planted(),
        ..Profile::default()
    };
    let request = ExchangeTokenRequest {
        claims: planted(),
        ..ExchangeTokenRequest::default()
    };
    let response = ExchangeTokenResponse {
        access_token: planted(),
        ..ExchangeTokenResponse::default()
    };
    let challenge = AuthChallenge {
        claims_for_conditional_access_policy: planted(),
        ..AuthChallenge::default()
    };
    let messages: [&dyn Debug; 5] = [&forget, &profile, &request, &response, &challenge];
    for message in messages {
        assert_redacted(message, &[CANARY]);
    }
}
