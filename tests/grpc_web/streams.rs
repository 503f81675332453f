//! Streams of messages: each is there when it was sent, and the end says how the call ended.

use prost::Message as _;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::support::wait::in_time;
use crate::support::web::{self, Form, Http, WAYS};
use crate::support::{Call, Running};

const WATCH: &str = "/grpc.health.v1.Health/Watch";

async fn watching(running: &Running, (form, http): (Form, Http)) -> web::Open {
    let request = HealthCheckRequest::default();
    let call = web::call(&Call::to(WATCH).message(&request), form);
    web::open(running.address, http, &call).await
}

/// Reads until a whole message more has come.
async fn next(open: &mut web::Open) -> HealthCheckResponse {
    in_time("a message", open.piece()).await.expect("a message");
    let (flag, message) = web::frames(&open.reply).pop().unwrap();
    assert_eq!(flag, 0);
    HealthCheckResponse::decode(message.as_slice()).unwrap()
}

#[tokio::test]
async fn a_message_is_there_while_the_stream_goes_on_and_its_end_says_why() {
    for way in WAYS {
        let mut running = Running::start().await;
        let mut open = watching(&running, way).await;
        assert!(open.reply.metadata("grpc-status").is_none(), "it goes on");
        assert!(!open.reply.headers.contains_key("content-length"));
        let first = next(&mut open).await;
        assert_eq!(first.status(), ServingStatus::Serving);

        running.shut_down();
        let rest = async { while open.piece().await.is_some() {} };
        in_time("the stream ends", rest).await;
        let reply = web::reply(&open.reply);
        assert_eq!(reply.verdict(), "UNAVAILABLE SHUTTING_DOWN", "{way:?}");
        reply.assert_complete("grpc.health.v1.Health/Watch");
        assert!(!reply.headers.contains_key("grpc-status"));
        assert!(reply.trailers.contains_key("grpc-status-details-bin"));
    }
}
