//! `grant_type=client_credentials`: an application's own token, with its application roles.

use super::TokenCall;
use super::reply::{Reply, lifetime};
use crate::directory::TenantSegment;
use crate::entra::error::AuthorityError;
use crate::entra::scope::{self, Asked};
use crate::tokens::{ClientAuthentication, TokenRequest};

pub(super) fn issue(call: &TokenCall<'_>) -> Result<Reply, AuthorityError> {
    let directory = &call.authority.directory;
    let TenantSegment::One(tenant) = call.segment else {
        return Err(AuthorityError::tenant_needed());
    };
    if call.client.authentication == ClientAuthentication::Public {
        return Err(AuthorityError::credential_needed());
    }
    let scope = scope::of_form(call.form);
    let asked = Asked::parse(directory, &scope)?;
    if !asked.is_default_only() {
        return Err(AuthorityError::default_scope_needed());
    }
    let request = TokenRequest::app_only(&call.client.app.client_id, &asked.resource.client_id)
        .tenant(&tenant.id)
        .roles(directory.assigned_roles(call.client.app, asked.resource))
        .authentication(call.client.authentication)
        .xms_cc(call.claims.capabilities.clone());
    let expires_in = lifetime(&request);
    Ok(Reply::bare(call.authority.issue(&request), expires_in))
}
