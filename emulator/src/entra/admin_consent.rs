//! An administrator's consent: what a registration asks for, granted to it for a whole tenant.
//!
//! Whoever is at the page counts as the tenant's administrator: the emulator has no other.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::error::{AuthorityError, RequestIds};
use super::form::{self, Form};
use super::issued::PAGE_LIFETIME;
use super::scope::Asked;
use super::{client, pages, session};
use crate::authority::Authority;
use crate::directory::{App, GrantedFor, TenantSegment};
use crate::random;

/// A request that waits for the administrator.
#[derive(Clone, Debug)]
pub(crate) struct AdminConsent {
    client_id: String,
    /// Tenant id.
    tenant: String,
    redirect_uri: Option<String>,
    /// Returned byte for byte.
    state: Option<Bytes>,
    /// Scopes by the client ids of their resources.
    permissions: Vec<(String, Vec<String>)>,
}

/// `GET /{tenant}/adminconsent` and `GET /{tenant}/v2.0/adminconsent`.
pub(super) async fn ask(
    State(authority): State<Arc<Authority>>,
    Path(tenant): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let form = Form::parse(query.unwrap_or_default().as_bytes());
    match AdminConsent::parse(&authority, &tenant, &form) {
        Ok(request) => page(&authority, request),
        Err(error) => pages::refusal(&error.sentence()),
    }
}

/// `POST` to the same: the page's form.
pub(super) async fn answer(
    State(authority): State<Arc<Authority>>,
    Path(_): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !session::is_own_page(&authority, &headers) {
        return pages::refusal("This form belongs to the consent page of the emulator.");
    }
    let form = Form::parse(&body);
    let now = authority.clock.now();
    let Some(request) = form
        .text("ctx")
        .and_then(|context| authority.issued.admin_consents.take(context, now))
    else {
        return pages::refusal("This page has ended. Open the consent link again.");
    };
    if form.text("action") != Some("accept") {
        return request.declined(&authority, &RequestIds::of(&headers, None));
    }
    request.grant(&authority);
    request.accepted()
}

fn page(authority: &Authority, request: AdminConsent) -> Response {
    let directory = &authority.directory;
    let name = |client_id: &str| {
        directory
            .app(client_id)
            .map_or("an application", |app| app.name.as_str())
    };
    let context = random::token();
    let permissions: Vec<pages::Permission<'_>> = request
        .permissions
        .iter()
        .map(|(resource, scopes)| pages::Permission {
            resource: name(resource),
            scopes,
            middle_tier: None,
        })
        .collect();
    let everybody = directory
        .tenant(&request.tenant)
        .map_or_else(String::new, |tenant| {
            format!("everybody at {}", tenant.name)
        });
    let page = pages::consent(&pages::Consent {
        id: "admin-consent",
        app: name(&request.client_id),
        who: &everybody,
        action: &format!("/{}/adminconsent", request.tenant),
        context: &context,
        permissions: &permissions,
    });
    let expires_at = authority.clock.now().saturating_add(PAGE_LIFETIME);
    let waiting = &authority.issued.admin_consents;
    waiting.insert(context, request, expires_at);
    page
}

impl AdminConsent {
    fn parse(authority: &Authority, tenant: &str, form: &Form) -> Result<Self, AuthorityError> {
        form.refuse_repeated(&["client_id", "redirect_uri", "scope", "state"])?;
        let segment = authority
            .directory
            .tenant_segment(tenant)
            .ok_or_else(AuthorityError::unknown_tenant)?;
        let TenantSegment::One(tenant) = segment else {
            return Err(AuthorityError::tenant_needed());
        };
        let app = client::known(authority, segment, form.require("client_id")?)?;
        let redirect_uri = form.text("redirect_uri");
        if redirect_uri.is_some_and(|uri| app.redirect_kind(uri).is_none()) {
            return Err(AuthorityError::redirect_mismatch());
        }
        let permissions = match form.text("scope") {
            Some(scope) => asked(authority, app, scope)?,
            None => app
                .permissions
                .iter()
                .map(|permission| (permission.resource.clone(), permission.scopes.clone()))
                .collect(),
        };
        Ok(Self {
            client_id: app.client_id.clone(),
            tenant: tenant.id.clone(),
            redirect_uri: redirect_uri.map(str::to_owned),
            state: form.bytes("state").cloned(),
            permissions,
        })
    }

    fn grant(&self, authority: &Authority) {
        let directory = &authority.directory;
        let Some(app) = directory.app(&self.client_id) else {
            return;
        };
        let granted_for = GrantedFor::Tenant(self.tenant.clone());
        for (resource, scopes) in &self.permissions {
            if let Some(resource) = directory.app(resource) {
                directory.consent(app, &[(resource, scopes.clone())], &granted_for);
            }
        }
    }

    fn accepted(&self) -> Response {
        self.reply(&[], "The permissions were granted.")
    }

    fn declined(&self, authority: &Authority, ids: &RequestIds) -> Response {
        let members: Vec<(&str, String)> = AuthorityError::cancelled()
            .members(authority, ids)
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())))
            .filter(|(name, _)| ["error", "error_description"].contains(name))
            .collect();
        self.reply(&members, "The permissions were not granted.")
    }

    /// Back to the application, or a page when it named no address.
    fn reply(&self, members: &[(&str, String)], text: &str) -> Response {
        let Some(uri) = &self.redirect_uri else {
            return pages::message("Permissions", text);
        };
        let mut parameters: Vec<(&str, &[u8])> = vec![
            ("admin_consent", b"True"),
            ("tenant", self.tenant.as_bytes()),
        ];
        parameters.extend(
            members
                .iter()
                .map(|(name, value)| (*name, value.as_bytes())),
        );
        if let Some(state) = &self.state {
            parameters.push(("state", state));
        }
        let separator = if uri.contains('?') { '&' } else { '?' };
        let location = format!("{uri}{separator}{}", form::encode(parameters));
        match HeaderValue::try_from(location) {
            Ok(location) => (StatusCode::FOUND, [(header::LOCATION, location)]).into_response(),
            Err(_) => pages::refusal(&AuthorityError::redirect_mismatch().sentence()),
        }
    }
}

/// The scopes asked for, where `.default` means what the registration lists.
fn asked(
    authority: &Authority,
    app: &App,
    scope: &str,
) -> Result<Vec<(String, Vec<String>)>, AuthorityError> {
    let asked = Asked::parse(&authority.directory, scope)?.of_known_names()?;
    Ok(asked
        .in_full(app)
        .into_iter()
        .map(|(resource, scopes)| (resource.client_id.clone(), scopes.into_iter().collect()))
        .collect())
}
