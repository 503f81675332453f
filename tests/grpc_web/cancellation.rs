//! A page that gives up, or is closed: its call ends with it.

use std::time::{Duration, Instant};

use crate::support::web::{self, WAYS};
use crate::support::{Call, READ_DATA, Running, eventually, read_token};

/// How soon a handler is to be gone.
const SOON: Duration = Duration::from_millis(100);

#[tokio::test]
pub(crate) async fn a_call_that_a_page_gives_up_ends_at_once() {
    let running = Running::start().await;
    running.store.shut();
    for (form, http) in WAYS {
        let call = web::call(
            &Call::to(READ_DATA).bearer(&read_token(&running.emulator)),
            form,
        );
        let address = running.address;
        let fetch = tokio::spawn(async move {
            web::open(address, http, &call).await;
        });
        eventually("the handler is in the store", async || {
            running.store.held() == 1
        })
        .await;

        let given_up = Instant::now();
        fetch.abort();
        while running.store.held() > 0 {
            assert!(given_up.elapsed() < SOON, "{form:?} {http:?}");
            tokio::task::yield_now().await;
        }
    }
}
