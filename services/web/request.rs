//! What a browser says of itself: which coding it takes, and what it has kept.

use http::header::{ACCEPT_ENCODING, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Whether gzip is named as acceptable (RFC 9110 section 12.5.3).
pub(super) fn accepts_gzip(headers: &HeaderMap) -> bool {
    members(headers, ACCEPT_ENCODING).any(|member| {
        let mut parts = member.split(';').map(str::trim);
        let is_gzip = parts
            .next()
            .is_some_and(|coding| coding.eq_ignore_ascii_case("gzip"));
        let weight = parts
            .find_map(|part| part.strip_prefix("q="))
            .unwrap_or("1");
        is_gzip && weight.parse().is_ok_and(|weight: f32| weight > 0.0)
    })
}

/// Whether the client has what this validator stands for (RFC 9110 section 13.1.2), compared weakly:
/// a proxy that changes the coding weakens the tag.
pub(super) fn has(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    members(headers, IF_NONE_MATCH).any(|member| {
        let opaque = member.strip_prefix("W/").unwrap_or(member);
        opaque == "*" || opaque.as_bytes() == etag.as_bytes()
    })
}

/// The members of a header that is a list, over all its lines.
fn members(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
}

#[cfg(test)]
mod tests {
    use http::header::{ACCEPT_ENCODING, IF_NONE_MATCH};
    use http::{HeaderMap, HeaderValue};

    use super::{accepts_gzip, has};

    #[test]
    fn gzip_is_sent_to_whoever_names_it_and_does_not_rule_it_out() {
        for (value, accepted) in [
            ("gzip", true),
            ("br, GZip;q=0.5, deflate", true),
            ("deflate, gzip;q=1.0, *;q=0.5", true),
            ("gzip;q=0", false),
            ("gzip; q=0.000", false),
            ("gzip;q=much", false),
            ("br, x-gzip", false),
            ("identity", false),
            ("", false),
        ] {
            let headers =
                HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]);
            assert_eq!(accepts_gzip(&headers), accepted, "{value}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }

    #[test]
    fn what_the_client_has_is_recognised_in_a_list_and_weakened() {
        let etag = HeaderValue::from_static("\"a1\"");
        for (value, known) in [
            ("\"a1\"", true),
            ("W/\"a1\"", true),
            ("\"b2\", \"a1\"", true),
            ("*", true),
            ("a1", false),
            ("\"a1", false),
            ("\"b2\"", false),
        ] {
            let headers = HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static(value))]);
            assert_eq!(has(&headers, &etag), known, "{value}");
        }
    }
}
