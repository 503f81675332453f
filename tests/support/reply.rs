//! An answer as it came off the wire, and what it says.

use std::collections::HashSet;

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::{HeaderMap, StatusCode};
use prost::Message;
use selvedge::contracts::refusal::v1::AuthChallenge;
use selvedge::refusal::code_name;
use tonic_types::pb;

/// Head, body and trailers of one answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) trailers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// What an answer comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// HTTP's own refusal: no gRPC status.
    Http(StatusCode),
    /// A gRPC status.
    Grpc(tonic::Code),
    /// Neither, so far.
    Unfinished,
}

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Reply {
    pub(crate) fn new(status: StatusCode, headers: HeaderMap) -> Self {
        Self {
            status,
            headers,
            trailers: HeaderMap::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn outcome(&self) -> Outcome {
        let status = self
            .metadata("grpc-status")
            .map(|value| value.parse::<i32>().unwrap());
        match status {
            Some(code) => Outcome::Grpc(tonic::Code::from(code)),
            None if self.status != StatusCode::OK => Outcome::Http(self.status),
            None => Outcome::Unfinished,
        }
    }

    /// The outcome as a case states it: `OK`, `UNAUTHENTICATED TOKEN_EXPIRED` or `HTTP 415`.
    pub(crate) fn verdict(&self) -> String {
        match self.outcome() {
            Outcome::Http(status) => format!("HTTP {}", status.as_u16()),
            Outcome::Unfinished => "no status".to_owned(),
            Outcome::Grpc(tonic::Code::Ok) => "OK".to_owned(),
            Outcome::Grpc(code) => match self.error_info() {
                None => format!("{} without a reason", code_name(code)),
                Some(info) => format!("{} {}", code_name(code), info.reason),
            },
        }
    }

    /// A value of the trailers, or of the head where that is all there is.
    pub(crate) fn metadata(&self, name: &str) -> Option<&str> {
        let value = self.trailers.get(name).or_else(|| self.headers.get(name))?;
        Some(value.to_str().unwrap())
    }

    pub(crate) fn challenge_header(&self) -> Option<&str> {
        self.metadata("www-authenticate")
    }

    /// `google.rpc.Status`, where the answer carries one.
    pub(crate) fn rich_status(&self) -> Option<pb::Status> {
        let details = LENIENT
            .decode(self.metadata("grpc-status-details-bin")?)
            .unwrap();
        Some(pb::Status::decode(details.as_slice()).unwrap())
    }

    /// Every detail of this type.
    pub(crate) fn details<T: Message + Default>(&self, full_name: &str) -> Vec<T> {
        let url = format!("type.googleapis.com/{full_name}");
        let status = self.rich_status().unwrap_or_default();
        let details = status
            .details
            .iter()
            .filter(|detail| detail.type_url == url);
        details
            .map(|detail| T::decode(detail.value.as_slice()).unwrap())
            .collect()
    }

    pub(crate) fn error_info(&self) -> Option<pb::ErrorInfo> {
        let mut infos = self.details::<pb::ErrorInfo>("google.rpc.ErrorInfo");
        assert!(infos.len() <= 1, "more than one ErrorInfo");
        infos.pop()
    }

    pub(crate) fn request_infos(&self) -> Vec<pb::RequestInfo> {
        self.details("google.rpc.RequestInfo")
    }

    pub(crate) fn retry_info(&self) -> Option<pb::RetryInfo> {
        self.details("google.rpc.RetryInfo").pop()
    }

    pub(crate) fn auth_challenge(&self) -> Option<AuthChallenge> {
        self.details("selvedge.refusal.v1.AuthChallenge").pop()
    }

    /// The one message of a unary answer.
    pub(crate) fn message<T: Message + Default>(&self) -> T {
        assert_eq!(self.verdict(), "OK");
        let message = self.body.get(5..).expect("a message frame");
        T::decode(message).unwrap()
    }

    /// What every refusal carries: a reason of our domain, the method, and one trace id in two
    /// places.
    pub(crate) fn assert_complete(&self, method: &str) {
        let info = self
            .error_info()
            .unwrap_or_else(|| panic!("no ErrorInfo: {self:?}"));
        assert_eq!(info.domain, "selvedge");
        assert_eq!(
            info.metadata.get("method").map(String::as_str),
            Some(method)
        );
        let trace_id = info.metadata.get("traceId").expect("a trace id");
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        assert!(
            trace_id.len() == 32 && trace_id.bytes().all(is_hex),
            "{trace_id}"
        );
        let requests = self.request_infos();
        assert_eq!(requests.len(), 1, "one RequestInfo");
        assert_eq!(&requests[0].request_id, trace_id);
        let status = self.rich_status().unwrap();
        assert_eq!(
            Outcome::Grpc(tonic::Code::from(status.code)),
            self.outcome()
        );
    }

    /// Everything that was received, encoded parts also as what they decode to.
    pub(crate) fn received(&self) -> Vec<Vec<u8>> {
        let mut parts = vec![self.body.clone()];
        for (name, value) in self.headers.iter().chain(&self.trailers) {
            let decoded = LENIENT.decode(value.as_bytes());
            // What is base64 of its own looks like base64 of a token that says the same: of binary
            // metadata the content counts.
            if !name.as_str().ends_with("-bin") {
                parts.push(value.as_bytes().to_vec());
            }
            parts.extend(decoded);
        }
        parts
    }

    /// Whether any 16 bytes in a row of `secret` are anywhere in the answer.
    pub(crate) fn quotes(&self, secret: &[u8]) -> bool {
        let windows: HashSet<&[u8]> = secret.windows(16).collect();
        self.received()
            .iter()
            .any(|part| part.windows(16).any(|window| windows.contains(window)))
    }
}
