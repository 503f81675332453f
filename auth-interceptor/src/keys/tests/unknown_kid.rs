//! What unknown key ids cost the authority, and what they never cost a known key.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::authority_double::{Answer, AuthorityDouble, DISCOVERY, KEYS};
use super::signer::RSA;
use super::{before_deadline, busy, loaded, quiet, status, unobserved, unpropagated};
use crate::authority::KeySettings;
use crate::claims::TokenVersion::{Rfc9068, V1};
use crate::keys::AuthorityKeys;
use crate::keys::authority_keys::Learned;

fn cooling(cooldown: Duration) -> KeySettings {
    KeySettings {
        unknown_kid_cooldown: cooldown,
        ..quiet()
    }
}

fn callers(keys: &Arc<AuthorityKeys>, count: usize, kid: &str) -> JoinSet<Learned> {
    (0..count)
        .map(|_| {
            let keys = Arc::clone(keys);
            let kid = kid.to_owned();
            async move { keys.learn(Rfc9068, &kid).await }
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_callers_with_a_new_key_share_one_read() {
    let double = AuthorityDouble::with_keys([RSA[0].jwk("old")]);
    let keys = loaded(&double.oidc(), &quiet()).await;
    let before = keys.current().unwrap();

    double.publish([RSA[1].jwk("new")]);
    double.hold_answers();
    let callers = callers(&keys, 1_000, "new");
    double.await_requests(DISCOVERY, 2).await;
    double.release_answers();
    let learned = before_deadline(callers.join_all()).await;

    assert_eq!(learned, [Learned::Known; 1_000]);
    assert_eq!((double.requests(DISCOVERY), double.requests(KEYS)), (2, 2));
    assert!(before.find(Rfc9068, "old").unwrap().is_withdrawn());
    assert!(keys.current().unwrap().find(Rfc9068, "old").is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_first_callers_wait_for_the_first_read() {
    let double = AuthorityDouble::with_keys([RSA[0].jwk("one")]);
    double.hold_answers();
    let keys =
        AuthorityKeys::start(&double.oidc(), &quiet(), &unobserved(), &unpropagated()).unwrap();
    let callers = callers(&keys, 1_000, "one");
    double.await_requests(DISCOVERY, 1).await;
    double.release_answers();
    let learned = before_deadline(callers.join_all()).await;
    assert_eq!(learned, [Learned::Known; 1_000]);
    assert_eq!(double.requests(KEYS), 1);
    assert_eq!(keys.cooldown_left(), None);
}

#[tokio::test]
async fn a_caller_who_leaves_takes_the_read_from_nobody() {
    let double = AuthorityDouble::with_keys([RSA[0].jwk("old")]);
    let keys = loaded(&double.oidc(), &quiet()).await;
    double.publish([RSA[0].jwk("old"), RSA[1].jwk("new")]);
    double.hold_answers();

    let first = tokio::spawn({
        let keys = Arc::clone(&keys);
        async move { keys.learn(Rfc9068, "new").await }
    });
    double.await_requests(DISCOVERY, 2).await;
    let others = callers(&keys, 10, "new");
    tokio::task::yield_now().await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    double.release_answers();

    assert_eq!(
        before_deadline(others.join_all()).await,
        [Learned::Known; 10]
    );
    assert_eq!(double.requests(KEYS), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_random_key_ids_cost_one_read_a_cooldown_and_known_keys_nothing() {
    let double = AuthorityDouble::with_keys([RSA[0].jwk("known")]);
    let cooldown = Duration::from_millis(250);
    let keys = loaded(&double.oidc(), &cooling(cooldown)).await;
    let before = double.requests(KEYS);
    let started = Instant::now();

    for wave in 0..10 {
        let mut strangers = JoinSet::new();
        for stranger in 0..1_000 {
            let keys = Arc::clone(&keys);
            strangers.spawn(async move {
                keys.learn(Rfc9068, &format!("random-{wave}-{stranger}"))
                    .await
            });
        }
        // The known key is there at every moment, and looking at it waits for nothing.
        while let Some(learned) = strangers.try_join_next() {
            assert_eq!(learned.unwrap(), Learned::Unknown);
            assert!(keys.current().unwrap().find(Rfc9068, "known").is_some());
        }
        let learned = before_deadline(strangers.join_all()).await;
        assert!(learned.iter().all(|learned| *learned == Learned::Unknown));
        assert!(keys.current().unwrap().find(Rfc9068, "known").is_some());
    }

    let cooldowns = started.elapsed().as_millis() / cooldown.as_millis() + 1;
    let reads = double.requests(KEYS) - before;
    assert!(reads >= 1);
    assert!(reads as u128 <= cooldowns, "{reads} in {cooldowns}");
}

#[tokio::test]
async fn a_known_key_is_found_while_a_read_hangs() {
    let double = AuthorityDouble::with_keys([RSA[0].jwk("known")]);
    let keys = loaded(&double.oidc(), &quiet()).await;
    double.hold_answers();
    let callers = callers(&keys, 1, "unknown");
    double.await_requests(DISCOVERY, 2).await;

    let snapshot = keys.current().unwrap();
    let key = snapshot.find(Rfc9068, "known").unwrap();
    assert!(key.verify(b"message", &RSA[0].sign_rs256(b"message")));
    assert_eq!(
        tokio::time::timeout(Duration::ZERO, keys.learn(Rfc9068, "known")).await,
        Ok(Learned::Known)
    );
    double.release_answers();
    assert_eq!(
        before_deadline(callers.join_all()).await,
        [Learned::Unknown]
    );
}

#[tokio::test]
async fn an_unannounced_rotation_heals_within_one_cooldown_of_a_strangers_miss() {
    let double = AuthorityDouble::with_keys([RSA[0].jwk("old")]);
    let cooldown = Duration::from_secs(300);
    let keys = loaded(&double.oidc(), &cooling(cooldown)).await;
    for kid in ["stranger", "new"] {
        assert_eq!(
            before_deadline(keys.learn(Rfc9068, kid)).await,
            Learned::Unknown
        );
        double.publish([RSA[1].jwk("new")]);
    }
    assert_eq!(double.requests(KEYS), 2);

    let left = keys.cooldown_left().unwrap();
    assert!(left <= cooldown);
    // Stopped for the jump alone: while sockets are waited for, a stopped clock runs away.
    tokio::time::pause();
    tokio::time::advance(left).await;
    tokio::time::resume();
    assert_eq!(
        before_deadline(keys.learn(Rfc9068, "new")).await,
        Learned::Known
    );
    assert_eq!(double.requests(KEYS), 3);
}

#[tokio::test]
async fn reads_by_the_timer_leave_the_budget_of_unknown_keys_alone() {
    let double = AuthorityDouble::with_keys([RSA[0].jwk("old")]);
    let keys = loaded(&double.oidc(), &busy()).await;
    double.await_requests(KEYS, 5).await;
    assert_eq!(keys.cooldown_left(), None);
    assert_eq!(
        before_deadline(keys.learn(Rfc9068, "unknown")).await,
        Learned::Unknown
    );
    // It was spent by the unknown key, and the timer's further reads do not restore or extend it.
    let left = keys.cooldown_left().unwrap();
    double.await_requests(KEYS, 10).await;
    assert!(keys.cooldown_left().unwrap() <= left);
}

#[tokio::test]
async fn a_failed_read_does_not_lengthen_the_cooldown() {
    let double = AuthorityDouble::with_keys([RSA[0].jwk("old")]);
    let settings = KeySettings {
        unknown_kid_cooldown: Duration::from_secs(300),
        ..busy()
    };
    let keys = loaded(&double.oidc(), &settings).await;
    double.answer(KEYS, Answer::status("500 Internal Server Error", ""));
    status(&keys, |status| status.last_error.is_some()).await;
    assert_eq!(
        before_deadline(keys.learn(Rfc9068, "unknown")).await,
        Learned::Unknown
    );
    let left = keys.cooldown_left().unwrap();
    let failed = double.requests(KEYS);
    double.await_requests(KEYS, failed + 5).await;
    assert!(keys.cooldown_left().unwrap() < left);
}

#[tokio::test]
async fn the_first_keys_are_not_read_sooner_for_a_token() {
    let double = AuthorityDouble::with_keys([]);
    let keys =
        AuthorityKeys::start(&double.oidc(), &quiet(), &unobserved(), &unpropagated()).unwrap();
    status(&keys, |status| status.last_error.is_some()).await;
    let requests = double.requests(KEYS);
    // Nothing is awaited here, so the task cannot have read again by its timer.
    for stranger in 0..100 {
        let learned = keys.learn(Rfc9068, &format!("random-{stranger}")).await;
        assert_eq!(learned, Learned::Unknown);
    }
    assert_eq!(double.requests(KEYS), requests);
    assert_eq!(keys.cooldown_left(), None);
}

#[tokio::test]
async fn a_key_id_that_no_key_can_have_costs_no_read() {
    let double = AuthorityDouble::with_keys([RSA[0].jwk("known")]);
    let keys = loaded(&double.entra(), &quiet()).await;
    for kid in ["", &"k".repeat(257), &"k".repeat(1 << 20)] {
        assert_eq!(keys.learn(V1, kid).await, Learned::Unknown);
    }
    assert_eq!(keys.cooldown_left(), None);
}
