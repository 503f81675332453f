//! `grant_type=authorization_code` (RFC 6749 section 4.1.3, RFC 7636).

use aws_lc_rs::{constant_time, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::TokenCall;
use super::reply::{Reply, Signed};
use crate::directory::RedirectKind;
use crate::entra::error::AuthorityError;
use crate::entra::issued::Code;

pub(super) fn redeem(call: &TokenCall<'_>) -> Result<Reply, AuthorityError> {
    let now = call.authority.clock.now();
    let presented = call.form.require("code")?;
    // The code is spent by the first attempt, whether or not that attempt is in order.
    let code = call
        .authority
        .issued
        .codes
        .change(presented, now, |code, alive| {
            let was = code.clone();
            code.redeemed = true;
            (was, alive)
        });
    let code = match code {
        None => return Err(AuthorityError::invalid_code()),
        Some((_, false)) => return Err(AuthorityError::expired_code()),
        Some((code, true)) if code.redeemed => return Err(AuthorityError::redeemed_code()),
        Some((code, true)) => code,
    };
    check(call, &code)?;

    let account = call.account(&code.signed_in.account);
    let scope = call.form.text("scope").unwrap_or(&code.signed_in.scope);
    Reply::for_account(
        call,
        &Signed {
            account: &account,
            tenant: &code.signed_in.tenant,
            scope,
            proven: &code.signed_in.proven,
            for_spa: code.redirect_kind == RedirectKind::Spa,
            nonce: code
                .nonce
                .as_deref()
                .and_then(|nonce| std::str::from_utf8(nonce).ok()),
        },
    )
}

fn check(call: &TokenCall<'_>, code: &Code) -> Result<(), AuthorityError> {
    let for_spa = code.redirect_kind == RedirectKind::Spa;
    call.check_origin(for_spa)?;
    if !for_spa {
        call.client.require_credential_if_confidential()?;
    }
    if code.signed_in.client_id != call.client.app.client_id {
        return Err(AuthorityError::invalid_code());
    }
    if call.form.text("redirect_uri") != Some(&code.redirect_uri) {
        return Err(AuthorityError::redirect_mismatch());
    }
    match (&code.challenge, call.form.text("code_verifier")) {
        (None, None) => Ok(()),
        (Some(challenge), Some(verifier)) if proves(verifier, challenge) => Ok(()),
        _ => Err(AuthorityError::wrong_verifier()),
    }
}

fn proves(verifier: &str, challenge: &str) -> bool {
    let made = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
    constant_time::verify_slices_are_equal(made.as_bytes(), challenge.as_bytes()).is_ok()
}
