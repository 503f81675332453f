//! The portal as it is served: its routes, its configuration and what its pages are allowed.

use emulator::{FrontEnd, seed};
use reqwest::Response;
use serde_json::json;

use crate::support::Harness;

const ORIGIN: &str = "http://127.0.0.1:60006";

fn front_end() -> FrontEnd {
    FrontEnd {
        name: "Org.Selvedge".to_owned(),
        display_name: "Selvedge".to_owned(),
        url: format!("{ORIGIN}/"),
        client_id: seed::WORKLOAD_CLIENT_ID.to_owned(),
        audience: seed::WORKLOAD_URI.to_owned(),
        redirect_uri: "http://localhost:60006/close".to_owned(),
    }
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response
        .headers()
        .get(name)
        .map(|value| value.to_str().unwrap())
}

/// What a page's policy says of one kind of thing.
fn policy(response: &Response, directive: &str) -> String {
    header(response, "content-security-policy")
        .unwrap()
        .split("; ")
        .find_map(|rule| rule.strip_prefix(&format!("{directive} ")))
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn without_a_front_end_there_is_no_portal() {
    let harness = Harness::start().await;
    let response = harness.get("/portal").await;
    assert_eq!(response.status(), 404);
    assert_eq!(
        response.text().await.unwrap(),
        "No front end of a workload is registered with this emulator.\n"
    );
}

#[tokio::test]
async fn the_portal_frames_the_registered_front_ends_and_no_others() {
    let harness = Harness::start().await;
    harness.emulator.register_front_end(front_end()).unwrap();
    for path in ["/portal", "/portal/"] {
        let response = harness.get(path).await;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(header(&response, "content-type"), Some("text/html"));
        assert_eq!(header(&response, "x-content-type-options"), Some("nosniff"));
        assert_eq!(policy(&response, "default-src"), "'none'");
        assert_eq!(policy(&response, "script-src"), "'self'");
        assert_eq!(policy(&response, "style-src"), "'self'");
        assert_eq!(policy(&response, "frame-src"), format!("'self' {ORIGIN}"));
        assert_eq!(policy(&response, "frame-ancestors"), "'none'");
        assert_eq!(header(&response, "cross-origin-opener-policy"), None);
        let html = response.text().await.unwrap();
        for id in ["sign-in", "account", "theme", "workloads", "frames"] {
            assert!(html.contains(&format!("id=\"{id}\"")), "{id}");
        }
    }
}

#[tokio::test]
async fn the_close_page_may_be_in_a_hidden_frame_of_the_portal() {
    let harness = Harness::start().await;
    let response = harness.get("/portal/close").await;
    assert_eq!(response.status(), 200);
    assert_eq!(policy(&response, "frame-ancestors"), "'self'");
    assert_eq!(header(&response, "x-frame-options"), None);
    assert_eq!(header(&response, "cross-origin-opener-policy"), None);
}

#[tokio::test]
async fn the_assets_of_the_pages_are_served_and_nothing_else() {
    let harness = Harness::start().await;
    for (file, kind) in [
        ("portal.js", "text/javascript"),
        ("close.js", "text/javascript"),
        ("style.css", "text/css"),
        ("licenses.txt", "text/plain"),
    ] {
        let response = harness.get(&format!("/portal/assets/{file}")).await;
        assert_eq!(response.status(), 200, "{file}");
        assert_eq!(header(&response, "content-type"), Some(kind), "{file}");
        assert_eq!(header(&response, "cache-control"), Some("no-cache"));
    }
    for path in [
        "/portal/assets/other.js",
        "/portal/assets/..%2Findex.html",
        "/portal/elsewhere",
    ] {
        assert_eq!(harness.get(path).await.status(), 404, "{path}");
    }
}

#[tokio::test]
async fn the_configuration_names_the_authority_the_tenants_and_the_front_ends() {
    let harness = Harness::start().await;
    harness.emulator.register_front_end(front_end()).unwrap();
    let renamed = FrontEnd {
        display_name: "Renamed".to_owned(),
        ..front_end()
    };
    harness.emulator.register_front_end(renamed).unwrap();
    let config = harness.json("/portal/config.json").await;
    assert_eq!(
        config,
        json!({
            "authority": harness.emulator.origin(),
            "clientId": seed::PORTAL_CLIENT_ID,
            "tenants": [
                { "id": seed::CONTOSO_TENANT_ID, "domain": "contoso.test", "name": "Contoso" },
                { "id": seed::FABRIKAM_TENANT_ID, "domain": "fabrikam.test", "name": "Fabrikam" },
            ],
            "workloads": [{
                "name": "Org.Selvedge",
                "displayName": "Renamed",
                "url": ORIGIN,
                "clientId": seed::WORKLOAD_CLIENT_ID,
                "audience": seed::WORKLOAD_URI,
                "redirectUri": "http://localhost:60006/close",
            }],
        })
    );
}

#[tokio::test]
async fn under_a_foreign_name_there_is_no_portal_either() {
    let harness = Harness::start().await;
    harness.emulator.register_front_end(front_end()).unwrap();
    for path in ["/portal", "/portal/config.json"] {
        let response = harness
            .http_1()
            .get(harness.url(path))
            .header("host", "portal.test")
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 421, "{path}");
    }
}

#[tokio::test]
async fn the_pages_of_the_authority_stay_within_reach_of_their_opener() {
    let harness = Harness::start().await;
    let close = format!("{}/portal/close", harness.emulator.origin());
    let portal = [
        ("client_id", seed::PORTAL_CLIENT_ID),
        ("redirect_uri", close.as_str()),
        ("response_mode", "fragment"),
    ];
    let page = harness.authorize(&portal).await;
    assert_eq!(page.status(), 200);
    for name in ["cross-origin-opener-policy", "x-frame-options"] {
        assert_eq!(header(&page, name), None, "{name}");
    }
    let answer = harness.choose(page, seed::CONSENTED, "sign-in").await;
    let location = crate::support::location(&answer);
    assert!(
        location.starts_with(&format!("{close}#code=")),
        "{location}"
    );
}
