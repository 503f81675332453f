//! What many want at once is asked for once, whoever goes away.

use std::sync::Arc;
use std::time::Duration;

use super::authority::{Scripted, issued, refused};
use super::{World, seconds};
use crate::exchange::{ExchangeError, Freshness, RefusalClass};
use crate::tests::callers::User;

/// Lets every task run until it waits for something that only the test brings about.
async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_thousand_at_once_make_one_call_though_the_first_goes_away() {
    let world = Arc::new(World::new(Scripted::issuing()));
    let megan = User::numbered(1).call();
    world.authority.shut();
    let waiter = || {
        let (world, megan) = (Arc::clone(&world), megan.clone());
        tokio::spawn(async move { world.exchange(&megan).await })
    };
    let first = waiter();
    world.authority.wait_until_asked(1).await;
    let others: Vec<_> = (0..1_000).map(|_| waiter()).collect();
    settle().await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    for other in &others[..500] {
        other.abort();
    }
    world.authority.open();
    for other in others.into_iter().skip(500) {
        let exchanged = other.await.unwrap().unwrap();
        assert_eq!(exchanged.access_token.expose(), "token-1");
    }
    assert_eq!(world.authority.asked(), 1);
}

#[tokio::test]
async fn an_answer_that_nobody_waits_for_is_remembered() {
    let world = Arc::new(World::new(Scripted::issuing()));
    let megan = User::numbered(1).call();
    world.authority.shut();
    let waiting = tokio::spawn({
        let (world, megan) = (Arc::clone(&world), megan.clone());
        async move { world.exchange(&megan).await }
    });
    world.authority.wait_until_asked(1).await;
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    world.authority.open();
    settle().await;
    assert!(world.exchange(&megan).await.unwrap().from_cache);
}

#[tokio::test]
async fn all_who_wait_share_a_refusal() {
    let world = Arc::new(World::new(Scripted::refusing(RefusalClass::Interaction)));
    let megan = User::numbered(1).call();
    let waiters = (0..100).map(|_| {
        let (world, megan) = (Arc::clone(&world), megan.clone());
        tokio::spawn(async move { world.exchange(&megan).await })
    });
    for waiter in waiters.collect::<Vec<_>>() {
        assert!(waiter.await.unwrap().unwrap_err().needs_user());
    }
    assert_eq!(world.authority.asked(), 1);
}

#[tokio::test]
async fn more_than_may_be_under_way_are_told_to_come_back() {
    let world = Arc::new(World::with(Scripted::issuing(), |settings| {
        settings.exchanges_under_way = 2;
    }));
    let callers: Vec<_> = (0..3).map(|number| User::numbered(number).call()).collect();
    world.authority.shut();
    let spawn = |caller: &auth_interceptor::Caller| {
        let (world, caller) = (Arc::clone(&world), caller.clone());
        tokio::spawn(async move { world.exchange(&caller).await })
    };
    let waiting = [spawn(&callers[0]), spawn(&callers[1])];
    world.authority.wait_until_asked(2).await;
    let late = world.exchange(&callers[2]).await.unwrap_err();
    let retry_after = Duration::from_secs(1);
    assert_eq!(late, ExchangeError::Overloaded { retry_after });
    // Who waits for what is under way is not one more.
    let joined = spawn(&callers[0]);
    settle().await;
    world.authority.open();
    for waiter in waiting.into_iter().chain([joined]) {
        waiter.await.unwrap().unwrap();
    }
    world.exchange(&callers[2]).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_retry_is_not_answered_by_what_was_asked_before_the_user_acted() {
    let world = Arc::new(World::new(Scripted::refusing(RefusalClass::Interaction)));
    let megan = User::numbered(1).call();
    world.exchange(&megan).await.unwrap_err();
    world.authority.now(|asked| match asked.number {
        2 => Err(refused(asked, RefusalClass::Interaction)),
        number => Ok(issued(number, 3_600)),
    });
    world.authority.shut();
    let spawn = |freshness| {
        let (world, megan) = (Arc::clone(&world), megan.clone());
        tokio::spawn(async move { world.exchange_marked(&megan, freshness).await })
    };
    let early = spawn(Freshness::Forced);
    world.authority.wait_until_asked(2).await;
    // The user acts while the authority takes its time over the request from before.
    seconds(2).await;
    let late = spawn(Freshness::Retry);
    settle().await;
    world.authority.open();
    assert!(early.await.unwrap().unwrap_err().needs_user());
    let late = late.await.unwrap().unwrap();
    assert_eq!(late.access_token.expose(), "token-3");
    assert_eq!(world.authority.asked(), 3);
}
