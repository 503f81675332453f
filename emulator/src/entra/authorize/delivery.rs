//! Delivers an authorization answer by query, fragment or a form that posts itself.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::Value;

use super::request::{ReplyTo, ResponseMode};
use crate::authority::Authority;
use crate::entra::error::{AuthorityError, RequestIds};
use crate::entra::{form, pages};
use crate::random;

impl ReplyTo {
    /// Hands the client a code.
    pub(super) fn deliver(&self, code: &str, client_info: Option<&str>) -> Response {
        let session_state = random::guid();
        let mut parameters = vec![("code", code.as_bytes())];
        if let Some(client_info) = client_info {
            parameters.push(("client_info", client_info.as_bytes()));
        }
        parameters.push(("session_state", session_state.as_bytes()));
        self.send(parameters)
    }

    /// Tells the client why not.
    pub(super) fn refuse(
        &self,
        authority: &Authority,
        ids: &RequestIds,
        error: &AuthorityError,
    ) -> Response {
        let members: Vec<(&str, String)> = error
            .members(authority, ids)
            .into_iter()
            .map(|(name, value)| match value {
                Value::String(text) => (name, text),
                other => (name, other.to_string()),
            })
            .collect();
        self.send(
            members
                .iter()
                .map(|(name, value)| (*name, value.as_bytes()))
                .collect(),
        )
    }

    fn send<'a>(&'a self, mut parameters: Vec<(&'a str, &'a [u8])>) -> Response {
        if let Some(state) = &self.state {
            parameters.push(("state", state));
        }
        match self.mode {
            ResponseMode::Query => {
                let separator = if self.uri.contains('?') { '&' } else { '?' };
                redirect(&format!(
                    "{}{separator}{}",
                    self.uri,
                    form::encode(parameters)
                ))
            }
            ResponseMode::Fragment => {
                redirect(&format!("{}#{}", self.uri, form::encode(parameters)))
            }
            ResponseMode::FormPost => pages::form_post(&self.uri, &parameters),
        }
    }
}

fn redirect(location: &str) -> Response {
    match HeaderValue::try_from(location) {
        Ok(location) => (StatusCode::FOUND, [(header::LOCATION, location)]).into_response(),
        Err(_) => pages::refusal(&AuthorityError::redirect_mismatch().sentence()),
    }
}
