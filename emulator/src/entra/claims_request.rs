//! The `claims` parameter (OpenID Connect Core section 5.5): what a client demands of its token.
//!
//! Three of its members mean something here: the client's capabilities, the Conditional Access
//! policies of a challenge, and authentication contexts. All else is ignored, as in Entra.

use serde_json::Value;

use super::error::AuthorityError;
use super::form::Form;

/// A parsed `claims` parameter.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClaimsRequest {
    /// `xms_cc`, for example `cp1`.
    pub(crate) capabilities: Vec<String>,
    /// `capolids`: the ids of policies to satisfy.
    pub(crate) policies: Vec<String>,
    /// `acrs`: the authentication contexts to satisfy.
    pub(crate) contexts: Vec<String>,
}

impl ClaimsRequest {
    /// The request's; the empty one when there is none.
    pub(crate) fn of_form(form: &Form) -> Result<Self, AuthorityError> {
        match form.bytes("claims") {
            Some(claims) if !claims.is_empty() => Self::parse(claims),
            _ => Ok(Self::default()),
        }
    }

    fn parse(claims: &[u8]) -> Result<Self, AuthorityError> {
        let claims: Value =
            serde_json::from_slice(claims).map_err(|_| AuthorityError::malformed_claims())?;
        if !claims.is_object() {
            return Err(AuthorityError::malformed_claims());
        }
        let member = |name: &str| claims.get("access_token")?.get(name);
        Ok(Self {
            capabilities: values(member("xms_cc")),
            policies: essential_values(member("capolids")),
            contexts: essential_values(member("acrs"))
                .into_iter()
                .filter(|context| is_context(context))
                .collect(),
        })
    }
}

/// What is not essential never fails a request.
fn essential_values(member: Option<&Value>) -> Vec<String> {
    values(member.filter(|member| member.get("essential") == Some(&Value::Bool(true))))
}

fn values(member: Option<&Value>) -> Vec<String> {
    let Some(member) = member else {
        return Vec::new();
    };
    let one = member.get("value").into_iter();
    let many = member.get("values").and_then(Value::as_array);
    one.chain(many.into_iter().flatten())
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// Entra has the contexts `c1` to `c99`.
fn is_context(name: &str) -> bool {
    name.strip_prefix('c')
        .and_then(|number| number.parse::<u8>().ok())
        .is_some_and(|number| (1..=99).contains(&number))
}

#[cfg(test)]
mod tests {
    use super::ClaimsRequest;

    #[test]
    fn a_challenge_is_read_and_what_is_not_essential_is_left_out() {
        let claims = ClaimsRequest::parse(
            br#"{"access_token":{"capolids":{"essential":true,"values":["p"]},
                "acrs":{"essential":true,"value":"c1"},"xms_cc":{"values":["cp1"]}},
                "id_token":{"login_hint":{"essential":false}}}"#,
        )
        .unwrap();
        assert_eq!(claims.policies, ["p"]);
        assert_eq!(claims.contexts, ["c1"]);
        assert_eq!(claims.capabilities, ["cp1"]);
        let optional = br#"{"access_token":{"acrs":{"essential":false,"values":["c1"]}}}"#;
        assert!(ClaimsRequest::parse(optional).unwrap().contexts.is_empty());
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for claims in [&b"{"[..], b"[]", b"\"x\"", b"null", b"\xFF"] {
            assert!(ClaimsRequest::parse(claims).is_err());
        }
    }
}
