//! Conditional Access: whether a sign-in is good enough for a resource, and what is said if not.

use super::error::AuthorityError;
use crate::authority::Authority;
use crate::directory::{AccessPolicy, AccessRule, Account, App};
use crate::tokens::Proven;

/// Refuses a sign-in that does not meet what the resource demands of the account.
pub(super) fn check(
    authority: &Authority,
    account: &Account,
    resource: &App,
    proven: &Proven,
) -> Result<(), AuthorityError> {
    match authority.directory.access_rule(&account.upn, resource) {
        Some(rule) if !is_met(&rule, proven, authority.clock.now()) => Err(refusal(&rule)),
        _ => Ok(()),
    }
}

pub(super) fn is_met(rule: &AccessRule, proven: &Proven, now: u64) -> bool {
    match rule.policy {
        AccessPolicy::Block => false,
        AccessPolicy::CompliantDevice => proven.compliant_device,
        AccessPolicy::Mfa => proven.has_second_factor(),
        AccessPolicy::SignInFrequency(seconds) => now <= proven.at.saturating_add(seconds),
    }
}

pub(super) fn refusal(rule: &AccessRule) -> AuthorityError {
    let claims = challenge("capolids", &[rule.id()]);
    match rule.policy {
        AccessPolicy::Block => AuthorityError::blocked_by_policy(claims),
        AccessPolicy::CompliantDevice => AuthorityError::compliant_device_needed(claims),
        AccessPolicy::Mfa => AuthorityError::second_factor_needed(claims),
        AccessPolicy::SignInFrequency(_) => AuthorityError::sign_in_too_old(claims),
    }
}

/// Refuses a sign-in without the authentication contexts that the client demands.
pub(super) fn check_contexts(demanded: &[String], proven: &Proven) -> Result<(), AuthorityError> {
    if proven.has_contexts(demanded) {
        return Ok(());
    }
    Err(AuthorityError::second_factor_needed(challenge(
        "acrs", demanded,
    )))
}

/// The `claims` of a refusal, in Entra's spelling: no space, these members in this order.
fn challenge(claim: &str, values: &[String]) -> String {
    let values = values
        .iter()
        .map(|value| format!("\"{value}\""))
        .collect::<Vec<_>>()
        .join(",");
    format!(r#"{{"access_token":{{"{claim}":{{"essential":true,"values":[{values}]}}}}}}"#)
}
