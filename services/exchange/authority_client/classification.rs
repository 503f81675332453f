//! What an authority's error response means: a total function of what it says.
//!
//! Status and `error` decide first, then `suberror`, then the presence of `claims`. The numbers of
//! Entra's messages change without notice, so they only refine what those leave open, and they are
//! data: the table in [`codes`]. The words of the description decide nothing.

mod codes;

use crate::exchange::RefusalClass;

pub(super) use self::codes::STALE_ASSERTION;

/// What the meaning of an error response is read from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signs<'a> {
    /// The HTTP status.
    pub(super) status: u16,
    /// `error`, if there is one.
    pub(super) error: &'a str,
    /// `suberror`.
    pub(super) suberror: Option<&'a str>,
    /// Whether there is a claims request.
    pub(super) has_claims: bool,
    /// `error_codes`, as they are listed.
    pub(super) codes: &'a [u32],
}

/// What an error response means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The authority has decided.
    Refusal(RefusalClass),
    /// The authority has failed, and decided nothing.
    Unavailable,
}

/// What the response means.
pub(super) fn classify(signs: Signs<'_>) -> Meaning {
    use RefusalClass::{
        ClientCredential, ClientUnauthorized, Interaction, ResourceInvalid, ScopeInvalid,
        SubjectRejected, Throttled,
    };
    if signs.status == 429 {
        return Meaning::Refusal(Throttled);
    }
    if signs.status >= 500 {
        return Meaning::Unavailable;
    }
    match signs.error {
        "temporarily_unavailable" | "server_error" => Meaning::Unavailable,
        "invalid_scope" => Meaning::Refusal(ScopeInvalid),
        "invalid_resource" | "invalid_target" => Meaning::Refusal(ResourceInvalid),
        "unauthorized_client" => Meaning::Refusal(ClientUnauthorized),
        // RFC 6749 section 5.2 gives the same name to a wrong credential and to an unknown
        // application, and Entra to one that lacks a permission.
        "invalid_client" => misconfiguration(signs.codes, ClientCredential),
        "invalid_request" | "unsupported_grant_type" => {
            misconfiguration(signs.codes, ClientUnauthorized)
        }
        "interaction_required" => about_the_user(signs, Interaction),
        "invalid_grant" | "consent_required" | "login_required" => {
            about_the_user(signs, SubjectRejected)
        }
        // A name that nobody knows asks no user for anything unless something else in the response
        // does.
        _ => about_the_user(signs, ClientUnauthorized),
    }
}

/// Errors that are settled by an operator or an administrator: a number says by which.
fn misconfiguration(codes: &[u32], otherwise: RefusalClass) -> Meaning {
    let class = match codes::meaning(codes) {
        Some(Meaning::Refusal(class)) if is_misconfiguration(class) => class,
        _ => otherwise,
    };
    Meaning::Refusal(class)
}

fn is_misconfiguration(class: RefusalClass) -> bool {
    match class {
        RefusalClass::ClientCredential
        | RefusalClass::ClientUnauthorized
        | RefusalClass::ScopeInvalid
        | RefusalClass::ResourceInvalid => true,
        RefusalClass::Consent
        | RefusalClass::Interaction
        | RefusalClass::Blocked
        | RefusalClass::SubjectRejected
        | RefusalClass::Throttled
        | RefusalClass::Loop => false,
    }
}

/// Errors that are about the user and the user's token.
fn about_the_user(signs: Signs<'_>, otherwise: RefusalClass) -> Meaning {
    use RefusalClass::{Blocked, ClientUnauthorized, Consent, Interaction, SubjectRejected};
    let class = match signs.suberror {
        Some("consent_required") => Consent,
        Some("message_only") => Blocked,
        Some("basic_action" | "additional_action") => Interaction,
        suberror => {
            // A known suberror is not overridden by a number.
            let by_suberror = suberror.and_then(|suberror| match suberror {
                "user_password_expired" | "device_authentication_failed" => Some(Interaction),
                "bad_token" | "token_expired" => Some(SubjectRejected),
                "protection_policy_required" => Some(Blocked),
                "client_mismatch" => Some(ClientUnauthorized),
                _ => None,
            });
            let lacks_consent = signs.error == "consent_required"
                || signs.codes.contains(&codes::CONSENT_IS_MISSING);
            match by_suberror {
                None if lacks_consent => Consent,
                _ if signs.has_claims => Interaction,
                Some(class) => class,
                None => {
                    return codes::meaning(signs.codes).unwrap_or(Meaning::Refusal(otherwise));
                }
            }
        }
    };
    Meaning::Refusal(class)
}

#[cfg(test)]
mod tests;
