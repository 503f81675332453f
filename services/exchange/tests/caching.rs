//! What is served again, to whom, and until when.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::authority::{Scripted, issued, unavailable};
use super::{World, claims, request, scopes, seconds};
use crate::exchange::{ExchangeRequest, Freshness, RefusalClass};
use crate::secret::Secret;
use crate::tests::callers::{FABRIKAM, User};

use super::authority::refused;

/// Lets every task that can go on go on, while the clock stands still.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_second_call_is_served_from_memory() {
    let world = World::new(Scripted::issuing());
    let megan = User::numbered(1).call();
    let first = world.exchange(&megan).await.unwrap();
    let second = world.exchange(&megan).await.unwrap();
    assert!(!first.from_cache && second.from_cache);
    assert_eq!(second.access_token.expose(), first.access_token.expose());
    assert_eq!(second.expires_at, first.expires_at);
    assert_eq!(second.granted_scopes, first.granted_scopes);
    assert_eq!(world.authority.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn whatever_differs_has_an_answer_of_its_own() {
    let world = World::new(Scripted::issuing());
    let user = User::numbered(1);
    let megan = user.call();
    let other_tenant = User {
        tenant: FABRIKAM,
        ..user
    };
    let other_registration = User {
        registration: 1,
        ..user
    };
    let others = [
        // A new token of the same user, another user, tenant and registration.
        user.call(),
        User::numbered(2).call(),
        other_tenant.call(),
        other_registration.call(),
    ];
    let with = |wanted: &[&str], text: Option<&str>| ExchangeRequest {
        scopes: scopes(wanted),
        claims: text.and_then(claims),
        ..request(&megan)
    };
    let mut requests: Vec<_> = others.iter().map(request).collect();
    requests.extend([
        with(&["fabric/read"], None),
        with(&["fabric/write"], None),
        // Neither a wider answer for a narrower ask, nor the other way round.
        with(&["fabric/read", "fabric/write"], None),
        with(&["fabric/read"], Some("{}")),
        with(&["fabric/read"], Some("{\"a\":1}")),
        // Claims are what they are written as.
        with(&["fabric/read"], Some("{\"a\": 1}")),
    ]);
    for _ in 0..2 {
        for (number, request) in requests.iter().enumerate() {
            let exchanged = world.exchange.exchange(request).await.unwrap();
            let token = format!("token-{}", number + 1);
            assert_eq!(exchanged.access_token.expose(), token);
        }
    }
    assert_eq!(world.authority.asked(), requests.len());
}

#[tokio::test(start_paused = true)]
async fn the_order_of_scopes_makes_no_difference() {
    let world = World::new(Scripted::issuing());
    let megan = User::numbered(1).call();
    for wanted in [
        ["fabric/read", "fabric/write"],
        ["fabric/write", "fabric/read"],
    ] {
        let request = ExchangeRequest {
            scopes: scopes(&wanted),
            ..request(&megan)
        };
        world.exchange.exchange(&request).await.unwrap();
    }
    assert_eq!(world.authority.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_served_until_five_minutes_before_its_end() {
    let world = World::new(Scripted::issuing());
    let megan = User::numbered(1).call();
    assert_eq!(world.token(&megan).await, ("token-1".to_owned(), 1));
    // The authority does not answer any more: no refresh takes the token's place.
    world.authority.now(|_| Err(unavailable()));
    seconds(3_300).await;
    assert_eq!(world.token(&megan).await.0, "token-1");
    seconds(1).await;
    assert!(world.exchange(&megan).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_short_lived_token_is_served_for_four_fifths_of_its_life() {
    let authority = Scripted::new(|asked| Ok(issued(asked.number, 10)));
    let world = World::new(authority);
    let megan = User::numbered(1).call();
    world.exchange(&megan).await.unwrap();
    world.authority.now(|_| Err(unavailable()));
    seconds(8).await;
    assert!(world.exchange(&megan).await.unwrap().from_cache);
    seconds(1).await;
    assert!(world.exchange(&megan).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn no_token_outlives_the_users_own_by_more_than_the_skew() {
    let authority = Scripted::new(|asked| Ok(issued(asked.number, 86_400)));
    let world = World::new(authority);
    let megan = User::numbered(1).call();
    let claims = megan.user().unwrap();
    let left = claims.expires_at() - claims.issued_at();
    world.exchange(&megan).await.unwrap();
    seconds(left + 55).await;
    assert!(world.exchange(&megan).await.unwrap().from_cache);
    seconds(10).await;
    assert!(!world.exchange(&megan).await.unwrap().from_cache);
}

#[tokio::test(start_paused = true)]
async fn a_wall_clock_that_jumps_serves_nothing_old() {
    for jump in [-300, -3_600, -1_700_000_000, 3_600] {
        let world = World::new(Scripted::issuing());
        let megan = User::numbered(1).call();
        world.exchange(&megan).await.unwrap();
        world.set_wall_clock(jump);
        let exchanged = world.exchange(&megan).await.unwrap();
        assert!(!exchanged.from_cache, "{jump}");
        world.set_wall_clock(0);
    }
    // A small step forward ends nothing.
    let world = World::new(Scripted::issuing());
    let megan = User::numbered(1).call();
    world.exchange(&megan).await.unwrap();
    world.set_wall_clock(300);
    assert!(world.exchange(&megan).await.unwrap().from_cache);
}

#[tokio::test(start_paused = true)]
async fn no_token_lives_on_while_the_wall_clock_is_held_back() {
    let world = World::new(Scripted::issuing());
    let megan = User::numbered(1).call();
    world.exchange(&megan).await.unwrap();
    world.authority.now(|_| Err(unavailable()));
    // The wall clock stands still for an hour and more.
    for minutes in 1..=56 {
        seconds(60).await;
        world.set_wall_clock(-60 * minutes);
    }
    assert!(world.exchange(&megan).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_token_is_refreshed_in_the_second_part_of_its_life_while_the_old_one_is_served() {
    let world = World::new(Scripted::issuing());
    let megan = User::numbered(1).call();
    let start = Instant::now();
    world.exchange(&megan).await.unwrap();
    world.authority.shut();
    while world.authority.asked() == 1 {
        seconds(10).await;
        assert_eq!(world.token(&megan).await.0, "token-1");
        settle().await;
    }
    let refreshed_after = start.elapsed();
    assert!(
        (1_800..=2_890).contains(&refreshed_after.as_secs()),
        "{refreshed_after:?}"
    );
    // As long as the authority takes, the old one is served and no further refresh begins.
    for _ in 0..10 {
        assert_eq!(world.token(&megan).await, ("token-1".to_owned(), 2));
    }
    world.authority.open();
    settle().await;
    assert_eq!(world.token(&megan).await, ("token-2".to_owned(), 2));
}

#[tokio::test(start_paused = true)]
async fn tokens_are_not_all_refreshed_at_one_moment() {
    let world = World::new(Scripted::issuing());
    let callers: Vec<_> = (0..40)
        .map(|number| User::numbered(number).call())
        .collect();
    for caller in &callers {
        world.exchange(caller).await.unwrap();
    }
    let mut refreshed = Vec::new();
    for _ in 0..4 {
        // Half of the life, and then three tenths of it in four parts.
        seconds(if refreshed.is_empty() { 2_070 } else { 270 }).await;
        for caller in &callers {
            world.exchange(caller).await.unwrap();
        }
        settle().await;
        refreshed.push(world.authority.asked() - 40);
    }
    assert!(refreshed[0] < 30 && refreshed[1] < 38, "{refreshed:?}");
    assert_eq!(refreshed[3], 40);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_fails_is_tried_again_later_and_nobody_notices() {
    let world = World::new(Scripted::issuing());
    let megan = User::numbered(1).call();
    world.exchange(&megan).await.unwrap();
    // From the end of the time in which it is refreshed, whenever that is.
    for (later, class) in [
        (2_890, None),
        (100, Some(RefusalClass::Interaction)),
        (100, Some(RefusalClass::Consent)),
    ] {
        world.authority.now(move |asked| match class {
            None => Err(unavailable()),
            Some(class) => Err(refused(asked, class)),
        });
        seconds(later).await;
        assert_eq!(world.token(&megan).await.0, "token-1");
        settle().await;
        assert_eq!(world.token(&megan).await.0, "token-1");
    }
    let asked = world.authority.asked();
    assert!(asked > 1, "no refresh was tried");
    // Not again within half a minute.
    seconds(29).await;
    assert_eq!(world.token(&megan).await.0, "token-1");
    settle().await;
    assert_eq!(world.authority.asked(), asked);
    seconds(31).await;
    world.token(&megan).await;
    world.authority.wait_until_asked(asked + 1).await;

    // From the margin on, the authority's word counts.
    seconds(600).await;
    assert!(world.exchange(&megan).await.unwrap_err().needs_user());
}

#[tokio::test(start_paused = true)]
async fn a_token_that_downstream_rejected_is_forgotten_and_its_successor_is_not() {
    let world = World::new(Scripted::issuing());
    let megan = User::numbered(1).call();
    let (first, _) = world.token(&megan).await;
    let first = Secret::new(first);
    world.exchange.discard(&request(&megan), &first);
    assert_eq!(world.token(&megan).await, ("token-2".to_owned(), 2));
    world.exchange.discard(&request(&megan), &first);
    assert_eq!(world.token(&megan).await, ("token-2".to_owned(), 2));
}

#[tokio::test(start_paused = true)]
async fn a_forced_exchange_asks_anew_at_most_every_two_seconds() {
    let world = World::new(Scripted::issuing());
    let megan = User::numbered(1).call();
    let forced = async || {
        let exchanged = world.exchange_marked(&megan, Freshness::Forced).await;
        exchanged.unwrap().access_token.expose().to_owned()
    };
    assert_eq!(forced().await, "token-1");
    assert_eq!(forced().await, "token-2");
    assert_eq!(forced().await, "token-2");
    // A retry is for refusals: a token is served.
    let retried = world.exchange_marked(&megan, Freshness::Retry).await;
    assert_eq!(retried.unwrap().access_token.expose(), "token-2");
    seconds(2).await;
    assert_eq!(forced().await, "token-3");
    assert_eq!(world.token(&megan).await, ("token-3".to_owned(), 3));
}

#[tokio::test(start_paused = true)]
async fn who_is_forgotten_is_asked_for_anew_and_others_are_not() {
    let world = World::new(Scripted::issuing());
    let megan = User::numbered(1).call();
    let adele = User::numbered(2).call();
    let stranger = User {
        tenant: FABRIKAM,
        ..User::numbered(1)
    }
    .call();
    let tenant = megan.user().unwrap().tenant();
    let all = [&megan, &adele, &stranger];
    let tokens = async || {
        let mut tokens = Vec::new();
        for caller in all {
            tokens.push(world.token(caller).await.0);
        }
        tokens
    };
    assert_eq!(tokens().await, ["token-1", "token-2", "token-3"]);
    let object_id = megan.user().unwrap().object_id().as_str();
    world
        .exchange
        .forget(tenant, Some(object_id))
        .await
        .unwrap();
    assert_eq!(tokens().await, ["token-4", "token-2", "token-3"]);
    world.exchange.forget(tenant, None).await.unwrap();
    assert_eq!(tokens().await, ["token-5", "token-6", "token-3"]);
}

#[tokio::test(start_paused = true)]
async fn what_comes_in_for_a_user_who_was_forgotten_meanwhile_is_not_remembered() {
    let world = Arc::new(World::new(Scripted::issuing()));
    let megan = User::numbered(1).call();
    world.authority.shut();
    let waiting = tokio::spawn({
        let (world, megan) = (Arc::clone(&world), megan.clone());
        async move { world.exchange(&megan).await }
    });
    world.authority.wait_until_asked(1).await;
    let user = megan.user().unwrap();
    let object_id = user.object_id().as_str();
    world
        .exchange
        .forget(user.tenant(), Some(object_id))
        .await
        .unwrap();
    world.authority.open();
    waiting.await.unwrap().unwrap();
    assert_eq!(world.token(&megan).await, ("token-2".to_owned(), 2));
}

#[tokio::test(start_paused = true)]
async fn one_user_cannot_drive_out_the_others() {
    let world = World::new(Scripted::issuing());
    let megan = User::numbered(1).call();
    let adele = User::numbered(2).call();
    world.exchange(&megan).await.unwrap();
    for number in 0..200 {
        let request = ExchangeRequest {
            claims: claims(&format!("{{\"a\":{number}}}")),
            ..request(&adele)
        };
        world.exchange.exchange(&request).await.unwrap();
    }
    assert!(world.exchange(&megan).await.unwrap().from_cache);
    let memory = &world.exchange.answering.memory;
    let answers = memory.find(&adele.user().unwrap().into()).unwrap();
    assert_eq!(answers.count(), 64);
}

#[tokio::test(start_paused = true)]
async fn memory_is_bounded_in_bytes() {
    let large = Secret::new("t".repeat(4_000));
    let authority = Scripted::new(move |asked| {
        let mut response = issued(asked.number, 3_600);
        response.access_token = large.clone();
        Ok(response)
    });
    let world = World::with(authority, |settings| settings.memory_bytes = 64 * 1024);
    let callers: Vec<_> = (0..40)
        .map(|number| User::numbered(number).call())
        .collect();
    for caller in &callers {
        world.exchange(caller).await.unwrap();
    }
    let memory = &world.exchange.answering.memory;
    assert!(memory.settled_bytes() <= 64 * 1024, "{memory:?}");
    // The last to come is still there; the first is not.
    assert!(world.exchange(&callers[39]).await.unwrap().from_cache);
    assert!(!world.exchange(&callers[0]).await.unwrap().from_cache);
}

#[tokio::test(start_paused = true)]
async fn the_services_own_token_is_kept_apart_and_bounded_by_its_own_life() {
    let world = World::new(Scripted::issuing());
    let own = scopes(&["fabric/.default"]);
    let ask = async || {
        let token = world.exchange.application_token("workload", &own).await;
        token.unwrap().expose().to_owned()
    };
    assert_eq!(ask().await, "token-1");
    assert_eq!(ask().await, "token-1");
    let asked = world.authority.requests().remove(0);
    assert!(matches!(
        asked.grant,
        crate::exchange::Grant::ClientCredentials { .. }
    ));
    assert_eq!(asked.tenant.to_string(), crate::tests::callers::CONTOSO);
    // A registration is another application.
    let other = world.exchange.application_token("picker", &own).await;
    assert_eq!(other.unwrap().expose(), "token-2");
    // Not a user's: neither is it served to one nor forgotten with one.
    let megan = User::numbered(1).call();
    let request = ExchangeRequest {
        scopes: own.clone(),
        ..request(&megan)
    };
    let exchanged = world.exchange.exchange(&request).await.unwrap();
    assert_eq!(exchanged.access_token.expose(), "token-3");
    let tenant = megan.user().unwrap().tenant();
    world.exchange.forget(tenant, None).await.unwrap();
    assert_eq!(ask().await, "token-1");
    world.authority.now(|_| Err(unavailable()));
    tokio::time::advance(Duration::from_secs(3_301)).await;
    assert!(
        world
            .exchange
            .application_token("workload", &own)
            .await
            .is_err()
    );
}
