//! P1: calls a second with 10,000 tokens in turn, to the same server without the decision.

use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, ensure};
use emulator::{TokenRequest, TokenVersion, seed};

use crate::Goal;
use crate::load::{bearer, saturate};
use crate::server::{Server, Variant, authority, folder};

const TOKENS: usize = 10_000;
const ROUNDS: usize = 12;
const ROUND: Duration = Duration::from_millis(1_500);

pub(crate) async fn measure() -> Result<Vec<Goal>> {
    let folder = folder()?;
    let (emulator, guarded) = authority(&folder).await?;
    println!("P1: signing {TOKENS} tokens");
    let tokens = (0..TOKENS)
        .map(|user| {
            let request = TokenRequest::delegated(
                format!("user-{user}@{}", seed::CONTOSO_DOMAIN),
                seed::WORKLOAD_CLIENT_ID,
            );
            bearer(&emulator.issue(&request.scopes(["data.read"]).version(TokenVersion::V2)))
        })
        .collect::<Result<Rc<[_]>>>()?;

    let variants = [Server::start(&guarded)?, Server::start(&Variant::Open)?];
    // Every token is seen once before anything is measured: this is about the second sight.
    for server in &variants {
        saturate(server.address, Rc::clone(&tokens), 8, 32, ROUND).await?;
    }
    let mut rates = [Vec::new(), Vec::new()];
    let mut costs = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for ((server, rates), costs) in variants.iter().zip(&mut rates).zip(&mut costs) {
            let before = server.cpu_ticks()?;
            let calls = saturate(server.address, Rc::clone(&tokens), 8, 32, ROUND).await?;
            ensure!(
                calls > TOKENS as u64,
                "too few calls for every token to have its turn"
            );
            rates.push(calls as f64 / ROUND.as_secs_f64());
            costs.push((server.cpu_ticks()? - before) as f64 * 10_000.0 / calls as f64);
        }
    }
    // The least disturbed round of each: whatever else the machine does only ever takes away.
    let [guarded_rate, open_rate] = rates.map(|rates| rates.into_iter().fold(0.0, f64::max));
    let [guarded_cost, open_cost] =
        costs.map(|costs| costs.into_iter().fold(f64::INFINITY, f64::min));
    println!(
        "P1: {guarded_rate:.0} calls/s guarded, {open_rate:.0} open; \
         {guarded_cost:.1} and {open_cost:.1} us of server time a call"
    );
    emulator.stop().await;
    Ok(vec![Goal {
        name: "P1 calls/s guarded / open, 10,000 tokens in turn",
        ratio: guarded_rate / open_rate,
        at_least: Some(0.90),
        at_most: None,
    }])
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
