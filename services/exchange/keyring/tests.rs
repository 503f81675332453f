//! What is sealed opens in its place and nowhere else.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{KeyRing, KeyRingError, SealError};

/// Key files that go when the test does.
struct Files(PathBuf);

impl Files {
    fn new() -> Self {
        let folder = format!("selvedge-keys-{}", uuid::Uuid::new_v4());
        let folder = std::env::temp_dir().join(folder);
        std::fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, content: impl AsRef<[u8]>) -> PathBuf {
        let file = self.0.join(uuid::Uuid::new_v4().to_string());
        std::fs::write(&file, content).unwrap();
        file
    }

    fn ring(&self, keys: &[u8]) -> KeyRing {
        let files: Vec<_> = keys.iter().map(|key| self.write([*key; 32])).collect();
        KeyRing::read(&files, "test").unwrap()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const HERE: &[&[u8]] = &[b"session", b"user"];

#[test]
fn a_record_opens_where_it_was_sealed_and_nowhere_else() {
    let files = Files::new();
    let ring = files.ring(&[1]);
    let record = ring.seal(HERE, b"secret").unwrap();
    assert_eq!(ring.open(HERE, &record).unwrap().as_slice(), b"secret");
    let elsewhere: [&[&[u8]]; 5] = [
        &[b"session", b"others"],
        &[b"sessio", b"nuser"],
        &[b"sessionuser"],
        &[b"session", b"user", b""],
        &[],
    ];
    for context in elsewhere {
        assert_eq!(ring.open(context, &record), Err(SealError::Tampered));
    }
}

#[test]
fn no_bit_of_a_record_can_be_changed_and_no_end_cut_off() {
    let files = Files::new();
    let ring = files.ring(&[1]);
    let record = ring.seal(HERE, b"secret").unwrap();
    for bit in 0..record.len() * 8 {
        let mut changed = record.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let expected = match bit / 8 {
            0 => SealError::Malformed,
            1..=8 => SealError::KeyUnknown,
            _ => SealError::Tampered,
        };
        assert_eq!(ring.open(HERE, &changed), Err(expected), "{bit}");
    }
    for length in 0..record.len() {
        assert!(ring.open(HERE, &record[..length]).is_err(), "{length}");
    }
}

#[test]
fn a_secret_is_sealed_differently_each_time_and_is_not_in_its_record() {
    let files = Files::new();
    let ring = files.ring(&[1]);
    let first = ring.seal(HERE, b"a long enough secret").unwrap();
    let second = ring.seal(HERE, b"a long enough secret").unwrap();
    assert_ne!(first, second);
    assert!(!first.windows(8).any(|part| part == b"a long e"));
}

#[test]
fn the_first_key_seals_and_former_ones_still_open() {
    let files = Files::new();
    let before = files.ring(&[1]).seal(HERE, b"secret").unwrap();
    let ring = files.ring(&[2, 1]);
    assert_eq!(ring.open(HERE, &before).unwrap().as_slice(), b"secret");
    let after = ring.seal(HERE, b"secret").unwrap();
    assert_eq!(
        files.ring(&[1]).open(HERE, &after),
        Err(SealError::KeyUnknown)
    );
    assert!(files.ring(&[2]).open(HERE, &after).is_ok());
}

#[test]
fn each_purpose_has_a_key_of_its_own() {
    let files = Files::new();
    let key = [files.write([1; 32])];
    let ring = |purpose| KeyRing::read(&key, purpose).unwrap();
    let record = ring("one").seal(HERE, b"secret").unwrap();
    assert_eq!(
        ring("other").open(HERE, &record),
        Err(SealError::KeyUnknown)
    );
}

#[test]
fn a_key_is_32_bytes_as_they_are_or_in_base64() {
    let files = Files::new();
    let encoded = STANDARD.encode([7; 32]);
    let raw = KeyRing::read(&[files.write([7; 32])], "test").unwrap();
    let record = raw.seal(HERE, b"secret").unwrap();
    for text in [encoded.clone(), format!("{encoded}\n")] {
        let ring = KeyRing::read(&[files.write(text)], "test").unwrap();
        assert!(ring.open(HERE, &record).is_ok());
    }
    for content in [&b""[..], &[7; 31], &[7; 33], &[b'x'; 44], b"c2hvcnQ="] {
        let read = KeyRing::read(&[files.write(content)], "test");
        assert!(matches!(read, Err(KeyRingError::NotAKey { .. })));
    }
    let absent = KeyRing::read(&[files.0.join("absent")], "test");
    assert!(matches!(absent, Err(KeyRingError::Unreadable { .. })));
    assert!(matches!(
        KeyRing::read(&[], "test"),
        Err(KeyRingError::NoKey)
    ));
}
