//! P8: what valid calls notice of a flood of bad tokens.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, ensure};
use emulator::{SigningKey, TokenRequest, TokenVersion, seed};
use http::HeaderValue;

use crate::Goal;
use crate::load::{Rpc, bearer, paced};
use crate::server::{Server, authority, folder};
use crate::throughput::median;

const ROUNDS: usize = 9;
const ROUND: Duration = Duration::from_secs(3);
/// Valid calls a second.
const VALID: u32 = 500;
/// Bad ones beside them: half with an unknown key id, half with a signature that does not verify.
const BAD: u32 = 2_000;

pub(crate) async fn measure() -> Result<Vec<Goal>> {
    let folder = folder()?;
    let (emulator, guarded) = authority(&folder).await?;
    let request = |user: u32| {
        TokenRequest::delegated(
            format!("user-{user}@{}", seed::CONTOSO_DOMAIN),
            seed::WORKLOAD_CLIENT_ID,
        )
        .scopes(["data.read"])
        .version(TokenVersion::V2)
    };
    let stranger = SigningKey::generate()?;
    let own = emulator.signing_key(TokenVersion::V2);
    let valid = (0..100)
        .map(|user| bearer(&emulator.issue(&request(user))))
        .collect::<Result<Rc<[_]>>>()?;
    let bad = (0..1_000)
        .map(|user| {
            let forged = request(user).signed_by(&stranger);
            let kid = if user % 2 == 0 {
                format!("unknown-{user}")
            } else {
                own.kid().to_owned()
            };
            emulator.issue(&forged.header("kid", kid).without("x5t"))
        })
        .collect::<Vec<_>>();

    let server = Server::start(&guarded)?;
    paced(
        server.address,
        &Rpc::check()?,
        Rc::clone(&valid),
        "0",
        VALID,
        Duration::from_secs(1),
    )
    .await?;
    let bad_tokens = folder.join("bad-tokens");
    std::fs::write(&bad_tokens, bad.join("\n"))?;
    let mut times = [Vec::new(), Vec::new()];
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let quiet = p99(&server, &valid).await?;
        let mut flood = start(server.address, &bad_tokens)?;
        let flooded = p99(&server, &valid).await?;
        ensure!(
            flood.wait()?.success(),
            "the flood was not answered as it should be"
        );
        ratios.push(flooded / quiet);
        for (times, time) in times.iter_mut().zip([quiet, flooded]) {
            times.push(time);
        }
    }
    let [quiet, flooded] = times.map(median);
    println!("P8: p99 of valid calls {quiet:.0} us quiet, {flooded:.0} us under {BAD} bad calls/s");
    emulator.stop().await;
    Ok(vec![Goal {
        name: "P8 p99 of valid calls under a flood / quiet",
        ratio: median(ratios),
        at_least: None,
        at_most: Some(2.0),
    }])
}

async fn p99(server: &Server, valid: &Rc<[HeaderValue]>) -> Result<f64> {
    let valid = Rc::clone(valid);
    let times = paced(server.address, &Rpc::check()?, valid, "0", VALID, ROUND).await?;
    Ok(times.value_at_quantile(0.99) as f64)
}

/// Floods from a process that yields to all others: what it costs to send must not be mistaken for
/// what it costs to be sent.
fn start(address: SocketAddr, tokens: &Path) -> Result<Child> {
    let flood = Command::new("nice")
        .args(["-n", "19"])
        .arg(std::env::current_exe()?)
        .arg("flood")
        .arg(address.to_string())
        .arg(tokens)
        .spawn()?;
    Ok(flood)
}

/// The flood itself, if this process was started as one.
pub(crate) fn run(address: &str, tokens: &str) -> Result<()> {
    let address = address.parse()?;
    let tokens = std::fs::read_to_string(tokens)?;
    let tokens = tokens.lines().map(bearer).collect::<Result<Rc<[_]>>>()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(paced(address, &Rpc::check()?, tokens, "16", BAD, ROUND))?;
    Ok(())
}
