//! How long a verdict stands, and what ends it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Remembered, TokenDigest};
use crate::claims::Claims;
use crate::validator::VerifiedToken;
use crate::validator::mint::{Fixture, NOW, change, header, sign, user_v2};

fn verified() -> (TokenDigest, VerifiedToken) {
    let token = sign(&header(), &user_v2());
    let verified = Fixture::new().verify(&token).unwrap();
    (TokenDigest::of(&token), verified)
}

/// A token that expires so many seconds after now.
fn expiring_in(seconds: u64) -> (TokenDigest, VerifiedToken) {
    let mut claims = user_v2();
    change(&mut claims, "exp", Some((NOW + seconds).into()));
    let token = sign(&header(), &claims);
    let verified = Fixture::new().verify(&token).unwrap();
    (TokenDigest::of(&token), verified)
}

#[test]
fn a_verified_token_is_found_by_its_whole_text() {
    let remembered = Remembered::new(1 << 20);
    let (digest, token) = verified();
    assert!(remembered.find(&digest, NOW).is_none());
    remembered.insert(digest, token.clone(), NOW);
    let (claims, authority) = remembered.find(&digest, NOW).unwrap();
    assert!(Arc::ptr_eq(&claims, &token.claims));
    assert_eq!(authority, 0);
    for bit in 0..256 {
        let mut other = digest;
        other.0[bit / 8] ^= 1 << (bit % 8);
        assert!(remembered.find(&other, NOW).is_none());
    }
}

#[test]
fn a_verdict_stands_for_five_minutes_at_most() {
    let remembered = Remembered::new(1 << 20);
    let (digest, token) = verified();
    let start = Instant::now();
    remembered.insert_at(digest, token, NOW, start);
    assert!(remembered.find_at(&digest, NOW + 300, start).is_some());
    assert!(remembered.find_at(&digest, NOW + 301, start).is_none());
}

#[test]
fn no_verdict_outlives_the_token() {
    let remembered = Remembered::new(1 << 20);
    let (digest, token) = expiring_in(10);
    let start = Instant::now();
    remembered.insert_at(digest, token.clone(), NOW, start);
    assert!(remembered.find_at(&digest, NOW + 70, start).is_some());
    assert!(remembered.find_at(&digest, NOW + 71, start).is_none());
    // A wall clock that stands still does not stop the token from ageing.
    remembered.insert_at(digest, token, NOW, start);
    let late = start + Duration::from_secs(70);
    assert!(remembered.find_at(&digest, NOW, late).is_some());
    let late = late + Duration::from_millis(1);
    assert!(remembered.find_at(&digest, NOW, late).is_none());
}

#[test]
fn a_clock_set_back_forgets() {
    let remembered = Remembered::new(1 << 20);
    let (digest, token) = verified();
    remembered.insert(digest, token, NOW);
    assert!(remembered.find(&digest, NOW - 1).is_none());
}

#[test]
fn a_withdrawn_key_takes_its_verdicts_with_it() {
    let remembered = Remembered::new(1 << 20);
    let mut fixture = Fixture::new();
    let token = sign(&header(), &user_v2());
    let digest = TokenDigest::of(&token);
    remembered.insert(digest, fixture.verify(&token).unwrap(), NOW);
    fixture.withdraw_entra_keys();
    assert!(remembered.find(&digest, NOW).is_none());
}

#[test]
fn memory_stays_within_its_bound() {
    let remembered = Remembered::new(100 * 1024);
    let (_, token) = verified();
    for number in 0..10_000_u32 {
        let digest = TokenDigest::of(&number.to_string());
        let claims = Arc::new(Claims::clone(&token.claims));
        let token = VerifiedToken {
            claims,
            ..token.clone()
        };
        remembered.insert(digest, token, NOW);
    }
    assert!(remembered.entries.weight() <= 100 * 1024);
    assert!(remembered.entries.len() > 50);
}

#[test]
fn debug_output_tells_numbers_alone() {
    let remembered = Remembered::new(1 << 20);
    let (digest, token) = verified();
    remembered.insert(digest, token, NOW);
    let printed = format!("{remembered:?}");
    assert!(
        printed.starts_with("Remembered { tokens: 1, bytes: "),
        "{printed}"
    );
}
