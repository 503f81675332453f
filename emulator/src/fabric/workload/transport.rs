//! The HTTP client that reaches workloads: one pool, bounded answers, bounded time.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::time;

use super::WorkloadCallError;

/// How long Fabric waits for a workload's answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of an answer.
const ANSWER_BYTES: usize = 8 << 20;

/// The client.
pub(super) struct Transport(Client<HttpConnector, Full<Bytes>>);

impl Default for Transport {
    fn default() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }
}

impl Transport {
    pub(super) async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Bytes>, WorkloadCallError> {
        let exchange = async {
            let answer = self.0.request(request).await.map_err(|error| {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a workload was not reached"
                );
                WorkloadCallError::Unreachable
            })?;
            let (parts, body) = answer.into_parts();
            let body = Limited::new(body, ANSWER_BYTES)
                .collect()
                .await
                .map_err(|_| WorkloadCallError::BrokenAnswer)?;
            Ok(Response::from_parts(parts, body.to_bytes()))
        };
        time::timeout(PATIENCE, exchange)
            .await
            .unwrap_or(Err(WorkloadCallError::TimedOut))
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").finish_non_exhaustive()
    }
}
