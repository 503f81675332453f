//! Which tenant a control-plane call is for, and who may say so.

use tonic::Code;

use super::{
    APP, CONTOSO, FABRIC, FABRIKAM, FOR_USERS, SUBJECT, TENANT, UNLISTED, assert_refused_for, call,
    call_for, fabric, guarded, headers, settings, stating, subject,
};
use crate::contract;
use crate::guarded::{CHECK, Guarded, Refused};
use crate::issuer::{Issuer, user};

#[tokio::test]
async fn a_user_of_another_tenant_calls_for_that_tenant_alone() {
    let issuer = Issuer::start().await;
    let guarded = guarded(&issuer).await;
    let of_fabric = issuer.issue(&fabric());
    let of_fabrikam = issuer.issue(&subject().tenant(FABRIKAM));
    for spelling in [FABRIKAM.to_owned(), FABRIKAM.to_uppercase()] {
        let outcome = call_for(&guarded, &of_fabrikam, &of_fabric, Some(&spelling)).await;
        assert_eq!(outcome, Ok(()));
        let tenant = guarded.caller_seen().tenant();
        assert_eq!(tenant, Some(FABRIKAM.parse().unwrap()));
    }
    let of_contoso = issuer.issue(&subject());
    for (subject, tenant) in [(&of_fabrikam, CONTOSO), (&of_contoso, FABRIKAM)] {
        let outcome = call_for(&guarded, subject, &of_fabric, Some(tenant)).await;
        assert_refused_for(outcome, Code::Unauthenticated, "TENANT_MISMATCH", SUBJECT);
    }
}

#[tokio::test]
async fn fabric_is_believed_from_the_publisher_tenant_alone() {
    let issuer = Issuer::start().await;
    let foreign = issuer.issue(&fabric().tenant(FABRIKAM));
    let of_user = issuer.issue(&subject().tenant(FABRIKAM));
    let guarded = guarded(&issuer).await;
    for subject in [&*of_user, ""] {
        let outcome = call_for(&guarded, subject, &foreign, Some(FABRIKAM)).await;
        assert_refused_for(outcome, Code::Unauthenticated, "TENANT_MISMATCH", APP);
    }

    let mut unpublished = settings(&issuer);
    unpublished.registrations[0].publisher_tenant = None;
    let guarded = Guarded::start(&unpublished, contract::policies(FOR_USERS).unwrap()).await;
    let outcome = call(
        &guarded,
        &issuer.issue(&subject()),
        &issuer.issue(&fabric()),
    )
    .await;
    assert_refused_for(outcome, Code::Unauthenticated, "TENANT_MISMATCH", APP);
}

#[tokio::test]
async fn the_tenant_is_named_once_and_as_a_guid() {
    let issuer = Issuer::start().await;
    let guarded = guarded(&issuer).await;
    let (of_user, of_fabric) = (issuer.issue(&subject()), issuer.issue(&fabric()));
    let good = || headers(&of_user, &of_fabric, Some(CONTOSO));
    let mut twice = good();
    twice.append(TENANT, CONTOSO.parse().unwrap());
    let mut doubtful = good();
    doubtful.append(TENANT, FABRIKAM.parse().unwrap());
    let mut misnamed = headers(&of_user, &of_fabric, None);
    misnamed.insert("ms-client-tenant-id", CONTOSO.parse().unwrap());
    let mut all = vec![twice, doubtful, misnamed];
    let joined = format!("{CONTOSO}, {CONTOSO}");
    let braced = format!("{{{CONTOSO}}}");
    let short = &CONTOSO[1..];
    for value in ["", "common", "contoso.example", &joined, &braced, short] {
        all.push(headers(&of_user, &of_fabric, Some(value)));
    }
    for metadata in all {
        let said = format!("{:?}", metadata.get_all(TENANT).iter().collect::<Vec<_>>());
        let refused = guarded.client.call(CHECK, metadata).await.unwrap_err();
        let expected = Refused {
            code: Code::InvalidArgument,
            reason: "TENANT_HEADER_INVALID".to_owned(),
            token_role: None,
            challenge: None,
        };
        assert_eq!(refused, expected, "{said}");
    }
    assert!(!guarded.handler_entered());
    assert_eq!(guarded.client.call(CHECK, good()).await, Ok(()));
}

#[tokio::test]
async fn without_a_user_fabric_is_refused_unless_the_method_may_do_without() {
    let issuer = Issuer::start().await;
    let of_fabric = issuer.issue(&fabric());
    let needs_user = guarded(&issuer).await;
    let refused = call(&needs_user, "", &of_fabric).await.unwrap_err();
    assert!(
        refused
            .challenge
            .as_ref()
            .is_some_and(|challenge| challenge.starts_with("SubjectAndAppToken1.0 "))
    );
    assert_refused_for(
        Err(refused),
        Code::Unauthenticated,
        "SUBJECT_TOKEN_REQUIRED",
        SUBJECT,
    );

    let policy = format!("{FOR_USERS} subject_may_be_empty: true");
    let needs_none = stating(&issuer, &policy).await;
    for tenant in [CONTOSO, FABRIKAM] {
        let outcome = call_for(&needs_none, "", &of_fabric, Some(tenant)).await;
        assert_eq!(outcome, Ok(()));
        let caller = needs_none.caller_seen();
        assert!(caller.user().is_err() && caller.claims().is_none());
        assert!(caller.subject_token().is_none());
        assert_eq!(caller.app().unwrap().client().as_str(), FABRIC);
        // Not the tenant of Fabric's own token, which is always the publisher's.
        assert_eq!(caller.tenant(), Some(tenant.parse().unwrap()));
    }
    // No token vouches for the tenant, so that the list has to.
    let outcome = call_for(&needs_none, "", &of_fabric, Some(UNLISTED)).await;
    assert_refused_for(outcome, Code::PermissionDenied, "TENANT_NOT_ALLOWED", None);
    let outcome = call_for(&needs_none, "", &of_fabric, None).await;
    assert_refused_for(
        outcome,
        Code::InvalidArgument,
        "TENANT_HEADER_INVALID",
        None,
    );
    // That a user may be absent makes no bad user good.
    let unscoped = issuer.issue(&user(&["other"]).client(FABRIC));
    let outcome = call(&needs_none, &unscoped, &of_fabric).await;
    assert_refused_for(outcome, Code::PermissionDenied, "SCOPE_MISSING", SUBJECT);
}

#[tokio::test]
async fn a_method_that_needs_no_tenant_checks_the_one_that_comes() {
    let issuer = Issuer::start().await;
    let policy =
        format!("{FOR_USERS} subject_may_be_empty: true tenant_header_may_be_absent: true");
    let guarded = stating(&issuer, &policy).await;
    let (of_user, of_fabric) = (issuer.issue(&subject()), issuer.issue(&fabric()));
    assert_eq!(call_for(&guarded, "", &of_fabric, None).await, Ok(()));
    assert_eq!(guarded.caller_seen().tenant(), None);
    assert_eq!(call_for(&guarded, &of_user, &of_fabric, None).await, Ok(()));
    let tenant = guarded.caller_seen().tenant();
    assert_eq!(tenant, Some(CONTOSO.parse().unwrap()));
    assert_eq!(call(&guarded, "", &of_fabric).await, Ok(()));

    for (subject, tenant, (code, reason, role)) in [
        (
            "",
            "x",
            (Code::InvalidArgument, "TENANT_HEADER_INVALID", None),
        ),
        (
            "",
            UNLISTED,
            (Code::PermissionDenied, "TENANT_NOT_ALLOWED", None),
        ),
        (
            &*of_user,
            FABRIKAM,
            (Code::Unauthenticated, "TENANT_MISMATCH", SUBJECT),
        ),
    ] {
        let outcome = call_for(&guarded, subject, &of_fabric, Some(tenant)).await;
        assert_refused_for(outcome, code, reason, role);
    }
}
