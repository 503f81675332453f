//! Credentials, and who may receive what is exchanged with them.

use std::path::{Path, PathBuf};

use super::{MINIMAL, parse, sentence, with_key};
use crate::exchange::{Consent, CredentialSource};

/// A file that is removed with its value.
struct TemporaryFile(PathBuf);

impl TemporaryFile {
    fn of(text: &str) -> Self {
        let name = format!("selvedge-config-{}", uuid::Uuid::new_v4());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }

    /// As TOML spells it.
    fn quoted(&self) -> String {
        format!("{:?}", self.0)
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn credential(text: &str) -> Option<CredentialSource> {
    parse(text).unwrap().exchange.remove(0).credential
}

/// `MINIMAL` with more keys of its registration.
fn workload(keys: &str) -> String {
    format!("{MINIMAL}{keys}\n")
}

#[test]
fn an_empty_secret_stops_the_start_and_a_secret_is_not_kept() {
    let file = TemporaryFile::of("hunter2\n");
    let text = with_key("registrations.workload.secret_file", &file.quoted());
    assert!(!format!("{:?}", parse(&text).unwrap()).contains("hunter2"));
    let Some(CredentialSource::Secret { file: found }) = credential(&text) else {
        panic!("another credential");
    };
    assert_eq!(found, file.path());
    std::fs::write(file.path(), "\n").unwrap();
    assert!(
        sentence(parse(&text))
            .starts_with("registrations.workload.secret_file expects a file that can be read")
    );
}

#[test]
fn a_certificate_comes_with_its_key() {
    let file = TemporaryFile::of("pem");
    let text = workload(&format!("certificate_file = {}", file.quoted()));
    assert!(sentence(parse(&text)).starts_with("registrations.workload.key_file "));
    let both = workload(&format!(
        "certificate_file = {0}\nkey_file = {0}",
        file.quoted()
    ));
    assert!(matches!(
        credential(&both),
        Some(CredentialSource::Certificate { .. })
    ));
    let alone = workload(&format!("key_file = {}", file.quoted()));
    assert!(sentence(parse(&alone)).starts_with("registrations.workload.certificate_file "));
}

#[test]
fn there_is_one_credential() {
    let file = TemporaryFile::of("secret");
    let text = workload(&format!(
        "secret_file = {}\nmanaged_identity = true",
        file.quoted()
    ));
    assert_eq!(
        sentence(parse(&text)),
        "registrations.workload.managed_identity expects to be the registration's only credential"
    );
    let not = workload(&format!(
        "secret_file = {}\nmanaged_identity = false",
        file.quoted()
    ));
    assert!(matches!(
        credential(&not),
        Some(CredentialSource::Secret { .. })
    ));
}

#[test]
fn a_managed_identity_is_asked_for_on_this_machine_alone() {
    let default = credential(&workload("managed_identity = true"));
    let Some(CredentialSource::ManagedIdentity { url, client_id }) = default else {
        panic!("another credential");
    };
    assert_eq!(url, "http://169.254.169.254/metadata/identity/oauth2/token");
    assert_eq!(client_id, None);
    for url in [
        "http://example.com/token",
        "https://169.254.169.254/token",
        "http://10.0.0.1/token",
        "http://169.254.169.254/token?resource=x",
        "http://localhost/token",
    ] {
        let text = workload(&format!(
            "managed_identity = true\nmanaged_identity_url = {url:?}"
        ));
        assert!(
            sentence(parse(&text)).starts_with("registrations.workload.managed_identity_url "),
            "{url}"
        );
    }
}

#[test]
fn nobody_receives_a_token_unless_the_operator_says_so() {
    let registration = parse(MINIMAL).unwrap().exchange.remove(0);
    assert!(registration.token_clients.is_empty());
    assert!(registration.token_services.is_empty());
    assert!(registration.downstream_scopes.is_empty());
    assert_eq!(registration.consent, Consent::Incremental);
}

#[test]
fn services_can_only_prove_themselves_to_a_publisher() {
    let text = workload("token_services = [\"7c9e6679-7425-40de-944b-e07fc1f90ae8\"]");
    assert_eq!(
        sentence(parse(&text)),
        "registrations.workload.token_services expects registrations.workload.publisher_tenant \
         to be set too"
    );
}
