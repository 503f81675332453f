//! P8: what valid calls notice of a flood of bad tokens.

use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;
use emulator::{SigningKey, TokenRequest, TokenVersion, seed};

use crate::Goal;
use crate::load::{bearer, paced};
use crate::server::{Server, authority, folder};
use crate::throughput::median;

const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(4);
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
            bearer(&emulator.issue(&forged.header("kid", kid).without("x5t")))
        })
        .collect::<Result<Rc<[_]>>>()?;

    let server = Server::start(&guarded)?;
    paced(
        server.address,
        Rc::clone(&valid),
        "0",
        VALID,
        Duration::from_secs(1),
    )
    .await?;
    let (mut quiet, mut flooded) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let times = paced(server.address, Rc::clone(&valid), "0", VALID, ROUND).await?;
        quiet.push(times.value_at_quantile(0.99) as f64);
        let flood = tokio::task::spawn_blocking({
            let (address, bad): (_, Vec<_>) = (server.address, bad.to_vec());
            move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()?;
                runtime.block_on(paced(address, bad.into(), "16", BAD, ROUND))
            }
        });
        let times = paced(server.address, Rc::clone(&valid), "0", VALID, ROUND).await?;
        flooded.push(times.value_at_quantile(0.99) as f64);
        flood.await??;
    }
    let (quiet, flooded) = (median(quiet), median(flooded));
    println!("P8: p99 of valid calls {quiet:.0} us quiet, {flooded:.0} us under {BAD} bad calls/s");
    emulator.stop().await;
    Ok(vec![Goal {
        name: "P8 p99 of valid calls under a flood / quiet",
        ratio: flooded / quiet,
        at_least: None,
        at_most: Some(2.0),
    }])
}
