//! A PostgreSQL server of the tests' own, on a loopback port, with its files in a temporary folder.
//!
//! A shell beside it waits for the end of a pipe that this process holds: however this process
//! ends, the pipe closes, and the shell ends the server and removes its files.

use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::Mutex;

use selvedge::config::PostgresUrl;
use selvedge::secret::Secret;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _};
use tokio::sync::OnceCell;

use super::eventually;

/// What a machine without PostgreSQL is told.
const ABSENT: &str = "PostgreSQL is not installed: `cargo xtask ci` brings it, and so does \
                      `apt-get install --no-install-recommends postgresql`";

/// In every url, so that a log can be searched for it.
pub(crate) const PASSWORD: &str = "planted-database-password-0123456789";

const USER: &str = "hem";

/// Reads which process is the server; when there is nobody left to say so, ends it.
const KEEPER: &str = r#"
while read -r started; do server=$started; done
kill -QUIT "$server"
tail --pid="$server" -f /dev/null
rm -rf "$1"
"#;

/// Whether what is committed outlives the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// As in production.
    Full,
    /// As long as the machine runs: for tests that end no server.
    Fast,
}

/// A running server. It ends with its owner, or with this process.
#[derive(Debug)]
pub(crate) struct PostgresServer {
    folder: PathBuf,
    port: u16,
    running: Mutex<Running>,
    keeper: Child,
}

/// The server's process, and how it is started.
#[derive(Debug)]
struct Running {
    program: Command,
    process: Child,
    /// Where the keeper reads which process it is.
    told: Option<ChildStdin>,
}

impl Running {
    fn start(&mut self) {
        self.process = self.program.spawn().unwrap();
        self.tell();
    }

    fn tell(&mut self) {
        let told = self.told.as_mut().unwrap();
        writeln!(told, "{}", self.process.id()).unwrap();
    }
}

/// An empty database.
#[derive(Clone, Debug)]
pub(crate) struct PostgresDatabase {
    /// With user and password.
    pub(crate) url: String,
}

impl PostgresServer {
    /// The server that all tests share, each in a database of its own.
    pub(crate) async fn shared() -> &'static Self {
        static SHARED: OnceCell<PostgresServer> = OnceCell::const_new();
        SHARED
            .get_or_init(|| PostgresServer::start(Durability::Fast))
            .await
    }

    /// Starts another one.
    pub(crate) async fn start(durability: Durability) -> Self {
        let programs = programs();
        let account = Account::unprivileged();
        let folder =
            std::env::temp_dir().join(format!("selvedge-postgres-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder).unwrap();
        account.own(&folder, 0o755);
        let data = folder.join("data");
        succeed(
            account
                .command(&programs.join("initdb"))
                .arg("--pgdata")
                .arg(&data)
                .args(["--username", USER, "--auth=trust", "--encoding=UTF8"])
                .args(["--locale=C", "--no-sync"]),
        );
        write_certificate(&folder, &account);

        let port = free_port();
        let mut postgres = account.command(&programs.join("postgres"));
        postgres.arg("-D").arg(&data);
        let certificate = folder.join("server.pem");
        let key = folder.join("server.key");
        for setting in [
            format!("port={port}"),
            "listen_addresses=127.0.0.1".to_owned(),
            "unix_socket_directories=".to_owned(),
            "max_connections=300".to_owned(),
            "ssl=on".to_owned(),
            format!("ssl_cert_file={}", certificate.display()),
            format!("ssl_key_file={}", key.display()),
        ] {
            postgres.args(["-c", &setting]);
        }
        if durability == Durability::Fast {
            postgres.args(["-c", "fsync=off", "-c", "full_page_writes=off"]);
        }
        let log = std::fs::File::create(folder.join("log")).unwrap();
        postgres
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            // What a terminal sends its foreground processes is not meant for it.
            .process_group(0);
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let mut running = Running {
            process: postgres.spawn().unwrap(),
            program: postgres,
            told: keeper.stdin.take(),
        };
        running.tell();
        let server = Self {
            folder,
            port,
            running: Mutex::new(running),
            keeper,
        };
        server.answers().await;
        server
    }

    /// A new database.
    pub(crate) async fn database(&self) -> PostgresDatabase {
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        let mut administrator = PgConnection::connect(&self.url("postgres")).await.unwrap();
        let create = format!("CREATE DATABASE {name}");
        sqlx::raw_sql(AssertSqlSafe(create))
            .execute(&mut administrator)
            .await
            .unwrap();
        administrator.close().await.unwrap();
        PostgresDatabase {
            url: self.url(&name),
        }
    }

    /// Ends it at once, with all its connections, as a power cut would.
    pub(crate) fn kill(&self) {
        let mut running = self.running.lock().unwrap();
        running.process.kill().unwrap();
        running.process.wait().unwrap();
    }

    /// Starts it again on its port and its data.
    pub(crate) async fn restart(&self) {
        self.answers().await;
    }

    /// The certificate (PEM) of the authority that vouches for it.
    pub(crate) fn root_certificate(&self) -> PathBuf {
        self.folder.join("root.pem")
    }

    fn url(&self, database: &str) -> String {
        let port = self.port;
        format!("postgres://{USER}:{PASSWORD}@localhost:{port}/{database}?sslmode=disable")
    }

    /// Waits until it answers. What is left of a killed server holds up the next one for a moment:
    /// one that ends before it answers is started again.
    async fn answers(&self) {
        let url = self.url("postgres");
        eventually("PostgreSQL answers", async || {
            {
                let mut running = self.running.lock().unwrap();
                if running.process.try_wait().unwrap().is_some() {
                    running.start();
                }
            }
            match PgConnection::connect(&url).await {
                Ok(connection) => connection.close().await.is_ok(),
                Err(_) => false,
            }
        })
        .await;
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        let Running { process, told, .. } = self.running.get_mut().unwrap();
        let id = process.id().to_string();
        let _ = Command::new("kill").args(["-QUIT", &id]).status();
        let _ = process.wait();
        // The end of the pipe is what the keeper waits for.
        drop(told.take());
        let _ = self.keeper.wait();
    }
}

impl PostgresDatabase {
    /// As the configuration reads it.
    pub(crate) fn configured(&self) -> PostgresUrl {
        PostgresUrl::parse(&Secret::new(self.url.as_str())).unwrap()
    }

    /// A connection beside those of the store.
    pub(crate) async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.unwrap()
    }
}

/// Who runs the server: PostgreSQL refuses to be run by root.
struct Account(Option<[u32; 2]>);

impl Account {
    /// This process's own, unless that is root.
    fn unprivileged() -> Self {
        if number("id", &["-u"]) != Some(0) {
            return Self(None);
        }
        let ids = ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| Some([number("id", &["-u", name])?, number("id", &["-g", name])?]));
        Self(Some(ids.expect("there is an account postgres or nobody")))
    }

    fn command(&self, program: &Path) -> Command {
        let Some([user, group]) = self.0 else {
            return Command::new(program);
        };
        let mut command = Command::new("setpriv");
        command
            .arg(format!("--reuid={user}"))
            .arg(format!("--regid={group}"))
            .arg("--clear-groups")
            .arg(program)
            .current_dir("/");
        command
    }

    fn own(&self, path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        if let Some([user, group]) = self.0 {
            chown(path, Some(user), Some(group)).unwrap();
        }
    }
}

/// A certificate for `localhost`, and that of the authority it is from.
fn write_certificate(folder: &Path, account: &Account) {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::new([]).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root = authority.self_signed(&authority_key).unwrap();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(["localhost".to_owned()])
        .unwrap()
        .signed_by(&key, &issuer)
        .unwrap();
    for (name, text) in [
        ("root.pem", root.pem()),
        ("server.pem", leaf.pem()),
        ("server.key", key.serialize_pem()),
    ] {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        account.own(&path, if name == "server.key" { 0o600 } else { 0o644 });
    }
}

/// The folder of PostgreSQL's programs, which distributions keep out of the search path.
fn programs() -> PathBuf {
    let configured = output(Command::new("pg_config").arg("--bindir"))
        .map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let mut installed: Vec<PathBuf> = versions
        .filter_map(|version| Some(version.ok()?.path().join("bin")))
        .collect();
    installed.sort();
    configured
        .into_iter()
        .chain(installed.into_iter().rev())
        .find(|folder| {
            ["initdb", "postgres"]
                .iter()
                .all(|name| folder.join(name).exists())
        })
        .or_else(|| output(Command::new("initdb").arg("--version")).map(|_| PathBuf::new()))
        .expect(ABSENT)
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

fn number(program: &str, arguments: &[&str]) -> Option<u32> {
    let output = output(Command::new(program).args(arguments))?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

/// What the program says, if there is one and it succeeds.
fn output(command: &mut Command) -> Option<Output> {
    let output = command.output().ok()?;
    output.status.success().then_some(output)
}

fn succeed(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed: {said}");
}
