//! A token for one user is never another's: over a million mixed exchanges.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::sync::Arc;

use auth_interceptor::Caller;
use aws_lc_rs::digest::{SHA256, digest};

use super::World;
use super::authority::{Asked, Scripted, issued, refused};
use super::{claims, scopes};
use crate::exchange::{
    ClaimsRequest, ExchangeRequest, Freshness, Grant, RefusalClass, Scopes, TokenResponse,
};
use crate::secret::Secret;
use crate::tests::callers::{CONTOSO, FABRIKAM, REGISTRATIONS, User};

const EXCHANGES: usize = 1_000_000;
const WORKERS: usize = 4;

/// What the authority says of a request in its token: everything that a token hangs on.
fn essence(
    registration: &str,
    tenant: &str,
    assertion: &str,
    scopes: &Scopes,
    claims: Option<&ClaimsRequest>,
) -> String {
    let mut hasher = DefaultHasher::new();
    digest(&SHA256, assertion.as_bytes())
        .as_ref()
        .hash(&mut hasher);
    let assertion = hasher.finish();
    let claims = claims.map_or("none", ClaimsRequest::as_str);
    format!("{registration}|{tenant}|{assertion:x}|{scopes}|{claims}")
}

fn answer(asked: &Asked) -> Result<TokenResponse, crate::exchange::ExchangeError> {
    let Grant::OnBehalfOf {
        assertion,
        scopes,
        claims,
        ..
    } = &asked.grant
    else {
        panic!("{:?}", asked.grant);
    };
    // Some are refused, so that refusals are mixed in as well.
    if asked.number.is_multiple_of(97) {
        return Err(refused(asked, RefusalClass::Consent));
    }
    let registration = &asked.registration.name;
    let tenant = asked.tenant.to_string();
    let essence = essence(
        registration,
        &tenant,
        assertion.expose(),
        scopes,
        claims.as_ref(),
    );
    Ok(TokenResponse {
        access_token: Secret::new(essence),
        ..issued(asked.number, 3_600)
    })
}

/// Numbers that follow from a seed: a run that fails can be run again.
struct Drawn(u64);

impl Drawn {
    fn below(&mut self, bound: usize) -> usize {
        // https://prng.di.unimi.it/splitmix64.c
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % bound as u64).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_million_mixed_exchanges_cross_nowhere() {
    // Small enough that entries are driven out and come back all the time.
    let world = World::with(Scripted::new(answer), |settings| {
        settings.memory_bytes = 384 * 1024;
    });
    let world = Arc::new(world);
    let mut callers = Vec::new();
    for number in 0..8 {
        for tenant in [CONTOSO, FABRIKAM] {
            for registration in 0..REGISTRATIONS.len() {
                let user = User {
                    tenant,
                    number,
                    registration,
                };
                // Two tokens of each user.
                callers.extend([user.call(), user.call()]);
            }
        }
    }
    let mix = Arc::new(Mix::of(&callers));
    let workers = (0..WORKERS).map(|worker| {
        let (world, mix) = (Arc::clone(&world), Arc::clone(&mix));
        tokio::spawn(async move { exchange_mixed(&world, &mix, worker as u64).await })
    });
    let mut served = 0;
    for worker in workers.collect::<Vec<_>>() {
        served += worker.await.unwrap();
    }
    assert!(served > EXCHANGES / 2, "{served}");
    // From memory and anew: both were tried.
    let asked = world.authority.asked();
    assert!((1_000..EXCHANGES / 2).contains(&asked), "{asked}");
}

/// Everything that may be asked, each with the one token that may be the answer.
struct Mix(Vec<(Caller, Arc<Scopes>, Option<ClaimsRequest>, String)>);

impl Mix {
    fn of(callers: &[Caller]) -> Self {
        let mut mix = Vec::new();
        for caller in callers {
            let subject = caller.subject_token().unwrap();
            let user = subject.claims();
            for wanted in [
                &["fabric/read"][..],
                &["fabric/write"],
                &["fabric/read", "fabric/write"],
            ] {
                for demand in [None, claims("{}"), claims("{\"a\":1}")] {
                    let scopes = scopes(wanted);
                    let expected = essence(
                        user.registration(),
                        &user.tenant().to_string(),
                        subject.expose(),
                        &scopes,
                        demand.as_ref(),
                    );
                    mix.push((caller.clone(), scopes, demand, expected));
                }
            }
        }
        Self(mix)
    }
}

/// Exchanges at random, and counts what was served.
async fn exchange_mixed(world: &World, mix: &Mix, seed: u64) -> usize {
    let mut drawn = Drawn(seed);
    let mut served = 0;
    for _ in 0..EXCHANGES / WORKERS {
        let (caller, scopes, claims, expected) = &mix.0[drawn.below(mix.0.len())];
        let request = ExchangeRequest {
            subject: caller.subject_token().unwrap(),
            scopes: Arc::clone(scopes),
            claims: claims.clone(),
            freshness: match drawn.below(50) {
                0 => Freshness::Forced,
                1 => Freshness::Retry,
                _ => Freshness::Remembered,
            },
        };
        if let Ok(exchanged) = world.exchange.exchange(&request).await {
            assert_eq!(exchanged.access_token.expose(), expected);
            served += 1;
        }
    }
    served
}
