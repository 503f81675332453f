//! Where Fabric is told to send a tenant's calls.

use emulator::{Generation, WorkloadRequest, seed};
use serde_json::json;

use super::{ControlPlane, assert_refused};
use crate::support::Setup;

#[tokio::test]
async fn fabric_learns_the_address_of_a_region_without_user_and_tenant() {
    let plane = ControlPlane::start().await;
    for generation in Generation::ALL {
        let fabric = plane.fabric(generation, seed::CONSENTED);
        for (context, url) in [
            (
                &[
                    ("TenantRegion", "West Europe"),
                    ("EndpointName", "Workload"),
                ][..],
                "https://weu.contoso.test/workload",
            ),
            (
                &[("TenantRegion", "North Europe")],
                "https://workload.contoso.test/workload",
            ),
            (&[], "https://workload.contoso.test/workload"),
        ] {
            let reply = fabric.resolve_endpoint(context).await.unwrap();
            assert_eq!(reply.status, 200);
            let expected = json!({"url": url, "ttlInMinutes": 60});
            assert_eq!(reply.json(), Some(expected));
        }
    }
}

#[tokio::test]
pub(crate) async fn without_an_address_the_operator_has_one_to_configure() {
    let mut setup = Setup::default();
    setup.fabric.endpoints.default = None;
    let plane = ControlPlane::of(setup.start().await);
    let fabric = plane.fabric(Generation::First, seed::CONSENTED);
    let reply = fabric.resolve_endpoint(&[]).await.unwrap();
    assert_refused(&reply, Generation::First, 400, "ENDPOINT_NOT_CONFIGURED");
    let europe = [("TenantRegion", "West Europe")];
    let reply = fabric.resolve_endpoint(&europe).await.unwrap();
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn a_context_that_the_contract_does_not_know_is_refused() {
    let plane = ControlPlane::start().await;
    let fabric = plane.fabric(Generation::First, seed::CONSENTED);
    let region = ("TenantRegion", "West Europe");
    for context in [
        &[("Region", "West Europe")][..],
        &[region, region],
        &[("TenantId", &*"x".repeat(257))],
    ] {
        let reply = fabric.resolve_endpoint(context).await.unwrap();
        assert_refused(&reply, Generation::First, 400, "FIELD_INVALID");
    }
    // What documentation shows for the second generation holds no context: all others' address.
    let body = r#"{"workloadId":"Org.Selvedge","environment":"prod","requestType":"x"}"#;
    let request = WorkloadRequest::new("POST", "/resolve-endpoint")
        .with_body(body)
        .without_subject()
        .without_tenant();
    assert_eq!(fabric.send(&request).await.unwrap().status, 200);
}
