//! A PostgreSQL server proves that it is the one that was meant, and the password for it stays
//! untold.

use auth_interceptor::Clock;
use selvedge::config::{Migrate, PostgresUrl};
use selvedge::secret::Secret;
use selvedge::store::postgres::PostgresStore;
use selvedge::store::{OpenError, Quota, Store as _, StoreError};

use crate::support::postgres::{PASSWORD, PostgresServer};
use crate::support::process::ServiceProcess;
use crate::support::running::start_emulator;
use crate::support::temporary::TemporaryFolder;

async fn open(url: &str) -> Result<PostgresStore, OpenError> {
    let url = PostgresUrl::parse(&Secret::new(url)).unwrap();
    PostgresStore::open(&url, Migrate::Auto, Quota::default()).await
}

#[tokio::test]
async fn a_server_is_taken_for_the_right_one_by_its_own_authority_alone() {
    let server = PostgresServer::shared().await;
    let database = server.database().await;
    let verified = |root: &std::path::Path| {
        let root = root.display();
        let tls = format!("sslmode=verify-full&sslrootcert={root}");
        database.url.replace("sslmode=disable", &tls)
    };
    let store = open(&verified(&server.root_certificate())).await.unwrap();
    store.ping().await.unwrap();
    let mut beside = database.connect().await;
    let encrypted: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
         WHERE ssl AND application_name = 'selvedge' AND datname = current_database()",
    )
    .fetch_one(&mut beside)
    .await
    .unwrap();
    assert!(encrypted >= 1);

    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = TemporaryFolder::new();
    let root = folder.path().join("other.pem");
    std::fs::write(&root, other.cert.pem()).unwrap();
    let unavailable = OpenError::Engine(StoreError::Unavailable);
    assert_eq!(open(&verified(&root)).await.map(drop), Err(unavailable));
    // By its address it is not the server that its certificate names.
    let elsewhere = verified(&server.root_certificate()).replace("@localhost", "@127.0.0.1");
    assert_eq!(open(&elsewhere).await.map(drop), Err(unavailable));
}

#[tokio::test]
async fn neither_the_log_nor_a_check_tells_the_password() {
    let database = PostgresServer::shared().await.database().await;
    let folder = TemporaryFolder::new();
    let emulator = start_emulator(Clock::system()).await;
    let path = folder.path();
    let store = ("SELVEDGE_STORE__URL", &*database.url);
    let mut served = ServiceProcess::start_with(&emulator, path, "trace", &[store]).await;
    let check = std::process::Command::new(env!("CARGO_BIN_EXE_selvedge"))
        .args(["check", "--config"])
        .arg(path.join("selvedge.toml"))
        .env(store.0, store.1)
        .output()
        .unwrap();
    served.end();
    let said = String::from_utf8(check.stdout).unwrap();
    let name = database.url.split(['/', '?']).nth(3).unwrap();
    assert!(said.contains("PostgreSQL at localhost:"), "{said}");
    assert!(said.contains(&format!("/{name} answers, and its schema is current")));
    for told in [said, String::from_utf8(check.stderr).unwrap(), served.log()] {
        assert!(!told.contains(PASSWORD));
    }
}
