//! From `authorization` metadata to credentials: which scheme, and which text is the token.
//!
//! Absent, malformed and present are kept apart. Whether the text is a token is for others to
//! say: what is judged here is the shape of the header around it.

mod subject_and_app;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use memchr::memchr2;

use crate::error::AuthError;

pub(crate) use subject_and_app::SCHEME as SUBJECT_AND_APP;

/// What a call presents, in one of the two forms there are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Credentials<'h> {
    /// `Bearer` (RFC 6750 section 2.1).
    Bearer(&'h str),
    /// `SubjectAndAppToken1.0`, as Fabric's control plane sends it, and any service that proves
    /// itself beside its user.
    SubjectAndApp {
        /// The user's token; none where the application acts without a user.
        subject: Option<&'h str>,
        /// The application's own token.
        app: &'h str,
    },
}

/// Reads the one `authorization` value of a call. No other header, cookie or query is looked at.
pub(crate) fn credentials(headers: &HeaderMap) -> Result<Credentials<'_>, AuthError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(AuthError::CredentialsMissing)?;
    if values.next().is_some() {
        return Err(AuthError::AuthHeaderDuplicated);
    }
    // A `HeaderValue` holds no control characters but tabs; all else of ASCII is visible.
    let value = std::str::from_utf8(value.as_bytes())
        .ok()
        .filter(|value| value.is_ascii())
        .ok_or(AuthError::AuthHeaderMalformed)?;
    let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
    if !is_scheme(scheme) {
        return Err(AuthError::AuthHeaderMalformed);
    }
    if scheme.eq_ignore_ascii_case("Bearer") {
        bearer(rest).map(Credentials::Bearer)
    } else if scheme.eq_ignore_ascii_case(SUBJECT_AND_APP) {
        subject_and_app::parse(scheme, rest)
    } else {
        Err(AuthError::AuthSchemeUnsupported)
    }
}

/// An RFC 9110 token, as every scheme is.
fn is_scheme(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed)
}

/// The text after `Bearer` and one space. Text that is neither empty nor a list of parameters nor
/// several credentials joined is passed on, to be refused as a malformed token if it is one.
fn bearer(text: &str) -> Result<&str, AuthError> {
    let blank = |byte: Option<&u8>| byte.is_none_or(|byte| matches!(byte, b' ' | b'\t'));
    let bytes = text.as_bytes();
    if blank(bytes.first()) || blank(bytes.last()) || text.starts_with('"') {
        return Err(AuthError::AuthHeaderMalformed);
    }
    // What every token looks like, found out in one pass.
    if memchr2(b'=', b',', bytes).is_none() {
        return Ok(text);
    }
    if is_parameter(text) {
        return Err(AuthError::AuthHeaderMalformed);
    }
    // A joined list has commas; so has JSON, which is a malformed token.
    if text.contains(',') && !text.starts_with('{') {
        return Err(AuthError::AuthHeaderDuplicated);
    }
    Ok(text)
}

/// Whether the text starts as `name=value`. Padding, which also has `=`, is followed by more of it,
/// by a dot or by nothing.
fn is_parameter(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, value)| {
        is_scheme(name)
            && !name.contains('.')
            && !value.is_empty()
            && !value.starts_with(['=', '.'])
    })
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};
    use proptest::prelude::*;

    use super::{Credentials, credentials};
    use crate::error::AuthError;

    fn headers(values: &[&[u8]]) -> HeaderMap {
        values
            .iter()
            .map(|value| {
                let value = HeaderValue::from_bytes(value).unwrap();
                (http::header::AUTHORIZATION, value)
            })
            .collect()
    }

    #[track_caller]
    fn assert_bearer(value: &str, token: &str) {
        let headers = headers(&[value.as_bytes()]);
        assert!(
            credentials(&headers) == Ok(Credentials::Bearer(token)),
            "{value}"
        );
    }

    #[track_caller]
    fn assert_refused(values: &[&[u8]], expected: &AuthError) {
        assert_eq!(
            credentials(&headers(values)).err().as_ref(),
            Some(expected),
            "{values:?}"
        );
    }

    #[test]
    fn the_scheme_is_compared_without_case() {
        for scheme in ["Bearer", "bearer", "BEARER"] {
            assert_bearer(&format!("{scheme} a.b.c"), "a.b.c");
        }
    }

    #[test]
    fn no_authorization_is_missing_whatever_else_there_is() {
        let mut headers = HeaderMap::new();
        for name in [
            "authorization-bin",
            "x-authorization",
            "grpcgateway-authorization",
            "cookie",
        ] {
            headers.insert(name, HeaderValue::from_static("Bearer a.b.c"));
        }
        assert!(credentials(&headers) == Err(AuthError::CredentialsMissing));
    }

    #[test]
    fn every_other_shape_is_malformed() {
        for value in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer    ",
            "Bearer  a.b.c",
            "Bearer\ta.b.c",
            "Bearer \ta.b.c",
            "Bearer a.b.c ",
            "Bearer a.b.c\t",
            " Bearer a.b.c",
            "Bearer \"a.b.c\"",
            "Bearer token=x",
            "Bearer token=a.b.c",
            "Bearer realm=\"x\", token=\"y\"",
            "Bearer: a.b.c",
            "Bearer,a.b.c",
            "Bearer a.b.\u{e9}",
        ] {
            assert_refused(&[value.as_bytes()], &AuthError::AuthHeaderMalformed);
        }
        for byte in [0x80, 0xff] {
            assert_refused(
                &[&[b"Bearer a.b.".as_slice(), &[byte]].concat()],
                &AuthError::AuthHeaderMalformed,
            );
        }
    }

    #[test]
    fn another_scheme_is_unsupported() {
        for value in [
            "Basic dXNlcjpwYXNz",
            "Negotiate abc",
            "DPoP a.b.c",
            "Basic",
            "a.b.c",
            "SubjectAndAppToken2.0 subjectToken=\"\", appToken=\"eyJ\"",
        ] {
            assert_refused(&[value.as_bytes()], &AuthError::AuthSchemeUnsupported);
        }
    }

    #[test]
    fn two_values_are_refused_whichever_is_good() {
        for values in [
            [b"Bearer a.b.c".as_slice(), b"Bearer a.b.c"],
            [b"Bearer a.b.c", b"Bearer x"],
            [b"Bearer x", b"Bearer a.b.c"],
            [b"Basic x", b"Bearer a.b.c"],
        ] {
            assert_refused(&values, &AuthError::AuthHeaderDuplicated);
        }
        for joined in [
            "Bearer a.b.c, Bearer a.b.c",
            "Bearer a.b.c,Bearer x",
            "Bearer a.b.c,",
        ] {
            assert_refused(&[joined.as_bytes()], &AuthError::AuthHeaderDuplicated);
        }
    }

    #[test]
    fn a_malformed_token_is_still_one_token() {
        for token in [
            "a=.b.c",
            "a==.b.c",
            "a.b=.c",
            "a.b.c==",
            "a.b+/.c",
            "a b.c",
            "a.b.c?",
            "a%2Eb%2Ec",
            r#"{"payload":"a","signatures":[{"protected":"b","signature":"c"}]}"#,
        ] {
            assert_bearer(&format!("Bearer {token}"), token);
        }
    }

    proptest! {
        #[test]
        fn no_value_makes_it_panic(value in any::<Vec<u8>>()) {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                let headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, value)]);
                let _ = credentials(&headers);
            }
        }
    }
}
