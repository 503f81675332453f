//! Workspaces and items.

use std::collections::BTreeSet;

use emulator::{WorkspaceRole, seed};
use reqwest::Method;
use serde_json::{Value, json};

use crate::access::{for_fabric, header, sent};
use crate::support::Harness;

const READ: &[&str] = &["Workspace.Read.All"];

async fn workspaces(harness: &Harness, upn: &str, query: &str) -> (u16, Value) {
    let path = format!("/workspaces{query}");
    sent(harness.fabric(Method::GET, &path, &for_fabric(upn, READ))).await
}

fn ids(body: &Value) -> BTreeSet<String> {
    let shared = |workspace: &&Value| workspace["type"] == "Workspace";
    let list = body["value"].as_array().unwrap().iter().filter(shared);
    list.map(|workspace| workspace["id"].as_str().unwrap().to_owned())
        .collect()
}

fn set(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_person_sees_the_workspaces_they_have_a_role_in_and_one_of_their_own() {
    let harness = Harness::start().await;
    let cases: [(&str, &[&str]); 5] = [
        (
            seed::CONSENTED,
            &[
                seed::WORKSPACE_ID,
                seed::ARCHIVE_WORKSPACE_ID,
                seed::SHARED_WORKSPACE_ID,
            ],
        ),
        (seed::MFA, &[seed::WORKSPACE_ID, seed::ARCHIVE_WORKSPACE_ID]),
        (seed::BLOCKED, &[]),
        (seed::OTHER_TENANT, &[seed::FABRIKAM_WORKSPACE_ID]),
        ("anybody@contoso.test", &[]),
    ];
    let mut personal = BTreeSet::new();
    for (upn, expected) in cases {
        let (status, body) = workspaces(&harness, upn, "").await;
        assert_eq!(status, 200, "{upn}");
        assert_eq!(ids(&body), set(expected), "{upn}");
        let own = body["value"].as_array().unwrap().iter();
        let own: Vec<_> = own
            .filter(|workspace| workspace["type"] == "Personal")
            .collect();
        assert_eq!(own.len(), 1, "{upn}");
        assert!(
            personal.insert(own[0]["id"].as_str().unwrap().to_owned()),
            "{upn}'s alone"
        );
    }
    let guest = for_fabric(seed::GUEST, READ).tenant(seed::CONTOSO_TENANT_ID);
    let (_, body) = sent(harness.fabric(Method::GET, "/workspaces", &guest)).await;
    assert_eq!(ids(&body), set(&[seed::WORKSPACE_ID]));
    let (_, body) = workspaces(&harness, seed::GUEST, "").await;
    assert_eq!(ids(&body), set(&[]), "at home the guest has no role");
}

#[tokio::test]
async fn workspaces_are_filtered_by_role() {
    let harness = Harness::start().await;
    let filtered = async |roles: &str| {
        let query = format!("?roles={roles}");
        workspaces(&harness, seed::CONSENTED, &query).await
    };
    assert_eq!(ids(&filtered("Admin").await.1), set(&[seed::WORKSPACE_ID]));
    assert_eq!(
        ids(&filtered("viewer,Member").await.1),
        set(&[seed::ARCHIVE_WORKSPACE_ID, seed::SHARED_WORKSPACE_ID])
    );
    assert_eq!(ids(&filtered("Contributor").await.1), set(&[]));
    let (status, body) = filtered("Owner").await;
    assert_eq!(
        (status, &body["errorCode"]),
        (400, &json!("InvalidParameter"))
    );
}

#[tokio::test]
async fn pages_follow_one_another_by_token_and_by_uri() {
    let harness = Harness::start().await;
    harness.emulator.set_workspace_page_size(1);
    let token = for_fabric(seed::CONSENTED, READ);
    let by_token = {
        let (mut seen, mut query) = (Vec::new(), String::new());
        loop {
            let (_, page) = workspaces(&harness, seed::CONSENTED, &query).await;
            let value = page["value"].as_array().unwrap();
            assert_eq!(value.len(), 1);
            seen.push(value[0]["id"].as_str().unwrap().to_owned());
            let Some(next) = page["continuationToken"].as_str() else {
                assert!(page.get("continuationUri").is_none());
                break seen;
            };
            let encoded: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
            assert_ne!(encoded, next, "the token needs encoding");
            query = format!("?continuationToken={encoded}");
        }
    };
    assert_eq!(by_token.len(), 4);
    assert_eq!(by_token.iter().collect::<BTreeSet<_>>().len(), 4);

    let mut by_uri = Vec::new();
    let mut next = Some(format!(
        "{}/workspaces?roles=Viewer,Member",
        harness.emulator.fabric_url()
    ));
    while let Some(uri) = next {
        let request = harness
            .http
            .get(uri)
            .bearer_auth(harness.emulator.issue(&token));
        let (_, page) = sent(request).await;
        by_uri.extend(ids(&page));
        next = page["continuationUri"].as_str().map(str::to_owned);
    }
    assert_eq!(
        by_uri,
        [seed::ARCHIVE_WORKSPACE_ID, seed::SHARED_WORKSPACE_ID]
    );

    for token in ["x", "%25", "eA=="] {
        let query = format!("?continuationToken={token}");
        let (status, body) = workspaces(&harness, seed::CONSENTED, &query).await;
        assert_eq!(
            (status, &body["errorCode"]),
            (400, &json!("InvalidParameter"))
        );
    }
}

#[tokio::test]
async fn a_role_given_or_taken_counts_at_once() {
    let harness = Harness::start().await;
    let give = |role| {
        harness
            .emulator
            .set_workspace_role("anybody@contoso.test", seed::SHARED_WORKSPACE_ID, role)
    };
    assert!(give(Some(WorkspaceRole::Viewer)));
    let (_, body) = workspaces(&harness, "anybody@contoso.test", "").await;
    assert_eq!(ids(&body), set(&[seed::SHARED_WORKSPACE_ID]));
    assert!(give(None));
    let (_, body) = workspaces(&harness, "anybody@contoso.test", "").await;
    assert_eq!(ids(&body), set(&[]));
    assert!(
        !harness
            .emulator
            .set_workspace_role(seed::MFA, "no-workspace", None)
    );
}

#[tokio::test]
async fn items_are_listed_for_members_all_or_of_a_type() {
    let harness = Harness::start().await;
    let list = async |upn: &str, query: &str| {
        let path = format!("/workspaces/{}/items{query}", seed::WORKSPACE_ID);
        sent(harness.fabric(Method::GET, &path, &for_fabric(upn, &["Item.Read.All"]))).await
    };
    let (status, all) = list(seed::MFA, "").await;
    assert_eq!(status, 200);
    assert_eq!(all["value"].as_array().unwrap().len(), 2);
    let (_, lakehouses) = list(seed::MFA, "?type=Lakehouse").await;
    assert_eq!(lakehouses["value"].as_array().unwrap().len(), 1);
    assert_eq!(lakehouses["value"][0]["id"], seed::LAKEHOUSE_ID);
    let (_, none) = list(seed::MFA, "?type=Notebook").await;
    assert_eq!(none["value"], json!([]));
    assert_eq!(list(seed::BLOCKED, "").await.0, 403);

    let (_, all) = workspaces(&harness, seed::MFA, "").await;
    let own = all["value"].as_array().unwrap().iter();
    let own = own.filter(|workspace| workspace["type"] == "Personal");
    for workspace in own {
        let path = format!("/workspaces/{}/items", workspace["id"].as_str().unwrap());
        let asked = harness.fabric(
            Method::GET,
            &path,
            &for_fabric(seed::MFA, &["Item.Read.All"]),
        );
        assert_eq!(sent(asked).await.1["value"], json!([]));
    }
}

#[tokio::test]
async fn an_item_is_shown_to_members() {
    let harness = Harness::start().await;
    let get = async |upn: &str, workspace: &str, item: &str| {
        let path = format!("/workspaces/{workspace}/items/{item}");
        sent(harness.fabric(Method::GET, &path, &for_fabric(upn, &["Item.Read.All"]))).await
    };
    let (status, item) = get(seed::MFA, seed::WORKSPACE_ID, seed::LAKEHOUSE_ID).await;
    assert_eq!(status, 200);
    assert_eq!(item["type"], "Lakehouse");
    assert_eq!(item["workspaceId"], seed::WORKSPACE_ID);
    let upper = seed::LAKEHOUSE_ID.to_uppercase();
    assert_eq!(get(seed::MFA, seed::WORKSPACE_ID, &upper).await.0, 200);

    let cases = [
        (
            seed::BLOCKED,
            seed::WORKSPACE_ID,
            seed::LAKEHOUSE_ID,
            403,
            "InsufficientPrivileges",
        ),
        (
            seed::MFA,
            seed::WORKSPACE_ID,
            seed::CAPACITY_ID,
            404,
            "ItemNotFound",
        ),
        (
            seed::MFA,
            seed::CAPACITY_ID,
            seed::LAKEHOUSE_ID,
            404,
            "WorkspaceNotFound",
        ),
        (
            seed::MFA,
            seed::FABRIKAM_WORKSPACE_ID,
            seed::LAKEHOUSE_ID,
            404,
            "WorkspaceNotFound",
        ),
        (
            seed::OTHER_TENANT,
            seed::WORKSPACE_ID,
            seed::LAKEHOUSE_ID,
            404,
            "WorkspaceNotFound",
        ),
        (
            seed::MFA,
            "selvedge",
            seed::LAKEHOUSE_ID,
            400,
            "InvalidParameter",
        ),
    ];
    for (upn, workspace, item, status, code) in cases {
        let answer = get(upn, workspace, item).await;
        assert_eq!(
            (answer.0, &answer.1["errorCode"]),
            (status, &json!(code)),
            "{upn} {item}"
        );
    }
}

#[tokio::test]
async fn every_answer_has_a_request_id() {
    let harness = Harness::start().await;
    let token = for_fabric(seed::CONSENTED, READ);
    for (path, status) in [("/workspaces", 200), ("/nowhere", 404)] {
        let response = harness
            .fabric(Method::GET, path, &token)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(header(&response, "requestid").len(), 36);
    }
}
