//! Refusals in Fabric's words: what its front end looks for is there.

use std::sync::Arc;
use std::time::Duration;

use auth_interceptor::AuthError;
use tonic::Status;

use super::{error_response, job_failure};
use crate::call::CallError;
use crate::contracts::control::v1::{ErrorResponse, ErrorSource};
use crate::downstream::{DownstreamError, FailedCall};
use crate::exchange::{
    AuthorityRefusal, ClaimsRequest, Consent, ExchangeError, RefusalClass, Scopes,
};
use crate::refusal::{Reason, Refusal};
use crate::store::StoreError;

const CLAIMS: &str = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;

/// What the authority says: for two scopes of OneLake's, in the user's tenant.
fn authority(class: RefusalClass, code: Option<u32>) -> AuthorityRefusal {
    let scopes = ["https://storage.azure.com/a", "https://storage.azure.com/b"];
    AuthorityRefusal {
        class,
        authority: "entra".into(),
        authorization_uri: None,
        admin_consent_uri: None,
        registration: "workload".into(),
        consent: Consent::Incremental,
        tenant: "0f8fad5b-d9cb-469f-a165-70867728950e".parse().unwrap(),
        scopes: Arc::new(Scopes::parse(&scopes).unwrap()),
        error: "invalid_grant",
        suberror: None,
        codes: code.into_iter().collect(),
        claims: None,
        correlation_id: Some("2f6c9e4d".into()),
        trace_id: None,
        retry_after: None,
    }
}

fn refused(refusal: AuthorityRefusal) -> Status {
    Refusal::from(ExchangeError::Refused(Arc::new(refusal))).into()
}

/// The parameter of the detail, which is there at most once.
#[track_caller]
fn parameter<'r>(response: &'r ErrorResponse, detail: usize, name: &str) -> Option<&'r str> {
    let parameters = &response.more_details[detail].additional_parameters;
    let mut found = parameters.iter().filter(|pair| pair.name == name);
    let value = found.next().map(|pair| pair.value.as_str());
    assert!(found.next().is_none(), "{name} is there twice");
    value
}

// === What the stock front end acts on ===

#[test]
fn missing_consent_hands_the_front_end_its_scopes_and_the_number_it_looks_for() {
    let refusal = AuthorityRefusal {
        suberror: Some("consent_required".into()),
        ..authority(RefusalClass::Consent, Some(65001))
    };
    let response = error_response(&refused(refusal));

    assert_eq!(response.error_code, "AuthUIRequired");
    assert_eq!(response.message, "consent is missing (AADSTS65001)");
    assert_eq!(response.source(), ErrorSource::System);
    assert!(!response.is_permanent);
    let first = &response.more_details[0];
    assert_eq!(first.error_code, "consent_required");
    assert_eq!(first.message, "Interaction required");
    assert_eq!(
        parameter(&response, 0, "additionalScopesToConsent"),
        Some("https://storage.azure.com/a, https://storage.azure.com/b")
    );
    assert_eq!(first.additional_parameters.len(), 1);
    assert_eq!(response.more_details[1].error_code, "CONSENT_REQUIRED");
    assert_eq!(parameter(&response, 1, "correlationId"), Some("2f6c9e4d"));
}

#[test]
fn missing_consent_names_65001_whatever_the_authority_calls_it() {
    for (code, message) in [
        (Some(90094), "AADSTS65001: consent is missing (AADSTS90094)"),
        (None, "AADSTS65001: consent is missing"),
    ] {
        let response = error_response(&refused(authority(RefusalClass::Consent, code)));
        assert_eq!(response.error_code, "AuthUIRequired");
        assert_eq!(response.message, message);
        assert_eq!(response.more_details[0].error_code, "CONSENT_REQUIRED");
    }
}

#[test]
fn full_consent_is_asked_for_in_the_new_words_and_the_old() {
    let refusal = AuthorityRefusal {
        consent: Consent::Full,
        ..authority(RefusalClass::Consent, Some(65001))
    };
    let response = error_response(&refused(refusal));

    let scopes = parameter(&response, 0, "additionalScopesToConsent");
    assert_eq!(scopes, Some(".default"));
    assert_eq!(parameter(&response, 0, "promptFullConsent"), Some("true"));
}

#[test]
fn step_up_hands_the_front_end_its_claims_in_both_spellings() {
    let refusal = AuthorityRefusal {
        suberror: Some("basic_action".into()),
        claims: Some(ClaimsRequest::parse(CLAIMS).unwrap()),
        ..authority(RefusalClass::Interaction, Some(50076))
    };
    let call = FailedCall {
        resource: "https://storage.azure.com",
        error_code: None,
        request_id: None,
    };
    let downstream = DownstreamError::ClaimsChallenge {
        call,
        claims: ClaimsRequest::parse(CLAIMS).unwrap(),
    };
    for (status, first) in [
        (refused(refusal), "basic_action"),
        (
            Refusal::from(downstream).into(),
            "DOWNSTREAM_CLAIMS_CHALLENGE",
        ),
    ] {
        let response = error_response(&status);
        assert_eq!(response.error_code, "AuthUIRequired");
        assert!(!response.message.contains("AADSTS65001"));
        assert!(!response.is_permanent);
        assert_eq!(response.more_details[0].error_code, first);
        for spelling in [
            "claimsForCondtionalAccessPolicy",
            "claimsForConditionalAccessPolicy",
        ] {
            assert_eq!(parameter(&response, 0, spelling), Some(CLAIMS));
        }
        assert_eq!(parameter(&response, 0, "additionalScopesToConsent"), None);
    }
}

#[test]
fn a_policy_that_blocks_is_explained_and_not_retried() {
    let refusal = AuthorityRefusal {
        suberror: Some("message_only".into()),
        claims: Some(ClaimsRequest::parse(CLAIMS).unwrap()),
        ..authority(RefusalClass::Blocked, Some(53003))
    };
    let response = error_response(&refused(refusal));

    assert_eq!(response.error_code, "BLOCKED_BY_POLICY");
    assert!(response.message.contains("AADSTS53003"));
    assert!(response.is_permanent);
    let claims = parameter(&response, 0, "claimsForCondtionalAccessPolicy");
    assert_eq!(claims, Some(CLAIMS));
}

// === Everything else ===

#[test]
fn other_refusals_say_their_reason_who_caused_it_and_whether_it_will_last() {
    let expired = AuthError::TokenExpired {
        expired_at: 1_000,
        now: 2_000,
    };
    let cases: [(Refusal, &str, ErrorSource, bool); 5] = [
        (
            (&expired).into(),
            "TOKEN_EXPIRED",
            ErrorSource::External,
            false,
        ),
        (
            StoreError::NotFound.into(),
            "RESOURCE_NOT_FOUND",
            ErrorSource::User,
            true,
        ),
        (
            StoreError::Unavailable.into(),
            "STORE_UNAVAILABLE",
            ErrorSource::System,
            false,
        ),
        (
            Refusal::internal_fault(),
            "INTERNAL_FAULT",
            ErrorSource::System,
            false,
        ),
        (
            ExchangeError::AuthorityTimeout {
                authority: "entra".into(),
                retry_after: Duration::from_secs(5),
            }
            .into(),
            "AUTHORITY_TIMEOUT",
            ErrorSource::External,
            false,
        ),
    ];
    for (refusal, error_code, source, is_permanent) in cases {
        let response = error_response(&refusal.into());
        assert_eq!(response.error_code, error_code);
        assert_eq!(response.source(), source, "{error_code}");
        assert_eq!(response.is_permanent, is_permanent, "{error_code}");
    }
}

#[test]
fn a_bad_field_is_named_after_the_reason() {
    let error = CallError::Field {
        field: "display_name".to_owned(),
        expected: "1 to 256 characters",
    };
    let response = error_response(&Refusal::from(error).into());

    assert_eq!(response.error_code, "FIELD_INVALID");
    assert!(response.is_permanent);
    assert_eq!(response.more_details[0].error_code, "FIELD_INVALID");
    assert_eq!(response.more_details[1].message, "1 to 256 characters");
    assert_eq!(parameter(&response, 1, "field"), Some("display_name"));
}

#[test]
fn a_pause_is_said_once_in_seconds() {
    for (refusal, seconds) in [
        (authority(RefusalClass::Throttled, Some(90055)), "60"),
        (
            AuthorityRefusal {
                retry_after: Some(Duration::from_secs(7)),
                ..authority(RefusalClass::Throttled, None)
            },
            "7",
        ),
    ] {
        let response = error_response(&refused(refusal));
        assert_eq!(parameter(&response, 0, "retryAfterS"), Some(seconds));
    }
    let response = error_response(&Refusal::overloaded(Duration::from_secs(2)).into());
    assert_eq!(parameter(&response, 0, "retryAfterS"), Some("2"));
}

#[test]
fn a_status_without_a_reason_says_its_code() {
    let response = error_response(&Status::unavailable("away"));
    assert_eq!(response.error_code, "UNAVAILABLE");
    assert_eq!(response.message, "away");
    assert_eq!(response.source(), ErrorSource::System);
    assert_eq!(response.more_details[0].error_code, "UNAVAILABLE");
}

#[test]
fn a_failed_job_says_so_and_puts_the_cause_first() {
    let refusal = AuthorityRefusal {
        suberror: Some("consent_required".into()),
        ..authority(RefusalClass::Consent, Some(65001))
    };
    let response = job_failure(&refused(refusal));
    assert_eq!(response.error_code, "JOB_FAILED");
    assert!(response.message.contains("AADSTS65001"));
    assert_eq!(response.more_details[0].error_code, "CONSENT_REQUIRED");
    assert!(parameter(&response, 0, "additionalScopesToConsent").is_some());

    let response = job_failure(&Refusal::from(StoreError::Full).into());
    assert_eq!(response.error_code, "JOB_FAILED");
    assert_eq!(response.more_details[0].error_code, "STORE_FULL");
}

#[test]
fn no_reason_is_caused_by_nobody() {
    for number in 0.. {
        let Ok(reason) = Reason::try_from(number) else {
            break;
        };
        let source = super::source::source(reason);
        assert_ne!(source, ErrorSource::Unspecified, "{reason:?}");
    }
}
