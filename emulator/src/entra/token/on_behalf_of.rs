//! `grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer`, the On-Behalf-Of exchange: a middle
//! tier trades a user's token for one of a resource further on.
//!
//! What the user proved at sign-in goes along: the new token is as good as the old one was, and a
//! policy of the resource may well want more than that.

use super::TokenCall;
use super::reply::{Reply, Signed};
use crate::directory::TenantSegment;
use crate::entra::error::AuthorityError;
use crate::entra::scope::{self, Asked};
use crate::entra::{conditional_access, user_assertion};
use crate::tokens::ClientAuthentication;

pub(super) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

pub(super) fn exchange(call: &TokenCall<'_>) -> Result<Reply, AuthorityError> {
    if call.form.require("requested_token_use")? != "on_behalf_of" {
        return Err(AuthorityError::unsupported_parameter("requested_token_use"));
    }
    let TenantSegment::One(tenant) = call.segment else {
        return Err(AuthorityError::tenant_needed_for_user());
    };
    if call.client.authentication == ClientAuthentication::Public {
        return Err(AuthorityError::credential_needed());
    }
    let assertion = call.form.require("assertion")?;
    let user = user_assertion::verify(call.authority, call.client.app, tenant, assertion)?;
    call.authority.exchanges.count(&user.account.upn);

    let scope = scope::of_form(call.form);
    if scope.is_empty() {
        return Err(AuthorityError::missing_parameter("scope"));
    }
    let asked = Asked::parse(&call.authority.directory, &scope)?
        .of_one_resource()?
        .of_known_names()
        .map_err(|_| AuthorityError::malformed_scope())?;
    if !asked.names_a_resource() {
        return Err(AuthorityError::malformed_scope());
    }
    conditional_access::check_contexts(&call.claims.contexts, &user.proven)?;
    Reply::for_account(
        call,
        &Signed {
            account: &user.account,
            tenant: &tenant.id,
            scope: &scope,
            proven: &user.proven,
            for_spa: false,
            nonce: None,
        },
    )
}
