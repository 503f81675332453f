//! A service that is killed in the midst of its jobs.

use auth_interceptor::Clock;
use emulator::{Emulator, seed};
use selvedge::contracts::control::v1::JobStatus;

use super::{Fabric, Job, start_process};
use crate::support::eventually;
use crate::support::postgres::{Durability, PostgresServer};
use crate::support::running::start_emulator;
use crate::support::temporary::TemporaryFolder;

const JOBS: usize = 50;

/// How often the files of these jobs were made visible.
fn flushes(emulator: &Emulator, jobs: &[Job]) -> Vec<u64> {
    let of = |job: &Job| {
        let path = format!("Files/crash/{}", job.id);
        emulator.onelake_flushes(seed::LAKEHOUSE_ID, &path)
    };
    jobs.iter().map(of).collect()
}

/// Orders a job as a client does that was told to come again.
async fn ordered(fabric: &Fabric<'_>, job: &Job) {
    eventually("the order is acknowledged", async || {
        match &*fabric.create(job).await.verdict() {
            "OK" => true,
            "UNAVAILABLE STORE_UNAVAILABLE" => false,
            other => panic!("{other}"),
        }
    })
    .await;
}

async fn every_job_ends_once(folder: &TemporaryFolder, store: &str) {
    let emulator = start_emulator(Clock::system()).await;
    let mut served = start_process(&emulator, folder, store, &[]).await;
    let fabric = Fabric::new(&emulator, served.client().await, seed::CONSENTED);
    fabric.create_item().await;
    fabric.write_rows(&[("a", "1"), ("b", "2")]).await;
    let jobs: Vec<Job> = (0..JOBS)
        .map(|_| {
            let mut job = Job::export("crash/x");
            job.payload = job.payload.replace("crash/x", &format!("crash/{}", job.id));
            job
        })
        .collect();
    let orders = jobs.iter().map(|job| ordered(&fabric, job));
    futures_util::future::join_all(orders).await;
    for done in [5, 20, 35] {
        eventually("some jobs are done", async || {
            flushes(&emulator, &jobs).iter().sum::<u64>() >= done
        })
        .await;
        served.kill();
        served = start_process(&emulator, folder, store, &[]).await;
    }
    let fabric = Fabric::new(&emulator, served.client().await, seed::CONSENTED);
    fabric.create_item().await;
    for job in &jobs {
        fabric.until(job, JobStatus::Completed).await;
    }
    assert_eq!(flushes(&emulator, &jobs), [1; JOBS]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_job_ends_once_in_effect_however_often_the_process_is_killed_on_sqlite() {
    let folder = TemporaryFolder::new();
    let store = format!("sqlite://{}/selvedge.db", folder.path().display());
    every_job_ends_once(&folder, &store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_job_ends_once_in_effect_however_often_the_process_is_killed_on_postgres() {
    let server = PostgresServer::start(Durability::Full).await;
    let database = server.database().await;
    every_job_ends_once(&TemporaryFolder::new(), &database.url).await;
}
