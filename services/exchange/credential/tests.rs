//! Credentials in files that change, half change and go.

pub(in crate::exchange) mod fixtures;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use auth_interceptor::Clock;

use self::fixtures::{NOT_AFTER, TempDir, pairs};
use super::{AssertionUse, Credential, CredentialError, CredentialStatus, Proof};
use crate::exchange::CredentialSource;

const ENDPOINT: &str = "https://login.example/token";

/// A credential, and the second that it is.
struct Watched {
    credential: Credential,
    now: Arc<AtomicU64>,
}

impl Watched {
    fn open(source: &CredentialSource) -> Self {
        Self::open_for(AssertionUse::Repeated, source)
    }

    fn open_for(assertions: AssertionUse, source: &CredentialSource) -> Self {
        let now = Arc::new(AtomicU64::new(1_800_000_000));
        let read = Arc::clone(&now);
        let clock = Clock::from_fn(move || read.load(Ordering::SeqCst));
        Self {
            credential: Credential::open(
                "workload",
                source,
                assertions,
                clock,
                &(Arc::new(crate::requests::Unobserved) as _),
            )
            .unwrap(),
            now,
        }
    }

    fn next_second(&self) {
        self.now.fetch_add(1, Ordering::SeqCst);
    }

    async fn proof(&self) -> Result<String, CredentialError> {
        self.credential
            .proof("client", ENDPOINT)
            .await
            .map(|proof| match proof {
                Proof::Secret(text) | Proof::Assertion(text) => text.expose().to_owned(),
            })
    }
}

fn secret(file: &Path) -> CredentialSource {
    CredentialSource::Secret { file: file.into() }
}

#[tokio::test]
async fn a_secret_follows_its_file() {
    let files = TempDir::new();
    let watched = Watched::open(&secret(&files.path("secret")));
    assert_eq!(watched.proof().await, Err(CredentialError::Unreadable));
    assert_eq!(watched.credential.version(), 0);

    files.write("secret", "first\r\n");
    watched.next_second();
    assert_eq!(watched.proof().await.as_deref(), Ok("first"));
    assert_eq!(watched.credential.version(), 1);

    files.write("secret", "other");
    assert_eq!(
        watched.proof().await.as_deref(),
        Ok("first"),
        "once a second"
    );
    watched.next_second();
    assert_eq!(watched.proof().await.as_deref(), Ok("other"));
    assert_eq!(watched.credential.version(), 2);

    // The same again is no other credential.
    files.write("secret", "other");
    watched.next_second();
    assert_eq!(watched.credential.version(), 2);
}

#[tokio::test]
async fn a_bad_file_leaves_the_last_good_secret_in_use() {
    let files = TempDir::new();
    let file = files.write("secret", "good");
    let watched = Watched::open(&secret(&file));
    for bad in [
        "",
        "\n",
        "two\nlines",
        "\u{0}",
        &"x".repeat(1024 * 1024 + 1),
    ] {
        files.write("secret", bad);
        watched.next_second();
        assert_eq!(watched.proof().await.as_deref(), Ok("good"), "{bad:.10?}");
    }
    std::fs::write(&file, [0xff, 0xfe]).unwrap();
    watched.next_second();
    assert_eq!(watched.proof().await.as_deref(), Ok("good"));
    std::fs::remove_file(&file).unwrap();
    watched.next_second();
    assert_eq!(watched.proof().await.as_deref(), Ok("good"));
    assert_eq!(watched.credential.version(), 1);
}

#[tokio::test]
async fn a_federated_token_follows_its_file() {
    let files = TempDir::new();
    let file = files.write("token", "head.claims.signature\n");
    let watched = Watched::open(&CredentialSource::FederatedToken { file });
    assert_eq!(
        watched.proof().await.as_deref(),
        Ok("head.claims.signature")
    );
    for half_written in ["", "head", "head.claims", "head.claims.", "a.b.c d"] {
        files.write("token", half_written);
        watched.next_second();
        assert_eq!(
            watched.proof().await.as_deref(),
            Ok("head.claims.signature"),
            "{half_written}"
        );
    }
    files.write("token", "head.claims.renewed");
    watched.next_second();
    assert_eq!(watched.proof().await.as_deref(), Ok("head.claims.renewed"));
    assert_eq!(watched.credential.version(), 2);
}

#[tokio::test]
async fn a_certificate_is_used_with_its_own_key_alone() {
    let [one, other] = pairs();
    let files = TempDir::new();
    let watched = Watched::open(&CredentialSource::Certificate {
        certificate_file: files.write("cert.pem", &one.certificate_pem),
        key_file: files.write("key.pem", &one.key_pem),
    });
    let first = watched.proof().await.unwrap();
    assert_eq!(watched.credential.version(), 1);

    files.write("cert.pem", &other.certificate_pem);
    watched.next_second();
    assert_eq!(watched.proof().await.as_ref(), Ok(&first));
    assert_eq!(watched.credential.version(), 1);

    files.write("key.pem", &other.key_pem);
    watched.next_second();
    assert_ne!(watched.proof().await.as_ref(), Ok(&first));
    assert_eq!(watched.credential.version(), 2);
}

#[test]
fn what_is_wrong_with_a_certificate_is_said() {
    let [one, other] = pairs();
    let elliptic = rcgen::KeyPair::generate().unwrap().serialize_pem();
    for (certificate, key, error) in [
        (
            one.certificate_pem.as_str(),
            other.key_pem.as_str(),
            CredentialError::KeyMismatch,
        ),
        (&one.certificate_pem, "", CredentialError::Malformed),
        (
            &one.certificate_pem,
            &one.key_pem[..one.key_pem.len() / 2],
            CredentialError::Malformed,
        ),
        (
            &one.certificate_pem,
            &elliptic,
            CredentialError::KeyUnsuitable,
        ),
        ("", &one.key_pem, CredentialError::Malformed),
        (
            &one.certificate_pem[..one.certificate_pem.len() / 2],
            &one.key_pem,
            CredentialError::Malformed,
        ),
        (&one.key_pem, &one.key_pem, CredentialError::Malformed),
    ] {
        let files = TempDir::new();
        let watched = Watched::open(&CredentialSource::Certificate {
            certificate_file: files.write("cert.pem", certificate),
            key_file: files.write("key.pem", key),
        });
        assert_eq!(watched.credential.status(), Err(error));
    }
}

#[test]
fn a_credential_says_what_it_is_and_when_it_ends() {
    let [one, _] = pairs();
    let files = TempDir::new();
    for (source, kind, expires_at) in [
        (secret(&files.write("secret", "s")), "secret", None),
        (
            CredentialSource::Certificate {
                certificate_file: files.write("cert.pem", &one.certificate_pem),
                key_file: files.write("key.pem", &one.key_pem),
            },
            "certificate",
            Some(NOT_AFTER),
        ),
        (
            CredentialSource::FederatedToken {
                file: files.write("token", "a.b.c"),
            },
            "federated_token",
            None,
        ),
        (
            CredentialSource::ManagedIdentity {
                url: "http://169.254.169.254/metadata/identity/oauth2/token".to_owned(),
                client_id: None,
            },
            "managed_identity",
            None,
        ),
    ] {
        assert_eq!(
            Watched::open(&source).credential.status(),
            Ok(CredentialStatus { kind, expires_at })
        );
    }
}

#[tokio::test]
async fn assertions_are_signed_again_at_half_their_life_and_when_a_clock_is_set_back() {
    let [one, _] = pairs();
    let files = TempDir::new();
    let watched = Watched::open(&CredentialSource::Certificate {
        certificate_file: files.write("cert.pem", &one.certificate_pem),
        key_file: files.write("key.pem", &one.key_pem),
    });
    let first = watched.proof().await.unwrap();
    watched.now.fetch_add(299, Ordering::SeqCst);
    assert_eq!(watched.proof().await.as_ref(), Ok(&first));
    watched.next_second();
    let second = watched.proof().await.unwrap();
    assert_ne!(second, first);
    watched.now.fetch_sub(1, Ordering::SeqCst);
    assert_ne!(watched.proof().await.as_ref(), Ok(&second));
}

#[tokio::test]
async fn an_authority_that_takes_an_assertion_once_gets_another_each_time() {
    let [pair, _] = pairs();
    let files = TempDir::new();
    let source = CredentialSource::Certificate {
        certificate_file: files.write("cert.pem", &pair.certificate_pem),
        key_file: files.write("key.pem", &pair.key_pem),
    };
    let repeated = Watched::open(&source);
    assert_eq!(repeated.proof().await, repeated.proof().await);
    let once = Watched::open_for(AssertionUse::Once, &source);
    assert_ne!(once.proof().await, once.proof().await);
}

#[tokio::test]
async fn nothing_secret_is_in_a_debug_line() {
    let [one, _] = pairs();
    let files = TempDir::new();
    let watched = [
        Watched::open(&secret(&files.write("secret", "c4n4ry"))),
        Watched::open(&CredentialSource::FederatedToken {
            file: files.write("token", "c4n4ry.b.c"),
        }),
        Watched::open(&CredentialSource::Certificate {
            certificate_file: files.write("cert.pem", &one.certificate_pem),
            key_file: files.write("key.pem", &one.key_pem),
        }),
    ];
    for watched in watched {
        let proof = watched.credential.proof("client", ENDPOINT).await.unwrap();
        let lines = format!("{:?} {proof:?}", watched.credential);
        assert!(!lines.contains("c4n4ry"), "{lines}");
        let (Proof::Secret(text) | Proof::Assertion(text)) = proof;
        assert!(!lines.contains(&text.expose()[..6]), "{lines}");
        for line in one.key_pem.lines().skip(1) {
            assert!(!lines.contains(line), "{lines}");
        }
    }
}
