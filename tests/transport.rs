//! Between socket and interceptor: what HTTP/2 itself refuses, limits, deadlines, health watches and
//! the drain.

use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use emulator::TokenRequest;
use emulator::seed;
use selvedge::transport::listener::DrainTimes;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::support::frames::{FrameClient, Met, fields};
use crate::support::raw_client::OpenCall;
use crate::support::wait::in_time;
use crate::support::{Call, READ_DATA, Running, Setup, eventually, read_token};

const CHECK: &str = "/grpc.health.v1.Health/Check";
const WATCH: &str = "/grpc.health.v1.Health/Watch";

/// Sends one call in raw frames on a connection of its own.
async fn met(running: &Running, fields: &[(&[u8], &[u8])]) -> Met {
    FrameClient::connect(running.address)
        .await
        .call(fields)
        .await
}

/// Header fields whose path or authorization is one's own.
fn with_path<'a>(path: &'a [u8], bearer: &'a [u8]) -> Vec<(&'a [u8], &'a [u8])> {
    let mut fields = fields("", &[(b"authorization", bearer)]);
    for field in &mut fields {
        if field.0 == b":path" {
            field.1 = path;
        }
    }
    fields
}

#[tokio::test]
pub(crate) async fn header_bytes_that_http_forbids_never_get_past_http() {
    let running = Running::start().await;
    let token = read_token(&running.emulator);
    let good = format!("Bearer {token}");
    assert_eq!(
        met(
            &running,
            &fields(READ_DATA, &[(b"authorization", good.as_bytes())])
        )
        .await,
        Met::Answered
    );
    let entered = running.store.calls();

    for damage in [
        "\r\n",
        "\r",
        "\n",
        "\0",
        "\x7f",
        "\r\nauthorization: Bearer x",
    ] {
        let (first, second) = token.split_at(token.len() / 2);
        for value in [
            format!("Bearer {token}{damage}"),
            format!("Bearer {first}{damage}{second}"),
        ] {
            let met = met(
                &running,
                &fields(READ_DATA, &[(b"authorization", value.as_bytes())]),
            )
            .await;
            assert!(met.is_refused(), "{damage:?}: {met:?}");
        }
    }
    assert_eq!(running.store.calls(), entered, "no handler is entered");
}

#[tokio::test]
pub(crate) async fn paths_that_http_forbids_never_reach_a_handler() {
    let running = Running::start().await;
    let good = format!("Bearer {}", read_token(&running.emulator));
    let absolute = format!("http://localhost{READ_DATA}");
    let entered = running.store.calls();

    for path in [
        READ_DATA.trim_start_matches('/').as_bytes(),
        absolute.as_bytes(),
        b"*",
        b"",
        b"/selvedge.data.v1.DataService/ReadData\0",
        b"/selvedge.data.v1.DataService/ReadData\r\n",
        b"/selvedge.data.v1.DataService/Read Data",
        b"/selvedge.data.v1.DataService/ReadData\xff\xfe",
    ] {
        let mut client = FrameClient::connect(running.address).await;
        // Whether HTTP resets the stream or the service answers that there is no such method is
        // HTTP's business: nobody gets through.
        let met = client.call(&with_path(path, good.as_bytes())).await;
        if path != b"*" {
            assert!(met.is_refused(), "{}: {met:?}", path.escape_ascii());
        }
    }
    assert_eq!(running.store.calls(), entered, "no handler is entered");
}

#[tokio::test]
async fn a_fragment_is_no_way_around_the_policy() {
    let running = Running::start().await;
    let path = format!("{READ_DATA}#x");
    met(&running, &with_path(path.as_bytes(), b"Basic eDp5")).await;
    met(&running, &fields(&path, &[])).await;
    assert_eq!(running.store.calls(), 0, "no handler is entered");
}

#[tokio::test]
pub(crate) async fn a_header_list_over_the_limit_costs_its_own_call_alone() {
    let running = Running::start().await;
    let client = running.raw().await;
    let token = read_token(&running.emulator);
    running.store.shut();
    let other = tokio::spawn({
        let (client, call) = (client.clone(), Call::to(READ_DATA).bearer(&token));
        async move { client.send(&call).await }
    });
    eventually("the other call is in its handler", async || {
        running.store.calls() == 1
    })
    .await;

    let large = Call::to(READ_DATA)
        .bearer(&token)
        .header("x-filler", "a".repeat(70 * 1024));
    assert_eq!(client.send(&large).await.verdict(), "HTTP 431");

    running.store.open();
    assert_eq!(other.await.unwrap().verdict(), "OK");
}

#[tokio::test]
pub(crate) async fn many_small_headers_are_bounded_by_the_same_limit() {
    let running = Running::start().await;
    let client = running.raw().await;
    let mut call = Call::to(READ_DATA);
    for number in 0..1_000 {
        call = call.header(&format!("x-{number}"), "");
    }
    assert_eq!(
        client.send(&call).await.verdict(),
        "UNAUTHENTICATED CREDENTIALS_MISSING"
    );
    for number in 1_000..2_000 {
        call = call.header(&format!("x-{number}"), "");
    }
    assert_eq!(client.send(&call).await.verdict(), "HTTP 431");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
pub(crate) async fn a_flood_of_continuations_ends_its_own_connection_alone() {
    let running = Running::start().await;
    let other = running.raw().await;
    let mut flood = FrameClient::connect(running.address).await;
    let (sent, met) = flood.flood_with_continuations(20_000).await;
    assert!(met.is_refused(), "after {sent} frames: {met:?}");
    let call = Call::to(READ_DATA).bearer(&read_token(&running.emulator));
    assert_eq!(other.send(&call).await.verdict(), "OK");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
pub(crate) async fn a_flood_of_resets_reaches_no_handler_and_costs_others_nothing() {
    let running = Running::start().await;
    let other = running.raw().await;
    let call = Call::to(READ_DATA).bearer(&read_token(&running.emulator));
    let mut flood = FrameClient::connect(running.address).await;
    let mut served = 0;
    for round in 0..100 {
        for _ in 0..100 {
            if flood.open_and_reset(&fields(READ_DATA, &[])).await.is_err() {
                break;
            }
        }
        if round % 10 == 0 {
            assert_eq!(other.send(&call).await.verdict(), "OK");
            served += 1;
        }
    }
    assert_eq!(
        running.store.calls(),
        served,
        "the flood entered no handler"
    );
}

#[tokio::test]
pub(crate) async fn health_answers_anybody_and_says_nothing_but_a_status() {
    let running = Running::start().await;
    let client = running.raw().await;
    for service in ["", "selvedge.data.v1.DataService", "grpc.health.v1.Health"] {
        let reply = client.send(&check(service)).await;
        let response: HealthCheckResponse = reply.message();
        assert_eq!(response.status(), ServingStatus::Serving, "{service}");
        assert_eq!(reply.body.len(), 5 + 2, "one field");
    }
    let unknown = client.send(&check("selvedge.data.v1.SecretService")).await;
    assert_eq!(unknown.verdict(), "NOT_FOUND RESOURCE_NOT_FOUND");
    unknown.assert_complete("grpc.health.v1.Health/Check");

    let mut watch = client.open(&watch()).await.unwrap();
    assert_eq!(next_status(&mut watch).await, Some(ServingStatus::Serving));
}

#[tokio::test]
pub(crate) async fn health_watches_are_capped_by_peer() {
    let running = Setup {
        watches_per_peer: 5,
        ..Setup::default()
    }
    .start()
    .await;
    let client = running.raw().await;
    let mut open = Vec::new();
    let mut refused = 0;
    for _ in 0..50 {
        let call = client.open(&watch()).await.unwrap();
        if call.reply.metadata("grpc-status").is_some() {
            assert_eq!(call.reply.verdict(), "RESOURCE_EXHAUSTED OVERLOADED");
            assert!(call.reply.retry_info().is_some());
            call.reply.assert_complete("grpc.health.v1.Health/Watch");
            refused += 1;
        } else {
            open.push(call);
        }
    }
    assert_eq!((open.len(), refused), (5, 45));

    // A place is given back when its watch ends.
    open.pop().unwrap().reset();
    let again = async || {
        let call = client.open(&watch()).await.unwrap();
        call.reply.metadata("grpc-status").is_none()
    };
    eventually("there is a place again", again).await;
}

#[tokio::test]
async fn health_is_not_served_where_it_is_not_configured() {
    let running = Setup {
        health: false,
        reflection: false,
        ..Setup::default()
    }
    .start()
    .await;
    let client = running.raw().await;
    for path in [
        CHECK,
        WATCH,
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    ] {
        let reply = client.send(&Call::to(path)).await;
        assert_eq!(reply.verdict(), "UNIMPLEMENTED METHOD_NOT_FOUND", "{path}");
    }
}

#[tokio::test]
pub(crate) async fn a_stream_ends_when_its_token_does() {
    let running = Running::start().await;
    // With the skew of a minute it lives two seconds more.
    let token = running.emulator.issue(
        &TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID)
            .scopes(["access_as_user"])
            .issued_at(-3_600)
            .lifetime(3_600 - 58),
    );
    let mut call =
        Call::to("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo").bearer(&token);
    call.ends = false;
    call.body = Bytes::new();
    let client = running.raw().await;
    let mut stream = client.open(&call).await.unwrap();
    assert!(stream.reply.metadata("grpc-status").is_none(), "it begins");
    let reply = in_time("the stream ends", stream.rest()).await.unwrap();
    assert_eq!(reply.verdict(), "UNAUTHENTICATED TOKEN_EXPIRED");
    reply.assert_complete("grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
}

#[tokio::test]
pub(crate) async fn a_compressed_message_is_measured_by_what_it_unfolds_to() {
    let running = Running::start().await;
    let client = running.raw().await;
    let token = read_token(&running.emulator);
    let call = |message: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(message).unwrap();
        let compressed = encoder.finish().unwrap();
        let mut body = vec![1];
        body.extend(u32::try_from(compressed.len()).unwrap().to_be_bytes());
        body.extend(compressed);
        let mut call = Call::to(READ_DATA)
            .bearer(&token)
            .header("grpc-encoding", "gzip");
        call.body = body.into();
        call
    };
    assert_eq!(client.send(&call(&[])).await.verdict(), "OK");
    let entered = running.store.calls();
    let bomb = call(&vec![0; 64 * 1024 * 1024]);
    assert!(bomb.body.len() < 100 * 1024, "a thousandfold");
    let reply = client.send(&bomb).await;
    assert_eq!(reply.verdict(), "RESOURCE_EXHAUSTED PAYLOAD_TOO_LARGE");
    reply.assert_complete("selvedge.data.v1.DataService/ReadData");
    assert_eq!(running.store.calls(), entered, "no handler is entered");
}

#[tokio::test]
pub(crate) async fn an_upload_that_stalls_ends_at_the_services_own_deadline() {
    let setup = Setup {
        unary_timeout: Duration::from_millis(200),
        ..Setup::default()
    };
    let running = setup.start().await;
    let mut call = Call::to(READ_DATA).bearer(&read_token(&running.emulator));
    call.body = Bytes::from_static(&[0, 0, 0, 1, 0, 0x0a]);
    call.ends = false;
    let reply = running.raw().await.send(&call).await;
    assert_eq!(reply.verdict(), "DEADLINE_EXCEEDED DEADLINE_EXCEEDED");
    reply.assert_complete("selvedge.data.v1.DataService/ReadData");
    assert_eq!(running.store.calls(), 0, "no handler is entered");
}

#[tokio::test]
async fn a_call_ends_at_its_callers_deadline() {
    let running = Running::start().await;
    running.store.shut();
    let call = Call::to(READ_DATA)
        .bearer(&read_token(&running.emulator))
        .header("grpc-timeout", "100m");
    let reply = running.raw().await.send(&call).await;
    assert_eq!(reply.verdict(), "DEADLINE_EXCEEDED DEADLINE_EXCEEDED");
    reply.assert_complete("selvedge.data.v1.DataService/ReadData");
    assert_eq!(running.store.calls(), 1, "the handler had begun");
}

#[tokio::test]
pub(crate) async fn a_drain_ends_watches_and_finishes_calls() {
    let mut running = Running::start().await;
    let client = running.raw().await;
    let mut watching = client.open(&watch()).await.unwrap();
    assert_eq!(
        next_status(&mut watching).await,
        Some(ServingStatus::Serving)
    );
    running.store.shut();
    let call = Call::to(READ_DATA).bearer(&read_token(&running.emulator));
    let in_flight = tokio::spawn(async move { client.send(&call).await });
    eventually("the call is in its handler", async || {
        running.store.calls() == 1
    })
    .await;

    running.shut_down();
    let ended = in_time("the watch ends", watching.rest()).await.unwrap();
    assert_eq!(ended.verdict(), "UNAVAILABLE SHUTTING_DOWN");
    ended.assert_complete("grpc.health.v1.Health/Watch");
    assert!(!in_flight.is_finished(), "the call is waited for");

    running.store.open();
    assert_eq!(in_flight.await.unwrap().verdict(), "OK");
    running.ended().await;
}

#[tokio::test]
async fn a_drain_has_an_end() {
    let drain = DrainTimes {
        notice: Duration::ZERO,
        patience: Duration::from_millis(200),
    };
    let mut running = Setup {
        drain,
        ..Setup::default()
    }
    .start()
    .await;
    running.store.shut();
    let client = running.raw().await;
    let call = Call::to(READ_DATA).bearer(&read_token(&running.emulator));
    let in_flight = tokio::spawn(async move { client.send(&call).await });
    eventually("the call is in its handler", async || {
        running.store.calls() == 1
    })
    .await;

    running.shut_down();
    let reply = in_flight.await.unwrap();
    assert_eq!(reply.verdict(), "UNAVAILABLE SHUTTING_DOWN");
    reply.assert_complete("selvedge.data.v1.DataService/ReadData");
    running.ended().await;
}

#[tokio::test]
async fn health_says_not_serving_once_a_drain_begins() {
    let drain = DrainTimes {
        notice: Duration::from_secs(10),
        patience: Duration::from_secs(1),
    };
    let mut running = Setup {
        drain,
        ..Setup::default()
    }
    .start()
    .await;
    let client = running.raw().await;
    running.shut_down();
    let not_serving = async || {
        let response: HealthCheckResponse = client.send(&check("")).await.message();
        response.status() == ServingStatus::NotServing
    };
    eventually("health says NOT_SERVING", not_serving).await;
    // Balancers need a while to notice: whoever still calls is served.
    let call = Call::to(READ_DATA).bearer(&read_token(&running.emulator));
    assert_eq!(client.send(&call).await.verdict(), "OK");
}

#[tokio::test]
async fn a_refusal_continues_the_callers_trace() {
    let running = Running::start().await;
    let call = Call::to(READ_DATA).header(
        "traceparent",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    );
    let reply = running.raw().await.send(&call).await;
    reply.assert_complete("selvedge.data.v1.DataService/ReadData");
    assert_eq!(
        reply.request_infos()[0].request_id,
        "4bf92f3577b34da6a3ce929d0e0e4736"
    );
}

pub(crate) fn check(service: &str) -> Call {
    Call::to(CHECK).message(&HealthCheckRequest {
        service: service.to_owned(),
    })
}

fn watch() -> Call {
    Call::to(WATCH)
}

/// The next status of a watch; none at its end.
async fn next_status(watch: &mut OpenCall) -> Option<ServingStatus> {
    let chunk = in_time("a status", watch.chunk()).await.unwrap()?;
    let response: HealthCheckResponse = prost::Message::decode(&chunk[5..]).unwrap();
    Some(response.status())
}
