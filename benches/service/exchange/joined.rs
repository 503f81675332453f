//! P7: how many calls to the authority as many identical exchanges make, if the first of their
//! callers stays or goes away.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use http::HeaderValue;
use selvedge::contracts::exchange::v1::ExchangeTokenRequest;
use selvedge::contracts::exchange::v1::token_exchange_service_client::TokenExchangeServiceClient;
use tokio::task::JoinSet;
use tonic::Request;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use super::{SCOPE, World};
use crate::Goal;
use crate::load::bearer;
use crate::service::Service;

const CALLS: usize = 1_000;
/// One connection takes a hundred calls at once: this leaves room for one more.
const CALLS_OF_CONNECTION: usize = 99;
/// How many of its own are made on each connection before the authority answers.
const ROUND_TRIPS: usize = 3;
const PATIENCE: Duration = Duration::from_secs(2);

pub(crate) async fn measure() -> Result<Vec<Goal>> {
    let mut world = World::start().await?;
    let service = world.service().await?;
    let mut goals = Vec::new();
    for (name, first) in [
        (
            "P7 authority calls for 1,000 identical exchanges",
            First::Stays,
        ),
        (
            "P7 authority calls when the first caller goes away",
            First::Leaves,
        ),
    ] {
        let token = bearer(&world.token(goals.len()))?;
        let calls = authority_calls(&mut world, &service, &token, &first).await?;
        goals.push(Goal {
            name,
            ratio: calls as f64,
            at_least: None,
            at_most: Some(1.0),
        });
    }
    world.emulator.stop().await;
    Ok(goals)
}

/// What the first caller does before there is an answer.
#[derive(PartialEq)]
enum First {
    Stays,
    Leaves,
}

async fn authority_calls(
    world: &mut World,
    service: &Service,
    token: &HeaderValue,
    first: &First,
) -> Result<u64> {
    let before = world.stub.asked()?;
    world.stub.hold()?;
    let channel = connect(service).await?;
    let leader = tokio::spawn(exchange(channel.clone(), token.clone()));
    let begun = Instant::now();
    while world.stub.asked()? == before {
        ensure!(begun.elapsed() < PATIENCE, "the authority is not asked");
        tokio::task::yield_now().await;
    }

    let mut followers = JoinSet::new();
    let mut channels = vec![channel];
    while followers.len() + 1 < CALLS {
        let channel = connect(service).await?;
        for _ in 0..CALLS_OF_CONNECTION.min(CALLS - 1 - followers.len()) {
            followers.spawn(exchange(channel.clone(), token.clone()));
        }
        channels.push(channel);
    }
    let leader = match first {
        First::Stays => Some(leader),
        First::Leaves => {
            leader.abort();
            None
        }
    };
    // Each round trip lets the calls that a connection took before it come further.
    for channel in channels.iter().cycle().take(ROUND_TRIPS * channels.len()) {
        let mut health = HealthClient::new(channel.clone());
        health.check(HealthCheckRequest::default()).await?;
    }
    world.stub.answer()?;

    if let Some(leader) = leader {
        ensure!(!leader.await??, "the first caller was answered from memory");
    }
    let mut joined = 0;
    while let Some(from_memory) = followers.join_next().await {
        joined += usize::from(!from_memory??);
    }
    println!(
        "P7: {joined} of {} callers shared the first's flight",
        CALLS - 1
    );
    ensure!(joined * 2 >= CALLS, "the calls were not concurrent");
    Ok(world.stub.asked()? - before)
}

async fn connect(service: &Service) -> Result<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{}", service.address))?;
    Ok(endpoint.connect().await?)
}

/// Exchanges, and returns whether the answer was from memory.
async fn exchange(channel: Channel, token: HeaderValue) -> Result<bool> {
    let mut request = Request::new(ExchangeTokenRequest {
        scopes: vec![SCOPE.to_owned()],
        ..ExchangeTokenRequest::default()
    });
    let token = token.to_str()?.parse().ok().context("not a token")?;
    request.metadata_mut().insert("authorization", token);
    let mut client = TokenExchangeServiceClient::new(channel);
    let answer = client.exchange_token(request).await?;
    Ok(answer.into_inner().from_cache)
}
