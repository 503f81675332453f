//! Ends every call in time: at the caller's `grpc-timeout`, at the service's own cap for unary
//! calls, or when the drain is over.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderMap, Request, Response};
use tokio::time::Instant;
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};

use super::drain::Drain;
use crate::refusal::Refusal;
use crate::telemetry::trace_context::CallContext;

/// When a call's answer has to be there. In the extensions of every request that has such a time.
#[derive(Clone, Copy, Debug)]
pub struct CallDeadline(pub Instant);

/// Puts [`Deadline`] in front of a service.
#[derive(Clone, Debug)]
pub struct DeadlineLayer {
    unary: Duration,
    drain: Drain,
}

impl DeadlineLayer {
    /// `unary` is the most that a call of a method without streams may take.
    #[must_use]
    pub fn new(unary: Duration, drain: Drain) -> Self {
        Self { unary, drain }
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = Deadline<S>;

    fn layer(&self, inner: S) -> Deadline<S> {
        Deadline {
            inner,
            unary: self.unary,
            drain: self.drain.clone(),
        }
    }
}

/// See [`DeadlineLayer`].
#[derive(Clone, Debug)]
pub struct Deadline<S> {
    inner: S,
    unary: Duration,
    drain: Drain,
}

impl<S, B> Service<Request<B>> for Deadline<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let asked = match grpc_timeout(request.headers()) {
            Ok(asked) => asked,
            Err(Malformed) => {
                return Box::pin(async {
                    Ok(Status::from(Refusal::timeout_header_invalid()).into_http())
                });
            }
        };
        let streaming = request
            .extensions()
            .get()
            .is_some_and(CallContext::is_streaming);
        let limit = match (asked, streaming) {
            (Some(asked), true) => Some(asked),
            (Some(asked), false) => Some(asked.min(self.unary)),
            (None, false) => Some(self.unary),
            (None, true) => None,
        };
        if asked == Some(Duration::ZERO) {
            return Box::pin(async { Ok(Status::from(Refusal::deadline_exceeded()).into_http()) });
        }
        // A limit beyond what a clock can name is none.
        let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
        if let Some(deadline) = deadline {
            request.extensions_mut().insert(CallDeadline(deadline));
        }
        let drain = self.drain.clone();
        let call = self.inner.call(request);
        Box::pin(async move {
            let expired = async {
                match deadline {
                    Some(deadline) => tokio::time::sleep_until(deadline).await,
                    None => std::future::pending().await,
                }
            };
            let refusal = tokio::select! {
                // A finished call is worth more than a timer that fired beside it.
                biased;
                answer = call => return answer,
                () = expired => Refusal::deadline_exceeded(),
                () = drain.ended() => Refusal::shutting_down(),
            };
            Ok(Status::from(refusal).into_http())
        })
    }
}

struct Malformed;

/// Reads `grpc-timeout`: at most eight digits and a unit.
fn grpc_timeout(headers: &HeaderMap) -> Result<Option<Duration>, Malformed> {
    let mut values = headers.get_all("grpc-timeout").iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Malformed);
    }
    let (digits, unit) = match value.as_bytes() {
        [digits @ .., unit] if (1..=8).contains(&digits.len()) => (digits, *unit),
        _ => return Err(Malformed),
    };
    let mut amount: u64 = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return Err(Malformed);
        }
        amount = amount * 10 + u64::from(digit - b'0');
    }
    Ok(Some(match unit {
        b'H' => Duration::from_secs(amount * 60 * 60),
        b'M' => Duration::from_secs(amount * 60),
        b'S' => Duration::from_secs(amount),
        b'm' => Duration::from_millis(amount),
        b'u' => Duration::from_micros(amount),
        b'n' => Duration::from_nanos(amount),
        _ => return Err(Malformed),
    }))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::HeaderMap;

    use super::grpc_timeout;

    fn read(value: &str) -> Option<Option<Duration>> {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-timeout", value.parse().unwrap());
        grpc_timeout(&headers).ok()
    }

    #[test]
    fn a_timeout_is_at_most_eight_digits_and_a_unit() {
        assert_eq!(read("50m"), Some(Some(Duration::from_millis(50))));
        assert_eq!(
            read("99999999H"),
            Some(Some(Duration::from_secs(99_999_999 * 3600)))
        );
        assert_eq!(read("0n"), Some(Some(Duration::ZERO)));
        for malformed in [
            "",
            "5",
            "m",
            "123456789S",
            "-1S",
            "1x",
            "1.5S",
            " 1S",
            "1S ",
            "１S",
        ] {
            assert_eq!(read(malformed), None, "{malformed}");
        }
    }
}
