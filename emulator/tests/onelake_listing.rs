//! OneLake's listings, from which a workload learns files and tables.

use emulator::seed;
use reqwest::Method;
use serde_json::{Value, json};

use crate::access::{for_storage, header, sent};
use crate::support::Harness;

async fn list(harness: &Harness, directory: &str, query: &str) -> (u16, Value) {
    let directory: String = form_urlencoded::byte_serialize(directory.as_bytes()).collect();
    let path = format!(
        "/{}?resource=filesystem&directory={directory}{query}",
        seed::WORKSPACE_ID
    );
    let token = for_storage(seed::CONSENTED);
    sent(harness.onelake(Method::GET, &path, &token, Vec::new())).await
}

/// The names of the answer, from the lakehouse on.
fn names(body: &Value) -> Vec<&str> {
    let names = body["paths"].as_array().unwrap().iter();
    names
        .map(|path| path["name"].as_str().unwrap())
        .map(|name| name.strip_prefix(seed::LAKEHOUSE_ID).unwrap())
        .collect()
}

fn lakehouse(path: &str) -> String {
    format!("{}{path}", seed::LAKEHOUSE_ID)
}

#[tokio::test]
async fn a_listing_is_of_one_level_or_of_all() {
    let harness = Harness::start().await;
    for directory in [lakehouse("/Files"), lakehouse("/Files/")] {
        let (status, flat) = list(&harness, &directory, "&recursive=false").await;
        assert_eq!(status, 200);
        assert_eq!(names(&flat), ["/Files/2026", "/Files/readme.txt"]);
        let (_, deep) = list(&harness, &directory, "&recursive=true").await;
        assert_eq!(
            names(&deep),
            ["/Files/2026", "/Files/2026/orders.csv", "/Files/readme.txt"]
        );
    }
    let (_, item) = list(&harness, &lakehouse(""), "&recursive=false").await;
    assert_eq!(names(&item), ["/Files", "/Tables"]);
    let (_, workspace) = list(&harness, "", "&recursive=false").await;
    let items = workspace["paths"].as_array().unwrap().iter();
    let items: Vec<_> = items.map(|item| item["name"].as_str().unwrap()).collect();
    assert_eq!(items, [seed::LAKEHOUSE_ID, seed::ITEM_ID]);
}

#[tokio::test]
async fn booleans_and_lengths_are_strings() {
    let harness = Harness::start().await;
    let (_, body) = list(&harness, &lakehouse("/Files"), "&recursive=false").await;
    let (folder, file) = (&body["paths"][0], &body["paths"][1]);
    assert_eq!(folder["isDirectory"], "true");
    assert_eq!(folder["contentLength"], "0");
    assert!(file.get("isDirectory").is_none());
    assert_eq!(
        file["contentLength"],
        "Grüße aus dem Seehaus\n".len().to_string()
    );
    assert_eq!(file["lastModified"], "Fri, 15 Jan 2027 08:00:00 GMT");
    assert!(file["etag"].as_str().unwrap().starts_with("0x"));
}

#[tokio::test]
async fn tables_are_known_by_their_log_or_as_shortcuts() {
    let harness = Harness::start().await;
    let tables = lakehouse("/Tables/");
    let (_, body) = list(
        &harness,
        &tables,
        "&recursive=true&getShortcutMetadata=true",
    )
    .await;
    let paths = body["paths"].as_array().unwrap();
    let logs: Vec<_> = names(&body)
        .into_iter()
        .filter_map(|name| name.strip_suffix("/_delta_log"))
        .collect();
    assert_eq!(logs, ["/Tables/finance/budget", "/Tables/orders"]);
    let shortcuts: Vec<_> = paths
        .iter()
        .filter(|path| path["isShortcut"] == "true")
        .collect();
    assert_eq!(shortcuts.len(), 1);
    assert_eq!(shortcuts[0]["name"], lakehouse("/Tables/customers"));
    assert_eq!(shortcuts[0]["accountType"], "ADLS");

    let (_, plain) = list(&harness, &tables, "&recursive=true").await;
    let plain = plain["paths"].as_array().unwrap();
    assert!(plain.iter().all(|path| path.get("isShortcut").is_none()));
}

#[tokio::test]
async fn a_listing_goes_on_page_by_page() {
    let harness = Harness::start().await;
    harness.emulator.set_onelake_page_size(2);
    let directory: String =
        form_urlencoded::byte_serialize(lakehouse("/Tables").as_bytes()).collect();
    let base = format!(
        "/{}?resource=filesystem&recursive=true&directory={directory}",
        seed::WORKSPACE_ID
    );
    let token = for_storage(seed::CONSENTED);
    let mut seen = Vec::new();
    let mut path = base.clone();
    loop {
        let request = harness.onelake(Method::GET, &path, &token, Vec::new());
        let response = request.send().await.unwrap();
        let next = response.headers().get("x-ms-continuation").is_some();
        let next = next.then(|| header(&response, "x-ms-continuation").to_owned());
        let body: Value = response.json().await.unwrap();
        let page = names(&body);
        assert!(page.len() <= 2);
        seen.extend(page.into_iter().map(str::to_owned));
        let Some(next) = next else { break };
        let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
        path = format!("{base}&continuation={next}");
    }
    harness.emulator.set_onelake_page_size(5000);
    let (_, all) = list(&harness, &lakehouse("/Tables"), "&recursive=true").await;
    assert_eq!(seen, names(&all));
    assert_eq!(seen.len(), 8);

    let (_, two) = list(
        &harness,
        &lakehouse("/Tables"),
        "&recursive=true&maxResults=2",
    )
    .await;
    assert_eq!(names(&two), seen[..2]);
}

#[tokio::test]
async fn a_listing_of_nothing_or_by_nobody_is_refused() {
    let harness = Harness::start().await;
    let cases = [
        (
            lakehouse("/Files/nothing"),
            "&recursive=true",
            404,
            "PathNotFound",
        ),
        (
            seed::CAPACITY_ID.to_owned(),
            "&recursive=true",
            404,
            "PathNotFound",
        ),
        (
            lakehouse("/Files/../Tables"),
            "&recursive=true",
            400,
            "InvalidUri",
        ),
        (
            lakehouse("/Files"),
            "",
            400,
            "MissingRequiredQueryParameter",
        ),
        (
            lakehouse("/Files"),
            "&recursive=maybe",
            400,
            "InvalidQueryParameterValue",
        ),
        (
            lakehouse("/Files"),
            "&recursive=true&maxResults=few",
            400,
            "InvalidQueryParameterValue",
        ),
        (
            lakehouse("/Files"),
            "&recursive=true&continuation=%25",
            400,
            "InvalidQueryParameterValue",
        ),
    ];
    for (directory, query, status, code) in cases {
        let answer = list(&harness, &directory, query).await;
        assert_eq!(
            (answer.0, &answer.1["error"]["code"]),
            (status, &json!(code)),
            "{directory}{query}"
        );
    }
    let path = format!("/{}?resource=filesystem&recursive=true", seed::WORKSPACE_ID);
    let stranger = for_storage(seed::BLOCKED);
    let refused = sent(harness.onelake(Method::GET, &path, &stranger, Vec::new())).await;
    assert_eq!(refused.0, 403);
}
