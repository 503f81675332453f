//! Sign-out: ends the browser's session and returns to a page the application registered.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::form::{self, Form};
use super::{pages, session};
use crate::authority::Authority;

/// `GET` and `POST /{tenant}/oauth2/v2.0/logout`.
pub(super) async fn logout(
    State(authority): State<Arc<Authority>>,
    Path(_): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = Form::parse(query.unwrap_or_default().as_bytes()).and(Form::parse(&body));
    session::forget(&authority, &headers);
    let mut response = destination(&authority, &form)
        .map(|location| (StatusCode::FOUND, [(header::LOCATION, location)]).into_response())
        .unwrap_or_else(|| pages::message("Signed out", "You signed out of your account."));
    session::clear_cookie(&mut response);
    response
}

/// Only a registered address: sign-out must not send people just anywhere.
fn destination(authority: &Authority, form: &Form) -> Option<HeaderValue> {
    let uri = form.text("post_logout_redirect_uri").filter(|uri| {
        authority
            .directory
            .apps()
            .iter()
            .any(|app| app.redirect_kind(uri).is_some())
    })?;
    let location = match form.bytes("state") {
        Some(state) => {
            let separator = if uri.contains('?') { '&' } else { '?' };
            format!("{uri}{separator}{}", form::encode([("state", &state[..])]))
        }
        None => uri.to_owned(),
    };
    HeaderValue::try_from(location).ok()
}
