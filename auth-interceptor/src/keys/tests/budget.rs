//! The arithmetic of waits: retries, cooldowns and what is remembered as absent.

use std::time::Duration;

use tokio::time::Instant;

use crate::authority::KeySettings;
use crate::claims::TokenVersion::V2;
use crate::keys::demand::Demand;
use crate::keys::schedule::Schedule;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(60 * 60);
const COOLDOWN: Duration = Duration::from_secs(300);

fn demand() -> Demand {
    Demand::new(&KeySettings {
        refresh: HOUR,
        unknown_kid_cooldown: COOLDOWN,
        last_known_good: 24 * HOUR,
    })
}

fn key(kid: &str) -> (crate::claims::TokenVersion, Box<str>) {
    (V2, kid.into())
}

#[test]
fn retries_double_from_a_second_to_a_minute_and_start_over_after_a_success() {
    let mut schedule = Schedule::new(HOUR);
    let waits: Vec<u64> = (0..9)
        .map(|_| schedule.after_failure(true, None, 0).as_secs())
        .collect();
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    assert_eq!(schedule.after_success(0), HOUR);
    assert_eq!(schedule.after_failure(true, None, 0), SECOND);
}

#[test]
fn retries_are_never_rarer_than_the_refresh() {
    let mut schedule = Schedule::new(5 * SECOND);
    let waits: Vec<u64> = (0..5)
        .map(|_| schedule.after_failure(true, None, 0).as_secs())
        .collect();
    assert_eq!(waits, [1, 2, 4, 5, 5]);
}

#[test]
fn without_any_keys_each_retry_comes_after_a_second() {
    let mut schedule = Schedule::new(HOUR);
    for _ in 0..100 {
        assert_eq!(schedule.after_failure(false, None, 0), SECOND);
    }
}

#[test]
fn what_the_authority_asks_for_is_never_undercut() {
    let mut schedule = Schedule::new(HOUR);
    for jitter in [0, 128, 255] {
        let wait = schedule.after_failure(true, Some(120 * SECOND), jitter);
        assert_eq!(wait, 120 * SECOND);
        let wait = schedule.after_failure(false, Some(120 * SECOND), jitter);
        assert_eq!(wait, 120 * SECOND);
    }
    let wait = schedule.after_failure(true, Some(Duration::ZERO), 0);
    assert!(wait >= SECOND);
}

#[test]
fn jitter_only_shortens_and_by_a_tenth_at_most() {
    for jitter in 0..=u8::MAX {
        let wait = Schedule::new(HOUR).after_success(jitter);
        assert!(wait <= HOUR, "{wait:?}");
        assert!(wait >= HOUR * 9 / 10, "{wait:?}");
    }
    assert!(Schedule::new(HOUR).after_success(u8::MAX) < HOUR * 91 / 100);
}

#[test]
fn one_key_id_is_charged_per_cooldown_whichever_it_is() {
    let mut demand = demand();
    let start = Instant::now();
    assert_eq!(demand.left(start), None);
    assert!(demand.charge(&key("first"), start));
    for second in [0, 1, 100, 299] {
        let now = start + second * SECOND;
        assert!(!demand.charge(&key("first"), now));
        assert!(!demand.charge(&key("second"), now));
        assert_eq!(demand.left(now), Some(COOLDOWN - second * SECOND));
    }
    let now = start + COOLDOWN;
    assert_eq!(demand.left(now), None);
    assert!(demand.charge(&key("second"), now));
}

#[test]
fn a_key_that_stays_absent_leaves_the_budget_to_others_for_longer_each_time() {
    let mut demand = demand();
    let mut now = Instant::now();
    for cooldowns in [1, 2, 4, 8, 12, 12] {
        assert!(demand.charge(&key("stale"), now));
        demand.remember_absent(key("stale"), now);
        for _ in 1..cooldowns {
            now += COOLDOWN;
            assert!(!demand.charge(&key("stale"), now));
            assert_eq!(demand.left(now), None);
        }
        now += COOLDOWN;
    }
    // Another key is not held up by it.
    assert!(demand.charge(&key("stale"), now));
    demand.remember_absent(key("stale"), now);
    now += COOLDOWN;
    assert!(demand.charge(&key("fresh"), now));
}

#[test]
fn new_keys_and_administrators_clear_what_was_absent() {
    let mut demand = demand();
    let start = Instant::now();
    demand.remember_absent(key("absent"), start);
    assert!(!demand.charge(&key("absent"), start));
    demand.forget_absent();
    assert!(demand.charge(&key("absent"), start));

    demand.remember_absent(key("absent"), start);
    demand.leave_alone_until(Some(start + HOUR));
    assert!(!demand.charge(&key("absent"), start));
    demand.reset();
    assert!(demand.charge(&key("absent"), start));
}

#[test]
fn an_authority_that_asks_to_be_left_alone_is_not_asked_for_any_key() {
    let mut demand = demand();
    let start = Instant::now();
    demand.leave_alone_until(Some(start + HOUR));
    assert_eq!(demand.left(start), Some(HOUR));
    assert!(!demand.charge(&key("any"), start + HOUR - SECOND));
    assert!(demand.charge(&key("any"), start + HOUR));
}

#[test]
fn what_is_remembered_as_absent_is_bounded() {
    let mut demand = demand();
    let start = Instant::now();
    for stranger in 0..10_000 {
        demand.remember_absent(key(&format!("random-{stranger}")), start);
    }
    assert!(demand.charge(&key("random-9999"), start));
    let later = start + COOLDOWN;
    demand.remember_absent(key("latest"), later);
    assert!(!demand.charge(&key("latest"), later));
}
