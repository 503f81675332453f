//! The gRPC-web face and CORS, met as a page in a browser meets them: over HTTP/1.1 and HTTP/2, in
//! binary and in text, from origins that are listed and from others.

pub(crate) mod bodies;
pub(crate) mod cancellation;
pub(crate) mod cors;
pub(crate) mod foreign_client;
pub(crate) mod refusals;
mod streams;
mod tls;

use http::Method;

use crate::support::web::{self, Form, Http};
use crate::support::{Call, Reply, Running};

/// Sends a gRPC call as a page does, its body in one piece.
async fn send(running: &Running, (form, http): (Form, Http), call: &Call) -> Reply {
    let call = web::call(call, form);
    web::reply(&web::send(running.address, http, &call).await)
}

/// A request without a body, and with no header but these.
fn bare(method: Method, path: &str, headers: &[(&str, &str)]) -> Call {
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()));
    Call {
        method,
        headers: headers.collect(),
        body: bytes::Bytes::new(),
        ..Call::to(path)
    }
}
