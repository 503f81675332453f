//! P5: exchanged tokens from memory, over gRPC with the caller verified, to the echo of a server
//! that verifies nobody.

use std::time::Duration;

use anyhow::{Result, ensure};
use selvedge::contracts::exchange::v1::ExchangeTokenRequest;

use super::{SCOPE, USERS, World};
use crate::Goal;
use crate::load::{Rpc, Turns, bearer, saturate};
use crate::server::{Server, Variant};
use crate::throughput::median;

const EXCHANGE: &str = "/selvedge.exchange.v1.TokenExchangeService/ExchangeToken";
const ROUNDS: usize = 12;
const ROUND: Duration = Duration::from_secs(3);
/// How many rounds every user's first exchange may take.
const FIRST_ROUNDS: usize = 20;

pub(crate) async fn measure() -> Result<Vec<Goal>> {
    let mut world = World::start().await?;
    let request = ExchangeTokenRequest {
        scopes: vec![SCOPE.to_owned()],
        ..ExchangeTokenRequest::default()
    };
    let (exchange, check) = (Rpc::new(EXCHANGE, &request)?, Rpc::check()?);
    let tokens = world.tokens();
    let tokens = tokens.iter().map(|token| bearer(token));
    let turns = Turns::of(&tokens.collect::<Result<_>>()?);
    let service = world.service().await?;
    let open = Server::start(&Variant::Open)?;

    let everybody = USERS as u64;
    for _ in 0..FIRST_ROUNDS {
        saturate(service.address, &exchange, &turns, 8, 32, ROUND).await?;
        if world.stub.asked()? >= everybody {
            break;
        }
    }
    saturate(open.address, &check, &turns, 8, 32, ROUND).await?;
    ensure!(
        world.stub.asked()? == everybody,
        "each user's token is not exchanged once"
    );

    let mut costs = [Vec::new(), Vec::new()];
    let mut rates = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        let servers = [
            (service.address, &exchange, &service.process),
            (open.address, &check, open.process()),
        ];
        for ((address, rpc, process), (costs, rates)) in
            servers.into_iter().zip(costs.iter_mut().zip(&mut rates))
        {
            let before = process.processor_us()?;
            let calls = saturate(address, rpc, &turns, 8, 32, ROUND).await? as f64;
            costs.push((process.processor_us()? - before) / calls);
            rates.push(calls / ROUND.as_secs_f64());
        }
    }
    ensure!(
        world.stub.asked()? == everybody,
        "not every answer was from memory"
    );
    // Calls a second of a core's time, which a client that takes the other core's does not change.
    // The machine has fast and slow phases: only neighbours in time are comparable.
    let [exchange, echo] = &costs;
    let ratios = exchange.iter().zip(echo).map(|(ours, echo)| echo / ours);
    let ratio = median(ratios.collect());
    let [exchange, echo] = costs.map(median);
    println!("P5: {exchange:.1} us of server time a cached exchange, {echo:.1} an echo");
    let [exchange, echo] = rates.map(median);
    println!("P5: {exchange:.0} cached exchanges/s, {echo:.0} echoes/s");
    world.emulator.stop().await;
    Ok(vec![Goal {
        name: "P5 cached exchanges/s per core / open echoes, 10,000 tokens in turn",
        ratio,
        at_least: Some(0.55),
        at_most: None,
    }])
}
