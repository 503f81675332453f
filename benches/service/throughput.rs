//! P1: calls a second with 10,000 tokens in turn, to the same server without the decision.

use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;
use emulator::{Emulator, TokenRequest, TokenVersion, seed};
use http::HeaderValue;

use crate::Goal;
use crate::load::{Rpc, Turns, bearer, saturate};
use crate::server::{Server, Variant, authority, folder};

const TOKENS: usize = 10_000;
/// Where a process happens to lie in memory makes it faster or slower for as long as it lives: what
/// is measured is several of them.
const PAIRS: usize = 8;
const ROUNDS: usize = 20;
/// Shorter than most of the fast and slow phases that a shared machine has.
const ROUND: Duration = Duration::from_millis(250);

pub(crate) async fn measure() -> Result<Vec<Goal>> {
    let folder = folder()?;
    let (emulator, guarded) = authority(&folder).await?;
    println!("P1: signing {TOKENS} tokens");
    let tokens = tokens(&emulator)?;
    let compared = compare([&guarded, &Variant::Open], &tokens, async |_| Ok(())).await?;
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

/// Starts pairs of servers, one after the other, loads both of a pair in turn, and waits after each
/// load until what it left behind has `settled`.
pub(crate) async fn compare(
    variants: [&Variant; 2],
    tokens: &Rc<[HeaderValue]>,
    settled: impl AsyncFn(&Server) -> Result<()>,
) -> Result<Compared> {
    let check = Rpc::check()?;
    let load = async |server: &Server, turns: &Turns| {
        let calls = saturate(server.address, &check, turns, 8, 32, ROUND).await?;
        settled(server).await?;
        anyhow::Ok(calls)
    };
    let mut ratios = Vec::new();
    let mut costs = [Vec::new(), Vec::new()];
    for pair in 0..PAIRS {
        let [first, second] = variants.map(Server::start);
        let servers = [first?, second?].map(|server| (server, Turns::of(tokens)));
        for (server, turns) in &servers {
            // This is about the second sight of a token.
            let mut seen = 0;
            while seen < 2 * TOKENS as u64 {
                seen += load(server, turns).await?;
            }
        }
        for round in 0..ROUNDS {
            let mut rates = [0.0; 2];
            let mut both: Vec<_> = servers.iter().zip(&mut rates).zip(&mut costs).collect();
            // The machine gets faster or slower within a round, too: neither is always the second.
            both.rotate_left((pair + round) % 2);
            for (((server, turns), rate), costs) in both {
                let before = server.process().processor_us()?;
                *rate = load(server, turns).await? as f64;
                costs.push((server.process().processor_us()? - before) / *rate);
            }
            // The machine has fast and slow phases: only neighbours in time are comparable.
            let [first, second] = rates;
            ratios.push(first / second);
        }
    }
    let range = |end: fn(f64, f64) -> f64| ratios.iter().copied().reduce(end).unwrap_or(f64::NAN);
    println!(
        "ratios of rounds: {:.2} to {:.2}",
        range(f64::min),
        range(f64::max)
    );
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
