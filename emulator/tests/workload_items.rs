//! Fabric's items of a workload: what the workload hears, and what becomes of them in Fabric.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use emulator::{
    CONTROL_HEADER, DeleteType, ErrorCasing, FrontEndReaction, Generation, ItemOrder,
    RegistrationError, WorkloadCallError, WorkloadRegistration, seed,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::access::{for_fabric, sent};
use crate::support::Harness;
use crate::support::workload::StubWorkload;

/// More digits than a float has, and a space that no writer of JSON would leave.
const PAYLOAD: &str = r#"{"big": 12345678901234567890123,"a":1}"#;

fn item() -> ItemOrder {
    ItemOrder::fresh(seed::WORKSPACE_ID)
        .named("ledger \"one\"")
        .described("of the year")
        .with_payload(PAYLOAD)
}

fn path_of(item: &ItemOrder) -> String {
    let (workspace, kind, id) = (item.workspace(), seed::ITEM_TYPE, item.id());
    format!("/workload/workspaces/{workspace}/items/{kind}/{id}")
}

#[tokio::test]
async fn the_first_generation_says_it_by_method_and_gives_the_payload_byte_for_byte() {
    let harness = Harness::start().await;
    let emulator = &harness.emulator;
    let workload = StubWorkload::start().await;
    let fabric = workload.called_by(emulator, Generation::First, seed::CONSENTED);
    let item = item();

    assert!(fabric.create_item(&item).await.unwrap().accepted());
    let heard = workload.last();
    assert_eq!(
        (&heard.method, heard.uri.path()),
        (&Method::POST, &*path_of(&item))
    );
    assert_eq!(heard.header("content-type"), "application/json");
    assert_eq!(heard.json()["displayName"], "ledger \"one\"");
    assert_eq!(heard.json()["description"], "of the year");
    let body = String::from_utf8(heard.body.to_vec()).unwrap();
    assert!(body.contains(&format!("\"creationPayload\":{PAYLOAD}")));
    assert!(emulator.has_item(item.workspace(), item.id()));

    let change = ItemOrder::new(item.workspace(), item.id()).named("two");
    fabric.update_item(&change).await.unwrap();
    let heard = workload.last();
    assert_eq!(
        (&heard.method, heard.uri.path()),
        (&Method::PATCH, &*path_of(&item))
    );
    assert_eq!(heard.json(), json!({"displayName": "two"}));
    let name = emulator.item_name(item.workspace(), item.id());
    assert_eq!(name.as_deref(), Some("two"));

    workload.will_answer(200, r#"{"itemPayload":{"a" :1}}"#);
    let reply = fabric.item_payload(&item).await.unwrap();
    assert_eq!(workload.last().method, Method::GET);
    assert_eq!(
        workload.last().uri.path(),
        format!("{}/payload", path_of(&item))
    );
    assert_eq!(&reply.body[..], br#"{"itemPayload":{"a" :1}}"#);

    fabric.delete_item(&item, DeleteType::Soft).await.unwrap();
    let heard = workload.last();
    assert_eq!(
        (&heard.method, heard.uri.path()),
        (&Method::DELETE, &*path_of(&item))
    );
    assert_eq!(heard.tokens().0, "", "Fabric has no user's token for it");
    assert!(!emulator.has_item(item.workspace(), item.id()));
    let none = fabric.restore_item(&item).await;
    assert_eq!(none.unwrap_err(), WorkloadCallError::NotInGeneration);
}

#[tokio::test]
async fn the_second_generation_keeps_the_definition_and_restores_with_it() {
    let harness = Harness::start().await;
    let emulator = &harness.emulator;
    let workload = StubWorkload::start().await;
    let fabric = workload.called_by(emulator, Generation::Second, seed::CONSENTED);
    let item = item();
    let definition = json!({"definition": {"parts": [{
        "path": "payload.json",
        "payload": STANDARD.encode(PAYLOAD),
        "payloadType": "InlineBase64",
    }]}});
    let expect = |name: &str, body: &Value| {
        let heard = workload.last();
        assert_eq!(heard.method, Method::POST);
        assert_eq!(heard.uri.path(), format!("{}/{name}", path_of(&item)));
        assert_eq!(&heard.json(), body);
    };
    let kept = || emulator.item_definition(item.workspace(), item.id(), "payload.json");

    fabric.create_item(&item).await.unwrap();
    expect("onCreateItem", &definition);
    assert_eq!(kept().as_deref(), Some(PAYLOAD.as_bytes()));

    fabric.update_item(&item).await.unwrap();
    expect("onUpdateItem", &definition);

    fabric.delete_item(&item, DeleteType::Soft).await.unwrap();
    expect("onDeleteItem", &json!({"deleteType": "Soft"}));
    assert!(!emulator.has_item(item.workspace(), item.id()));

    fabric.restore_item(&item).await.unwrap();
    expect("onRestoreItem", &definition);
    assert!(emulator.has_item(item.workspace(), item.id()));

    let as_user = fabric.clone().deleting_as_user();
    as_user.delete_item(&item, DeleteType::Hard).await.unwrap();
    expect("onDeleteItem", &json!({"deleteType": "Hard"}));
    assert_ne!(workload.last().tokens().0, "");
    assert_eq!(kept(), None);
    let none = fabric.restore_item(&item).await;
    assert_eq!(none.unwrap_err(), WorkloadCallError::NothingToRestore);
}

#[tokio::test]
async fn a_refusal_stops_everything_but_a_deletion() {
    let harness = Harness::start().await;
    let emulator = &harness.emulator;
    let workload = StubWorkload::start().await;
    for generation in Generation::ALL {
        let fabric = workload.called_by(emulator, generation, seed::CONSENTED);
        let item = item();
        let there = || emulator.has_item(item.workspace(), item.id());

        workload.will_answer(400, "{}");
        assert!(!fabric.create_item(&item).await.unwrap().accepted());
        assert!(!there(), "a refused creation");
        // The name is free again.
        fabric.create_item(&item).await.unwrap();
        assert!(there());

        workload.will_answer(400, "{}");
        let change = ItemOrder::new(item.workspace(), item.id()).named("other");
        fabric.update_item(&change).await.unwrap();
        let name = emulator.item_name(item.workspace(), item.id());
        assert_eq!(name.as_deref(), Some("ledger \"one\""), "a refused update");

        workload.will_answer(500, "");
        fabric.delete_item(&item, DeleteType::Soft).await.unwrap();
        assert!(!there(), "nothing stops a deletion");

        if generation == Generation::Second {
            workload.will_answer(404, "{}");
            fabric.restore_item(&item).await.unwrap();
            assert!(!there(), "a refused restoration");
        }
    }
}

#[tokio::test]
async fn the_creator_of_an_item_may_use_it_and_nobody_else() {
    let harness = Harness::start().await;
    let workload = StubWorkload::start().await;
    let fabric = workload.called_by(&harness.emulator, Generation::First, seed::CONSENTED);
    let item = item();
    fabric.create_item(&item).await.unwrap();

    let path = format!("/workspaces/{}/items/{}", item.workspace(), item.id());
    let token = for_fabric(seed::CONSENTED, &["Item.Read.All"]);
    let (status, body) = sent(harness.fabric(Method::GET, &path, &token)).await;
    assert_eq!(status, 200);
    assert_eq!(body["displayName"], "ledger \"one\"");
    assert_eq!(body["type"], seed::ITEM_TYPE);

    fabric.delete_item(&item, DeleteType::Hard).await.unwrap();
    let (status, _) = sent(harness.fabric(Method::GET, &path, &token)).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn fabric_itself_refuses_what_it_would_never_ask() {
    let harness = Harness::start().await;
    let workload = StubWorkload::start().await;
    let emulator = &harness.emulator;
    let fabric = workload.called_by(emulator, Generation::First, seed::CONSENTED);

    let elsewhere = ItemOrder::fresh(seed::FABRIKAM_WORKSPACE_ID).named("x");
    let refused = fabric.create_item(&elsewhere).await.unwrap_err();
    assert_eq!(refused, WorkloadCallError::UnknownWorkspace);
    fabric.create_item(&item()).await.unwrap();
    let refused = fabric.create_item(&item()).await.unwrap_err();
    assert_eq!(refused, WorkloadCallError::NameInUse);
    assert_eq!(workload.heard().len(), 1);

    let remote = WorkloadRegistration::new("http://workload.test/workload", Generation::First);
    let refused = emulator.register_workload(remote).unwrap_err();
    assert_eq!(refused, RegistrationError::BaseUrl);
    let unknown = emulator.workload_client("Org.Other.Type", Generation::First, seed::CONSENTED);
    assert!(unknown.is_none());
}

#[tokio::test]
async fn a_workload_that_is_gone_is_an_error_and_its_items_are_not_created() {
    let harness = Harness::start().await;
    let workload = StubWorkload::start().await;
    let fabric = workload.called_by(&harness.emulator, Generation::First, seed::CONSENTED);
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/workload", gone.local_addr().unwrap());
    drop(gone);
    let registration = WorkloadRegistration::new(url, Generation::First).for_items_of("Org.G.One");
    harness.emulator.register_workload(registration).unwrap();
    let fabric_gone = harness
        .emulator
        .workload_client("Org.G.One", Generation::First, seed::CONSENTED)
        .unwrap();
    let item = item();
    let error = fabric_gone.create_item(&item).await.unwrap_err();
    assert_eq!(error, WorkloadCallError::Unreachable);
    assert!(!harness.emulator.has_item(item.workspace(), item.id()));
    fabric.create_item(&item).await.unwrap();
}

#[tokio::test]
async fn both_spellings_of_a_refusal_are_read_as_a_front_end_would() {
    const PASCAL: &str = r#"{"ErrorCode":"AuthUIRequired","Message":"AADSTS65001: consent","MessageParameters":null,"Source":0,"IsPermanent":false,"MoreDetails":[{"ErrorCode":"invalid_grant","Message":"Interaction required","AdditionalParameters":[{"Name":"additionalScopesToConsent","Value":"a/b, c/d"},{"Name":"claimsForCondtionalAccessPolicy","Value":null}]}]}"#;
    const CAMEL: &str = r#"{"errorCode":"AuthUIRequired","message":"AADSTS50076: step up","source":"System","isPermanent":false,"moreDetails":[{"errorCode":"interaction_required","message":"Interaction required","additionalParameters":[{"name":"claimsForCondtionalAccessPolicy","value":"{}"}]}]}"#;
    let harness = Harness::start().await;
    let workload = StubWorkload::start().await;
    let fabric = workload.called_by(&harness.emulator, Generation::First, seed::CONSENTED);
    let item = ItemOrder::new(seed::WORKSPACE_ID, seed::ITEM_ID);

    workload.will_answer(401, PASCAL);
    let reply = fabric.item_payload(&item).await.unwrap();
    let error = reply.error().unwrap();
    assert_eq!(error.casing, ErrorCasing::Pascal);
    assert_eq!(error.source, "System");
    let scopes = vec!["a/b".to_owned(), "c/d".to_owned()];
    assert_eq!(error.reaction(), FrontEndReaction::Consent { scopes });
    let portal = reply.portal_error().unwrap();
    assert_eq!(portal["error"]["code"], "FabricExternalWorkloadError");
    let parameters = &portal["error"]["pbi.error"]["parameters"];
    assert_eq!(parameters["ErrorResponse"], PASCAL);

    workload.will_answer(401, CAMEL);
    let error = fabric.item_payload(&item).await.unwrap().error().unwrap();
    assert_eq!(error.casing, ErrorCasing::Camel);
    let claims = Some("{}".to_owned());
    assert_eq!(
        error.reaction(),
        FrontEndReaction::ConditionalAccess { claims }
    );

    workload.will_answer(404, r#"{"errorCode":"X","message":"y","source":"User"}"#);
    let error = fabric.item_payload(&item).await.unwrap().error().unwrap();
    assert_eq!(error.reaction(), FrontEndReaction::Dialog);

    workload.will_answer(502, "<html>");
    let reply = fabric.item_payload(&item).await.unwrap();
    assert_eq!(reply.error(), None);
    let portal = reply.portal_error().unwrap().to_string();
    assert!(portal.contains("UnexpectedExternalWorkloadError"));
}

#[tokio::test]
async fn another_process_orders_the_same_by_the_control_routes() {
    let harness = Harness::start().await;
    let workload = StubWorkload::start().await;
    let call = async |method: Method, path: &str, body: Value| {
        let response = harness
            .http
            .request(method, harness.url(&format!("/_control/fabric{path}")))
            .header(CONTROL_HEADER, harness.emulator.control_secret().expose())
            .json(&body)
            .send()
            .await
            .unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    };
    for generation in ["first", "second"] {
        let registration = json!({"base_url": workload.url(), "generation": generation});
        assert_eq!(call(Method::PUT, "/workloads", registration).await.0, 204);
    }
    let bad = json!({"base_url": "https://workload.test", "generation": "first"});
    assert_eq!(call(Method::PUT, "/workloads", bad).await.0, 422);

    let item = item();
    let order = |generation: &str, more: Value| {
        let mut order = json!({
            "generation": generation, "upn": seed::CONSENTED,
            "workspace": item.workspace(), "item": item.id(),
        });
        let more = more.as_object().unwrap().clone();
        order.as_object_mut().unwrap().extend(more);
        order
    };
    let created = order("first", json!({"display_name": "x", "payload": PAYLOAD}));
    let (status, answer) = call(Method::POST, "/workload-items/create", created).await;
    assert_eq!((status, &answer["status"]), (200, &json!(200)));
    assert!(harness.emulator.has_item(item.workspace(), item.id()));

    workload.will_answer(404, r#"{"errorCode":"X","message":"y","source":"User"}"#);
    let forged = order("first", json!({"variant": "reversed"}));
    let (_, answer) = call(Method::POST, "/workload-items/payload", forged).await;
    assert_eq!(answer["status"], 404);
    assert_eq!(answer["error"]["error_code"], "X");
    assert!(
        workload
            .last()
            .header("authorization")
            .contains("1.0 appToken=")
    );

    workload.will_answer(200, r#"{"status":"Completed"}"#);
    let job = order(
        "second",
        json!({"job_type": "Org.Selvedge.Sample.ExportRows"}),
    );
    let (_, answer) = call(Method::POST, "/workload-jobs/state", job).await;
    assert_eq!(answer["body"], r#"{"status":"Completed"}"#);

    let minted = json!({"upn": seed::CONSENTED, "variant": "tenant-twice"});
    let (_, minted) = call(Method::POST, "/authorization", minted).await;
    let tenants = minted["headers"].as_array().unwrap().iter();
    let tenants = tenants.filter(|pair| pair[0] == "x-ms-client-tenant-id");
    assert_eq!(tenants.count(), 2);
    let unknown = json!({"upn": seed::CONSENTED, "variant": "no-such"});
    assert_eq!(call(Method::POST, "/authorization", unknown).await.0, 422);
    let unknown = order("first", json!({"item_type": "Org.Other.Type"}));
    assert_eq!(
        call(Method::POST, "/workload-items/create", unknown)
            .await
            .0,
        404
    );
}
