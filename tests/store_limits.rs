//! What callers are told when the store itself has had enough.

use emulator::seed;
use selvedge::contracts::data::v1::ReadDataRequest;
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tonic::Code;

use crate::data_plane::{assert_refused, data, row, write};
use crate::support::Running;

#[tokio::test]
pub(crate) async fn a_user_who_has_kept_all_they_may_is_told_and_no_other_is() {
    let running = Running::start().await;
    let mut client = data(&running, seed::CONSENTED).await;
    for hundred in 0..100 {
        let rows = (0..100).map(|one| row(&format!("{hundred}-{one}"), "1"));
        client.write_data(write(rows)).await.unwrap();
    }
    let refused = client.write_data(write([row("one-more", "1")])).await;
    assert_refused(refused, Code::ResourceExhausted, "STORE_FULL");
    client.write_data(write([row("0-0", "2")])).await.unwrap();
    let mut other = data(&running, seed::MFA).await;
    other.write_data(write([row("first", "1")])).await.unwrap();
}

#[tokio::test]
pub(crate) async fn a_store_that_another_process_holds_is_unavailable_until_it_lets_go() {
    let running = Running::start().await;
    let mut client = data(&running, seed::CONSENTED).await;
    let options = SqliteConnectOptions::new().filename(running.database());
    let mut backup = SqliteConnection::connect_with(&options).await.unwrap();
    let held = backup.begin_with("BEGIN IMMEDIATE").await.unwrap();

    let refused = client.write_data(write([row("r", "1")])).await;
    assert_refused(refused, Code::Unavailable, "STORE_UNAVAILABLE");
    // Readers need no lock.
    client.read_data(ReadDataRequest::default()).await.unwrap();

    held.rollback().await.unwrap();
    client.write_data(write([row("r", "1")])).await.unwrap();
}
