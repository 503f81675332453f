//! Item permissions, asked by a workload on behalf of a person.

use emulator::{TokenRequest, seed};
use serde_json::{Value, json};

use crate::access::{for_fabric, for_fabric_as_workload, sent};
use crate::support::Harness;

fn subject(upn: &str) -> TokenRequest {
    for_fabric(upn, &["Fabric.Extend"])
}

/// Asks at the path with a header made of the two tokens.
async fn ask(harness: &Harness, path: &str, authorization: &str) -> (u16, Value) {
    let url = format!("{}/workload-control{path}", harness.emulator.fabric_url());
    sent(harness.http.get(url).header("authorization", authorization)).await
}

async fn resolve(
    harness: &Harness,
    item: &str,
    subject: &TokenRequest,
    app: &TokenRequest,
) -> (u16, Value) {
    let path = format!(
        "/workspaces/{}/items/{item}/resolvePermissions",
        seed::WORKSPACE_ID
    );
    let issue = |token| harness.emulator.issue(token);
    let header = format!(
        r#"SubjectAndAppToken1.0 subjectToken="{}", appToken="{}""#,
        issue(subject),
        issue(app)
    );
    ask(harness, &path, &header).await
}

#[tokio::test]
async fn permissions_are_answered_by_person_and_item() {
    let harness = Harness::start().await;
    let app = for_fabric_as_workload();
    let permissions = async |subject: TokenRequest| {
        let (status, body) = resolve(&harness, seed::ITEM_ID, &subject, &app).await;
        (status, body["permissions"].clone())
    };
    let read_write = (200, json!(["Read", "Write"]));
    assert_eq!(permissions(subject(seed::CONSENTED)).await, read_write);
    assert_eq!(
        permissions(subject(seed::NO_CONSENT)).await,
        (200, json!(["Read"]))
    );
    let guest = subject(seed::GUEST).tenant(seed::CONTOSO_TENANT_ID);
    assert_eq!(permissions(guest).await.0, 403);
    assert_eq!(permissions(subject("anybody@contoso.test")).await.0, 403);

    let set = |upn, permissions: &[&str]| {
        harness
            .emulator
            .set_item_permissions(upn, seed::ITEM_ID, permissions)
    };
    assert!(set("anybody@contoso.test", &["Reshare"]));
    let anybody = permissions(subject("anybody@contoso.test")).await;
    assert_eq!(anybody, (200, json!(["Reshare"])));
    assert!(set(seed::CONSENTED, &[]));
    assert_eq!(permissions(subject(seed::CONSENTED)).await.0, 403);
    assert!(
        !harness
            .emulator
            .set_item_permissions(seed::MFA, "no-item", &["Read"])
    );
}

#[tokio::test]
async fn the_address_may_be_in_lower_case() {
    let harness = Harness::start().await;
    let path = format!(
        "/workspaces/{}/items/{}/resolvepermissions",
        seed::WORKSPACE_ID,
        seed::ITEM_ID
    );
    let header = format!(
        r#"SubjectAndAppToken1.0 subjectToken="{}", appToken="{}""#,
        harness.emulator.issue(&subject(seed::CONSENTED)),
        harness.emulator.issue(&for_fabric_as_workload())
    );
    assert_eq!(ask(&harness, &path, &header).await.0, 200);
}

#[tokio::test]
async fn only_the_workload_that_owns_the_type_is_answered() {
    let harness = Harness::start().await;
    let good = || subject(seed::CONSENTED);
    let app = for_fabric_as_workload;
    let daemon = TokenRequest::app_only(seed::DAEMON_CLIENT_ID, seed::FABRIC_CLIENT_ID);
    let elsewhere = || app().tenant(seed::FABRIKAM_TENANT_ID);
    let workload_api = || app().claim("aud", seed::WORKLOAD_URI);
    let item = seed::ITEM_ID;
    let cases = [
        (item, good(), daemon.clone(), 403, "InsufficientPrivileges"),
        (
            item,
            good().client(seed::DAEMON_CLIENT_ID),
            daemon,
            403,
            "InsufficientPrivileges",
        ),
        (
            item,
            good().client(seed::PORTAL_CLIENT_ID),
            app(),
            403,
            "InsufficientPrivileges",
        ),
        (item, good(), elsewhere(), 403, "InsufficientPrivileges"),
        (item, app(), app(), 403, "PrincipalTypeNotSupported"),
        (item, good(), good(), 403, "PrincipalTypeNotSupported"),
        (item, good(), workload_api(), 401, "InvalidToken"),
        (
            item,
            good().claim("aud", seed::WORKLOAD_URI),
            app(),
            401,
            "InvalidToken",
        ),
        (item, good().issued_at(-7200), app(), 401, "TokenExpired"),
        (item, good(), app().issued_at(-7200), 401, "TokenExpired"),
        (
            seed::LAKEHOUSE_ID,
            good(),
            app(),
            403,
            "InsufficientPrivileges",
        ),
        (seed::CAPACITY_ID, good(), app(), 404, "ItemNotFound"),
        (
            item,
            subject(seed::OTHER_TENANT),
            app(),
            404,
            "WorkspaceNotFound",
        ),
        ("sample", good(), app(), 400, "InvalidParameter"),
    ];
    for (index, (item, subject, app, status, code)) in cases.into_iter().enumerate() {
        let answer = resolve(&harness, item, &subject, &app).await;
        assert_eq!(
            (answer.0, &answer.1["errorCode"]),
            (status, &json!(code)),
            "case {index}"
        );
    }
}

#[tokio::test]
async fn the_header_has_exactly_its_form() {
    let harness = Harness::start().await;
    let path = format!(
        "/workspaces/{}/items/{}/resolvePermissions",
        seed::WORKSPACE_ID,
        seed::ITEM_ID
    );
    let subject = harness.emulator.issue(&subject(seed::CONSENTED));
    let app = harness.emulator.issue(&for_fabric_as_workload());
    let headers = [
        format!("Bearer {subject}"),
        format!(r#"subjectandapptoken1.0 subjectToken="{subject}", appToken="{app}""#),
        format!(r#"SubjectAndAppToken1.0  subjectToken="{subject}", appToken="{app}""#),
        format!(r#"SubjectAndAppToken1.0 appToken="{app}", subjectToken="{subject}""#),
        format!(r#"SubjectAndAppToken1.0 subjectToken="{subject}",appToken="{app}""#),
        format!(r#"SubjectAndAppToken1.0 subjectToken="{subject}", appToken="{app}", "#),
        format!(r#"SubjectAndAppToken1.0 subjectToken="", appToken="{app}""#),
        format!(r#"SubjectAndAppToken1.0 subjectToken="{subject}", appToken="""#),
    ];
    for header in headers {
        assert_eq!(ask(&harness, &path, &header).await.0, 401, "{header}");
    }
}
