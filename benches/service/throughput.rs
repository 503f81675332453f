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
/// Long enough to verify every token, on a slow machine too.
const WARM_UP: Duration = Duration::from_secs(5);

pub(crate) async fn measure() -> Result<Vec<Goal>> {
    let folder = folder()?;
    let (emulator, guarded) = authority(&folder).await?;
    println!("P1: signing {TOKENS} tokens");
    let tokens = tokens(&emulator)?;
    let servers = [Server::start(&guarded)?, Server::start(&Variant::Open)?];
    let compared = compare(&servers, &tokens, ROUNDS, async |_| Ok(())).await?;
    let [guarded, open] = compared.costs;
    println!("P1: {guarded:.1} us of server time a call guarded, {open:.1} open");
    emulator.stop().await;
    Ok(vec![Goal {
        name: "P1 calls/s guarded / open, 10,000 tokens in turn",
        ratio: compared.ratio,
        at_least: Some(0.90),
        at_most: None,
    }])
}

/// Two servers under the same load.
pub(crate) struct Compared {
    /// Calls a second of the first to those of the second.
    pub(crate) ratio: f64,
    /// The processor time that a call takes of each, in microseconds.
    pub(crate) costs: [f64; 2],
}

/// Loads one server after the other, so many times, and waits until each has `settled`.
pub(crate) async fn compare(
    servers: &[Server; 2],
    tokens: &Rc<[HeaderValue]>,
    rounds: usize,
    mut settled: impl AsyncFnMut(&Server) -> Result<()>,
) -> Result<Compared> {
    let check = Rpc::check()?;
    let load = async |server: &Server, time: Duration| {
        let tokens = Rc::clone(tokens);
        let calls = saturate(server.address, &check, tokens, 8, 32, time).await?;
        ensure!(
            calls > TOKENS as u64,
            "too few calls for every token to have its turn"
        );
        anyhow::Ok(calls as f64)
    };
    // Every token is seen once before anything is measured: this is about the second sight.
    for server in servers {
        load(server, WARM_UP).await?;
        settled(server).await?;
    }
    let mut ratios = Vec::new();
    let mut costs = [Vec::new(), Vec::new()];
    for round in 0..rounds {
        let mut rates = [0.0; 2];
        let mut turns: Vec<_> = servers.iter().zip(&mut rates).zip(&mut costs).collect();
        // The machine gets faster or slower within a round, too: neither is always the second.
        turns.rotate_left(round % 2);
        for ((server, rate), costs) in turns {
            let before = server.process().processor_us()?;
            *rate = load(server, ROUND).await?;
            settled(server).await?;
            costs.push((server.process().processor_us()? - before) / *rate);
        }
        // The machine has fast and slow phases: only neighbours in time are comparable.
        let [first, second] = rates;
        ratios.push(first / second);
    }
    Ok(Compared {
        ratio: median(ratios),
        costs: costs.map(median),
    })
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
