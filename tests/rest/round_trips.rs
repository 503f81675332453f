//! Every route of the data plane, there and back.

use emulator::seed;
use http::Method;
use serde_json::{Value, json};

use super::{BOTH, Rest, send};
use crate::support::Running;

#[tokio::test]
async fn a_task_is_created_changed_listed_and_deleted() {
    let running = Running::start().await;
    for http in BOTH {
        let rest = Rest::of(&running, http);
        let created = rest
            .json(Method::POST, "/data/v1/tasks", r#"{"title":"mend"}"#)
            .await
            .json();
        let id = created["taskId"].as_str().unwrap().to_owned();
        assert_eq!(created["title"], "mend");
        assert_eq!(created["createTime"], created["updateTime"]);

        // Absent members stay as they are, whether a mask says so or not.
        let task = format!("/data/v1/tasks/{id}");
        let changed = rest
            .json(
                Method::PATCH,
                &task,
                r#"{"description":"the hem","completed":true}"#,
            )
            .await
            .json();
        assert_eq!(changed["title"], "mend");
        assert_eq!(changed["description"], "the hem");
        assert_eq!(changed["completed"], true);
        let masked = format!("{task}?updateMask=description");
        let changed = rest
            .json(Method::PATCH, &masked, r#"{"title":"x"}"#)
            .await
            .json();
        assert_eq!(changed["title"], "mend");
        assert_eq!(changed["completed"], true);
        let changed = rest
            .json(Method::PATCH, &task, r#"{"completed":false}"#)
            .await
            .json();
        assert_eq!(changed.get("completed"), None, "a default is not written");

        let listed = rest.get("/data/v1/tasks?pageSize=10").await.json();
        assert_eq!(listed["tasks"].as_array().unwrap().len(), 1);

        let stale = format!("{task}?etag=other");
        send(rest.request(Method::DELETE, &stale))
            .await
            .assert_refused(409, "STORE_CONFLICT");
        let deleted = send(rest.request(Method::DELETE, &task)).await;
        assert_eq!(deleted.json(), json!({}));
        assert_eq!(rest.get("/data/v1/tasks").await.json(), json!({}));
    }
}

#[tokio::test]
async fn rows_hold_their_json_byte_for_byte() {
    let running = Running::start().await;
    let values = [
        "{ \"b\" : 1.50,\n \"a\": [9007199254740993, -0, 1E2] }",
        "18446744073709551616",
        "\"\\u00e9 \u{e9} \u{1f9f5}\"",
        "[ ]",
    ];
    for (http, rows) in BOTH.into_iter().zip([
        "/data/v1/rows".to_owned(),
        format!(
            "/data/v1/workspaces/{}/items/{}/rows",
            seed::WORKSPACE_ID,
            seed::ITEM_ID
        ),
    ]) {
        let rest = Rest::of(&running, http);
        let given: Vec<String> = values
            .iter()
            .enumerate()
            .map(|(at, value)| format!(r#"{{"rowId":"r{at}","json": {value} }}"#))
            .collect();
        let document = format!(r#"{{"rows":[{}]}}"#, given.join(","));
        let written = rest.json(Method::POST, &rows, &document).await;
        assert_eq!(written.json()["rows"].as_array().unwrap().len(), 4);

        let read = rest.get(&format!("{rows}?api-version=2016-10-01")).await;
        assert_eq!(read.json()["rows"][0]["rowId"], "r0");
        for value in values {
            let member = format!("\"json\":{value}");
            assert!(read.text().contains(&member), "{member} in {}", read.text());
        }
    }
}

#[tokio::test]
async fn a_row_without_a_value_is_refused_by_its_handler() {
    let running = Running::start().await;
    let rest = Rest::of(&running, BOTH[0]);
    for row in [r#"{"json":null}"#, "{}"] {
        let document = format!(r#"{{"rows":[{row}]}}"#);
        let refused = rest.json(Method::POST, "/data/v1/rows", &document).await;
        refused.assert_refused(400, "FIELD_INVALID");
        assert_eq!(refused.violations(), ["rows[0].json"]);
    }
}

#[tokio::test]
async fn the_profile_is_the_callers() {
    let running = Running::start().await;
    for http in BOTH {
        let profile = Rest::of(&running, http)
            .get("/data/v1/profile")
            .await
            .json();
        assert_eq!(profile["profile"]["tenantId"], seed::CONTOSO_TENANT_ID);
    }
}

#[tokio::test]
async fn workspaces_are_listed_and_a_warehouse_is_created_in_one() {
    let running = Running::start().await;
    for http in BOTH {
        let rest = Rest::of(&running, http);
        let listed = rest.get("/data/v1/workspaces").await.json();
        let names: Vec<&Value> = listed["workspaces"]
            .as_array()
            .unwrap()
            .iter()
            .map(|workspace| &workspace["displayName"])
            .collect();
        assert!(!names.is_empty());

        let warehouses = format!("/data/v1/workspaces/{}/warehouses", seed::WORKSPACE_ID);
        let document = format!(r#"{{"displayName":"figures {http:?}"}}"#);
        let created = rest.json(Method::POST, &warehouses, &document).await;
        assert_eq!(created.status, 201);
        assert_eq!(created.json()["workspaceId"], seed::WORKSPACE_ID);
    }
}

#[tokio::test]
async fn a_head_has_everything_of_its_get_but_the_body() {
    let running = Running::start().await;
    for http in BOTH {
        let rest = Rest::of(&running, http);
        let head = send(rest.request(Method::HEAD, "/data/v1/profile")).await;
        assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
        assert_eq!(head.headers["content-type"], "application/json");
        let get = rest.get("/data/v1/profile").await;
        assert_eq!(head.headers["content-length"], get.body.len().to_string());
    }
}

#[tokio::test]
async fn a_call_has_a_trace_of_its_own_whatever_its_caller_sends() {
    let running = Running::start().await;
    let trace = "0af7651916cd43dd8448eb211c80319c";
    for http in BOTH {
        let rest = Rest::of(&running, http);
        let request = rest
            .anonymous(Method::GET, "/data/v1/profile")
            .header("traceparent", format!("00-{trace}-b7ad6b7169203331-01"));
        let refused = send(request).await;
        refused.assert_refused(401, "CREDENTIALS_MISSING");
        let own = refused.headers["selvedge-trace-id"].to_str().unwrap();
        assert!(own.len() == trace.len() && own != trace, "{own}");
    }
}
