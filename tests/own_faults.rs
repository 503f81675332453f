//! Our own faults, as far as a caller can see them: a handler that panics, and one that no policy
//! stands in front of.

use std::sync::Arc;

use auth_interceptor::{AuthLayer, Authenticator, Caller, GuardedServices};
use emulator::seed;
use selvedge::app::policies;
use selvedge::contracts::data::v1::profile_service_server::{ProfileService, ProfileServiceServer};
use selvedge::contracts::data::v1::{GetProfileRequest, GetProfileResponse};
use selvedge::refusal::SelvedgeRefusal;
use selvedge::transport::completion::CompletionLayer;
use tonic::Status;
use tower::ServiceBuilder;

use crate::support::expected::Expected;
use crate::support::running::start_emulator;
use crate::support::served::{Served, traced};
use crate::support::wait::in_time;
use crate::support::{Call, GET_PROFILE, Setup, user_token};

const PLANTED: &str = "planted-text-of-a-panic-0123456789";

/// A handler with a fault.
struct Panics;

#[tonic::async_trait]
impl ProfileService for Panics {
    async fn get_profile(
        &self,
        request: tonic::Request<GetProfileRequest>,
    ) -> Result<tonic::Response<GetProfileResponse>, Status> {
        let caller = Caller::of(&request).map(|_| "somebody");
        panic!("{PLANTED} {caller:?}");
    }
}

pub(crate) fn services() -> GuardedServices {
    let mut services = GuardedServices::new(policies().unwrap(), Arc::new(SelvedgeRefusal));
    services.add(ProfileServiceServer::new(Panics)).unwrap();
    services
}

#[tokio::test]
pub(crate) async fn a_handler_that_panics_is_our_fault_and_its_words_stay_here() {
    let emulator = start_emulator(auth_interceptor::Clock::system()).await;
    let authenticator = Authenticator::start(&Setup::default().auth(&emulator)).unwrap();
    in_time("the keys are read", authenticator.ready()).await;
    let (routes, served) = services().into_parts();
    let service = ServiceBuilder::new()
        .layer(traced(served.clone()))
        .layer(CompletionLayer::new(1024, None))
        .layer(AuthLayer::new(
            authenticator,
            served,
            Arc::new(SelvedgeRefusal),
        ))
        .service(routes.prepare());
    let served = Served::start(service).await;
    let token = user_token(&emulator, seed::CONSENTED, &["access_as_user"]);
    let call = Call::to(GET_PROFILE).bearer(&token);
    // The connection outlives the fault: others are on it.
    for _ in 0..2 {
        let reply = served.client.send(&call).await;
        Expected::refusal("INTERNAL INTERNAL_FAULT").assert(&reply, &[&token, PLANTED]);
    }
}

#[tokio::test]
pub(crate) async fn a_service_whose_layer_was_forgotten_serves_nobody() {
    let emulator = start_emulator(auth_interceptor::Clock::system()).await;
    let (routes, served) = services().into_parts();
    let service = ServiceBuilder::new()
        .layer(traced(served))
        .layer(CompletionLayer::new(1024, None))
        .service(routes.prepare());
    let served = Served::start(service).await;
    let token = user_token(&emulator, seed::CONSENTED, &["access_as_user"]);
    let reply = served
        .client
        .send(&Call::to(GET_PROFILE).bearer(&token))
        .await;
    Expected::refusal("PERMISSION_DENIED METHOD_POLICY_MISSING").assert(&reply, &[&token]);
}
