//! `Retry-After` (RFC 9110 section 10.2.3).

use std::time::{Duration, UNIX_EPOCH};

use auth_interceptor::UnixSeconds;
use http::HeaderName;
use http::header::{DATE, HeaderMap, RETRY_AFTER};

/// The longest pause that is believed.
const MAX_PAUSE: Duration = Duration::from_secs(60 * 60);

/// How long the answer asks to be left alone. A time counts from the answer's own `Date`, so that
/// clocks that differ do not matter, and from `now` where it has none.
pub(crate) fn retry_after(headers: &HeaderMap, now: Option<UnixSeconds>) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are a long time all the same.
        value.parse().unwrap_or(u64::MAX)
    } else {
        let until = time_in(headers, RETRY_AFTER)?;
        until.saturating_sub(time_in(headers, DATE).or(now)?)
    };
    Some(Duration::from_secs(seconds).min(MAX_PAUSE))
}

fn time_in(headers: &HeaderMap, name: HeaderName) -> Option<UnixSeconds> {
    let time = httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()?;
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    Some(since.as_secs())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER};

    use super::retry_after;

    /// Sun, 06 Nov 1994 08:49:37 GMT.
    const NOW: u64 = 784_111_777;

    fn of(value: &str, date: Option<&str>) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_str(value).unwrap());
        if let Some(date) = date {
            headers.insert(DATE, HeaderValue::from_str(date).unwrap());
        }
        retry_after(&headers, Some(NOW))
            .as_ref()
            .map(Duration::as_secs)
    }

    #[test]
    fn seconds_and_dates_are_read_and_bounded() {
        for (value, date, expected) in [
            ("60", None, Some(60)),
            (" 0 ", None, Some(0)),
            ("3600", None, Some(3600)),
            ("3601", None, Some(3600)),
            ("99999999999999999999999", None, Some(3600)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", None, Some(30)),
            ("Sun, 06 Nov 1994 08:49:07 GMT", None, Some(0)),
            (
                "Sun, 06 Nov 1994 08:50:07 GMT",
                Some("Sun, 06 Nov 1994 08:50:02 GMT"),
                Some(5),
            ),
            ("Sat, 06 Nov 2094 08:50:07 GMT", None, Some(3600)),
            ("", None, None),
            ("-1", None, None),
            ("1.5", None, None),
            ("soon", None, None),
        ] {
            assert_eq!(of(value, date), expected, "{value:?}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), Some(NOW)), None);
    }
}
