//! P12: calls a second with all telemetry, to the same server with none.
//!
//! All of it is logs, metrics of every call, an audit file, and traces at the default ratio to a
//! collector that takes whatever comes. The metrics' own push, one request a minute, is too rare to be seen here.

use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use tokio::net::TcpListener;
use tonic::codec::CompressionEncoding;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use crate::Goal;
use crate::load::{Rpc, saturate};
use crate::server::{EMULATORS, Server, Telemetered, Variant, authority, folder};
use crate::throughput::{median, tokens};

const ROUNDS: usize = 16;
const ROUND: Duration = Duration::from_millis(1_500);
/// Spans are sent a second after the call, and are not to be sent while the other server is measured.
const UNTIL_ALL_IS_TOLD: Duration = Duration::from_millis(1_500);

pub(crate) async fn measure() -> Result<Vec<Goal>> {
    let folder = folder()?;
    let (emulator, guarded) = authority(&folder).await?;
    let tokens = tokens(&emulator)?;
    let collector = EMULATORS.spawn(collector()).await??;
    let telling = |told: Telemetered| match &guarded {
        Variant::Guarded {
            authority,
            root_certificate,
            ..
        } => Variant::Guarded {
            authority: authority.clone(),
            root_certificate: root_certificate.clone(),
            telemetry: told,
        },
        Variant::Open => Variant::Open,
    };
    let variants = [
        Server::start(&telling(Telemetered::Fully { collector }))?,
        Server::start(&telling(Telemetered::Not))?,
    ];
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
            rates.push(calls as f64 / ROUND.as_secs_f64());
            tokio::time::sleep(UNTIL_ALL_IS_TOLD).await;
            costs.push((server.process().processor_us()? - before) / calls as f64);
        }
        // The machine has fast and slow phases: only neighbours in time are comparable.
        if let [full, none] = rates[..] {
            ratios.push(full / none);
        }
    }
    let [full, none] = costs.map(median);
    println!("P12: {full:.1} us of server time a call with telemetry, {none:.1} without");
    emulator.stop().await;
    Ok(vec![Goal {
        name: "P12 calls/s with all telemetry / with none",
        ratio: median(ratios),
        at_least: Some(0.90),
        at_most: None,
    }])
}

/// Starts a collector that takes everything and keeps nothing; returns where it is.
async fn collector() -> Result<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let service = TraceServiceServer::new(Sink).accept_compressed(CompressionEncoding::Gzip);
    tokio::spawn(
        tonic::transport::Server::builder()
            .add_service(service)
            .serve_with_incoming(TcpIncoming::from(listener)),
    );
    Ok(url)
}

struct Sink;

#[tonic::async_trait]
impl TraceService for Sink {
    async fn export(
        &self,
        _: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}
