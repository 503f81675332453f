//! `grant_type=refresh_token`: for the same user, any resource and any tenant that knows them.
//!
//! As in Entra, a refresh token is replaced in the reply but the old one keeps working.

use super::TokenCall;
use super::reply::{Reply, Signed};
use crate::directory::TenantSegment;
use crate::entra::error::AuthorityError;

pub(super) fn redeem(call: &TokenCall<'_>) -> Result<Reply, AuthorityError> {
    let now = call.authority.clock.now();
    let presented = call.form.require("refresh_token")?;
    let token = call
        .authority
        .issued
        .refresh_tokens
        .change(presented, now, |token, alive| (token.clone(), alive));
    let token = match token {
        None => return Err(AuthorityError::invalid_code()),
        Some((_, false)) => return Err(AuthorityError::expired_code()),
        Some((token, true)) => token,
    };
    call.check_origin(token.for_spa)?;
    if !token.for_spa {
        call.client.require_credential_if_confidential()?;
    }
    if token.signed_in.client_id != call.client.app.client_id {
        return Err(AuthorityError::invalid_code());
    }
    let account = call.account(&token.signed_in.account);
    let tenant = match call.segment {
        TenantSegment::Any => token.signed_in.tenant.clone(),
        TenantSegment::One(_) => call.tenant_of(&account)?,
    };
    Reply::for_account(
        call,
        &Signed {
            account: &account,
            tenant: &tenant,
            scope: call.form.text("scope").unwrap_or(&token.signed_in.scope),
            proven: &token.signed_in.proven,
            for_spa: token.for_spa,
            nonce: None,
        },
    )
}
