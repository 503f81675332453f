//! Strangers add no series, however many come.

use std::sync::Arc;

use super::open_metrics::Page;
use super::{of_tenant, run, text};
use crate::exchange::Exchanging;
use crate::support::{Call, READ_DATA, Setup};

const CALLS: usize = 10_000;
/// Connections that call side by side.
const SIDES: usize = 4;
/// A connection may have only so many bodies refused unread.
const ON_ONE_CONNECTION: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_tenants_and_paths_add_no_series_and_are_not_shown() {
    let exchanging = Arc::new(Exchanging::with(Setup::default()).await);
    run(&exchanging).await;
    let before = Page::read(&text(&exchanging).await).series();
    let sides: Vec<_> = (0..SIDES)
        .map(|_| tokio::spawn(strangers(Arc::clone(&exchanging), CALLS / SIDES)))
        .collect();
    for side in sides {
        side.await.unwrap();
    }
    let text = text(&exchanging).await;
    assert!(!text.contains("stranger"));
    let page = Page::read(&text);
    let counted = |name: &str, labels: &[(&str, &str)]| page.sum(name, labels);
    let calls = "rpc_server_call_duration_seconds_count";
    // One was in the run before.
    assert_eq!(
        counted(calls, &[("rpc_method", "_OTHER")]),
        CALLS as f64 + 1.0
    );
    let refused = [("selvedge_auth_reason", "TENANT_NOT_ALLOWED")];
    assert_eq!(
        counted("selvedge_auth_decisions_total", &refused),
        CALLS as f64 + 1.0
    );
    assert_eq!(page.series(), before);
    assert_eq!(counted("selvedge_metrics_overflows_total", &[]), 0.0);
}

/// Calls of so many paths, and with well-signed tokens of so many tenants, that nobody has heard of.
async fn strangers(exchanging: Arc<Exchanging>, calls: usize) {
    for _ in 0..calls / ON_ONE_CONNECTION {
        let client = exchanging.running.raw().await;
        let calls = (0..ON_ONE_CONNECTION).map(async |_| {
            let stranger = uuid::Uuid::new_v4();
            let path = Call::to(&format!("/stranger.{}/Method", stranger.simple()));
            let path = client.send(&path).await;
            assert_eq!(path.verdict(), "UNIMPLEMENTED METHOD_NOT_FOUND");
            let tenant = Call::to(READ_DATA).bearer(&of_tenant(&exchanging, &stranger));
            let tenant = client.send(&tenant).await;
            assert_eq!(tenant.verdict(), "PERMISSION_DENIED TENANT_NOT_ALLOWED");
        });
        futures_util::future::join_all(calls).await;
    }
}
