//! P1: calls a second with 10,000 tokens in turn, to the same server without the decision.

use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, ensure};
use emulator::{Emulator, TokenRequest, TokenVersion, seed};
use http::HeaderValue;

use crate::Goal;
use crate::load::{Rpc, bearer, saturate};
use crate::server::{Server, Variant, authority, folder};

const TOKENS: usize = 10_000;
const ROUNDS: usize = 12;
const ROUND: Duration = Duration::from_millis(1_500);

pub(crate) async fn measure() -> Result<Vec<Goal>> {
    let folder = folder()?;
    let (emulator, guarded) = authority(&folder).await?;
    println!("P1: signing {TOKENS} tokens");
    let tokens = tokens(&emulator)?;

    let variants = [Server::start(&guarded)?, Server::start(&Variant::Open)?];
    // Every token is seen once before anything is measured: this is about the second sight.
    let check = Rpc::check()?;
    for server in &variants {
        saturate(server.address, &check, Rc::clone(&tokens), 8, 32, ROUND).await?;
    }
    let mut ratios = Vec::new();
    let mut costs = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        let mut rates = Vec::new();
        for (server, costs) in variants.iter().zip(&mut costs) {
            let before = server.process().processor_us()?;
            let tokens = Rc::clone(&tokens);
            let calls = saturate(server.address, &check, tokens, 8, 32, ROUND).await?;
            ensure!(
                calls > TOKENS as u64,
                "too few calls for every token to have its turn"
            );
            rates.push(calls as f64 / ROUND.as_secs_f64());
            costs.push((server.process().processor_us()? - before) / calls as f64);
        }
        // The machine has fast and slow phases: only neighbours in time are comparable.
        if let [guarded, open] = rates[..] {
            ratios.push(guarded / open);
        }
    }
    let [guarded_cost, open_cost] = costs.map(median);
    println!("P1: {guarded_cost:.1} us of server time a call guarded, {open_cost:.1} open");
    emulator.stop().await;
    Ok(vec![Goal {
        name: "P1 calls/s guarded / open, 10,000 tokens in turn",
        ratio: median(ratios),
        at_least: Some(0.90),
        at_most: None,
    }])
}

/// A token each for so many users.
pub(crate) fn tokens(emulator: &Emulator) -> Result<Rc<[HeaderValue]>> {
    (0..TOKENS)
        .map(|user| {
            let request = TokenRequest::delegated(
                format!("user-{user}@{}", seed::CONTOSO_DOMAIN),
                seed::WORKLOAD_CLIENT_ID,
            );
            bearer(&emulator.issue(&request.scopes(["data.read"]).version(TokenVersion::V2)))
        })
        .collect()
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
