//! The front end as browsers are served it: which path is which page, what each page may do, what is
//! kept by the browser, and what is nowhere to be had.

mod dev;
mod serve;

use std::io::Read as _;

use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    ETAG, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, Method};
use selvedge::config::{Broker, Component, Web};
use selvedge::web::Site;
use serde_json::{Value, json};

use crate::support::served::Served;
use crate::support::{Call, Reply};

const AUTHORITY: &str = "https://login.contoso.test:8443";
const SERVICE: &str = "https://api.contoso.test";

fn web() -> Web {
    Web {
        listen: "127.0.0.1:0".parse().unwrap(),
        service: format!("{SERVICE}/selvedge"),
        frame_ancestors: vec![
            "https://*.fabric.contoso.test".to_owned(),
            "https://localhost:5443".to_owned(),
        ],
        broker: Some(Broker {
            client_id: "3f2504e0-4f89-41d3-9a0c-0305e82c3301".to_owned(),
            authority: format!("{AUTHORITY}/organizations"),
            components: vec![Component {
                name: "company-picker".to_owned(),
                client_id: "7c9e6679-7425-40de-944b-e07fc1f90ae7".to_owned(),
                audience: "api://company-picker.contoso.test".to_owned(),
                scopes: vec!["https://graph.microsoft.com/User.Read".to_owned()],
            }],
        }),
    }
}

/// A browser without a cache, at the front end.
struct Browser(Served);

impl Browser {
    async fn at(web: &Web) -> Self {
        Self(Served::start(Site::new(web).unwrap()).await)
    }

    async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, &[]).await
    }

    async fn send(&self, method: Method, path: &str, headers: &[(HeaderName, &str)]) -> Reply {
        let mut call = Call::to(path);
        call.method = method;
        call.body = bytes::Bytes::new();
        call.headers.clear();
        for (name, value) in headers {
            call = call.header(name.as_str(), value);
        }
        self.0.client.send(&call).await
    }
}

fn text(reply: &Reply, name: HeaderName) -> String {
    let value = reply.headers.get(&name);
    let value = value.unwrap_or_else(|| panic!("no {name}"));
    value.to_str().unwrap().to_owned()
}

/// The directive's sources in the page's policy, in order.
fn directive(reply: &Reply, name: &str) -> Option<Vec<String>> {
    let policy = text(reply, CONTENT_SECURITY_POLICY);
    let mut directives = policy.split("; ").map(|directive| directive.split(' '));
    directives.find_map(|mut words| {
        (words.next() == Some(name)).then(|| words.map(str::to_owned).collect())
    })
}

fn bundled(name: &str) -> Vec<u8> {
    let dist = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("web/dist");
    std::fs::read(dist.join(name)).unwrap()
}

#[tokio::test]
async fn each_path_is_the_page_or_file_of_the_bundle_that_it_names() {
    let browser = Browser::at(&web()).await;
    let html = "text/html; charset=utf-8";
    for (path, file, media_type) in [
        ("/", "index.html", html),
        ("/records", "index.html", html),
        ("/lakehouses/files", "index.html", html),
        ("/records?__iframeType=page", "index.html", html),
        ("//", "index.html", html),
        ("//contoso/records", "index.html", html),
        ("/%2e%2e/%2e%2e/etc/passwd", "index.html", html),
        ("/close", "close.html", html),
        ("/close?state=1", "close.html", html),
        ("/broker", "broker.html", html),
        ("/broker/close", "broker-close.html", html),
        ("/licenses.txt", "licenses.txt", "text/plain; charset=utf-8"),
        (
            "/assets/app.js",
            "assets/app.js",
            "text/javascript; charset=utf-8",
        ),
    ] {
        let reply = browser.get(path).await;
        assert_eq!(reply.status, 200, "{path}");
        assert!(reply.body == bundled(file), "{path} is not {file}");
        assert_eq!(text(&reply, CONTENT_TYPE), media_type, "{path}");
        assert_eq!(
            text(&reply, CONTENT_LENGTH),
            reply.body.len().to_string(),
            "{path}"
        );
    }
}

#[tokio::test]
async fn what_is_not_in_the_bundle_is_nowhere() {
    let browser = Browser::at(&web()).await;
    for path in [
        "/index.html",
        "/close.html",
        "/app.js",
        "/assets/",
        "/assets/none.js",
        "/assets",
        "/assets/../index.html",
        "/assets/../../../Cargo.toml",
        "/assets/%2e%2e/index.html",
        "/assets//app.js",
        "/assets/app.js/",
        "/assets\\app.js",
        "/../Cargo.toml",
        "/..",
        "/.git/config",
        "/config.json/",
        "//contoso.test/records",
    ] {
        let reply = browser.get(path).await;
        // A folder has no dot, so that its name is one of the front end's routes.
        let expected = if path == "/assets" { 200 } else { 404 };
        assert_eq!(reply.status, expected, "{path}");
        if expected == 404 {
            assert_eq!(text(&reply, CONTENT_TYPE), "text/plain; charset=utf-8");
            assert_eq!(reply.body, b"there is no such file");
        }
    }
}

#[tokio::test]
async fn every_answer_tells_the_browser_to_ask_again_and_to_guess_nothing() {
    let browser = Browser::at(&web()).await;
    for path in ["/", "/close", "/config.json", "/assets/app.js", "/none.js"] {
        let reply = browser.get(path).await;
        assert_eq!(text(&reply, CACHE_CONTROL), "no-cache", "{path}");
        assert_eq!(text(&reply, X_CONTENT_TYPE_OPTIONS), "nosniff", "{path}");
        assert_eq!(text(&reply, REFERRER_POLICY), "no-referrer", "{path}");
        // A page that ends a sign-in has to reach the one that opened it.
        assert!(!reply.headers.contains_key("cross-origin-opener-policy"));
        assert_eq!(
            directive(&reply, "default-src").unwrap(),
            ["'none'"],
            "{path}"
        );
    }
}

#[tokio::test]
async fn each_page_may_do_what_it_has_to_and_no_more() {
    let browser = Browser::at(&web()).await;
    let portals = "https://*.fabric.contoso.test https://localhost:5443";
    let app = format!("'self' {SERVICE}");
    let broker = format!("'self' {SERVICE} {AUTHORITY}");
    let frames = format!("'self' {AUTHORITY}");
    for (path, connect, frame, ancestors, is_visible) in [
        ("/", Some(&app), None, portals, true),
        ("/records", Some(&app), None, portals, true),
        ("/broker", Some(&broker), Some(&frames), "'none'", true),
        ("/close", None, None, "'none'", false),
        ("/broker/close", None, None, "'self'", false),
    ] {
        let reply = browser.get(path).await;
        let sources = |name| directive(&reply, name).map(|sources| sources.join(" "));
        assert_eq!(sources("script-src").unwrap(), "'self'", "{path}");
        assert_eq!(sources("base-uri").unwrap(), "'none'", "{path}");
        assert_eq!(sources("form-action").unwrap(), "'none'", "{path}");
        assert_eq!(sources("connect-src").as_ref(), connect, "{path}");
        assert_eq!(sources("frame-src").as_ref(), frame, "{path}");
        assert_eq!(sources("frame-ancestors").unwrap(), ancestors, "{path}");
        let style = is_visible.then(|| "'self' 'unsafe-inline'".to_owned());
        assert_eq!(sources("style-src"), style, "{path}");
        let policy = text(&reply, CONTENT_SECURITY_POLICY);
        assert_eq!(policy.matches("unsafe").count(), usize::from(is_visible));
    }
}

#[tokio::test]
async fn nobody_frames_the_front_end_where_nobody_is_named() {
    let browser = Browser::at(&Web {
        frame_ancestors: Vec::new(),
        ..web()
    })
    .await;
    let reply = browser.get("/").await;
    assert_eq!(directive(&reply, "frame-ancestors").unwrap(), ["'none'"]);
}

#[tokio::test]
async fn what_a_browser_has_is_not_sent_again() {
    let browser = Browser::at(&web()).await;
    for path in ["/", "/assets/app.js", "/config.json"] {
        let etag = text(&browser.get(path).await, ETAG);
        let known = [(http::header::IF_NONE_MATCH, etag.as_str())];
        for method in [Method::GET, Method::HEAD] {
            let reply = browser.send(method, path, &known).await;
            assert_eq!(reply.status, 304, "{path}");
            assert!(reply.body.is_empty());
            assert_eq!(text(&reply, ETAG), etag);
            assert_eq!(text(&reply, CACHE_CONTROL), "no-cache");
        }
        let other = [(http::header::IF_NONE_MATCH, "\"other\"")];
        let reply = browser.send(Method::GET, path, &other).await;
        assert_eq!(reply.status, 200, "{path}");
        assert!(!reply.body.is_empty());
    }
    let pages = ["/", "/close", "/broker", "/config.json"];
    let mut etags = std::collections::BTreeSet::new();
    for path in pages {
        etags.insert(text(&browser.get(path).await, ETAG));
    }
    assert_eq!(etags.len(), pages.len(), "no two contents share a tag");
}

#[tokio::test]
async fn whoever_takes_gzip_gets_it_under_a_tag_of_its_own() {
    let browser = Browser::at(&web()).await;
    let plain = browser.get("/assets/app.js").await;
    let gzip = [(http::header::ACCEPT_ENCODING, "gzip, deflate, br")];
    let coded = browser.send(Method::GET, "/assets/app.js", &gzip).await;
    assert_eq!(text(&coded, CONTENT_ENCODING), "gzip");
    assert!(coded.body.len() < plain.body.len() / 2);
    let mut decoded = Vec::new();
    flate2::read::GzDecoder::new(coded.body.as_slice())
        .read_to_end(&mut decoded)
        .unwrap();
    assert!(decoded == plain.body);
    assert_ne!(text(&coded, ETAG), text(&plain, ETAG));
    for reply in [&plain, &coded] {
        assert_eq!(text(reply, http::header::VARY), "accept-encoding");
    }
    let refused = [(http::header::ACCEPT_ENCODING, "gzip;q=0")];
    let reply = browser.send(Method::GET, "/assets/app.js", &refused).await;
    assert!(!reply.headers.contains_key(CONTENT_ENCODING));
}

#[tokio::test]
async fn a_head_is_a_get_without_its_body() {
    let browser = Browser::at(&web()).await;
    for path in ["/", "/assets/app.js", "/config.json", "/none.js"] {
        let got = browser.get(path).await;
        let head = browser.send(Method::HEAD, path, &[]).await;
        assert_eq!(head.status, got.status, "{path}");
        assert!(head.body.is_empty(), "{path}");
        let comparable = |reply: &Reply| {
            let mut headers = reply.headers.clone();
            headers.remove(http::header::DATE);
            headers
        };
        assert_eq!(comparable(&head), comparable(&got), "{path}");
    }
}

#[tokio::test]
async fn nothing_can_be_sent_to_the_front_end() {
    let browser = Browser::at(&web()).await;
    for method in [
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
        Method::PATCH,
    ] {
        for path in ["/", "/config.json", "/none.js"] {
            let reply = browser.send(method.clone(), path, &[]).await;
            assert_eq!(reply.status, 405, "{method} {path}");
            assert_eq!(text(&reply, ALLOW), "GET, HEAD");
        }
    }
}

#[tokio::test]
async fn pages_are_told_what_is_configured_and_nothing_else() {
    let browser = Browser::at(&web()).await;
    let reply = browser.get("/config.json").await;
    assert_eq!(text(&reply, CONTENT_TYPE), "application/json");
    let document: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(
        document,
        json!({
            "service": "https://api.contoso.test/selvedge",
            "broker": {
                "clientId": "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
                "authority": "https://login.contoso.test:8443/organizations",
                "components": {
                    "company-picker": {
                        "clientId": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
                        "audience": "api://company-picker.contoso.test",
                        "scopes": ["https://graph.microsoft.com/User.Read"],
                    },
                },
            },
        })
    );
    let without = Web {
        broker: None,
        ..web()
    };
    let browser = Browser::at(&without).await;
    let reply = browser.get("/config.json").await;
    let document: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(document["broker"], Value::Null);
    // Its page is there and says so; it reaches no authority.
    let page = browser.get("/broker").await;
    assert_eq!(
        directive(&page, "connect-src").unwrap(),
        ["'self'", SERVICE]
    );
    assert_eq!(directive(&page, "frame-src").unwrap(), ["'self'"]);
}
