//! A token for one user is never another's: over a million mixed exchanges.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::sync::Arc;

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
        settings.memory_bytes = 256 * 1024;
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
    let callers = Arc::new(callers);
    let workers = (0..WORKERS).map(|worker| {
        let (world, callers) = (Arc::clone(&world), Arc::clone(&callers));
        tokio::spawn(async move { exchange_mixed(&world, &callers, worker as u64).await })
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

/// Exchanges at random, and counts what was served.
async fn exchange_mixed(world: &World, callers: &[auth_interceptor::Caller], seed: u64) -> usize {
    let asks = [
        scopes(&["fabric/read"]),
        scopes(&["fabric/write"]),
        scopes(&["fabric/read", "fabric/write"]),
    ];
    let demands = [None, None, claims("{}"), claims("{\"a\":1}")];
    let mut drawn = Drawn(seed);
    let mut served = 0;
    for _ in 0..EXCHANGES / WORKERS {
        let caller = &callers[drawn.below(callers.len())];
        let request = ExchangeRequest {
            subject: caller.subject_token().unwrap(),
            scopes: Arc::clone(&asks[drawn.below(asks.len())]),
            claims: demands[drawn.below(demands.len())].clone(),
            freshness: match drawn.below(50) {
                0 => Freshness::Forced,
                1 => Freshness::Retry,
                _ => Freshness::Remembered,
            },
        };
        let Ok(exchanged) = world.exchange.exchange(&request).await else {
            continue;
        };
        let user = request.subject.claims();
        let expected = essence(
            user.registration(),
            &user.tenant().to_string(),
            request.subject.expose(),
            &request.scopes,
            request.claims.as_ref(),
        );
        assert_eq!(exchanged.access_token.expose(), expected);
        served += 1;
    }
    served
}
