//! OTLP as protobuf messages over HTTP.

use std::time::Duration;

use bytes::Bytes;
use prost::Message as _;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode};

use super::{ANSWER_TIMEOUT, Answer, Signal, taken};

/// The longest answer that is read: it holds a count and a sentence.
const MAX_ANSWER: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct Http {
    client: Client,
    endpoint: String,
}

impl Http {
    pub(super) fn new(endpoint: &str) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(ANSWER_TIMEOUT);
        Ok(Self {
            client: client.build()?,
            endpoint: endpoint.to_owned(),
        })
    }

    pub(super) async fn ask<S: Signal>(&self, message: Bytes) -> Answer {
        let sent = self
            .client
            .post(format!("{}{}", self.endpoint, S::PATH))
            .header(CONTENT_TYPE, "application/x-protobuf")
            .body(message)
            .send()
            .await;
        match sent {
            Ok(answer) => read::<S>(answer).await,
            Err(_) => Answer::NotNow { after: None },
        }
    }
}

/// Which answers may be tried again, as the specification of OTLP has them.
async fn read<S: Signal>(mut answer: Response) -> Answer {
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
    // One that is no message says nothing of what was left out.
    taken::<S>(S::Answer::decode(body.as_slice()).unwrap_or_default())
}
