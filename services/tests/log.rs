//! What the process under test logs, kept in memory.
//!
//! One log for the whole process: whether an event is written is decided once for all threads, so
//! that a subscriber of one test could silence the events of another.

use std::io;
use std::sync::{Mutex, Once, PoisonError};

use serde_json::Value;

static START: Once = Once::new();
static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Starts the log, if no test has yet.
pub(crate) fn start() {
    START.call_once(|| {
        let subscriber = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_writer(|| Lines)
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
}

/// The events of that message in which that field has that value, in their order.
pub(crate) fn events(message: &str, field: &str, value: &str) -> Vec<Value> {
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner).clone();
    String::from_utf8(lines)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|event| event["message"] == message && event[field] == value)
        .collect()
}

struct Lines;

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
        lines.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
