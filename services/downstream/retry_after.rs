//! `Retry-After` (RFC 9110 section 10.2.3): seconds, or a time by the API's own clock.

use std::time::{Duration, UNIX_EPOCH};

use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

/// The longest pause that anybody is told to make.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// How long the API asks to be left alone.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let pause = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are a long time all the same.
        value.parse().map_or(LONGEST, Duration::from_secs)
    } else {
        time(headers, RETRY_AFTER)?.saturating_sub(time(headers, DATE)?)
    };
    Some(pause.min(LONGEST))
}

/// The time that a header names, since the epoch.
fn time(headers: &HeaderMap, name: HeaderName) -> Option<Duration> {
    let time = httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()?;
    time.duration_since(UNIX_EPOCH).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(DATE, "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap());
        headers.insert(RETRY_AFTER, value.parse().unwrap());
        retry_after(&headers).map(|pause| pause.as_secs())
    }

    #[test]
    fn seconds_and_times_are_read_within_an_hour() {
        assert_eq!(read("55"), Some(55));
        assert_eq!(read("0"), Some(0));
        assert_eq!(read("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60));
        assert_eq!(read("Sun, 06 Nov 1994 08:40:00 GMT"), Some(0));
        for long in [
            "3601",
            "99999999999999999999999",
            "Mon, 06 Nov 2034 08:49:37 GMT",
        ] {
            assert_eq!(read(long), Some(3600), "{long}");
        }
        for nonsense in ["", "-1", "1.5", "soon"] {
            assert_eq!(read(nonsense), None, "{nonsense}");
        }
    }
}
