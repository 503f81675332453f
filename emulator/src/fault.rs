//! Scripted misbehaviour of an endpoint, and the count of requests each has had.

mod broken;
mod scripted_error;

use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use http_body::Frame;
use tokio::time::{Interval, interval};
use tokio_util::sync::CancellationToken;

use crate::locked::Locked;
use broken::Broken;

pub use scripted_error::ScriptedError;

/// An endpoint that can be counted and made to fail. `Discovery` and `Jwks` mean both versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// The authorize endpoint and its pages.
    Authorize,
    /// The start of the device flow.
    DeviceCode,
    /// The OpenID configuration documents of both versions.
    Discovery,
    /// The version 1 OpenID configuration.
    DiscoveryV1,
    /// The version 2 OpenID configuration.
    DiscoveryV2,
    /// Fabric's REST API: all four kinds of its routes, each with a fault and a count of its own.
    Fabric,
    /// Fabric's items.
    FabricItems,
    /// Fabric's long-running operations and their results.
    FabricOperations,
    /// Fabric's warehouses.
    FabricWarehouses,
    /// Fabric's list of workspaces.
    FabricWorkspaces,
    /// Instance discovery.
    InstanceDiscovery,
    /// The key documents of both versions.
    Jwks,
    /// The version 1 key document.
    JwksV1,
    /// The version 2 key document.
    JwksV2,
    /// Sign-out.
    Logout,
    /// The token endpoint's On-Behalf-Of requests, which also count as [`Endpoint::Token`].
    OnBehalfOf,
    /// OneLake.
    OneLake,
    /// The item permissions of Fabric's workload-control API.
    ResolvePermissions,
    /// The token endpoint.
    Token,
    /// The user-realm probe.
    UserRealm,
}

impl Endpoint {
    /// Every endpoint, with the name that the control routes use.
    const NAMES: [(Self, &'static str); 20] = [
        (Self::Authorize, "authorize"),
        (Self::DeviceCode, "devicecode"),
        (Self::Discovery, "discovery"),
        (Self::DiscoveryV1, "discovery-v1"),
        (Self::DiscoveryV2, "discovery-v2"),
        (Self::Fabric, "fabric"),
        (Self::FabricItems, "fabric-items"),
        (Self::FabricOperations, "fabric-operations"),
        (Self::FabricWarehouses, "fabric-warehouses"),
        (Self::FabricWorkspaces, "fabric-workspaces"),
        (Self::InstanceDiscovery, "instance-discovery"),
        (Self::Jwks, "jwks"),
        (Self::JwksV1, "jwks-v1"),
        (Self::JwksV2, "jwks-v2"),
        (Self::Logout, "logout"),
        (Self::OnBehalfOf, "on-behalf-of"),
        (Self::OneLake, "onelake"),
        (Self::ResolvePermissions, "resolve-permissions"),
        (Self::Token, "token"),
        (Self::UserRealm, "userrealm"),
    ];

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(_, other)| *other == name)
            .map(|(endpoint, _)| *endpoint)
    }

    /// The routes that the endpoint stands for.
    fn routes(self) -> Vec<Self> {
        match self {
            Self::Discovery => vec![Self::DiscoveryV1, Self::DiscoveryV2],
            Self::Fabric => vec![
                Self::FabricItems,
                Self::FabricOperations,
                Self::FabricWarehouses,
                Self::FabricWorkspaces,
            ],
            Self::Jwks => vec![Self::JwksV1, Self::JwksV2],
            one => vec![one],
        }
    }
}

/// What an endpoint does instead of its work.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// Answers with this document and status.
    Answer {
        /// The status code.
        code: u16,
        /// The JSON document, or whatever else passes for one.
        body: String,
        /// Seconds for `Retry-After`.
        retry_after: Option<u64>,
    },
    /// Refuses in the authority's own form, ids and all. Other endpoints answer with the status.
    AuthorityError(ScriptedError),
    /// Answers with this body, status 200.
    Body {
        /// The bytes.
        bytes: Vec<u8>,
        /// The content type.
        content_type: String,
    },
    /// Answers with the beginning of a JSON document and breaks the connection.
    BreakOff,
    /// Demands a token with more claims, with status 401. Entra's endpoints only answer with the
    /// status.
    ClaimsChallenge {
        /// The claims request, as JSON; the header carries it in base64.
        claims: String,
    },
    /// Does its work after a pause.
    Delay(Duration),
    /// Refuses in the form of Fabric or OneLake. Entra's endpoints only answer with the status.
    ErrorCode {
        /// The status code.
        status: u16,
        /// The API's error code.
        error_code: String,
        /// Seconds for `Retry-After`.
        retry_after: Option<u64>,
    },
    /// Accepts the request and answers once the emulator stops.
    Hang,
    /// Does this to so many requests, and then nothing more.
    Next {
        /// How many requests.
        requests: u64,
        /// What it does to them.
        fault: Box<Fault>,
    },
    /// Answers with a JSON document of this many bytes that never gets to the point.
    Oversize(u64),
    /// Answers with a redirect to this address.
    RedirectTo(String),
    /// Sends a byte of a JSON document every 100 ms, and never the last.
    SlowDrip,
    /// Answers with a status and no document.
    Status {
        /// The status code.
        code: u16,
        /// Seconds for `Retry-After`.
        retry_after: Option<u64>,
    },
}

/// Scripted faults and request counts, by route.
#[derive(Debug, Default)]
pub(crate) struct Faults(Locked<HashMap<Endpoint, Entry>>);

#[derive(Debug, Default)]
struct Entry {
    fault: Option<Fault>,
    requests: u64,
}

impl Faults {
    pub(crate) fn set(&self, endpoint: Endpoint, fault: Option<&Fault>) {
        let mut entries = self.0.lock();
        for route in endpoint.routes() {
            entries.entry(route).or_default().fault = fault.cloned();
        }
    }

    pub(crate) fn requests(&self, endpoint: Endpoint) -> u64 {
        let entries = self.0.lock();
        endpoint
            .routes()
            .iter()
            .filter_map(|route| entries.get(route))
            .map(|entry| entry.requests)
            .sum()
    }

    /// Counts a request and answers with the fault it should meet.
    pub(crate) fn next(&self, route: Endpoint) -> Option<Fault> {
        let mut entries = self.0.lock();
        let entry = entries.entry(route).or_default();
        entry.requests += 1;
        match entry.fault.take() {
            Some(Fault::Next { requests, fault }) => {
                entry.fault = (requests > 1).then(|| Fault::Next {
                    requests: requests - 1,
                    fault: fault.clone(),
                });
                (requests > 0).then_some(*fault)
            }
            other => {
                entry.fault.clone_from(&other);
                other
            }
        }
    }
}

impl Fault {
    /// The faulty answer, or `None` when the endpoint may do its work after all.
    pub(crate) async fn strike(self, stopping: &CancellationToken) -> Option<Response> {
        match self {
            Self::Answer {
                code,
                body,
                retry_after,
            } => {
                let mut response = status_only(code, retry_after);
                *response.body_mut() = Body::from(body);
                response.headers_mut().insert(
                    header::CONTENT_TYPE,
                    HeaderValue::from_static("application/json; charset=utf-8"),
                );
                Some(response)
            }
            Self::AuthorityError(error) => Some(status_only(error.status, error.retry_after)),
            Self::Body {
                bytes,
                content_type,
            } => {
                let mut response = Response::new(Body::from(bytes));
                if let Ok(value) = HeaderValue::try_from(content_type) {
                    response.headers_mut().insert(header::CONTENT_TYPE, value);
                }
                Some(response)
            }
            Self::BreakOff => Some(json_body(Body::new(Broken::new()))),
            Self::ClaimsChallenge { .. } => Some(status_only(401, None)),
            Self::Delay(pause) => {
                tokio::time::sleep(pause).await;
                None
            }
            Self::ErrorCode {
                status,
                retry_after,
                ..
            } => Some(status_only(status, retry_after)),
            Self::Hang => {
                stopping.cancelled().await;
                Some(StatusCode::SERVICE_UNAVAILABLE.into_response())
            }
            // Taken apart when it was counted, and not worth nesting.
            Self::Next { .. } => None,
            Self::Oversize(bytes) => Some(endless_json(Padding {
                remaining: bytes,
                pace: None,
            })),
            Self::RedirectTo(url) => {
                let mut response = StatusCode::FOUND.into_response();
                if let Ok(value) = HeaderValue::try_from(url) {
                    response.headers_mut().insert(header::LOCATION, value);
                }
                Some(response)
            }
            Self::SlowDrip => Some(endless_json(Padding {
                remaining: u64::MAX,
                pace: Some(interval(Duration::from_millis(100))),
            })),
            Self::Status { code, retry_after } => Some(status_only(code, retry_after)),
        }
    }
}

fn status_only(code: u16, retry_after: Option<u64>) -> Response {
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = status.into_response();
    if let Some(seconds) = retry_after {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

fn endless_json(padding: Padding) -> Response {
    json_body(Body::new(padding))
}

fn json_body(body: Body) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

/// A body of white space, which is how JSON may begin: a byte at a time when it has a pace.
struct Padding {
    remaining: u64,
    pace: Option<Interval>,
}

impl http_body::Body for Padding {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        static CHUNK: [u8; 16 * 1024] = [b' '; 16 * 1024];

        let chunk = match &mut self.pace {
            Some(pace) => {
                std::task::ready!(pace.poll_tick(context));
                Bytes::from_static(b" ")
            }
            None => Bytes::from_static(&CHUNK),
        };
        if self.remaining == 0 {
            return Poll::Ready(None);
        }
        let length = usize::try_from(self.remaining)
            .unwrap_or(usize::MAX)
            .min(chunk.len());
        self.remaining -= length as u64;
        Poll::Ready(Some(Ok(Frame::data(chunk.slice(..length)))))
    }
}
