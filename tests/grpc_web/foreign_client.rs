//! A gRPC-web client that is not ours, with the code that the contracts generate.

use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use selvedge::contracts::data::v1::ReadDataRequest;
use selvedge::contracts::data::v1::data_service_client::DataServiceClient;
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;
use tonic_web::{GrpcWebCall, GrpcWebClientLayer, GrpcWebClientService};
use tower::Layer as _;

use crate::support::{Running, read_token};

type Transport = GrpcWebClientService<Client<HttpConnector, GrpcWebCall<tonic::body::Body>>>;

/// Over HTTP/1.1, as a page's calls go where there is no TLS.
fn transport() -> Transport {
    GrpcWebClientLayer::new().layer(Client::builder(TokioExecutor::new()).build_http())
}

#[tokio::test]
pub(crate) async fn it_reads_messages_streams_and_refusals() {
    let running = Running::start().await;
    let origin = format!("http://{}", running.address);
    let origin: http::Uri = origin.parse().unwrap();
    let mut data = DataServiceClient::with_origin(transport(), origin.clone());

    let refused = data.read_data(ReadDataRequest::default()).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    let info = refused.get_details_error_info().unwrap();
    assert_eq!(info.reason, "CREDENTIALS_MISSING");

    let mut request = Request::new(ReadDataRequest::default());
    let bearer = format!("Bearer {}", read_token(&running.emulator));
    let metadata = request.metadata_mut();
    metadata.insert("authorization", bearer.parse().unwrap());
    let answer = data.read_data(request).await.unwrap();
    assert!(answer.into_inner().rows.is_empty());

    let mut health = HealthClient::with_origin(transport(), origin);
    let watch = health.watch(HealthCheckRequest::default()).await.unwrap();
    let first = watch.into_inner().message().await.unwrap().unwrap();
    assert_eq!(first.status(), ServingStatus::Serving);
}
