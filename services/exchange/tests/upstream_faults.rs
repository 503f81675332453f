//! An authority that fails is asked little, and callers are told soon.

use std::time::Duration;

use tokio::time::Instant;

use super::authority::{Scripted, issued, unavailable};
use super::{World, seconds};
use crate::exchange::ExchangeError;
use crate::tests::callers::{FABRIKAM, User};

fn timed_out() -> ExchangeError {
    ExchangeError::AuthorityTimeout {
        authority: "entra".into(),
        retry_after: Duration::ZERO,
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_on_the_way_is_tried_once_more() {
    for failure in [unavailable, timed_out] {
        let world = World::new(Scripted::new(move |asked| match asked.number {
            1 => Err(failure()),
            number => Ok(issued(number, 3_600)),
        }));
        let megan = User::numbered(1).call();
        assert_eq!(world.token(&megan).await, ("token-2".to_owned(), 2));
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_not_tried_a_third_time_and_the_caller_learns_when_to_come_back() {
    let world = World::new(Scripted::new(|_| Err(unavailable())));
    let failed = world.exchange(&User::numbered(1).call()).await;
    let retry_after = Duration::from_secs(1);
    let authority = "entra".into();
    assert_eq!(
        failed.unwrap_err(),
        ExchangeError::AuthorityUnavailable {
            authority,
            retry_after
        }
    );
    assert_eq!(world.authority.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_authority_that_says_when_is_asked_then() {
    let retry_after = Duration::from_secs(30);
    let world = World::new(Scripted::new(move |_| {
        Err(ExchangeError::AuthorityUnavailable {
            authority: "entra".into(),
            retry_after,
        })
    }));
    let megan = User::numbered(1).call();
    world.exchange(&megan).await.unwrap_err();
    world.exchange(&User::numbered(2).call()).await.unwrap_err();
    assert_eq!(world.authority.asked(), 1);
    world.authority.now(|asked| Ok(issued(asked.number, 3_600)));
    seconds(30).await;
    world.exchange(&megan).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_authority_that_never_answers_is_given_up_within_the_patience() {
    let world = World::new(Scripted::issuing());
    world.authority.shut();
    let start = Instant::now();
    let failed = world.exchange(&User::numbered(1).call()).await.unwrap_err();
    assert!(matches!(failed, ExchangeError::AuthorityTimeout { .. }));
    let took = start.elapsed();
    assert!((2_900..=5_050).contains(&took.as_millis()), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn further_tries_stay_within_a_tenth() {
    // Just fewer failures than open the circuit.
    let world = World::new(Scripted::new(|asked| match asked.number % 5 {
        0 | 1 => Err(unavailable()),
        _ => Ok(issued(asked.number, 3_600)),
    }));
    let callers: Vec<_> = (0..1_000)
        .map(|number| User::numbered(number).call())
        .collect();
    for caller in &callers {
        let _ = world.exchange(caller).await;
        tokio::time::advance(Duration::from_millis(5)).await;
    }
    let asked = world.authority.asked();
    assert!((1_050..=1_100).contains(&asked), "{asked}");
}

#[tokio::test(start_paused = true)]
async fn an_authority_that_mostly_fails_is_left_alone_but_for_a_probe() {
    let world = World::new(Scripted::new(|_| Err(unavailable())));
    for number in 0..100 {
        let _ = world.exchange(&User::numbered(number).call()).await;
    }
    assert_eq!(world.authority.asked(), 20);
    let failed = world.exchange(&User::numbered(1).call()).await.unwrap_err();
    let ExchangeError::AuthorityUnavailable { retry_after, .. } = failed else {
        panic!("{failed:?}");
    };
    assert!(retry_after > Duration::ZERO && retry_after <= Duration::from_secs(5));
    // It is the tenant's circuit: another tenant's users are served.
    let stranger = User {
        tenant: FABRIKAM,
        ..User::numbered(1)
    };
    world.authority.now(|asked| Ok(issued(asked.number, 3_600)));
    world.exchange(&stranger.call()).await.unwrap();

    world.authority.now(|_| Err(unavailable()));
    seconds(5).await;
    for number in 0..100 {
        let _ = world.exchange(&User::numbered(number).call()).await;
    }
    assert_eq!(world.authority.asked(), 22);
    world.authority.now(|asked| Ok(issued(asked.number, 3_600)));
    seconds(5).await;
    world.exchange(&User::numbered(1).call()).await.unwrap();
    world.exchange(&User::numbered(2).call()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_token_at_hand_is_served_through_an_outage() {
    let world = World::new(Scripted::issuing());
    let megan = User::numbered(1).call();
    world.exchange(&megan).await.unwrap();
    world.authority.now(|_| Err(unavailable()));
    for _ in 0..33 {
        seconds(100).await;
        assert!(world.exchange(&megan).await.unwrap().from_cache);
        tokio::task::yield_now().await;
    }
}
