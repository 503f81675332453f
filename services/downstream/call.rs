//! One call of a downstream API: what is sent, and what is made of the answer.

use std::sync::Arc;

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response, StatusCode, Url};
use serde::de::DeserializeOwned;

use super::credentials::Scheme;
use super::error::{DownstreamError, FailedCall};
use super::failure;
use crate::exchange::Scopes;

/// All but the characters that mean themselves everywhere (RFC 3986 section 2.3).
const QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What is sent.
pub(super) struct Call {
    /// The resource that is called, as scopes name it.
    pub(super) resource: &'static str,
    pub(super) scopes: Arc<Scopes>,
    pub(super) scheme: Scheme,
    pub(super) method: Method,
    pub(super) url: Url,
    /// The path with names in place of ids, for telemetry.
    pub(super) template: &'static str,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The status of success.
    pub(super) expected: &'static [StatusCode],
    /// Whether doing it twice does no more than doing it once.
    pub(super) repeatable: bool,
    /// Whether the answer's body is left to be read as it comes.
    pub(super) streamed: bool,
}

impl Call {
    /// A read, with the user's token, that answers 200.
    pub(super) fn get(
        resource: &'static str,
        scopes: &Arc<Scopes>,
        url: Url,
        template: &'static str,
    ) -> Self {
        Self {
            resource,
            scopes: Arc::clone(scopes),
            scheme: Scheme::Bearer,
            method: Method::GET,
            url,
            template,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            expected: &[StatusCode::OK],
            repeatable: true,
            streamed: false,
        }
    }

    pub(super) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    pub(super) fn with_json(self, body: Vec<u8>) -> Self {
        let json = HeaderValue::from_static("application/json");
        let mut call = self.with_header(CONTENT_TYPE, json);
        call.body = body.into();
        call
    }
}

/// An address below `base`. Each segment becomes one segment, whatever is in it.
pub(super) fn address<'s>(base: &Url, segments: impl IntoIterator<Item = &'s str>) -> Url {
    let mut url = base.clone();
    // An `https` URL always has segments.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

/// The address with a query. A space is `%20`: not every API reads `+` as one.
pub(super) fn with_query(mut url: Url, parameters: &[(&str, &str)]) -> Url {
    let pairs: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, QUERY_VALUE)))
        .collect();
    if !pairs.is_empty() {
        url.set_query(Some(&pairs.join("&")));
    }
    url
}

/// A successful answer.
pub(super) struct Answer {
    pub(super) resource: &'static str,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// The body; empty where it is left to be read as it comes.
    pub(super) body: Vec<u8>,
    /// What is left to be read.
    pub(super) rest: Option<Response>,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The entity tag of what was read or written.
    pub(super) fn etag(&self) -> Result<HeaderValue, DownstreamError> {
        let etag = self.headers.get(ETAG);
        etag.cloned().ok_or_else(|| self.makes_no_sense())
    }

    /// The document that was asked for.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, DownstreamError> {
        serde_json::from_slice(&self.body).map_err(|_| self.makes_no_sense())
    }

    pub(super) fn makes_no_sense(&self) -> DownstreamError {
        DownstreamError::ResponseInvalid(self.call())
    }

    /// What is known of the call, should what it began fail.
    pub(super) fn call(&self) -> FailedCall {
        failure::failed_call(self.resource, &self.headers, &[])
    }
}

#[cfg(test)]
mod tests {
    use super::{address, with_query};

    #[test]
    fn a_segment_stays_one_segment_below_the_configured_base() {
        for base in ["https://fabric.example/v1", "https://fabric.example/v1/"] {
            let base = base.parse().unwrap();
            let url = address(&base, ["a/b", "c?d#e", "%2e%2e", "f\\g", "\u{e9} h;i=j"]);
            assert_eq!(
                url.as_str(),
                "https://fabric.example/v1/a%2Fb/c%3Fd%23e/%252e%252e/f%5Cg/%C3%A9%20h;i=j"
            );
        }
    }

    #[test]
    fn a_value_adds_no_parameter() {
        let base = "https://onelake.example/".parse().unwrap();
        let url = with_query(base, &[("directory", "a b&recursive=true/+\u{e9}#")]);
        assert_eq!(
            url.query(),
            Some("directory=a%20b%26recursive%3Dtrue%2F%2B%C3%A9%23")
        );
    }
}
