//! Orders that are not what the contract says, from Fabric itself: refused in its own words, and
//! nothing is kept of them.

use emulator::{Generation, HeaderVariant, ItemOrder, WorkloadRequest, seed};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{ControlPlane, assert_refused, fresh, path_of};
use crate::support::wait::in_time;

const CONTOSO: &str = seed::CONTOSO_TENANT_ID;

/// How a new item is ordered in each generation, with this body.
fn creation(generation: Generation, item: &ItemOrder, body: &str) -> WorkloadRequest {
    let path = path_of(item);
    let path = match generation {
        Generation::First => path,
        Generation::Second => format!("{path}/onCreateItem"),
    };
    WorkloadRequest::new("POST", path).with_body(body.to_owned())
}

#[tokio::test]
async fn a_body_that_is_not_what_the_contract_says_is_refused_and_nothing_is_kept() {
    let plane = ControlPlane::start().await;
    let long = format!(r#"{{"displayName":"{}"}}"#, "x".repeat(257));
    let wide = format!(
        r#"{{"displayName":"a","creationPayload":{{"a":"{}"}}}}"#,
        "x".repeat(1024 * 1024)
    );
    let nested = |levels| {
        let (open, close) = (r#"{"a":"#.repeat(levels), "}".repeat(levels));
        format!(r#"{{"displayName":"a","creationPayload":{open}1{close}}}"#)
    };
    let (deep, abyss) = (nested(65), nested(10_000));
    let path = format!(
        r#"{{"definition":{{"parts":[{{"path":"{}","payload":"","payloadType":"InlineBase64"}}]}}}}"#,
        "x".repeat(257)
    );
    let fields = [
        r#"{"displayName":""}"#,
        "{}",
        r#"{"displayName":5}"#,
        r#"{"displayName":null}"#,
        r#"{"displayName":"a","displayName":"b"}"#,
        r#"{"displayName":"a","description":["b"]}"#,
        r#"{"displayName":"a","creationPayload":[]}"#,
        r#"{"displayName":"a","creationPayload":"{}"}"#,
        &long,
        &wide,
        &deep,
        &abyss,
        "[]",
        "null",
    ];
    let definitions = [
        r#"{"definition":[]}"#,
        r#"{"definition":{"parts":{}}}"#,
        r#"{"definition":{"parts":[{"path":"a","payload":"&","payloadType":"InlineBase64"}]}}"#,
        r#"{"definition":{"parts":[{"path":"a","payload":"","payloadType":"Link"}]}}"#,
        r#"{"definition":{"parts":[{"path":"","payload":"","payloadType":"InlineBase64"}]}}"#,
        &path,
        "[]",
        "null",
    ];
    let no_json = [
        r#"{"displayName":"a""#,
        r#"{"displayName":"a"}{}"#,
        r#"{"displayName":a}"#,
        "\u{feff}{}",
    ];
    for (generation, bodies, reason) in [
        (Generation::First, &fields[..], "FIELD_INVALID"),
        (Generation::Second, &definitions, "FIELD_INVALID"),
        (Generation::First, &no_json, "PAYLOAD_MALFORMED"),
        (Generation::Second, &no_json, "PAYLOAD_MALFORMED"),
    ] {
        let fabric = plane.fabric(generation, seed::CONSENTED);
        for body in bodies {
            let item = fresh("ledger");
            let reply = fabric.send(&creation(generation, &item, body)).await;
            let shown: String = body.chars().take(80).collect();
            let reply = reply.unwrap();
            assert_refused(&reply, generation, 400, reason);
            assert_eq!(plane.kept(CONTOSO, &item).await, None, "{shown}");
        }
    }
}

#[tokio::test]
async fn an_address_of_no_item_is_refused_whatever_the_order() {
    let plane = ControlPlane::start().await;
    let (workspace, kind) = (seed::WORKSPACE_ID, seed::ITEM_TYPE);
    let item = fresh("ledger");
    let id = item.id();
    let addresses = [
        format!("/workspaces/workspace/items/{kind}/{id}"),
        format!("/workspaces/{workspace}/items/{kind}/42"),
        format!("/workspaces/{workspace}/items/{kind}/{id}0"),
        format!("/workspaces/{workspace}/items/Org.Selvedge.Other/{id}"),
        format!("/workspaces/{workspace}/items/{}/{id}", kind.to_lowercase()),
        format!("/workspaces/{workspace}/items/{kind}/%7B{id}%7D"),
        format!("/workspaces/{workspace}/items/{kind}/..%2F{id}"),
    ];
    for address in addresses {
        let first = [
            ("POST", "", Some(r#"{"displayName":"a"}"#)),
            ("PATCH", "", Some(r#"{"displayName":"a"}"#)),
            ("DELETE", "", None),
            ("GET", "/payload", None),
        ];
        let second = [
            ("POST", "/onCreateItem", Some("{}")),
            ("POST", "/onUpdateItem", Some("{}")),
            ("POST", "/onDeleteItem", Some(r#"{"deleteType":"Hard"}"#)),
            ("POST", "/onRestoreItem", Some("{}")),
        ];
        for (generation, orders) in [(Generation::First, first), (Generation::Second, second)] {
            let fabric = plane.fabric(generation, seed::CONSENTED);
            for (method, below, body) in orders {
                let mut request = WorkloadRequest::new(method, format!("{address}{below}"));
                if let Some(body) = body {
                    request = request.with_body(body);
                }
                let reply = fabric.send(&request).await.unwrap();
                assert_refused(&reply, generation, 400, "FIELD_INVALID");
            }
        }
    }
}

#[tokio::test]
async fn a_deletion_says_whether_it_can_be_undone() {
    let plane = ControlPlane::start().await;
    let generation = Generation::Second;
    let fabric = plane.fabric(generation, seed::CONSENTED);
    let item = fresh("ledger");
    fabric.create_item(&item).await.unwrap();
    for body in [
        "{}",
        r#"{"deleteType":null}"#,
        r#"{"deleteType":"Medium"}"#,
        r#"{"deleteType":"soft"}"#,
        r#"{"deleteType":"DELETE_TYPE_SOFT"}"#,
        "",
    ] {
        let path = format!("{}/onDeleteItem", path_of(&item));
        let request = WorkloadRequest::new("POST", path).with_body(body);
        let reply = fabric.send(&request).await.unwrap();
        assert_refused(&reply, generation, 400, "FIELD_INVALID");
    }
    assert!(plane.kept(CONTOSO, &item).await.is_some());
}

#[tokio::test]
async fn what_fabric_may_learn_to_send_is_ignored() {
    let plane = ControlPlane::start().await;
    for (generation, body) in [
        (Generation::First, r#"{"displayName":"a","folderId":7}"#),
        (Generation::Second, r#"{"folderId":{"a":[1,2]}}"#),
    ] {
        let fabric = plane.fabric(generation, seed::CONSENTED);
        let item = fresh("ledger");
        let reply = fabric.send(&creation(generation, &item, body)).await;
        assert_eq!(reply.unwrap().status, 200);
        assert!(plane.kept(CONTOSO, &item).await.is_some());
    }
}

#[tokio::test]
async fn of_a_body_that_stops_half_way_nothing_is_kept() {
    let plane = ControlPlane::start().await;
    let body = r#"{"displayName":"ledger"}"#;
    let headers = plane.emulator().fabric_authorization(
        seed::CONSENTED,
        seed::WORKLOAD_CLIENT_ID,
        HeaderVariant::WellFormed,
    );
    for framing in ["content-length", "chunked"] {
        let item = fresh("ledger");
        let mut head = format!(
            "POST /workload{} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n",
            path_of(&item),
            plane.running.address,
        );
        for (name, value) in &headers {
            head += &format!("{name}: {}\r\n", value.to_str().unwrap());
        }
        let half = if framing == "content-length" {
            head += &format!("content-length: {}\r\n\r\n", body.len() + 1);
            body.to_owned()
        } else {
            head += "transfer-encoding: chunked\r\n\r\n";
            // All of the JSON has come, and the end of the body has not.
            format!("{:x}\r\n{body}\r\n", body.len())
        };
        let mut connection = TcpStream::connect(plane.running.address).await.unwrap();
        connection.write_all(head.as_bytes()).await.unwrap();
        connection.write_all(half.as_bytes()).await.unwrap();
        connection.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let read = connection.read_to_end(&mut answer);
        in_time("the connection ends", read).await.unwrap();
        let answer = String::from_utf8_lossy(&answer);
        assert!(!answer.starts_with("HTTP/1.1 2"), "{framing}: {answer}");
        assert_eq!(plane.kept(CONTOSO, &item).await, None, "{framing}");

        let fabric = plane.fabric(Generation::First, seed::CONSENTED);
        let whole = creation(Generation::First, &item, body);
        assert_eq!(fabric.send(&whole).await.unwrap().status, 200);
    }
}
