//! P12: calls a second with all telemetry, to the same server with none.
//!
//! All of it is logs, metrics of every call, an audit file, and traces at the default ratio to a
//! collector that takes whatever comes. The metrics' own push, one request a minute, is too rare to be seen here.

use anyhow::Result;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use selvedge::telemetry::names;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use crate::Goal;
use crate::load::{Rpc, bearer, once};
use crate::server::{EMULATORS, Server, Telemetered, Variant, authority, folder};
use crate::throughput::{compare, tokens};

pub(crate) async fn measure() -> Result<Vec<Goal>> {
    let folder = folder()?;
    let (emulator, guarded) = authority(&folder).await?;
    let tokens = tokens(&emulator)?;
    let (collector, failures) = EMULATORS.spawn(collector()).await??;
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
    let full = telling(Telemetered::Fully { collector });
    let (check, nobody) = (Rpc::check()?, bearer("nobody's")?);
    // Spans leave a second after their calls, and are not to leave while the other server is
    // measured. That of a failed call always does, and after those of the calls before it.
    let told = async |server: &Server| {
        if server.is_telling() {
            let mut failures = failures.clone();
            failures.mark_unchanged();
            once(server.address, &check, &nobody).await?;
            failures.changed().await?;
        }
        Ok(())
    };
    let none = telling(Telemetered::Not);
    let compared = compare([&full, &none], &tokens, told).await?;
    let [full, none] = compared.costs;
    println!("P12: {full:.1} us of server time a call with telemetry, {none:.1} without");
    emulator.stop().await;
    Ok(vec![Goal {
        name: "P12 calls/s with all telemetry / with none",
        ratio: compared.ratio,
        at_least: Some(0.90),
        at_most: None,
    }])
}

/// Starts a collector that takes everything and keeps nothing; returns where it is, and what tells of
/// spans of failed calls.
async fn collector() -> Result<(String, watch::Receiver<()>)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let (failed, failures) = watch::channel(());
    let service = TraceServiceServer::new(Sink(failed));
    tokio::spawn(
        tonic::transport::Server::builder()
            .add_service(service)
            .serve_with_incoming(TcpIncoming::from(listener)),
    );
    Ok((url, failures))
}

struct Sink(watch::Sender<()>);

#[tonic::async_trait]
impl TraceService for Sink {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let resources = request.get_ref().resource_spans.iter();
        let mut attributes = resources
            .flat_map(|resource| &resource.scope_spans)
            .flat_map(|scope| &scope.spans)
            .flat_map(|span| &span.attributes);
        if attributes.any(|attribute| attribute.key == names::ERROR_TYPE) {
            // Nobody looks once the bench is over.
            let _ = self.0.send(());
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}
