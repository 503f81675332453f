//! A service that stands still in the midst of a job, for longer than its lease, and goes on.

use std::process::Command;

use auth_interceptor::Clock;
use emulator::seed;
use selvedge::contracts::control::v1::JobStatus;

use super::{Fabric, Job, start_process};
use crate::support::postgres::{Durability, PostgresServer};
use crate::support::process::ServiceProcess;
use crate::support::running::start_emulator;
use crate::support::temporary::TemporaryFolder;

const PATH: &str = "stopped/rows.jsonl";
const FILE: &str = "Files/stopped/rows.jsonl";

/// Has a process stand still, or go on.
fn signal(process: &ServiceProcess, name: &str) {
    let mut kill = Command::new("kill");
    kill.args([name, &process.id().to_string()]);
    assert!(kill.status().unwrap().success(), "{name}");
}

/// The first process stands still when it has noted the file's size and its flush is under way; the
/// second one takes the job up and completes it; then the flush arrives, and the first goes on.
async fn a_job_is_done_once(store: &str) {
    let emulator = start_emulator(Clock::system()).await;
    let folders = [TemporaryFolder::new(), TemporaryFolder::new()];
    let first = start_process(&emulator, &folders[0], store, &[]).await;
    let fabric = Fabric::new(&emulator, first.client().await, seed::CONSENTED);
    fabric.create_item().await;
    fabric.write_rows(&[("a", "1"), ("b", "2")]).await;
    let mut held = emulator.hold_next_flush();
    let job = Job::export(PATH);
    assert_eq!(fabric.create(&job).await.verdict(), "OK");
    held.arrived().await;
    signal(&first, "-STOP");

    let second = start_process(&emulator, &folders[1], store, &[]).await;
    let other = Fabric::new(&emulator, second.client().await, seed::CONSENTED);
    other.create_item().await;
    other.until(&job, JobStatus::Completed).await;
    let completed = emulator.onelake_file(seed::LAKEHOUSE_ID, FILE).await;
    let flushes = || emulator.onelake_flushes(seed::LAKEHOUSE_ID, FILE);
    assert_eq!(flushes(), 1);

    held.release().await;
    signal(&first, "-CONT");
    // It works again, and on nothing of this.
    let next = Job::export("stopped/next.jsonl");
    assert_eq!(fabric.create(&next).await.verdict(), "OK");
    fabric.until(&next, JobStatus::Completed).await;
    assert_eq!(fabric.state(&job).await.status(), JobStatus::Completed);
    assert_eq!(flushes(), 1);
    let file = emulator.onelake_file(seed::LAKEHOUSE_ID, FILE).await;
    assert_eq!(file, completed);
    assert_eq!(
        file.unwrap(),
        b"{\"rowId\":\"a\",\"json\":1}\n{\"rowId\":\"b\",\"json\":2}\n"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_stood_still_shows_no_file_a_second_time_on_sqlite() {
    let folder = TemporaryFolder::new();
    let store = format!("sqlite://{}/selvedge.db", folder.path().display());
    a_job_is_done_once(&store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_stood_still_shows_no_file_a_second_time_on_postgres() {
    let server = PostgresServer::start(Durability::Full).await;
    let database = server.database().await;
    a_job_is_done_once(&database.url).await;
}
