//! Consent by a person and by an administrator, and what happens without.

use emulator::{TokenRequest, seed};
use serde_json::{Value, json};

use crate::support::exchange::{FABRIC_READ, STORAGE};
use crate::support::{Harness, claims, cookie, query_of};

const WORKLOAD: [(&str, &str); 2] = [
    ("client_id", seed::WORKLOAD_CLIENT_ID),
    ("redirect_uri", "http://localhost:60006/close"),
];

/// Whether the workload may act for an account with a scope.
async fn is_granted(harness: &Harness, upn: &str, scope: &str) -> bool {
    let assertion = harness
        .emulator
        .issue(&TokenRequest::delegated(upn, seed::WORKLOAD_CLIENT_ID).scopes(["data.read"]));
    let (status, reply) = harness.on_behalf_of(&assertion, scope).await;
    assert!(
        status == 200 || reply["error_codes"] == json!([65_001]),
        "{reply}"
    );
    status == 200
}

fn asking<'a>(extra: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&WORKLOAD[..], extra].concat()
}

#[tokio::test]
async fn a_person_is_asked_once_for_what_an_application_lacks() {
    let harness = Harness::start().await;
    let both = format!("{FABRIC_READ} {STORAGE}");
    let request = asking(&[("scope", &both)]);
    assert!(!is_granted(&harness, seed::NO_CONSENT, FABRIC_READ).await);

    let page = harness.authorize(&request).await;
    let page = harness.choose(page, seed::NO_CONSENT, "sign-in").await;
    let session = cookie(&page);
    let html = page.text().await.unwrap();
    for shown in [
        "Selvedge workload",
        seed::NO_CONSENT,
        "Workspace.Read.All",
        "Power BI Service",
        "user_impersonation",
        "Azure Storage",
    ] {
        assert!(html.contains(shown), "{shown}");
    }
    let answer = query_of(&harness.press(&html, "consent", "accept").await);
    assert!(answer.contains_key("code"), "{answer:?}");
    assert!(is_granted(&harness, seed::NO_CONSENT, FABRIC_READ).await);
    assert!(is_granted(&harness, seed::NO_CONSENT, STORAGE).await);

    let again = harness.authorize_with_cookie(&session, &request).await;
    assert!(
        query_of(&again).contains_key("code"),
        "nobody is asked again"
    );
    let request = asking(&[("scope", &both), ("prompt", "consent")]);
    let page = harness.authorize_with_cookie(&session, &request).await;
    let html = page.text().await.unwrap();
    assert!(html.contains("id=\"consent\""), "unless the client insists");
    let answer = query_of(&harness.press(&html, "consent", "accept").await);
    assert!(answer.contains_key("code"));
}

#[tokio::test]
async fn a_declined_consent_is_told_to_the_client_and_grants_nothing() {
    let harness = Harness::start().await;
    let request = asking(&[("scope", FABRIC_READ), ("state", "s")]);
    let page = harness.authorize(&request).await;
    let page = harness.choose(page, seed::NO_CONSENT, "sign-in").await;
    let html = page.text().await.unwrap();
    let answer = query_of(&harness.press(&html, "consent", "cancel").await);
    assert_eq!(answer["error"], "access_denied");
    assert_eq!(answer["error_codes"], "[65004]");
    assert!(
        answer["error_description"]
            .starts_with("AADSTS65004: User declined to consent to access the app.")
    );
    assert_eq!(answer["state"], "s");
    assert!(!is_granted(&harness, seed::NO_CONSENT, FABRIC_READ).await);
    let page = harness.press(&html, "consent", "accept").await;
    assert_eq!(page.status(), 400, "the page has been answered");
    assert!(!is_granted(&harness, seed::NO_CONSENT, FABRIC_READ).await);
}

#[tokio::test]
async fn a_silent_request_without_consent_is_refused_without_a_page() {
    let harness = Harness::start().await;
    let page = harness.authorize(&[]).await;
    let answer = harness.choose(page, seed::NO_CONSENT, "sign-in").await;
    let request = asking(&[("scope", FABRIC_READ), ("prompt", "none")]);
    let answer = harness
        .authorize_with_cookie(&cookie(&answer), &request)
        .await;
    let answer = query_of(&answer);
    assert_eq!(answer["error"], "consent_required");
    assert_eq!(answer["suberror"], "consent_required");
    assert_eq!(answer["error_codes"], "[65001]");
}

#[tokio::test]
async fn a_first_consent_by_default_asks_for_the_whole_registration() {
    let harness = Harness::start().await;
    let scope = format!("{}/.default", seed::FABRIC_URI);
    let request = asking(&[("scope", &scope)]);
    let page = harness.authorize(&request).await;
    let page = harness.choose(page, seed::NO_CONSENT, "sign-in").await;
    let html = page.text().await.unwrap();
    for scope in seed::FABRIC_SCOPES.iter().chain(&["user_impersonation"]) {
        assert!(html.contains(scope), "{scope}");
    }
    assert!(!html.contains("User.Read"), "it was granted before");
    harness.press(&html, "consent", "accept").await;
    assert!(is_granted(&harness, seed::NO_CONSENT, FABRIC_READ).await);
    assert!(is_granted(&harness, seed::NO_CONSENT, STORAGE).await);
}

#[tokio::test]
async fn a_later_consent_by_default_asks_for_the_resource_alone() {
    let harness = Harness::start().await;
    let emulator = &harness.emulator;
    emulator.grant_consent(seed::NO_CONSENT, seed::WORKLOAD_CLIENT_ID, [STORAGE]);
    let scope = format!("{}/.default", seed::FABRIC_URI);
    let request = asking(&[("scope", &scope)]);
    let page = harness.authorize(&request).await;
    let page = harness.choose(page, seed::NO_CONSENT, "sign-in").await;
    let html = page.text().await.unwrap();
    for scope in seed::FABRIC_SCOPES {
        assert!(html.contains(scope), "{scope}");
    }
    assert!(!html.contains("user_impersonation"));
}

#[tokio::test]
async fn full_consent_lists_all_permissions_whatever_was_granted() {
    let harness = Harness::start().await;
    let scope = format!("{}/.default", seed::WORKLOAD_URI);
    let request = asking(&[("scope", &scope), ("prompt", "consent")]);
    let page = harness.authorize(&request).await;
    let page = harness.choose(page, seed::CONSENTED, "sign-in").await;
    let html = page.text().await.unwrap();
    for shown in ["Fabric.Extend", "user_impersonation", "User.Read"] {
        assert!(html.contains(shown), "{shown}");
    }
    let answer = query_of(&harness.press(&html, "consent", "accept").await);
    assert!(answer.contains_key("code"), "{answer:?}");
}

#[tokio::test]
async fn a_page_of_another_site_consents_to_nothing() {
    let harness = Harness::start().await;
    let page = harness.authorize(&asking(&[("scope", FABRIC_READ)])).await;
    let page = harness.choose(page, seed::NO_CONSENT, "sign-in").await;
    let html = page.text().await.unwrap();
    let context = crate::support::attribute_after(&html, "name=\"ctx\"", "value");
    let response = harness
        .http
        .post(harness.url("/contoso.test/login"))
        .header("origin", "https://elsewhere.test")
        .form(&[("ctx", context.as_str()), ("action", "accept")])
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 400);
    assert!(!is_granted(&harness, seed::NO_CONSENT, FABRIC_READ).await);
}

#[tokio::test]
async fn an_administrator_consents_for_the_whole_of_one_tenant() {
    let harness = Harness::start().await;
    let ask = format!(
        "adminconsent?client_id={}&redirect_uri=http%3A%2F%2Flocalhost%3A60006%2Fclose&state=a%2Bb",
        seed::WORKLOAD_CLIENT_ID
    );
    let emulator = &harness.emulator;
    let resource = seed::FABRIC_URI;
    emulator.revoke_consent(seed::OTHER_TENANT, seed::WORKLOAD_CLIENT_ID, resource);

    let html = harness
        .get(&format!("/contoso.test/{ask}"))
        .await
        .text()
        .await;
    let html = html.unwrap();
    assert!(html.contains("everybody at Contoso") && html.contains("Fabric.Extend"));
    let answer = query_of(&harness.press(&html, "admin-consent", "accept").await);
    assert_eq!(answer["admin_consent"], "True");
    assert_eq!(answer["tenant"], seed::CONTOSO_TENANT_ID);
    assert_eq!(answer["state"], "a+b");
    assert!(!answer.contains_key("error"));
    assert!(is_granted(&harness, seed::NO_CONSENT, FABRIC_READ).await);
    assert!(is_granted(&harness, "somebody-new@contoso.test", STORAGE).await);
    let assertion = emulator.issue(
        &TokenRequest::delegated(seed::OTHER_TENANT, seed::WORKLOAD_CLIENT_ID)
            .scopes(["data.read"]),
    );
    let (_, reply) = harness
        .on_behalf_of_in(seed::FABRIKAM_DOMAIN, &assertion, FABRIC_READ)
        .await;
    assert_eq!(
        reply["error_codes"],
        json!([65_001]),
        "the other tenant did not"
    );

    let tenant = seed::CONTOSO_DOMAIN;
    emulator.revoke_tenant_consent(tenant, seed::WORKLOAD_CLIENT_ID, resource);
    assert!(!is_granted(&harness, seed::NO_CONSENT, FABRIC_READ).await);
}

#[tokio::test]
async fn an_administrator_may_consent_to_less_decline_or_come_from_nowhere() {
    let harness = Harness::start().await;
    let client = format!("client_id={}", seed::WORKLOAD_CLIENT_ID);
    let back = "redirect_uri=http%3A%2F%2Flocalhost%3A60006%2Fclose";
    let page = async |path: String| harness.get(&path).await.text().await.unwrap();

    let html = page(format!("/contoso.test/adminconsent?{client}&{back}")).await;
    let answer = query_of(&harness.press(&html, "admin-consent", "cancel").await);
    assert_eq!(answer["error"], "access_denied");
    assert!(answer["error_description"].starts_with("AADSTS65004: "));
    assert!(!is_granted(&harness, seed::NO_CONSENT, STORAGE).await);

    let scope = "scope=https%3A%2F%2Fstorage.azure.com%2F.default";
    let html = page(format!("/contoso.test/v2.0/adminconsent?{client}&{scope}")).await;
    let done = harness.press(&html, "admin-consent", "accept").await;
    assert_eq!(done.status(), 200);
    assert!(done.text().await.unwrap().contains("were granted"));
    assert!(is_granted(&harness, seed::NO_CONSENT, STORAGE).await);
    assert!(!is_granted(&harness, seed::NO_CONSENT, FABRIC_READ).await);

    for bad in [
        format!("/contoso.test/adminconsent?{client}&redirect_uri=https%3A%2F%2Felsewhere.test"),
        format!("/common/adminconsent?{client}"),
        "/contoso.test/adminconsent".to_owned(),
    ] {
        assert_eq!(harness.get(&bad).await.status(), 400, "{bad}");
    }
}

/// What a control is told when it exchanges the token it has of the account without consent.
async fn pick(harness: &Harness, control: Control) -> Result<Value, Value> {
    let token = TokenRequest::delegated(seed::NO_CONSENT, control.client_id)
        .client(seed::BROKER_CLIENT_ID)
        .scopes(["access_as_user"]);
    let credential = [
        ("client_id", control.client_id),
        ("client_secret", control.secret),
    ];
    let assertion = harness.emulator.issue(&token);
    let (status, reply) = harness
        .on_behalf_of_as(&credential, &assertion, control.scope)
        .await;
    (status == 200)
        .then(|| claims(&reply["access_token"])["appid"].clone())
        .ok_or_else(|| reply["error_codes"].clone())
}

/// A control of the broker's page, and what it calls.
#[derive(Clone, Copy)]
struct Control {
    client_id: &'static str,
    secret: &'static str,
    scope: &'static str,
}

const COMPANY: Control = Control {
    client_id: seed::COMPANY_PICKER_CLIENT_ID,
    secret: seed::COMPANY_PICKER_SECRET,
    scope: "https://graph.microsoft.com/User.Read",
};
const FILE: Control = Control {
    client_id: seed::FILE_PICKER_CLIENT_ID,
    secret: seed::FILE_PICKER_SECRET,
    scope: STORAGE,
};

#[tokio::test]
async fn consent_to_one_control_is_consent_to_no_other() {
    let harness = Harness::start().await;
    assert_eq!(pick(&harness, COMPANY).await, Err(json!([65_001])));
    assert_eq!(pick(&harness, FILE).await, Err(json!([65_001])));
    let emulator = &harness.emulator;
    emulator.grant_consent(seed::NO_CONSENT, seed::FILE_PICKER_CLIENT_ID, [STORAGE]);
    assert_eq!(pick(&harness, COMPANY).await, Err(json!([65_001])));
    assert_eq!(
        pick(&harness, FILE).await,
        Ok(json!(seed::FILE_PICKER_CLIENT_ID))
    );
}

/// The broker asks for a token for one of its controls.
fn brokering<'a>(scope: &'a str, extra: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let broker = [
        ("client_id", seed::BROKER_CLIENT_ID),
        ("redirect_uri", "http://localhost:60006/broker/close"),
        ("scope", scope),
    ];
    [&broker[..], extra].concat()
}

#[tokio::test]
async fn one_page_covers_every_control_that_knows_the_broker() {
    let harness = Harness::start().await;
    let scope = format!("{}/.default", seed::COMPANY_PICKER_URI);
    let page = harness.authorize(&brokering(&scope, &[])).await;
    let page = harness.choose(page, seed::NO_CONSENT, "sign-in").await;
    let session = cookie(&page);
    let html = page.text().await.unwrap();
    for shown in [
        "<strong>Token broker</strong>",
        "User.Read <small>Microsoft Graph, for Company picker</small>",
        "user_impersonation <small>Azure Storage, for File picker</small>",
    ] {
        assert!(html.contains(shown), "{shown}");
    }
    assert!(
        !html.contains("access_as_user"),
        "the controls pre-authorised the broker"
    );

    let declined = query_of(&harness.press(&html, "consent", "cancel").await);
    assert_eq!(declined["error_codes"], "[65004]");
    assert_eq!(pick(&harness, COMPANY).await, Err(json!([65_001])));

    let page = harness.authorize(&brokering(&scope, &[])).await;
    let page = harness.choose(page, seed::NO_CONSENT, "sign-in").await;
    let html = page.text().await.unwrap();
    let answer = query_of(&harness.press(&html, "consent", "accept").await);
    assert!(answer.contains_key("code"), "{answer:?}");
    for control in [COMPANY, FILE] {
        let granted = pick(&harness, control).await;
        assert_eq!(granted, Ok(json!(control.client_id)));
    }
    let files = format!("{}/.default", seed::FILE_PICKER_URI);
    let again = harness
        .authorize_with_cookie(&session, &brokering(&files, &[]))
        .await;
    assert!(
        query_of(&again).contains_key("code"),
        "nobody is asked for the other control"
    );
}

#[tokio::test]
async fn a_scope_by_its_name_asks_for_no_control() {
    let harness = Harness::start().await;
    let scope = format!("{}/access_as_user", seed::COMPANY_PICKER_URI);
    let answer = harness
        .sign_in(seed::NO_CONSENT, &brokering(&scope, &[]))
        .await;
    assert!(answer.contains_key("code"), "{answer:?}");
    assert_eq!(pick(&harness, COMPANY).await, Err(json!([65_001])));
}

#[tokio::test]
async fn full_consent_at_the_broker_lists_its_controls_whatever_was_granted() {
    let harness = Harness::start().await;
    let scope = format!("{}/.default", seed::FILE_PICKER_URI);
    let request = brokering(&scope, &[("prompt", "consent")]);
    let page = harness.authorize(&request).await;
    let page = harness.choose(page, seed::CONSENTED, "sign-in").await;
    let html = page.text().await.unwrap();
    for shown in [
        "access_as_user <small>Company picker</small>",
        "access_as_user <small>File picker</small>",
        "User.Read <small>Microsoft Graph, for Company picker</small>",
        "user_impersonation <small>Azure Storage, for File picker</small>",
    ] {
        assert!(html.contains(shown), "{shown}");
    }
}
