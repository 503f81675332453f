//! Health: SERVING while every check of [`readiness`](super::readiness) passes, and no drain runs.

use std::sync::Arc;

use auth_interceptor::ServedPolicies;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use super::readiness::Readiness;
use crate::transport::drain::Drain;

/// The names that a client may ask by.
pub(super) fn service_names(served: &ServedPolicies) -> Vec<String> {
    let mut names: Vec<String> = served
        .iter()
        .filter_map(|method| method.method().split_once('/'))
        .map(|(service, _)| service.to_owned())
        .collect();
    names.sort();
    names.dedup();
    // The empty name is the whole process (gRPC Health Checking Protocol).
    names.push(String::new());
    names
}

/// Keeps what is reported true.
pub(super) async fn report(
    health: HealthReporter,
    readiness: Arc<Readiness>,
    services: Vec<String>,
    drain: Drain,
) {
    let mut passed = readiness.subscribe();
    loop {
        let status = if passed.borrow_and_update().all() {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        set_all(&health, &services, status).await;
        tokio::select! {
            // The sender lives as long as `readiness`.
            _ = passed.changed() => {}
            () = drain.begun() => break,
        }
    }
    set_all(&health, &services, ServingStatus::NotServing).await;
}

/// Reports the same of every service.
pub(super) async fn set_all(health: &HealthReporter, services: &[String], status: ServingStatus) {
    for service in services {
        health.set_service_status(service, status).await;
    }
}
