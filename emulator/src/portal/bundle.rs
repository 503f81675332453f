//! The portal's built pages, which are part of the binary: running it takes no Node.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "portal/dist"]
struct Bundle;

/// A file of the bundle by its name; 404 when there is none.
pub(super) fn file(name: &str) -> Response {
    let Some(file) = Bundle::get(name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kind = HeaderValue::try_from(file.metadata.mimetype())
        .unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"));
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
    ];
    (headers, file.data.into_owned()).into_response()
}
