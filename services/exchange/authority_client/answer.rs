//! Reading a token endpoint's success (RFC 6749 section 5.1): all of it makes sense, or none of it
//! is used.

use std::borrow::Cow;
use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::defect::Defect;
use crate::exchange::{Grant, Scopes, TokenResponse};
use crate::secret::Secret;

/// The longest token, in bytes.
const MAX_TOKEN: usize = 64 * 1024;
/// The longest list of granted scopes, in bytes: an application's permissions fit many times.
const MAX_SCOPE: usize = 16 * 1024;
/// The longest life of a token. Entra's longest is 28 hours.
const MAX_LIFE_SECONDS: u64 = 7 * 24 * 60 * 60;

/// A duplicate member is an error, as is a member of another type; what is not named is ignored.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    access_token: Option<Text<'a>>,
    #[serde(borrow)]
    token_type: Option<Text<'a>>,
    expires_in: Option<Seconds>,
    #[serde(borrow)]
    scope: Option<Text<'a>>,
    #[serde(borrow)]
    refresh_token: Option<Text<'a>>,
    error: Option<IgnoredAny>,
}

/// Text that is left where it was received, which is wiped: a token has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Entra's older endpoint and managed identities write their numbers as strings.
#[derive(Deserialize)]
#[serde(untagged)]
pub(in crate::exchange) enum Seconds {
    Number(u64),
    Text(String),
}

impl Seconds {
    /// The number, if it is one of digits alone.
    pub(in crate::exchange) fn value(&self) -> Option<u64> {
        match self {
            Self::Number(seconds) => Some(*seconds),
            Self::Text(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok()
            }
            Self::Text(_) => None,
        }
    }
}

/// How an authority names the scopes that it granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScopeNames {
    /// As they were asked for (RFC 6749 section 3.3).
    AsAsked,
    /// As Entra does: all permissions that the user has granted for the resource, each with the
    /// resource or, for Microsoft Graph, alone; in the case of the permission's definition, not of
    /// the request; and instead of `{resource}/.default` what that stands for.
    Entra,
}

/// Reads the body of an answer with status 200 to `grant`.
pub(super) fn token_response(
    body: &[u8],
    grant: &Grant,
    names: ScopeNames,
) -> Result<TokenResponse, Defect> {
    let answer: Answer<'_> = serde_json::from_slice(body).map_err(|_| Defect::Malformed)?;
    if answer.error.is_some() {
        return Err(Defect::ErrorWithSuccess);
    }
    let is_bearer = |kind: &str| kind.eq_ignore_ascii_case("bearer");
    let token_type = answer.token_type.as_ref().map(|text| &*text.0);
    if !token_type.is_some_and(is_bearer) {
        return Err(Defect::TokenType);
    }
    let access_token = token(answer.access_token)?.ok_or(Defect::Token)?;
    let life = answer.expires_in.as_ref().and_then(Seconds::value);
    let expires_in = life
        .filter(|life| (1..=MAX_LIFE_SECONDS).contains(life))
        .map(Duration::from_secs)
        .ok_or(Defect::ExpiresIn)?;
    let granted_scopes = granted(
        answer.scope.as_ref().map(|text| &*text.0),
        grant.scopes(),
        names,
    )?;
    let refresh_token = match grant {
        Grant::OnBehalfOf { offline: true, .. } => {
            Some(token(answer.refresh_token)?.ok_or(Defect::NoRefreshToken)?)
        }
        // The old one may be good for more (RFC 6749 section 6).
        Grant::RefreshToken { .. } => token(answer.refresh_token)?,
        // One that nobody asked for is kept nowhere.
        Grant::OnBehalfOf { .. } | Grant::ClientCredentials { .. } => None,
    };
    Ok(TokenResponse {
        access_token,
        expires_in,
        granted_scopes,
        refresh_token,
    })
}

/// A token that a header or form can carry: RFC 6749's VSCHAR without the space, which ends a
/// credential (RFC 6750 section 2.1).
fn token(text: Option<Text<'_>>) -> Result<Option<Secret>, Defect> {
    let Some(Text(text)) = text else {
        return Ok(None);
    };
    if is_token(&text) {
        Ok(Some(Secret::new(text)))
    } else {
        Err(Defect::Token)
    }
}

/// Whether the text can be a token.
pub(in crate::exchange) fn is_token(text: &str) -> bool {
    (1..=MAX_TOKEN).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// What was granted. Without `scope` it is what was asked for (RFC 6749 section 5.1).
fn granted(scope: Option<&str>, asked: &Scopes, names: ScopeNames) -> Result<Vec<String>, Defect> {
    let Some(scope) = scope else {
        return Ok(asked.iter().map(str::to_owned).collect());
    };
    if scope.len() > MAX_SCOPE || !scope.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) {
        return Err(Defect::Scope);
    }
    let granted = || scope.split(' ').filter(|scope| !scope.is_empty());
    if asked.iter().all(|asked| names.contain(granted(), asked)) {
        Ok(granted().map(str::to_owned).collect())
    } else {
        Err(Defect::Scope)
    }
}

impl ScopeNames {
    fn contain<'g>(self, mut granted: impl Iterator<Item = &'g str>, asked: &str) -> bool {
        if self == Self::AsAsked {
            return granted.any(|granted| granted == asked);
        }
        let (resource, permission) = parts(asked);
        if resource.is_some() && permission == ".default" {
            return true;
        }
        // A permission of another resource has that resource before it, and is not taken for this.
        granted.any(|granted| {
            let lacks_resource = resource.is_none() || parts(granted).0.is_none();
            granted.eq_ignore_ascii_case(asked)
                || lacks_resource && parts(granted).1.eq_ignore_ascii_case(permission)
        })
    }
}

/// The resource, if the scope names it, and the permission.
fn parts(scope: &str) -> (Option<&str>, &str) {
    match scope.rsplit_once('/') {
        Some((resource, permission)) => (Some(resource), permission),
        None => (None, scope),
    }
}

#[cfg(test)]
mod tests;
