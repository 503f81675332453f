//! OTLP as protobuf messages over HTTP.

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message as _;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode};

use super::{ANSWER_TIMEOUT, Answer, rejected};

/// The longest answer that is read: it holds a count and a sentence.
const MAX_ANSWER: usize = 64 * 1024;

pub(super) struct Http {
    client: Client,
    url: String,
}

impl Http {
    pub(super) fn new(endpoint: &str) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(ANSWER_TIMEOUT);
        Ok(Self {
            client: client.build()?,
            url: format!("{endpoint}/v1/traces"),
        })
    }

    pub(super) async fn ask(&self, request: &ExportTraceServiceRequest) -> Answer {
        let Ok(body) = compressed(&request.encode_to_vec()) else {
            return Answer::Refused;
        };
        let sent = self
            .client
            .post(&self.url)
            .header(CONTENT_TYPE, "application/x-protobuf")
            .header(CONTENT_ENCODING, "gzip")
            .body(body)
            .send()
            .await;
        match sent {
            Ok(answer) => read(answer).await,
            Err(_) => Answer::NotNow { after: None },
        }
    }
}

/// Which answers may be tried again, as the specification of OTLP has them.
async fn read(mut answer: Response) -> Answer {
    match answer.status() {
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => {
            let after = answer.headers().get(RETRY_AFTER);
            let seconds = after.and_then(|after| after.to_str().ok()?.trim().parse().ok());
            return Answer::NotNow {
                after: seconds.map(Duration::from_secs),
            };
        }
        status if !status.is_success() => return Answer::Refused,
        _ => {}
    }
    let mut body = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= MAX_ANSWER => {
                body.extend_from_slice(&chunk);
            }
            Ok(None) => break,
            // It took the request; what it had to say of that is too long, or broke off.
            Ok(Some(_)) | Err(_) => return Answer::Taken { rejected: 0 },
        }
    }
    let partial = ExportTraceServiceResponse::decode(body.as_slice())
        .ok()
        .and_then(|answer| answer.partial_success);
    let spans = partial.map_or(0, |partial| partial.rejected_spans);
    Answer::Taken {
        rejected: rejected(spans),
    }
}

fn compressed(message: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(message)?;
    encoder.finish()
}
