//! Reading: a file or a range of it, and whether there is one.

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::error::OneLakeError;
use super::tree::{Kind, Node};
use super::{Target, describe};
use crate::authority::Authority;

const RESOURCE_TYPE: HeaderName = HeaderName::from_static("x-ms-resource-type");

/// `GET /{path}`.
pub(super) fn get(
    authority: &Authority,
    target: &Target,
    headers: &HeaderMap,
) -> Result<Response, OneLakeError> {
    let node = node(authority, target)?;
    let Kind::File(content) = &node.kind else {
        return Err(OneLakeError::not_a_file());
    };
    let length = content.length();
    let range = headers
        .get(header::RANGE)
        .and_then(|range| range.to_str().ok())
        .and_then(Range::parse);
    let (status, start, end) = match range {
        None => (StatusCode::OK, 0, length),
        Some(range) => {
            let (start, end) = range
                .of(length)
                .ok_or_else(|| OneLakeError::invalid_range(length))?;
            (StatusCode::PARTIAL_CONTENT, start, end)
        }
    };
    let body = Body::new(content.read(start, end - start));
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    if status == StatusCode::PARTIAL_CONTENT
        && let Ok(range) = HeaderValue::try_from(format!("bytes {start}-{}/{length}", end - 1))
    {
        headers.insert(header::CONTENT_RANGE, range);
    }
    headers.insert(header::CONTENT_LENGTH, (end - start).into());
    represent(headers, &node);
    Ok(response)
}

/// `HEAD /{path}`.
pub(super) fn head(authority: &Authority, target: &Target) -> Result<Response, OneLakeError> {
    let node = node(authority, target)?;
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, node.length().into());
    represent(headers, &node);
    Ok(response)
}

fn node(authority: &Authority, target: &Target) -> Result<Node, OneLakeError> {
    let state = authority.onelake.stored();
    let node = state.tree(&target.item)?.get(&target.path);
    node.cloned().ok_or_else(OneLakeError::path_not_found)
}

fn represent(headers: &mut HeaderMap, node: &Node) {
    let kind = if node.is_folder() {
        "directory"
    } else {
        "file"
    };
    headers.insert(RESOURCE_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    describe(headers, node);
}

/// One byte range (RFC 9110 section 14.1.2). Others are disregarded, as the section allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Range {
    From(u64),
    Between(u64, u64),
    Last(u64),
}

impl Range {
    fn parse(header: &str) -> Option<Self> {
        let (first, last) = header.strip_prefix("bytes=")?.split_once('-')?;
        match (first, last) {
            ("", last) => Some(Self::Last(last.parse().ok()?)),
            (first, "") => Some(Self::From(first.parse().ok()?)),
            (first, last) => {
                let (first, last) = (first.parse().ok()?, last.parse().ok()?);
                (first <= last).then_some(Self::Between(first, last))
            }
        }
    }

    /// The first byte and the one behind the last, of a file of that length; never an empty range.
    fn of(self, length: u64) -> Option<(u64, u64)> {
        let (start, end) = match self {
            Self::From(first) => (first, length),
            Self::Between(first, last) => (first, last.saturating_add(1).min(length)),
            Self::Last(count) => (length.saturating_sub(count), length),
        };
        (start < end).then_some((start, end))
    }
}

#[cfg(test)]
mod tests {
    use super::Range;

    #[test]
    fn a_range_is_cut_at_the_end_of_the_file() {
        let cases = [
            ("bytes=0-0", Some((0, 1))),
            ("bytes=2-", Some((2, 10))),
            ("bytes=8-99", Some((8, 10))),
            ("bytes=-3", Some((7, 10))),
            ("bytes=-99", Some((0, 10))),
            ("bytes=10-", None),
            ("bytes=-0", None),
        ];
        for (header, expected) in cases {
            assert_eq!(Range::parse(header).unwrap().of(10), expected, "{header}");
        }
    }

    #[test]
    fn what_is_no_single_range_is_disregarded() {
        for header in [
            "bytes=3-2",
            "bytes=0-1,4-5",
            "items=0-1",
            "bytes=a-b",
            "bytes=-",
        ] {
            assert_eq!(Range::parse(header), None, "{header}");
        }
    }
}
