//! `grant_type=password`: for public clients and scripts. Every account has the same documented
//! password; the sign-in page asks for none.

use super::TokenCall;
use super::reply::{Reply, Signed};
use crate::directory::seed;
use crate::entra::error::AuthorityError;
use crate::entra::scope;
use crate::secret::Secret;
use crate::tokens::Proven;

pub(super) fn redeem(call: &TokenCall<'_>) -> Result<Reply, AuthorityError> {
    call.client.require_credential_if_confidential()?;
    let username = call.form.require("username")?;
    let password = call.form.require("password")?;
    let account = call
        .authority
        .directory
        .account(username)
        .filter(|_| Secret::new(seed::PASSWORD).is(password.as_bytes()))
        .ok_or_else(AuthorityError::wrong_password)?;
    let tenant = call.tenant_of(account)?;
    Reply::for_account(
        call,
        &Signed {
            account,
            tenant: &tenant,
            scope: &scope::of_form(call.form),
            proven: &Proven::password(call.authority.clock.now()),
            for_spa: false,
            nonce: None,
        },
    )
}
