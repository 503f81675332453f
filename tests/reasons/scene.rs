//! A service in which something is arranged, and one call to it over every face.

use emulator::{Emulator, Endpoint, Fault, TokenRequest, seed};
use selvedge::refusal::{Reason, reason_name};

use super::asked::Asked;
use crate::exchange::pair;
use crate::support::wait::in_time;
use crate::support::web::{self, Form};
use crate::support::{Call, RawClient, Reply, Running, Setup, user_token};

/// Everything that the data plane asks of a token.
const SCOPES: [&str; 6] = [
    "access_as_user",
    "data.read",
    "data.write",
    "workspaces.read",
    "warehouses.write",
    "lakehouse.read",
];

/// A way to call the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Face {
    Grpc,
    GrpcWeb,
    Rest,
}

pub(crate) const FACES: [Face; 3] = [Face::Grpc, Face::GrpcWeb, Face::Rest];

impl Face {
    /// What it is called where a run is looked at from outside.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::GrpcWeb => "grpc-web",
            Self::Rest => "rest",
        }
    }

    /// The call that is asked for; none for a method that the face does not have.
    pub(crate) fn call(self, asked: &Asked) -> Option<Call> {
        match self {
            Self::Grpc => Some(asked.grpc()),
            Self::GrpcWeb => Some(web::call(&asked.grpc(), Form::Binary)),
            Self::Rest => asked.rest(),
        }
    }

    /// The trace that a refusal names.
    pub(crate) fn trace_id(self, reply: &Reply) -> String {
        let info = match self {
            Self::Rest => {
                let id = reply.headers["selvedge-trace-id"].to_str();
                return id.unwrap().to_owned();
            }
            Self::Grpc => reply.error_info(),
            Self::GrpcWeb => web::reply(reply).error_info(),
        };
        info.unwrap().metadata["traceId"].clone()
    }
}

/// A running service, with one connection to it.
pub(crate) struct Scene {
    pub(crate) running: Running,
    pub(crate) client: RawClient,
}

impl Scene {
    pub(crate) async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    pub(crate) async fn with(setup: Setup) -> Self {
        Self::of(setup.start().await).await
    }

    pub(crate) async fn of(running: Running) -> Self {
        let client = running.raw().await;
        Self { running, client }
    }

    pub(crate) fn emulator(&self) -> &Emulator {
        &self.running.emulator
    }

    pub(crate) fn fault(&self, endpoint: Endpoint, fault: Fault) {
        self.emulator().set_fault(endpoint, Some(fault));
    }

    /// A user's token that may call every method of the data plane.
    pub(crate) fn token(&self, upn: &str) -> String {
        user_token(self.emulator(), upn, &SCOPES)
    }

    /// What Fabric calls with for a user.
    pub(crate) fn fabric(&self, asked: Asked, upn: &str) -> Asked {
        let user = TokenRequest::delegated(upn, seed::WORKLOAD_CLIENT_ID)
            .client(seed::FABRIC_CLIENT_ID)
            .scopes(["FabricWorkloadControl"]);
        let fabric = TokenRequest::app_only(seed::FABRIC_CLIENT_ID, seed::WORKLOAD_CLIENT_ID);
        let [user, fabric] = [user, fabric].map(|token| self.emulator().issue(&token));
        asked
            .header("authorization", pair(&user, &fabric))
            .header("x-ms-client-tenant-id", seed::CONTOSO_TENANT_ID)
    }

    /// Calls over every face that the method has, one after the other: each refuses for this reason.
    pub(crate) async fn refuses(&self, reason: Reason, asked: &Asked) {
        for face in FACES {
            refuses_over(&self.client, face, reason, asked).await;
        }
    }

    /// The same at once.
    pub(crate) async fn refuses_at_once(&self, reason: Reason, asked: &Asked) {
        let faces = FACES.map(|face| refuses_over(&self.client, face, reason, asked));
        futures_util::future::join_all(faces).await;
    }

    /// A call that has to succeed, over gRPC.
    pub(crate) async fn succeeds(&self, asked: &Asked) -> Reply {
        let reply = self.client.send(&asked.grpc()).await;
        assert_eq!(reply.verdict(), "OK");
        reply
    }
}

/// Calls over one face, if the method has it, and holds the refusal to this reason.
pub(crate) async fn refuses_over(client: &RawClient, face: Face, reason: Reason, asked: &Asked) {
    let Some(call) = face.call(asked) else {
        return;
    };
    let reply = answer(client, &call).await;
    assert_eq!(
        said(face, &reply).as_deref(),
        Some(reason_name(reason)),
        "over {face:?}: {reply:?}"
    );
}

/// Calls over every face, one after the other, what each of them has; returns the traces that the
/// refusals name.
pub(crate) async fn refused_traces(client: &RawClient, asked: &Asked) -> Vec<String> {
    let mut traces = Vec::new();
    for face in FACES {
        let call = face.call(asked).expect("a method of every face");
        traces.push(face.trace_id(&answer(client, &call).await));
    }
    traces
}

async fn answer(client: &RawClient, call: &Call) -> Reply {
    let mut open = in_time("an answer", client.open(call)).await.unwrap();
    // A stream that is refused has ended with its head; one that is not would not end.
    if open.reply.metadata("grpc-status").is_some() {
        open.reply.clone()
    } else {
        in_time("the rest of an answer", open.rest()).await.unwrap()
    }
}

/// The reason that an answer states.
fn said(face: Face, reply: &Reply) -> Option<String> {
    let info = match face {
        Face::Rest => {
            let reason = reply.headers.get("selvedge-reason")?;
            return Some(reason.to_str().unwrap().to_owned());
        }
        Face::Grpc => reply.error_info(),
        Face::GrpcWeb => web::reply(reply).error_info(),
    };
    Some(info?.reason)
}
