//! The spans behind the collector, as far as a test asks for them: whether a trace has come.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Longer than a span waits for others to be sent with, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(10);
const PACE: Duration = Duration::from_millis(20);

pub(super) struct Store {
    address: String,
}

impl Store {
    /// `url` is `http://`, a host and a port.
    pub(super) fn at(url: &str) -> Self {
        let address = url.strip_prefix("http://").expect("plain HTTP");
        Self {
            address: address.trim_end_matches('/').to_owned(),
        }
    }

    /// Waits until a span of the trace is there. Whoever looks at the run counts those that are not.
    pub(super) fn wait_for(&self, trace_id: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.has(trace_id).unwrap_or(false) && Instant::now() < deadline {
            std::thread::park_timeout(PACE);
        }
    }

    fn has(&self, trace_id: &str) -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(&self.address)?;
        let query = format!("SELECT count() FROM otel_traces WHERE TraceId = '{trace_id}'");
        write!(
            stream,
            "POST /?database=otel HTTP/1.0\r\nhost: {}\r\ncontent-length: {}\r\n\r\n{query}",
            self.address,
            query.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let count = answer.rsplit("\r\n\r\n").next().unwrap_or_default().trim();
        Ok(count.parse::<u64>().is_ok_and(|spans| spans > 0))
    }
}
