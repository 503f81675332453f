//! Rotation, withdrawal, and what survives a restart.

use std::path::PathBuf;

use emulator::{Emulator, Rotation, Settings, StartError, TokenRequest, TokenVersion, seed};

use crate::support::{Harness, clock, decode, verifies};

fn token(harness: &Harness) -> String {
    harness.emulator.issue(&TokenRequest::delegated(
        seed::CONSENTED,
        seed::WORKLOAD_CLIENT_ID,
    ))
}

fn kid(token: &str) -> String {
    decode(token).0["kid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_planned_key_is_published_before_it_signs() {
    let harness = Harness::start().await;
    let before = token(&harness);
    harness.emulator.rotate_keys(Rotation::Published);
    let ids = harness.emulator.key_ids(TokenVersion::V1);
    assert_eq!(ids.len(), 2);
    assert_eq!(kid(&token(&harness)), ids[0]);
    harness.emulator.promote_key();
    let after = token(&harness);
    assert_eq!(kid(&after), ids[1]);
    let document = harness.json("/common/discovery/v2.0/keys").await;
    assert!(verifies(&before, &document) && verifies(&after, &document));
}

#[tokio::test]
async fn an_unannounced_key_replaces_all_others_at_once() {
    let harness = Harness::start().await;
    let before = token(&harness);
    harness.emulator.rotate_keys(Rotation::Unannounced);
    let after = token(&harness);
    let document = harness.json("/common/discovery/keys").await;
    assert!(!verifies(&before, &document));
    assert!(verifies(&after, &document));
}

#[tokio::test]
async fn a_withdrawn_key_signs_what_nobody_can_verify() {
    let harness = Harness::start().await;
    let old = kid(&token(&harness));
    harness.emulator.withdraw_key(&old);
    let document = harness.json("/common/discovery/keys").await;
    assert_eq!(document["keys"].as_array().unwrap().len(), 0);
    assert_eq!(kid(&token(&harness)), old);
}

#[tokio::test]
async fn a_forger_with_the_key_can_sign_any_text() {
    let harness = Harness::start().await;
    let key = harness.emulator.signing_key(TokenVersion::V2);
    assert_eq!(key.kid(), kid(&token(&harness)));
    assert_eq!(key.modulus().len(), 256);
    assert_eq!(key.exponent(), [1, 0, 1]);
    assert_eq!(key.sign(b"any text").len(), 256);
}

#[tokio::test]
async fn keys_and_root_certificate_survive_a_restart_in_private_files() {
    let dir =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("state-{}", uuid::Uuid::new_v4()));
    let settings = || Settings::new(([127, 0, 0, 1], 0).into(), clock()).with_state_dir(&dir);

    let first = Harness::start_with(settings()).await;
    first.emulator.rotate_keys(Rotation::Published);
    first.emulator.promote_key();
    let ids = first.emulator.key_ids(TokenVersion::V1);
    let signing = kid(&token(&first));
    let root = first.emulator.root_certificate_pem().to_owned();
    first.emulator.clone().stop().await;

    let second = Harness::start_with(settings()).await;
    assert_eq!(second.emulator.key_ids(TokenVersion::V1), ids);
    assert_eq!(kid(&token(&second)), signing);
    assert_eq!(second.emulator.root_certificate_pem(), root);
    second.json("/common/discovery/keys").await;

    #[cfg(unix)]
    for file in ["root-ca.key.pem", "signing-keys.json"] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(dir.join(file))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    second.emulator.clone().stop().await;

    std::fs::write(dir.join("signing-keys.json"), "{}").unwrap();
    let damaged = Emulator::start(settings()).await;
    assert!(matches!(damaged, Err(StartError::DamagedState { .. })));
    std::fs::remove_dir_all(dir).unwrap();
}
