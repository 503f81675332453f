//! What has to be at a path for a write to go on (RFC 9110 section 13.1), as far as storage takes it:
//! one entity tag, or any.

use http::{HeaderMap, header};

use super::error::OneLakeError;
use super::tree::Node;

/// What has to be at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// Anything or nothing.
    Unconditional,
    /// Nothing: `If-None-Match: *`.
    Absent,
    /// Something: `If-Match: *`.
    Present,
    /// What has this entity tag, quotes and all: `If-Match: "…"`.
    Matches(String),
}

impl Condition {
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, OneLakeError> {
        match (
            headers.get(header::IF_MATCH),
            headers.get(header::IF_NONE_MATCH),
        ) {
            (None, None) => Ok(Self::Unconditional),
            (None, Some(any)) if any == "*" => Ok(Self::Absent),
            (Some(any), None) if any == "*" => Ok(Self::Present),
            (Some(etag), None) => match etag.to_str() {
                Ok(etag) => Ok(Self::Matches(etag.to_owned())),
                Err(_) => Err(OneLakeError::unsupported_header()),
            },
            _ => Err(OneLakeError::unsupported_header()),
        }
    }

    pub(super) fn holds(&self, present: Option<&Node>) -> bool {
        match (self, present) {
            (Self::Unconditional, _) | (Self::Absent, None) | (Self::Present, Some(_)) => true,
            (Self::Matches(etag), Some(node)) => *etag == node.entity_tag(),
            _ => false,
        }
    }
}
