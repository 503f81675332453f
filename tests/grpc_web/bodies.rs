//! Bodies of requests: cut and padded anywhere, and broken in every way.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::StatusCode;
use selvedge::contracts::data::v1::{ReadDataRequest, ReadDataResponse};

use crate::support::web::{self, Form, Http, WAYS};
use crate::support::{Call, READ_DATA, Reply, Running, read_token};

const BOTH: [Http; 2] = [Http::One, Http::Two];

/// A call of a user whose answer shows that the message was read.
fn call(running: &Running) -> Call {
    let request = ReadDataRequest {
        page_size: 7,
        ..ReadDataRequest::default()
    };
    Call::to(READ_DATA)
        .bearer(&read_token(&running.emulator))
        .message(&request)
}

/// What the service answers to a body that comes in these pieces.
async fn answer(running: &Running, form: Form, http: Http, pieces: &[Bytes]) -> Reply {
    let call = web::call(&call(running), form);
    let reply = web::send_pieces(running.address, http, &call, pieces).await;
    assert_eq!(reply.status, StatusCode::OK);
    web::reply(&reply)
}

#[tokio::test]
async fn a_call_is_answered_in_its_own_form() {
    let running = Running::start().await;
    for way in WAYS {
        let reply = super::send(&running, way, &call(&running)).await;
        let _: ReadDataResponse = reply.message();
        assert_eq!(reply.headers["content-type"], way.0.media_type());
    }
}

#[tokio::test]
async fn the_answers_form_is_what_the_caller_accepts() {
    let running = Running::start().await;
    for (sent, accept, answered) in [
        (Form::Text, "application/grpc-web", Form::Binary),
        (Form::Binary, "application/grpc-web-text", Form::Text),
        (Form::Text, "*/*", Form::Text),
    ] {
        let call = web::call(&call(&running), sent)
            .without_header("accept")
            .header("accept", accept);
        let reply = web::send(running.address, Http::One, &call).await;
        assert_eq!(reply.headers["content-type"], answered.media_type());
        assert_eq!(web::reply(&reply).verdict(), "OK");
    }
}

#[tokio::test]
pub(crate) async fn text_may_be_padded_and_cut_anywhere() {
    let running = Running::start().await;
    let frame = call(&running).body;
    let whole = STANDARD.encode(&frame);
    // Flushed after every byte, and after every second.
    for part in [1, 2] {
        let padded: String = frame
            .chunks(part)
            .map(|part| STANDARD.encode(part))
            .collect();
        assert!(padded[..padded.len() - 4].contains('='));
        for text in [&whole, &padded] {
            for cut in 1..6 {
                let pieces = text.as_bytes().chunks(cut).map(Bytes::copy_from_slice);
                let pieces: Vec<Bytes> = pieces.collect();
                for http in BOTH {
                    let reply = answer(&running, Form::Text, http, &pieces).await;
                    assert_eq!(reply.verdict(), "OK", "{part} {cut} {http:?}");
                }
            }
        }
    }
}

#[tokio::test]
pub(crate) async fn a_body_that_is_no_base64_is_malformed() {
    let running = Running::start().await;
    let whole = STANDARD.encode(call(&running).body);
    let url_safe = format!("{}-_{}", &whole[..4], &whole[6..]);
    let bodies = [
        format!("!{}", &whole[1..]),
        format!("{whole}\n"),
        format!(" {whole}"),
        url_safe,
        whole[..whole.len() - 1].to_owned(),
        whole[..whole.len() - 2].to_owned(),
        format!("{whole}A"),
        format!("{whole}===="),
        "AAAAAAA".to_owned(),
    ];
    for body in bodies {
        assert_malformed(&running, Form::Text, &[Bytes::from(body)]).await;
    }
    assert_eq!(running.store.calls(), 0, "no handler is entered");
}

#[tokio::test]
pub(crate) async fn a_request_is_whole_messages_and_nothing_else() {
    let running = Running::start().await;
    let message = call(&running).body;
    let trailers = Bytes::from_static(b"\x80\0\0\0\x11authorization: x\r\n");
    let compressed_trailers = Bytes::from_static(b"\x81\0\0\0\x11authorization: x\r\n");
    for frames in [
        vec![trailers.clone()],
        vec![message.clone(), trailers],
        vec![compressed_trailers.clone()],
        vec![message.clone(), compressed_trailers],
        vec![Bytes::from_static(b"\x01\0\0\0\0")],
        vec![Bytes::from_static(b"\x7f\0\0\0\0")],
        vec![message.slice(..message.len() - 1)],
        vec![message.slice(..3)],
        vec![message.clone(), message.slice(..5)],
        vec![],
    ] {
        for form in web::FORMS {
            let pieces: Vec<Bytes> = frames.iter().map(|frame| form.write(frame)).collect();
            assert_malformed(&running, form, &pieces).await;
        }
    }
    assert_eq!(running.store.calls(), 0, "no handler is entered");
}

#[tokio::test]
async fn no_header_makes_compressed_messages_acceptable() {
    let running = Running::start().await;
    for (encoding, verdict) in [
        ("gzip", "INVALID_ARGUMENT PAYLOAD_MALFORMED"),
        ("snappy", "UNIMPLEMENTED PAYLOAD_ENCODING_UNSUPPORTED"),
    ] {
        let mut call = call(&running)
            .header("grpc-encoding", encoding)
            .header("grpc-accept-encoding", "gzip");
        call.body = Bytes::from_static(b"\x01\0\0\0\0");
        for way in WAYS {
            let reply = super::send(&running, way, &call).await;
            assert_eq!(reply.verdict(), verdict);
        }
    }
}

/// Holds the refusal to be complete, and to be headers and nothing else.
async fn assert_malformed(running: &Running, form: Form, pieces: &[Bytes]) {
    for http in BOTH {
        let reply = answer(running, form, http, pieces).await;
        assert_eq!(
            reply.verdict(),
            "INVALID_ARGUMENT PAYLOAD_MALFORMED",
            "{form:?} {http:?} {pieces:?}"
        );
        reply.assert_complete("selvedge.data.v1.DataService/ReadData");
        assert!(reply.trailers.is_empty() && reply.body.is_empty());
    }
}
