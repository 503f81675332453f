//! P11: from the start of `selvedge serve` to SERVING, and what it holds when idle.

use std::time::Instant;

use anyhow::{Result, bail};

use crate::Goal;
use crate::server::{Variant, authority, folder};
use crate::service::{Configuration, Service, Threads};
use crate::throughput::median;

const STARTS: usize = 7;

pub(crate) async fn measure() -> Result<Vec<Goal>> {
    let folder = folder()?;
    let (emulator, variant) = authority(&folder).await?;
    let Variant::Guarded {
        authority,
        root_certificate,
        ..
    } = &variant
    else {
        bail!("the authority is not one to trust");
    };
    let configuration = Configuration {
        authority,
        root_certificate,
        issuer: authority,
        registration: String::new(),
        tables: String::new(),
    };
    let mut times = Vec::new();
    let mut memory = Vec::new();
    for _ in 0..STARTS {
        let begun = Instant::now();
        let service = Service::start(&configuration, &Threads::Default, &folder)?;
        service.serving().await?;
        times.push(begun.elapsed().as_secs_f64() * 1_000.0);
        memory.push(service.process.resident_mib()?);
    }
    emulator.stop().await;
    Ok(vec![
        Goal {
            name: "P11 start to SERVING, ms",
            ratio: median(times),
            at_least: None,
            at_most: Some(200.0),
        },
        Goal {
            name: "P11 idle memory, MiB",
            ratio: median(memory),
            at_least: None,
            at_most: Some(40.0),
        },
    ])
}
