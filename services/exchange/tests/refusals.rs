//! How long a refusal is remembered, for whom, and who may pass it by.

use std::sync::Arc;
use std::time::Duration;

use super::authority::{Asked, Scripted, issued, refusal, refused};
use super::{World, claims, request, scopes, seconds};
use crate::exchange::{ExchangeError, ExchangeRequest, Freshness, RefusalClass};
use crate::tests::callers::{FABRIKAM, User};

/// How often the authority is asked when a thousand calls follow a refusal, and when one more does
/// after that many seconds.
async fn asked_within_and_after(class: RefusalClass, window: u64) -> (usize, usize) {
    let world = World::new(Scripted::refusing(class));
    let megan = User::numbered(1).call();
    for _ in 0..1_000 {
        world.exchange(&megan).await.unwrap_err();
    }
    seconds(window - 1).await;
    world.exchange(&megan).await.unwrap_err();
    let within = world.authority.asked();
    seconds(1).await;
    world.exchange(&megan).await.unwrap_err();
    (within, world.authority.asked())
}

#[tokio::test(start_paused = true)]
async fn each_class_is_remembered_for_its_own_time() {
    for (class, window) in [
        (RefusalClass::Consent, 5),
        (RefusalClass::Interaction, 120),
        (RefusalClass::Blocked, 120),
        (RefusalClass::SubjectRejected, 120),
        (RefusalClass::ScopeInvalid, 10),
        (RefusalClass::ResourceInvalid, 10),
        (RefusalClass::ClientUnauthorized, 10),
        (RefusalClass::ClientCredential, 10),
        (RefusalClass::Throttled, 60),
        (RefusalClass::Loop, 60),
    ] {
        let asked = asked_within_and_after(class, window).await;
        assert_eq!(asked, (1, 2), "{class:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_remembered_refusal_is_the_very_one() {
    let authority = Scripted::new(|asked| {
        let mut refusal = refusal(asked, RefusalClass::Interaction);
        refusal.claims = super::claims("{\"access_token\": {\"acrs\" :1}}\n");
        refusal.suberror = Some("basic_action".into());
        refusal.correlation_id = Some(asked.number.to_string().into());
        Err(ExchangeError::Refused(Arc::new(refusal)))
    });
    let world = World::new(authority);
    let megan = User::numbered(1).call();
    let first = world.exchange(&megan).await.unwrap_err();
    assert_eq!(world.exchange(&megan).await.unwrap_err(), first);
}

#[tokio::test(start_paused = true)]
async fn a_new_token_or_other_claims_pass_at_once_and_other_users_never_notice() {
    let world = World::new(Scripted::refusing(RefusalClass::Interaction));
    let user = User::numbered(1);
    let megan = user.call();
    world.exchange(&megan).await.unwrap_err();
    world.authority.now(|asked| Ok(issued(asked.number, 3_600)));
    let with_claims = ExchangeRequest {
        claims: claims("{\"access_token\":{}}"),
        ..request(&megan)
    };
    let other_scopes = ExchangeRequest {
        scopes: scopes(&["fabric/write"]),
        ..request(&megan)
    };
    let others = [
        user.call(),
        User::numbered(2).call(),
        User {
            tenant: FABRIKAM,
            ..user
        }
        .call(),
        User {
            registration: 1,
            ..user
        }
        .call(),
    ];
    let requests = others
        .iter()
        .map(request)
        .chain([with_claims, other_scopes]);
    for request in requests {
        world.exchange.exchange(&request).await.unwrap();
    }
    // The refusal stands where it was met.
    world.exchange(&megan).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn after_consent_the_same_token_passes_when_it_says_so() {
    let world = World::new(Scripted::refusing(RefusalClass::Consent));
    let megan = User::numbered(1).call();
    world.exchange(&megan).await.unwrap_err();
    world.authority.now(|asked| Ok(issued(asked.number, 3_600)));
    world.exchange(&megan).await.unwrap_err();
    let retried = world.exchange_marked(&megan, Freshness::Retry).await;
    assert_eq!(retried.unwrap().access_token.expose(), "token-2");
    assert!(world.exchange(&megan).await.unwrap().from_cache);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_passed_by_at_most_every_two_seconds() {
    for mark in [Freshness::Retry, Freshness::Forced] {
        let world = World::new(Scripted::refusing(RefusalClass::Interaction));
        let megan = User::numbered(1).call();
        for _ in 0..1_000 {
            world.exchange_marked(&megan, mark).await.unwrap_err();
        }
        // The call itself, and one that passed what it was answered.
        assert_eq!(world.authority.asked(), 2);
        seconds(2).await;
        for _ in 0..1_000 {
            world.exchange_marked(&megan, mark).await.unwrap_err();
        }
        assert_eq!(world.authority.asked(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_forced_exchange_is_told_takes_the_place_of_the_token() {
    let world = World::new(Scripted::issuing());
    let megan = User::numbered(1).call();
    world.exchange(&megan).await.unwrap();
    world
        .authority
        .now(|asked| Err(refused(asked, RefusalClass::SubjectRejected)));
    let forced = world.exchange_marked(&megan, Freshness::Forced).await;
    assert!(forced.unwrap_err().needs_user());
    assert!(world.exchange(&megan).await.unwrap_err().needs_user());
    assert_eq!(world.authority.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_registration_waits_in_that_tenant_for_as_long_as_it_is_told() {
    let throttled = |asked: &Asked| {
        let mut refusal = refusal(asked, RefusalClass::Throttled);
        refusal.retry_after = Some(Duration::from_secs(90));
        refusal.claims = super::claims("{}");
        Err(ExchangeError::Refused(Arc::new(refusal)))
    };
    let world = World::new(Scripted::new(throttled));
    let user = User::numbered(1);
    world.exchange(&user.call()).await.unwrap_err();
    seconds(30).await;
    // Other users and other requests wait too, marked or not, and are told how long.
    let adele = User::numbered(2).call();
    for mark in [Freshness::Remembered, Freshness::Retry, Freshness::Forced] {
        let refused = world.exchange_marked(&adele, mark).await.unwrap_err();
        let ExchangeError::Refused(refused) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(refused.class, RefusalClass::Throttled);
        assert_eq!(refused.retry_after, Some(Duration::from_secs(60)));
        assert_eq!(refused.claims, None);
    }
    assert_eq!(world.authority.asked(), 1);

    world.authority.now(|asked| Ok(issued(asked.number, 3_600)));
    let elsewhere = [
        User {
            tenant: FABRIKAM,
            ..user
        },
        User {
            registration: 1,
            ..user
        },
    ];
    for other in elsewhere {
        world.exchange(&other.call()).await.unwrap();
    }
    seconds(60).await;
    world.exchange(&adele).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn no_pause_is_longer_than_an_hour() {
    let throttled = |asked: &Asked| {
        let mut refusal = refusal(asked, RefusalClass::Throttled);
        refusal.retry_after = Some(Duration::from_secs(86_400));
        Err(ExchangeError::Refused(Arc::new(refusal)))
    };
    let world = World::new(Scripted::new(throttled));
    let megan = User::numbered(1).call();
    world.exchange(&megan).await.unwrap_err();
    world.authority.now(|asked| Ok(issued(asked.number, 3_600)));
    seconds(3_599).await;
    world.exchange(&megan).await.unwrap_err();
    seconds(1).await;
    world.exchange(&megan).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_loop_stops_this_request_whatever_it_claims_and_no_other() {
    let world = World::new(Scripted::refusing(RefusalClass::Loop));
    let user = User::numbered(1);
    let megan = user.call();
    world.exchange(&megan).await.unwrap_err();
    seconds(20).await;
    let again = ExchangeRequest {
        claims: claims("{}"),
        freshness: Freshness::Forced,
        ..request(&megan)
    };
    let refused = world.exchange.exchange(&again).await.unwrap_err();
    let ExchangeError::Refused(refused) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(refused.retry_after, Some(Duration::from_secs(40)));
    assert_eq!(world.authority.asked(), 1);

    world.authority.now(|asked| Ok(issued(asked.number, 3_600)));
    let other_scopes = ExchangeRequest {
        scopes: scopes(&["fabric/write"]),
        ..request(&megan)
    };
    world.exchange.exchange(&other_scopes).await.unwrap();
    world.exchange(&user.call()).await.unwrap();
    world.exchange(&User::numbered(2).call()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_refused_credential_fails_fast_for_all_until_it_is_another_one() {
    let world = World::new(Scripted::refusing(RefusalClass::ClientCredential));
    let user = User::numbered(1);
    world.exchange(&user.call()).await.unwrap_err();
    let elsewhere = User {
        tenant: FABRIKAM,
        ..user
    };
    for other in [User::numbered(2), elsewhere] {
        let refused = world.exchange(&other.call()).await.unwrap_err();
        let ExchangeError::Refused(refused) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(refused.class, RefusalClass::ClientCredential);
        assert_eq!(refused.tenant.to_string(), other.tenant);
    }
    let own = world
        .exchange
        .application_token("workload", &scopes(&["fabric/.default"]))
        .await;
    assert!(own.is_err());
    assert_eq!(world.authority.asked(), 1);

    world.authority.now(|asked| Ok(issued(asked.number, 3_600)));
    let picker = User {
        registration: 1,
        ..user
    };
    world.exchange(&picker.call()).await.unwrap();
    world.exchange(&user.call()).await.unwrap_err();
    world.authority.rotate_credential();
    world.exchange(&user.call()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_makes_no_sense_is_not_remembered() {
    let world = World::new(Scripted::new(|_| {
        Err(ExchangeError::AuthorityResponseInvalid {
            authority: "entra".into(),
        })
    }));
    let megan = User::numbered(1).call();
    for asked in 1..=5 {
        world.exchange(&megan).await.unwrap_err();
        assert_eq!(world.authority.asked(), asked);
    }
    world.authority.now(|asked| Ok(issued(asked.number, 3_600)));
    world.exchange(&megan).await.unwrap();
}
