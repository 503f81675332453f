//! A refusal as Fabric and its front ends read it: the `ErrorResponse` of the workload API.
//!
//! It is the body of a refused control-plane call and the `errorDetails` of a failed job. Fabric's
//! stock front end reads three things of it, and each is kept here: the error code `AuthUIRequired`,
//! the text `AADSTS65001` in the message, by which it tells consent from Conditional Access, and the
//! parameters of the first detail, which it hands to `acquireAccessToken`.

mod source;

use tonic::{Code, Status};

use crate::contracts::control::v1::{
    ErrorExtendedInformation, ErrorResponse, ErrorSource, NameValuePair,
};
use crate::refusal::{AuthChallenge, Details, Reason, code_name, reason_name};

/// The error code where the user has to act in a dialog.
const AUTH_UI_REQUIRED: &str = "AuthUIRequired";
/// What the stock front end looks for in a message to know that consent is missing.
const CONSENT_IS_MISSING: &str = "AADSTS65001";
/// The scope that stands for all of an application's static permissions.
const ALL_PERMISSIONS: &str = ".default";

/// The refusal that `status` is, in Fabric's form.
#[must_use]
pub fn error_response(status: &Status) -> ErrorResponse {
    let details = Details::of(status);
    let needs_dialog = details.reason.is_some_and(is_settled_in_a_dialog) && asks_user(&details);
    let error_code = if needs_dialog {
        AUTH_UI_REQUIRED
    } else {
        reason_or_code(&details, status)
    };
    ErrorResponse {
        error_code: error_code.to_owned(),
        message: message(&details, status),
        message_parameters: Vec::new(),
        source: source(&details, needs_dialog).into(),
        is_permanent: !needs_dialog && is_permanent(status.code()),
        more_details: more_details(&details, status, needs_dialog),
    }
}

/// A job's failure for the cause that `status` is: the cause is the first detail, with what
/// `acquireAccessToken` takes where the user has to act.
#[must_use]
pub fn job_failure(status: &Status) -> ErrorResponse {
    let mut response = error_response(status);
    reason_name(Reason::JobFailed).clone_into(&mut response.error_code);
    if let Some(cause) = response.more_details.first_mut() {
        reason_or_code(&Details::of(status), status).clone_into(&mut cause.error_code);
    }
    response
}

/// Of `AuthUIRequired`, what Fabric's own samples send.
fn source(details: &Details, needs_dialog: bool) -> ErrorSource {
    match details.reason {
        Some(reason) if !needs_dialog => source::source(reason),
        _ => ErrorSource::System,
    }
}

/// Consent and step-up: what a dialog of the front end can settle.
fn is_settled_in_a_dialog(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::ConsentRequired
            | Reason::InteractionRequired
            | Reason::ClaimsChallengeRequired
            | Reason::DownstreamClaimsChallenge
    )
}

fn asks_user(details: &Details) -> bool {
    let challenge = details.challenge.as_ref();
    challenge.is_some_and(|challenge| challenge.retryable)
}

/// A status that no refusal made has no reason; its code is all that is known.
fn reason_or_code(details: &Details, status: &Status) -> &'static str {
    details
        .reason
        .map_or_else(|| code_name(status.code()), reason_name)
}

/// Only what the caller asked can be wrong for ever.
fn is_permanent(code: Code) -> bool {
    matches!(
        code,
        Code::InvalidArgument | Code::PermissionDenied | Code::NotFound | Code::Unimplemented
    )
}

/// The refusal's sentence, with the numbers that are looked for in it.
fn message(details: &Details, status: &Status) -> String {
    let mut message = status.message().to_owned();
    if let Some(code) = details.metadata("aadsts") {
        require(&mut message, &format!("AADSTS{code}"));
    }
    if details.reason == Some(Reason::ConsentRequired) {
        // Entra has other numbers for missing consent, and other authorities have none.
        require(&mut message, CONSENT_IS_MISSING);
    }
    message
}

fn require(message: &mut String, text: &str) {
    if !message.contains(text) {
        *message = format!("{text}: {message}");
    }
}

fn more_details(
    details: &Details,
    status: &Status,
    needs_dialog: bool,
) -> Vec<ErrorExtendedInformation> {
    let mut more = Vec::new();
    if let Some(challenge) = &details.challenge {
        more.push(ErrorExtendedInformation {
            error_code: details
                .metadata("suberror")
                .unwrap_or_else(|| reason_or_code(details, status))
                .to_owned(),
            message: if needs_dialog {
                "Interaction required".to_owned()
            } else {
                status.message().to_owned()
            },
            message_parameters: Vec::new(),
            additional_parameters: acquire_access_token(challenge),
        });
    }
    more.push(ErrorExtendedInformation {
        error_code: reason_or_code(details, status).to_owned(),
        message: status.message().to_owned(),
        message_parameters: Vec::new(),
        additional_parameters: support(details),
    });
    for (field, description) in &details.violations {
        more.push(ErrorExtendedInformation {
            error_code: reason_or_code(details, status).to_owned(),
            message: description.clone(),
            message_parameters: Vec::new(),
            additional_parameters: vec![pair("field", field)],
        });
    }
    more
}

/// The parameters of `acquireAccessToken`, as the stock front end finds them.
fn acquire_access_token(challenge: &AuthChallenge) -> Vec<NameValuePair> {
    let mut parameters = Vec::new();
    let scopes = challenge.additional_scopes_to_consent.join(", ");
    if challenge.prompt_full_consent {
        // The stock front end does not know `promptFullConsent`; this scope means the same to it.
        parameters.push(pair("additionalScopesToConsent", ALL_PERMISSIONS));
        parameters.push(pair("promptFullConsent", "true"));
    } else if !scopes.is_empty() {
        parameters.push(pair("additionalScopesToConsent", scopes));
    }
    let claims = &challenge.claims_for_conditional_access_policy;
    if !claims.is_empty() {
        // The stock front end reads the misspelt name, others the right one.
        parameters.push(pair("claimsForCondtionalAccessPolicy", claims));
        parameters.push(pair("claimsForConditionalAccessPolicy", claims));
    }
    parameters
}

/// What developers and support ask for.
fn support(details: &Details) -> Vec<NameValuePair> {
    let mut parameters: Vec<NameValuePair> = details
        .metadata
        .iter()
        .map(|(key, value)| pair(key, value))
        .collect();
    if let Some(seconds) = details.retry_after_seconds()
        && details.metadata("retryAfterS").is_none()
    {
        parameters.push(pair("retryAfterS", seconds.to_string()));
    }
    for url in &details.help {
        parameters.push(pair("help", url));
    }
    if let Some(id) = &details.request_id {
        parameters.push(pair("requestId", id));
    }
    parameters
}

fn pair(name: &str, value: impl Into<String>) -> NameValuePair {
    NameValuePair {
        name: name.to_owned(),
        value: value.into(),
    }
}

#[cfg(test)]
mod tests;
