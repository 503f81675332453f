//! A request of another face as a gRPC request: what it keeps of its headers, and what gRPC demands.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version, header};
use tonic::body::Body;

use crate::telemetry::trace_context::OtherFace;

/// What belongs to the one connection or to the HTTP message (RFC 9110 section 7.6.1), speaks of a
/// body that the service never sees, or is gRPC's own. Cookies are among them: a browser sends them
/// unasked, and no call is anybody's because of one.
static NOT_FORWARDED: [HeaderName; 21] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::HOST,
    header::EXPECT,
    header::RANGE,
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::COOKIE,
    // Whoever cannot speak gRPC itself does not unfold its messages either.
    HeaderName::from_static("grpc-accept-encoding"),
    HeaderName::from_static("grpc-status"),
    HeaderName::from_static("grpc-message"),
];

/// `request` as a gRPC request for `uri`, with its end-to-end headers.
pub(super) fn grpc(request: Request<Body>, uri: Uri) -> Request<Body> {
    let (mut parts, body) = request.into_parts();
    parts.method = Method::POST;
    parts.version = Version::HTTP_2;
    parts.uri = uri;
    parts.extensions.get_or_insert_default::<OtherFace>();
    strip(&mut parts.headers);
    let headers = &mut parts.headers;
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/grpc"),
    );
    headers.insert(header::TE, HeaderValue::from_static("trailers"));
    Request::from_parts(parts, body)
}

fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&NOT_FORWARDED) {
        headers.remove(name);
    }
}
