//! What a token's header may say. Everything in it is the sender's word: it selects among what is
//! configured and can bring nothing of its own, neither a key nor an algorithm nor an address.

use std::borrow::Cow;
use std::fmt;

use super::json::{Members, Value};
use crate::authority::Algorithm;
use crate::error::AuthError;

const MAX_KEY_ID_BYTES: usize = 256;

/// The header members that a verification needs (RFC 7515 section 4.1).
pub(crate) struct Header<'t> {
    pub(crate) algorithm: Algorithm,
    pub(crate) key_id: Cow<'t, str>,
    pub(crate) media_type: MediaType,
    /// The SHA-1 thumbprint of the signing certificate, if the header states it.
    pub(crate) x5t: Option<Cow<'t, str>>,
    /// The SHA-256 thumbprint of the signing certificate, if the header states it.
    pub(crate) x5t_s256: Option<Cow<'t, str>>,
    /// Whether there is a `nonce`: Entra puts it into tokens that only their own resource, such as
    /// Microsoft Graph, can verify.
    pub(crate) has_nonce: bool,
}

/// Leaves out what the sender may have written as they liked.
impl fmt::Debug for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Header")
            .field("algorithm", &self.algorithm)
            .field("media_type", &self.media_type)
            .field("has_nonce", &self.has_nonce)
            .finish_non_exhaustive()
    }
}

/// What `typ` says the token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MediaType {
    /// No `typ`, or `JWT`: some token or other.
    Unspecific,
    /// `at+jwt` (RFC 9068 section 2.1).
    AccessToken,
}

impl<'t> Header<'t> {
    /// Judges the members, the algorithm first: whoever asks for `none` is told so.
    pub(crate) fn judge(
        members: &HeaderMembers<'t>,
        accepted: &[Algorithm],
    ) -> Result<Self, AuthError> {
        let algorithm = required_text(&members.alg)?;
        let algorithm = accepted
            .iter()
            .copied()
            .find(|accepted| accepted.as_str() == algorithm)
            .ok_or(AuthError::TokenAlgNotAllowed)?;
        if members.crit.is_some() || members.b64.is_some() {
            return Err(AuthError::TokenCriticalHeaderUnsupported);
        }
        let media_type = media_type(&members.typ)?;
        // Compression, a nested token, and keys or addresses of keys that the sender brings along:
        // no access token has them, and nothing here would ever follow them.
        let foreign = [
            &members.zip,
            &members.cty,
            &members.jwk,
            &members.jku,
            &members.x5u,
            &members.x5c,
        ];
        if foreign.iter().any(|member| member.is_some()) {
            return Err(AuthError::TokenHeaderInvalid);
        }
        let key_id = required_text(&members.kid)?;
        if !is_key_id(&key_id) {
            return Err(AuthError::TokenHeaderInvalid);
        }
        Ok(Self {
            algorithm,
            key_id,
            media_type,
            x5t: text(&members.x5t)?,
            x5t_s256: text(&members.x5t_s256)?,
            has_nonce: text(&members.nonce)?.is_some(),
        })
    }
}

/// The members of a header as they were found, not judged.
#[derive(Debug, Default)]
pub(crate) struct HeaderMembers<'t> {
    alg: Option<Value<'t>>,
    b64: Option<Value<'t>>,
    crit: Option<Value<'t>>,
    cty: Option<Value<'t>>,
    jku: Option<Value<'t>>,
    jwk: Option<Value<'t>>,
    kid: Option<Value<'t>>,
    nonce: Option<Value<'t>>,
    typ: Option<Value<'t>>,
    x5c: Option<Value<'t>>,
    x5t: Option<Value<'t>>,
    x5t_s256: Option<Value<'t>>,
    x5u: Option<Value<'t>>,
    zip: Option<Value<'t>>,
}

impl<'t> Members<'t> for HeaderMembers<'t> {
    fn slot(&mut self, name: &str) -> Option<&mut Option<Value<'t>>> {
        Some(match name {
            "alg" => &mut self.alg,
            "b64" => &mut self.b64,
            "crit" => &mut self.crit,
            "cty" => &mut self.cty,
            "jku" => &mut self.jku,
            "jwk" => &mut self.jwk,
            "kid" => &mut self.kid,
            "nonce" => &mut self.nonce,
            "typ" => &mut self.typ,
            "x5c" => &mut self.x5c,
            "x5t" => &mut self.x5t,
            "x5t#S256" => &mut self.x5t_s256,
            "x5u" => &mut self.x5u,
            "zip" => &mut self.zip,
            _ => return None,
        })
    }
}

/// A member that is text or absent; `null` is neither.
fn text<'t>(member: &Option<Value<'t>>) -> Result<Option<Cow<'t, str>>, AuthError> {
    match member {
        None => Ok(None),
        Some(Value::Text(text)) => Ok(Some(text.clone())),
        Some(_) => Err(AuthError::TokenHeaderInvalid),
    }
}

fn required_text<'t>(member: &Option<Value<'t>>) -> Result<Cow<'t, str>, AuthError> {
    text(member)?.ok_or(AuthError::TokenHeaderInvalid)
}

/// `typ` is a media type (RFC 7515 section 4.1.9), compared without regard to case.
fn media_type(member: &Option<Value<'_>>) -> Result<MediaType, AuthError> {
    let Some(typ) = text(member)? else {
        return Ok(MediaType::Unspecific);
    };
    if typ.eq_ignore_ascii_case("JWT") {
        Ok(MediaType::Unspecific)
    } else if typ.eq_ignore_ascii_case("at+jwt") || typ.eq_ignore_ascii_case("application/at+jwt") {
        Ok(MediaType::AccessToken)
    } else {
        Err(AuthError::TokenTypeNotAllowed)
    }
}

/// Key ids are digests, numbers, UUIDs, mail addresses or URIs. What only a path climbing upwards,
/// a query or a forged log line would need is not taken, although a key id is only ever looked up.
fn is_key_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=:@".contains(&byte);
    !text.is_empty()
        && text.len() <= MAX_KEY_ID_BYTES
        && text.bytes().all(allowed)
        && !text.contains("..")
}

#[cfg(test)]
mod tests {
    use super::super::json::read_object;
    use super::{AuthError, Header, HeaderMembers, MediaType};
    use crate::authority::Algorithm;

    fn judge(json: &str) -> Result<Header<'_>, AuthError> {
        let mut members = HeaderMembers::default();
        read_object(json.as_bytes(), &mut members).unwrap();
        Header::judge(&members, &[Algorithm::Rs256])
    }

    fn with(member: &str) -> String {
        format!(r#"{{"alg":"RS256","kid":"k1",{member}}}"#)
    }

    #[test]
    fn an_ordinary_header_is_taken() {
        let header = judge(
            r#"{"typ":"JWT","alg":"RS256","kid":"k1","x5t":"AQIDBAUGBwgJCgsMDQ4PEBESExQ","other":{}}"#,
        )
        .unwrap();
        assert_eq!(header.algorithm, Algorithm::Rs256);
        assert_eq!(header.key_id, "k1");
        assert_eq!(header.x5t.as_deref(), Some("AQIDBAUGBwgJCgsMDQ4PEBESExQ"));
        assert_eq!(header.x5t_s256, None);
        assert!(!header.has_nonce);
        assert!(judge(&with(r#""nonce":"n""#)).unwrap().has_nonce);
    }

    #[test]
    fn the_type_is_an_access_token_or_unspecific_in_any_case() {
        for (member, media_type) in [
            (r#""typ":"JWT""#, MediaType::Unspecific),
            (r#""typ":"jwt""#, MediaType::Unspecific),
            (r#""typ":"at+jwt""#, MediaType::AccessToken),
            (r#""typ":"AT+JWT""#, MediaType::AccessToken),
            (r#""typ":"application/at+jwt""#, MediaType::AccessToken),
            (r#""x":1"#, MediaType::Unspecific),
        ] {
            assert_eq!(
                judge(&with(member)).unwrap().media_type,
                media_type,
                "{member}"
            );
        }
        for typ in [
            "dpop+jwt",
            "logout+jwt",
            "secevent+jwt",
            "JOSE",
            "openid-connect+jwt",
            "",
        ] {
            assert_eq!(
                judge(&with(&format!(r#""typ":"{typ}""#))).err(),
                Some(AuthError::TokenTypeNotAllowed),
                "{typ}"
            );
        }
    }

    #[test]
    fn an_algorithm_is_compared_exactly() {
        for alg in [
            "none",
            "None",
            "NONE",
            "noNE",
            "HS256",
            "RS384",
            "RS512",
            "PS256",
            "ES256",
            "EdDSA",
            "Ed25519",
            "ES256K",
            "ML-DSA-44",
            "rs256",
            "RS256 ",
            "",
        ] {
            assert_eq!(
                judge(&format!(r#"{{"alg":"{alg}"}}"#)).err(),
                Some(AuthError::TokenAlgNotAllowed),
                "{alg}"
            );
        }
        for json in [
            r#"{"kid":"k1"}"#,
            r#"{"alg":null,"kid":"k1"}"#,
            r#"{"alg":256,"kid":"k1"}"#,
            r#"{"alg":["RS256"],"kid":"k1"}"#,
        ] {
            assert_eq!(
                judge(json).err(),
                Some(AuthError::TokenHeaderInvalid),
                "{json}"
            );
        }
    }

    #[test]
    fn no_extension_is_supported_whatever_it_says() {
        for member in [
            r#""crit":["x"]"#,
            r#""crit":[]"#,
            r#""crit":["exp"]"#,
            r#""crit":"x""#,
            r#""crit":null"#,
            r#""b64":false"#,
            r#""b64":true"#,
        ] {
            assert_eq!(
                judge(&with(member)).err(),
                Some(AuthError::TokenCriticalHeaderUnsupported),
                "{member}"
            );
        }
    }

    #[test]
    fn a_header_brings_no_key_and_no_other_encoding() {
        for member in [
            r#""zip":"DEF""#,
            r#""cty":"JWT""#,
            r#""jwk":{"kty":"RSA"}"#,
            r#""jku":"https://keys.example""#,
            r#""x5u":"https://keys.example""#,
            r#""x5c":["AQID"]"#,
            r#""jwk":null"#,
            r#""typ":1"#,
            r#""typ":null"#,
            r#""nonce":null"#,
            r#""nonce":1"#,
            r#""x5t":1"#,
            r#""x5t":null"#,
            r##""x5t#S256":["x"]"##,
        ] {
            assert_eq!(
                judge(&with(member)).err(),
                Some(AuthError::TokenHeaderInvalid),
                "{member}"
            );
        }
    }

    #[test]
    fn a_key_id_is_a_name_and_nothing_else() {
        for kid in [
            "k1",
            "nOo3ZDrODXEK1jKWhXslHR_KXEg",
            "a+b/c=",
            "urn:k:1",
            "me@idp.example",
        ] {
            assert!(
                judge(&format!(r#"{{"alg":"RS256","kid":"{kid}"}}"#)).is_ok(),
                "{kid}"
            );
        }
        let long = format!(r#""{}""#, "k".repeat(257));
        for kid in [
            "null",
            "1",
            r#"["k1"]"#,
            r#""""#,
            &long,
            r#""../../dev/null""#,
            r#""' OR 1=1 --""#,
            r#""k\u0000""#,
            r#""k\n""#,
            r#""k 1""#,
            r#""ключ""#,
        ] {
            assert_eq!(
                judge(&format!(r#"{{"alg":"RS256","kid":{kid}}}"#)).err(),
                Some(AuthError::TokenHeaderInvalid),
                "{kid}"
            );
        }
        assert_eq!(
            judge(r#"{"alg":"RS256"}"#).err(),
            Some(AuthError::TokenHeaderInvalid)
        );
    }
}
