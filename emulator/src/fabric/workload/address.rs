//! Where a workload is, and the addresses below it.

use std::net::IpAddr;

use http::Uri;
use http::uri::Scheme;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What Fabric appends to every address; a workload is to ignore it.
const QUERY: &str = "api-version=2016-10-01";

/// Everything but RFC 3986's unreserved characters.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The address that a manifest gives of its workload, without a slash at the end.
#[derive(Clone, Debug)]
pub(super) struct BaseUrl(String);

impl BaseUrl {
    /// Reads a base URL; `None` unless it is `http` on loopback, without query.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        let host = uri.host()?.trim_start_matches('[').trim_end_matches(']');
        let loopback = host.eq_ignore_ascii_case("localhost")
            || host
                .parse()
                .is_ok_and(|address: IpAddr| address.is_loopback());
        let usable = uri.scheme() == Some(&Scheme::HTTP) && loopback && uri.query().is_none();
        usable.then(|| Self(text.trim_end_matches('/').to_owned()))
    }

    /// The address of a path, with the query that Fabric appends.
    pub(super) fn at(&self, path: &str) -> Option<Uri> {
        format!("{}{path}?{QUERY}", self.0).parse().ok()
    }
}

/// A path of these segments, each of them encoded.
pub(super) fn path(segments: &[&str]) -> String {
    segments
        .iter()
        .map(|segment| format!("/{}", utf8_percent_encode(segment, SEGMENT)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{BaseUrl, path};

    #[test]
    fn only_http_addresses_of_this_machine_are_called() {
        for good in [
            "http://127.0.0.1:5000/workload",
            "http://localhost:5000/workload/",
            "http://[::1]:5000",
        ] {
            assert!(BaseUrl::parse(good).is_some(), "{good}");
        }
        for bad in [
            "https://127.0.0.1:5000/workload",
            "http://workload.test/workload",
            "http://10.0.0.1/workload",
            "http://localhost.elsewhere.test",
            "http://localhost@elsewhere.test",
            "http://127.0.0.1:5000/workload?a=b",
            "/workload",
            "",
        ] {
            assert!(BaseUrl::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn an_address_has_fabrics_query_and_encoded_segments() {
        let base = BaseUrl::parse("http://127.0.0.1:5000/workload/").unwrap();
        let uri = base.at(&path(&["items", "a/b c"])).unwrap();
        assert_eq!(
            uri.to_string(),
            "http://127.0.0.1:5000/workload/items/a%2Fb%20c?api-version=2016-10-01"
        );
    }
}
