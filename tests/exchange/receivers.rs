//! Who is handed an exchanged token: a page that is listed, a back end that is listed and proves
//! itself, and nobody else. Whose token it is, is not the caller's to say.

use emulator::seed;

use super::{
    EXCHANGE, Exchanging, FORGET, claims_of, for_storage, page_token, pair, received,
    service_token, storage_request,
};
use crate::support::expected::Expected;
use crate::support::{Call, Reply};

const NOT_LISTED: &str = "PERMISSION_DENIED CLIENT_APP_NOT_ALLOWED";

/// Asks for storage as a back end that shows its own token beside its user's.
async fn ask_as_pair(exchanging: &Exchanging, subject: &str, app: &str) -> Reply {
    let call = Call::to(EXCHANGE).header("authorization", pair(subject, app));
    exchanging
        .client
        .send(&call.message(&storage_request()))
        .await
}

#[tokio::test]
async fn a_listed_page_receives_a_token_of_its_user_and_of_nobody_else() {
    let exchanging = Exchanging::start().await;
    let token = exchanging.token(seed::CONSENTED);
    // What the caller says of itself beside the token changes nothing.
    let call = for_storage(&token)
        .header("x-ms-client-principal-id", seed::GRAPH_CLIENT_ID)
        .header("x-tenant-id", seed::FABRIKAM_TENANT_ID)
        .header("x-user-oid", seed::CAPACITY_ID);
    let downstream = claims_of(&received(&exchanging.client.send(&call).await));
    let own = claims_of(&token);
    assert_eq!(downstream["oid"], own["oid"]);
    assert_eq!(downstream["tid"], seed::CONTOSO_TENANT_ID);
    assert_eq!(downstream["aud"], seed::STORAGE_URI);
    assert_eq!(downstream["scp"], seed::STORAGE_SCOPE);
    assert_eq!(downstream["appid"], seed::WORKLOAD_CLIENT_ID);
}

#[tokio::test]
async fn neither_a_portal_page_nor_an_unlisted_service_receives_a_token() {
    let exchanging = Exchanging::start().await;
    let emulator = exchanging.emulator();
    // The listed service, when all that it shows is the token of its user.
    for client in [
        seed::PORTAL_CLIENT_ID,
        seed::DAEMON_CLIENT_ID,
        seed::REPORTS_CLIENT_ID,
    ] {
        let token = emulator.issue(&page_token(seed::CONSENTED).client(client));
        let reply = exchanging.ask(&token).await;
        Expected::refusal(NOT_LISTED)
            .with("clientAppId", client)
            .assert(&reply, &[&token]);
    }

    // A service that proves itself and is not listed; nor does its user's listed page vouch for it.
    let subject = exchanging.token(seed::CONSENTED);
    let app = emulator.issue(&service_token(seed::DAEMON_CLIENT_ID));
    let reply = ask_as_pair(&exchanging, &subject, &app).await;
    Expected::refusal(NOT_LISTED)
        .with("clientAppId", seed::DAEMON_CLIENT_ID)
        .assert(&reply, &[&subject, &app]);
    assert_eq!(exchanging.asked(), 0);
}

#[tokio::test]
async fn a_listed_service_receives_a_token_when_it_proves_itself() {
    let exchanging = Exchanging::start().await;
    let emulator = exchanging.emulator();
    // Whatever page the user has signed in to.
    let from_portal = page_token(seed::CONSENTED).client(seed::PORTAL_CLIENT_ID);
    let subject = emulator.issue(&from_portal);
    let app = emulator.issue(&service_token(seed::REPORTS_CLIENT_ID));
    let reply = ask_as_pair(&exchanging, &subject, &app).await;
    let downstream = claims_of(&received(&reply));
    assert_eq!(downstream["oid"], claims_of(&subject)["oid"]);
}

#[tokio::test]
async fn a_service_does_not_prove_itself_by_any_other_token() {
    let exchanging = Exchanging::start().await;
    let emulator = exchanging.emulator();
    let subject = exchanging.token(seed::CONSENTED);
    let reports = || service_token(seed::REPORTS_CLIENT_ID);
    let apps = [
        (
            "another tenant's",
            reports().tenant(seed::FABRIKAM_TENANT_ID),
        ),
        ("one that has ended", reports().issued_at(-7_200)),
        (
            "one for another resource",
            emulator::TokenRequest::app_only(seed::REPORTS_CLIENT_ID, seed::STORAGE_URI)
                .idtyp(true),
        ),
        (
            "a user's",
            page_token(seed::CONSENTED).client(seed::REPORTS_CLIENT_ID),
        ),
    ];
    for (what, app) in apps {
        let app = emulator.issue(&app);
        let reply = ask_as_pair(&exchanging, &subject, &app).await;
        let verdict = reply.verdict();
        assert!(verdict.starts_with("UNAUTHENTICATED "), "{what}: {verdict}");
        assert_eq!(
            reply.error_info().unwrap().metadata["tokenRole"],
            "app",
            "{what}"
        );
        assert!(!reply.quotes(app.as_bytes()), "{what}");
    }
    let swapped = emulator.issue(&reports());
    let reply = ask_as_pair(&exchanging, &swapped, &subject).await;
    assert!(reply.verdict().starts_with("UNAUTHENTICATED "));
    assert_eq!(exchanging.asked(), 0);
}

#[tokio::test]
async fn who_forgets_themselves_is_asked_for_anew_and_nobody_else_is() {
    let exchanging = Exchanging::start().await;
    let emulator = exchanging.emulator();
    let forgetful = exchanging.token(seed::CONSENTED);
    let another = exchanging.token(seed::DEVICE);
    emulator.clear_access_policy(seed::DEVICE, seed::STORAGE_URI);
    for token in [&forgetful, &another, &forgetful, &another] {
        received(&exchanging.ask(token).await);
    }
    assert_eq!(exchanging.asked(), 2);

    let reply = exchanging
        .client
        .send(&Call::to(FORGET).bearer(&forgetful))
        .await;
    assert_eq!(reply.verdict(), "OK");
    for token in [&forgetful, &another] {
        received(&exchanging.ask(token).await);
    }
    assert_eq!(emulator.on_behalf_of_requests_for(seed::CONSENTED), 2);
    assert_eq!(emulator.on_behalf_of_requests_for(seed::DEVICE), 1);
}
