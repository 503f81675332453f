//! P5 to P7: what an exchange costs from memory and from the authority, and how many of those that
//! want the same reach it.

pub(crate) mod cached;
pub(crate) mod joined;
mod stub;
pub(crate) mod uncached;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use emulator::{Emulator, TokenRequest, TokenVersion, seed};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};

use self::stub::Stub;
use crate::server::{authority, folder, root_certificate};
use crate::service::{Configuration, Service, Threads};

/// What is exchanged for.
const SCOPE: &str = "https://storage.azure.com/user_impersonation";
/// How many users there are, each with a token.
const USERS: usize = 10_000;

/// The parts of this program that run in processes of their own, by the names they are started by.
pub(crate) fn run_as(arguments: &[&str]) -> Option<Result<()>> {
    match arguments {
        [stub::ROLE, emulator, emulator_root, own_root] => {
            Some(stub::run(emulator, emulator_root, own_root))
        }
        [uncached::ROLE, emulator, stub, folder] => Some(uncached::run(emulator, stub, folder)),
        _ => None,
    }
}

/// What every measurement here needs.
struct World {
    folder: PathBuf,
    /// Signs what users call with.
    emulator: Emulator,
    /// Answers for it.
    stub: Stub,
}

impl World {
    async fn start() -> Result<Self> {
        let folder = folder()?;
        let (emulator, _) = authority(&folder).await?;
        let stub = Stub::start(&emulator, &root_certificate(&folder), &folder)?;
        write_certificate(&folder).context("no certificate to prove the service with")?;
        Ok(Self {
            folder,
            emulator,
            stub,
        })
    }

    /// What a receiver of exchanged tokens calls with for this user.
    fn token(&self, user: usize) -> String {
        let upn = format!("user-{user}@{}", seed::CONTOSO_DOMAIN);
        let request = TokenRequest::delegated(upn, seed::WORKLOAD_CLIENT_ID)
            .client(seed::BROKER_CLIENT_ID)
            .scopes(["token.exchange"])
            .version(TokenVersion::V2);
        self.emulator.issue(&request)
    }

    /// One of every user's tokens.
    fn tokens(&self) -> Vec<String> {
        println!("signing {USERS} tokens");
        (0..USERS).map(|user| self.token(user)).collect()
    }

    /// The service, with a certificate, on one thread.
    async fn service(&self) -> Result<Service> {
        let configuration = Configuration {
            authority: &self.stub.url,
            root_certificate: &self.stub.root_certificate,
            issuer: self.emulator.origin(),
            registration: format!(
                r#"
certificate_file = "{certificate}"
key_file = "{key}"
token_clients = ["{broker}"]
downstream_scopes = ["{SCOPE}"]
"#,
                certificate = certificate_file(&self.folder).display(),
                key = key_file(&self.folder).display(),
                broker = seed::BROKER_CLIENT_ID,
            ),
            tables: String::new(),
        };
        let service = Service::start(&configuration, &Threads::One, &self.folder)?;
        service.serving().await?;
        Ok(service)
    }
}

fn certificate_file(folder: &Path) -> PathBuf {
    folder.join("workload.pem")
}

fn key_file(folder: &Path) -> PathBuf {
    folder.join("workload.key.pem")
}

/// What the workload proves itself with: an RSA key of 2,048 bits, as Entra's guides make it.
fn write_certificate(folder: &Path) -> Result<()> {
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256)?;
    let certificate = CertificateParams::new(Vec::new())?.self_signed(&key)?;
    std::fs::write(certificate_file(folder), certificate.pem())?;
    std::fs::write(key_file(folder), key.serialize_pem())?;
    Ok(())
}
