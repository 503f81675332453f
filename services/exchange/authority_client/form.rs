//! The body of a token request: what is asked for, and who asks.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::exchange::Grant;
use crate::exchange::credential::Proof;

/// RFC 7523 section 2.1.
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// RFC 7523 section 2.2.
const CLIENT_ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Without it, Entra and OpenID providers issue no refresh token.
const OFFLINE_ACCESS: &str = "offline_access";

/// All that a value may not have in it as it is: more than has to be escaped, and never less.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// The parameters of a request, each once.
pub(super) type Form<'a> = Vec<(&'static str, Cow<'a, str>)>;

/// The body that the parameters make (RFC 6749 appendix B): no value can become two.
pub(super) fn body(form: &Form<'_>) -> String {
    let lengths = form.iter().map(|(name, value)| {
        let escaped = if is_plain(value) { 1 } else { 3 };
        name.len() + escaped * value.len() + 2
    });
    // Made room for at once: growing would leave copies behind.
    let mut body = String::with_capacity(lengths.sum());
    for (name, value) in form {
        if !body.is_empty() {
            body.push('&');
        }
        body.push_str(name);
        body.push('=');
        if is_plain(value) {
            body.push_str(value);
        } else {
            body.extend(utf8_percent_encode(value, ESCAPED));
        }
    }
    body
}

/// Whether a value stands for itself, as every JWT does. Looks at each byte whatever the others are,
/// which a processor does many at a time: this is most of what a request holds.
fn is_plain(value: &str) -> bool {
    value.bytes().fold(true, |plain, byte| {
        plain & (byte.is_ascii_alphanumeric() | matches!(byte, b'-' | b'.' | b'_'))
    })
}

/// The parameters that ask for `grant` as the application `client_id`.
pub(super) fn form<'a>(grant: &'a Grant, client_id: &'a str, proof: &'a Proof) -> Form<'a> {
    let mut form: Form<'a> = vec![("client_id", client_id.into())];
    match proof {
        Proof::Secret(secret) => form.push(("client_secret", secret.expose().into())),
        Proof::Assertion(assertion) => {
            form.push(("client_assertion_type", CLIENT_ASSERTION.into()));
            form.push(("client_assertion", assertion.expose().into()));
        }
    }
    let scope = grant.scopes().as_str();
    match grant {
        Grant::OnBehalfOf {
            assertion,
            claims,
            offline,
            ..
        } => {
            form.push(("grant_type", JWT_BEARER.into()));
            form.push(("requested_token_use", "on_behalf_of".into()));
            form.push(("assertion", assertion.expose().into()));
            form.push(("scope", scope_of(scope, *offline)));
            if let Some(claims) = claims {
                form.push(("claims", claims.as_str().into()));
            }
        }
        Grant::ClientCredentials { .. } => {
            form.push(("grant_type", "client_credentials".into()));
            form.push(("scope", scope.into()));
        }
        Grant::RefreshToken { refresh_token, .. } => {
            form.push(("grant_type", "refresh_token".into()));
            form.push(("refresh_token", refresh_token.expose().into()));
            form.push(("scope", scope_of(scope, true)));
        }
    }
    form
}

fn scope_of(scope: &str, offline: bool) -> Cow<'_, str> {
    if offline {
        format!("{scope} {OFFLINE_ACCESS}").into()
    } else {
        scope.into()
    }
}

#[cfg(test)]
mod tests {
    use reqwest::Url;

    use super::{Form, body};

    #[test]
    fn every_value_arrives_as_it_was() {
        let form: Form<'_> = vec![
            ("assertion", "eyJ.eyJ-_.c2ln".into()),
            (
                "scope",
                "https://storage.azure.com/user_impersonation".into(),
            ),
            ("client_secret", "a&b=c+d e%26~*\u{fc}\"\\".into()),
            ("claims", String::new().into()),
        ];
        let body = body(&form);
        assert!(body.starts_with("assertion=eyJ.eyJ-_.c2ln&scope=https%3A%2F%2F"));
        let read = Url::parse(&format!("http://x/?{body}")).unwrap();
        assert!(
            read.query_pairs().eq(form
                .iter()
                .map(|(name, value)| ((*name).into(), value.clone())))
        );
    }
}
