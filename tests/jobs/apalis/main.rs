//! Whether apalis would run every job once: workers in processes of their own, on one SQLite file, that
//! are killed, that stand still, and that are merely busy.
//!
//! A job notes when it begins and when it is done. A trial fails where a job is not done once, and the
//! program then ends with 1.

use std::path::Path;
use std::process::{Child, Command, ExitCode};
use std::time::{Duration, Instant};

use apalis::layers::WorkerBuilderExt;
use apalis::prelude::*;
use apalis_sqlite::{Config, SqliteStorage};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};

/// How long a trial may take to have every job done.
const PATIENCE: Duration = Duration::from_secs(40);

/// How often a database is looked at that other processes write to.
const LOOK: Duration = Duration::from_millis(50);

const DONE: &str = "SELECT count(*) FROM Jobs WHERE status = 'Done'";
const BEGUN_AGAIN: &str = "SELECT count(*) - count(DISTINCT job) FROM runs";

/// A heartbeat each second; two that are missed make an orphan.
fn config(batch: usize) -> Config {
    Config::default()
        .queue("jobs")
        .batch_size(batch)
        .heartbeat_interval(Duration::from_secs(1))
        .missed_heartbeats(2)
}

async fn open(file: &str) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .busy_timeout(Duration::from_secs(5));
    let pool = SqlitePoolOptions::new().max_connections(4);
    pool.connect_with(options).await.unwrap()
}

/// A process that works, four jobs at once, each for `work`.
async fn work(file: &str, name: &str, batch: usize, work: Duration) {
    let pool = open(file).await;
    let backend = SqliteStorage::<u32>::new(&pool).with_config(config(batch));
    let job = move |number: u32| {
        let pool = pool.clone();
        async move {
            let begun = sqlx::query("INSERT INTO runs (job) VALUES ($1)")
                .bind(i64::from(number))
                .execute(&pool)
                .await?;
            // The work itself.
            tokio::time::sleep(work).await;
            sqlx::query("UPDATE runs SET done = 1 WHERE rowid = $1")
                .bind(begun.last_insert_rowid())
                .execute(&pool)
                .await?;
            Ok::<_, BoxDynError>(())
        }
    };
    let worker = WorkerBuilder::new(name).backend(backend).concurrency(4);
    let ended = worker.build(job).run().await;
    eprintln!("worker {name} has ended: {ended:?}");
}

/// One trial on a database of its own.
struct Trial {
    file: String,
    pool: SqlitePool,
    jobs: i64,
    workers: Vec<Child>,
}

impl Trial {
    async fn begin(folder: &Path, name: &str, jobs: u32) -> Self {
        let file = folder.join(name).display().to_string();
        let pool = open(&file).await;
        // Under the usual name its migrations would refuse to stand beside ours.
        let mut migrations = SqliteStorage::migrations();
        migrations.dangerous_set_table_name("_apalis_migrations");
        migrations.run(&pool).await.unwrap();
        let runs = "CREATE TABLE runs (job INTEGER NOT NULL, done INTEGER NOT NULL DEFAULT 0)";
        sqlx::query(runs).execute(&pool).await.unwrap();
        let mut transaction = pool.begin().await.unwrap();
        let tasks: Vec<_> = (0..jobs)
            .map(|job| TaskBuilder::new(serde_json::to_vec(&job).unwrap()).build())
            .collect();
        let pushed = apalis_sqlite::queries::push_tasks(&mut *transaction, "jobs", &tasks);
        pushed.await.unwrap();
        transaction.commit().await.unwrap();
        Self {
            file,
            pool,
            jobs: i64::from(jobs),
            workers: Vec::new(),
        }
    }

    fn worker(&mut self, name: &str, batch: usize, work: Duration) {
        let work = work.as_millis().to_string();
        let mut worker = Command::new(std::env::current_exe().unwrap());
        worker.args([&self.file, name, &batch.to_string(), &work]);
        self.workers.push(worker.spawn().unwrap());
    }

    fn signal(&self, worker: usize, signal: &str) {
        let id = self.workers[worker].id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.unwrap().success());
    }

    async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    /// Waits until a count is so high, as long as there is patience; then says how high it is.
    async fn until(&self, sql: &'static str, wanted: i64) -> i64 {
        let deadline = Instant::now() + PATIENCE;
        let mut looks = tokio::time::interval(LOOK);
        loop {
            looks.tick().await;
            let count = self.count(sql).await;
            if count >= wanted || Instant::now() >= deadline {
                return count;
            }
        }
    }

    /// Waits for the jobs, and says whether each was done once.
    async fn end(mut self, what: &str) -> bool {
        let done = self.until(DONE, self.jobs).await;
        for worker in &mut self.workers {
            let _ = worker.kill();
            let _ = worker.wait();
        }
        let twice = "SELECT count(*) FROM \
                     (SELECT job FROM runs WHERE done = 1 GROUP BY job HAVING count(*) > 1)";
        let twice = self.count(twice).await;
        let (jobs, left) = (self.jobs, self.jobs - done);
        println!("{what}: of {jobs} jobs {left} not done, {twice} done twice");
        left == 0 && twice == 0
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [file, name, batch, millis] = arguments.as_slice() {
        let millis = Duration::from_millis(millis.parse().unwrap());
        work(file, name, batch.parse().unwrap(), millis).await;
        return ExitCode::SUCCESS;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let short = Duration::from_millis(300);
    let mut passed = true;
    for (next, what) in [
        ("second", "killed, then another worker"),
        ("first", "killed, then the same worker again"),
    ] {
        let mut trial = Trial::begin(folder, next, 50).await;
        trial.worker("first", 1, short);
        trial.until(DONE, 10).await;
        trial.signal(0, "-KILL");
        trial.worker(next, 1, short);
        passed &= trial.end(what).await;
    }
    let mut trial = Trial::begin(folder, "stopped", 50).await;
    trial.worker("first", 1, short);
    trial.worker("second", 1, short);
    for (worker, orphans) in [(0, 1), (1, 2)] {
        trial.until(DONE, 10).await;
        trial.signal(worker, "-STOP");
        // Long enough, once its work is given to the other.
        trial.until(BEGUN_AGAIN, orphans).await;
        trial.signal(worker, "-CONT");
    }
    let what = "stopped until its work is given away, one after the other";
    passed &= trial.end(what).await;

    let mut trial = Trial::begin(folder, "busy", 16).await;
    for name in ["first", "second"] {
        trial.worker(name, 10, Duration::from_secs(6));
    }
    passed &= trial.end("no fault, long jobs in batches of ten").await;
    ExitCode::from(u8::from(!passed))
}
