//! What a client was told is done is done, whenever the process is killed.

use emulator::seed;
use selvedge::contracts::control::v1::{
    CreateItemRequest, GetItemPayloadRequest, GetItemPayloadResponse, UpdateItemRequest,
};
use uuid::Uuid;

use crate::support::Call;
use crate::support::killed::{KilledService, PatientClient};

const WRITERS: usize = 4;
const ITEMS: usize = 500;
const KILLS: usize = 6;

const SERVICE: &str = "/selvedge.control.v1.ItemLifecycleService";

#[tokio::test(flavor = "multi_thread")]
async fn killed_during_a_thousand_item_writes_nothing_acknowledged_is_lost_on_sqlite() {
    a_thousand_item_writes(&KilledService::on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_during_a_thousand_item_writes_nothing_acknowledged_is_lost_on_postgres() {
    a_thousand_item_writes(&KilledService::on_postgres().await).await;
}

/// Each item is created and then updated: a thousand writes, through which the process is killed.
async fn a_thousand_item_writes(service: &KilledService) {
    let items: Vec<Uuid> = (0..ITEMS).map(|_| Uuid::new_v4()).collect();
    let credentials = service.fabric_credentials();
    let writers = items
        .chunks(ITEMS / WRITERS)
        .map(|items| write_all(service, &credentials, items));
    let kills = async {
        for kill in 1..=KILLS {
            service.kill_after(kill * 2 * ITEMS / (KILLS + 1)).await;
        }
    };
    tokio::join!(futures_util::future::join_all(writers), kills);

    let mut client = service.client();
    for item in &items {
        let request = GetItemPayloadRequest {
            workspace_id: seed::WORKSPACE_ID.to_owned(),
            item_type: seed::ITEM_TYPE.to_owned(),
            item_id: item.to_string(),
        };
        let call = call("GetItemPayload", &credentials, &request);
        let kept: GetItemPayloadResponse = client.send(&call).await.message();
        assert_eq!(kept.item_payload, updated(item));
    }
    // A write is several statements: whatever was cut off has left none of them.
    let kept = i64::try_from(ITEMS).unwrap();
    let mut found = Vec::new();
    for sql in [
        "SELECT count(*) FROM items",
        "SELECT items FROM tenants",
        "SELECT item_bytes FROM tenants",
        "SELECT CAST(sum(length(payload) + length(definition)) AS BIGINT) FROM items",
    ] {
        found.push(service.number(sql).await);
    }
    assert_eq!(found[..2], [kept, kept]);
    assert_eq!(found[2], found[3]);
}

async fn write_all(service: &KilledService, credentials: &str, items: &[Uuid]) {
    let mut client = service.client();
    for item in items {
        write(&mut client, credentials, item).await;
    }
}

async fn write(client: &mut PatientClient<'_>, credentials: &str, item: &Uuid) {
    let create = CreateItemRequest {
        workspace_id: seed::WORKSPACE_ID.to_owned(),
        item_type: seed::ITEM_TYPE.to_owned(),
        item_id: item.to_string(),
        display_name: item.to_string(),
        creation_payload: format!("{{\"created\": \"{item}\"}}").into(),
        ..CreateItemRequest::default()
    };
    let update = UpdateItemRequest {
        workspace_id: seed::WORKSPACE_ID.to_owned(),
        item_type: seed::ITEM_TYPE.to_owned(),
        item_id: item.to_string(),
        update_payload: updated(item).into(),
        ..UpdateItemRequest::default()
    };
    for call in [
        call("CreateItem", credentials, &create),
        call("UpdateItem", credentials, &update),
    ] {
        assert_eq!(client.send(&call).await.verdict(), "OK");
    }
}

fn updated(item: &Uuid) -> String {
    format!("{{\"updated\": \"{item}\", \"more\": [1, 2, 3]}}")
}

fn call(method: &str, credentials: &str, request: &impl prost::Message) -> Call {
    Call::to(&format!("{SERVICE}/{method}"))
        .header("authorization", credentials)
        .header("x-ms-client-tenant-id", seed::CONTOSO_TENANT_ID)
        .message(request)
}
