//! What the gRPC adapters of every plane do alike: read a field, name the caller, refuse.

use std::ops::RangeInclusive;

use auth_interceptor::{AuthError, Caller, Claims, UnixSeconds};
use tonic::metadata::MetadataMap;
use tonic::{Request, Status};
use uuid::Uuid;

use crate::downstream::DownstreamError;
use crate::exchange::{ExchangeError, Freshness};
use crate::guid;
use crate::refusal::Refusal;
use crate::store::{Etag, StoreError};

/// Why a request fails once its caller is let through.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// A field of the request is not acceptable.
    #[error("the field {field} is invalid")]
    Field {
        /// The field's path in the request, such as `rows[3].json`.
        field: String,
        /// What it has to be: the description of its violation.
        expected: &'static str,
    },
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no downstream token.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// Fabric or OneLake could not do it.
    #[error(transparent)]
    Downstream(#[from] DownstreamError),
    /// The caller is not one that the method can serve.
    #[error(transparent)]
    Authentication(#[from] AuthError),
    /// There is no such item in the caller's tenant, or it has been deleted.
    #[error("the item does not exist")]
    ItemNotFound {
        /// The item.
        item_id: Uuid,
    },
    /// The id is another item's, or a deleted one's.
    #[error("the item's id is taken")]
    ItemExists {
        /// The item.
        item_id: Uuid,
    },
    /// Nobody has said where Fabric's calls are to go.
    #[error("no endpoint is configured for the tenant's region")]
    EndpointNotConfigured,
}

impl CallError {
    pub(crate) fn field(field: impl Into<String>, expected: &'static str) -> Self {
        Self::Field {
            field: field.into(),
            expected,
        }
    }
}

/// The way out for every failure of a handler: one refusal.
pub(crate) fn status(error: impl Into<Refusal>) -> Status {
    error.into().into()
}

/// The verified claims of the user who calls, whose data a request is about.
pub(crate) fn user<T>(request: &Request<T>) -> Result<&Claims, Status> {
    Caller::of(request)
        .and_then(Caller::user)
        .map_err(|error| status(&error))
}

/// Whether a text has so many characters. None may be NUL, which PostgreSQL keeps in no text.
pub(crate) fn is_text(text: &str, characters: RangeInclusive<usize>) -> bool {
    characters.contains(&text.chars().count()) && !text.contains('\0')
}

/// A name, as long as Fabric's may be.
pub(crate) fn name(text: String, field: &'static str) -> Result<String, CallError> {
    let expected = "must be 1 to 256 characters without NUL";
    text_of(text, 1..=256, field, expected)
}

/// What something that has a name is for.
pub(crate) fn description(text: String, field: &'static str) -> Result<String, CallError> {
    let expected = "must be at most 4,096 characters without NUL";
    text_of(text, 0..=4_096, field, expected)
}

fn text_of(
    text: String,
    characters: RangeInclusive<usize>,
    field: &'static str,
    expected: &'static str,
) -> Result<String, CallError> {
    if is_text(&text, characters) {
        Ok(text)
    } else {
        Err(CallError::field(field, expected))
    }
}

/// An id in the one form the service gives out.
pub(crate) fn guid(text: &str, field: &'static str) -> Result<Uuid, CallError> {
    guid::read(text).ok_or_else(|| CallError::field(field, "must be a GUID"))
}

/// An etag as a caller repeats it; empty: any.
pub(crate) fn etag(text: &str) -> Option<Etag> {
    (!text.is_empty()).then(|| Etag::parse(text))
}

/// What a call may be answered from memory where its handler exchanges: `selvedge-retry: 1` says
/// that the user has acted since a refusal.
pub(crate) fn freshness(metadata: &MetadataMap) -> Freshness {
    match metadata.get("selvedge-retry") {
        Some(value) if value == "1" => Freshness::Retry,
        _ => Freshness::Remembered,
    }
}

/// A time on the wire.
pub(crate) fn timestamp(seconds: UnixSeconds) -> Option<prost_types::Timestamp> {
    let seconds = i64::try_from(seconds).ok()?;
    Some(prost_types::Timestamp { seconds, nanos: 0 })
}
