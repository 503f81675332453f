//! The claims challenge of a downstream API, read from `WWW-Authenticate` (RFC 9110 section 11.6.1).
//!
//! What is not exactly one is none: the call is then treated as bare of any, and what a stranger
//! wrote goes nowhere.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

use crate::exchange::ClaimsRequest;

/// The longest header that is read: 8 KiB of claims in base64, and some more.
const MAX_BYTES: usize = 12 * 1024;

const STANDARD: GeneralPurpose = lenient(&alphabet::STANDARD);
const URL_SAFE: GeneralPurpose = lenient(&alphabet::URL_SAFE);

const fn lenient(alphabet: &alphabet::Alphabet) -> GeneralPurpose {
    let padding = DecodePaddingMode::Indifferent;
    GeneralPurpose::new(
        alphabet,
        GeneralPurposeConfig::new().with_decode_padding_mode(padding),
    )
}

/// The claims that the API wants a token to satisfy, byte for byte.
pub(super) fn claims(headers: &HeaderMap) -> Option<ClaimsRequest> {
    headers
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .filter(|value| value.len() <= MAX_BYTES)
        .filter_map(challenges)
        .flatten()
        .find_map(|challenge| challenge.claims())
}

/// One challenge of a header that may hold several.
struct Challenge<'h> {
    scheme: &'h str,
    parameters: Vec<(&'h str, String)>,
}

impl Challenge<'_> {
    fn claims(&self) -> Option<ClaimsRequest> {
        if !self.scheme.eq_ignore_ascii_case("Bearer")
            || self.parameter("error")? != "insufficient_claims"
        {
            return None;
        }
        let claims = self.parameter("claims")?;
        if claims.starts_with('{') {
            return ClaimsRequest::parse(claims).ok();
        }
        let decoded = STANDARD
            .decode(claims)
            .or_else(|_| URL_SAFE.decode(claims))
            .ok()?;
        ClaimsRequest::parse(std::str::from_utf8(&decoded).ok()?).ok()
    }

    /// A parameter that occurs once. Twice is a contradiction, and says nothing.
    fn parameter(&self, name: &str) -> Option<&str> {
        let mut found = self
            .parameters
            .iter()
            .filter(|(found, _)| found.eq_ignore_ascii_case(name));
        match (found.next(), found.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }
}

/// Reads a whole header, or nothing of it.
fn challenges(text: &str) -> Option<Vec<Challenge<'_>>> {
    let mut challenges: Vec<Challenge<'_>> = Vec::new();
    let mut rest = text.trim_matches(BLANK);
    while !rest.is_empty() {
        let (word, after) = token(rest)?;
        let spaced = after.trim_start_matches(BLANK);
        rest = if let Some(value) = spaced.strip_prefix('=')
            && !challenges.is_empty()
        {
            let (value, after) = value_of(value.trim_start_matches(BLANK))?;
            challenges.last_mut()?.parameters.push((word, value));
            after
        } else {
            challenges.push(Challenge {
                scheme: word,
                parameters: Vec::new(),
            });
            // The scheme's first parameter follows without a comma.
            if !spaced.is_empty() && !spaced.starts_with(',') {
                if spaced.len() == after.len() {
                    return None;
                }
                rest = spaced;
                continue;
            }
            spaced
        };
        rest = rest.trim_start_matches(BLANK);
        if !rest.is_empty() {
            rest = rest.strip_prefix(',')?.trim_start_matches([',', ' ', '\t']);
        }
    }
    Some(challenges)
}

const BLANK: [char; 2] = [' ', '\t'];

/// A `token` (RFC 9110 section 5.6.2), and what comes after it.
fn token(text: &str) -> Option<(&str, &str)> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let end = text
        .bytes()
        .position(|byte| !is_token(byte))
        .unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// A `token` or a `quoted-string`, and what comes after it.
fn value_of(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        return token(text).map(|(value, rest)| (value.to_owned(), rest));
    };
    let mut value = String::new();
    let mut characters = quoted.chars();
    loop {
        match characters.next()? {
            '"' => return Some((value, characters.as_str())),
            '\\' => value.push(characters.next()?),
            character => value.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
    use reqwest::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};

    use super::claims;

    const CLAIMS: &str =
        r#"{"access_token":{"nbf":{"essential":true, "value":"1604106651"},"x":"???>>>"}}"#;

    fn read(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_str(value).unwrap());
        }
        claims(&headers).map(|claims| claims.as_str().to_owned())
    }

    fn challenge(claims: &str) -> String {
        format!(
            "Bearer realm=\"\", authorization_uri=\"https://login.example/common/oauth2/authorize\", \
             error=\"insufficient_claims\", claims=\"{claims}\""
        )
    }

    #[test]
    fn claims_come_out_byte_for_byte_however_they_are_written() {
        let escaped = CLAIMS.replace('"', "\\\"");
        for written in [
            STANDARD.encode(CLAIMS),
            STANDARD_NO_PAD.encode(CLAIMS),
            URL_SAFE_NO_PAD.encode(CLAIMS),
            escaped,
        ] {
            assert_eq!(
                read(&[&challenge(&written)]).as_deref(),
                Some(CLAIMS),
                "{written}"
            );
        }
    }

    #[test]
    fn the_challenge_is_found_among_others() {
        let encoded = STANDARD.encode(CLAIMS);
        let bearer = challenge(&encoded);
        for values in [
            vec!["Basic realm=\"x, error=\\\"y\\\"\"", &bearer],
            vec![&*format!("Negotiate, {bearer}, Basic realm=\"x\"")],
            vec![&*bearer.replace("Bearer", "bearer").replace(", ", " ,\t")],
            vec!["Bearer error=insufficient_claims", &bearer],
        ] {
            assert_eq!(read(&values).as_deref(), Some(CLAIMS), "{values:?}");
        }
    }

    #[test]
    fn what_is_not_exactly_a_claims_challenge_is_none() {
        let encoded = STANDARD.encode(CLAIMS);
        let bearer = challenge(&encoded);
        let large = STANDARD.encode(format!("{{\"a\":\"{}\"}}", "x".repeat(8 * 1024)));
        let values = [
            String::new(),
            "Bearer".to_owned(),
            "Bearer realm=\"\"".to_owned(),
            bearer.replace("Bearer", "PoP"),
            bearer.replace("insufficient_claims", "invalid_token"),
            bearer.replace("realm=\"\"", "error=\"insufficient_claims\""),
            bearer.replace("realm=\"\"", "claims=\"e30=\""),
            bearer.replace(", ", " "),
            bearer.trim_end_matches('"').to_owned(),
            format!("{bearer} trailing"),
            format!("{bearer}, x=\"unterminated"),
            challenge(&STANDARD.encode("[]")),
            challenge(&STANDARD.encode("\"text\"")),
            challenge(&STANDARD.encode("{\"a\":}")),
            challenge(&STANDARD.encode([0x7b, 0xff, 0x7d])),
            challenge("{not json"),
            challenge("!!!!"),
            challenge(""),
            challenge(&large),
        ];
        for value in values {
            assert_eq!(read(&[&value]), None, "{value}");
        }
    }
}
