//! The audit entries of one trace.

use opentelemetry::trace::TraceId;
use serde_json::{Map, Value};

use crate::telemetry::names;

/// The entries that are kept of one trace.
const MOST: usize = 1_000;

/// The entries in the order in which they were written, each as it was.
#[derive(Debug)]
pub(super) struct AuditEntries {
    id: String,
    entries: Vec<Map<String, Value>>,
}

impl AuditEntries {
    pub(super) fn of(id: TraceId) -> Self {
        Self {
            id: id.to_string(),
            entries: Vec::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn all(&self) -> &[Map<String, Value>] {
        &self.entries
    }

    /// Takes in the entry of a line. A line that is none, or names the trace elsewhere, is left out.
    pub(super) fn read(&mut self, line: &str) {
        if self.entries.len() == MOST {
            return;
        }
        if let Ok(entry) = serde_json::from_str::<Map<String, Value>>(line)
            && entry.get(names::TRACE_ID).and_then(Value::as_str) == Some(&*self.id)
        {
            self.entries.push(entry);
        }
    }
}
