//! Holds the spans of a call until it has ended: only then is known whether it failed.
//!
//! A span without a parent in this process is a call of its own: a server span, or work in the
//! background. One that failed leaves with everything below it; of the others, those that the ratio
//! picks. A caller that is trusted to name its trace may have several calls under one id; they are
//! decided together, when the last has ended.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry::trace::{SpanId, Status, TraceContextExt as _, TraceId};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};

use super::drops::Drops;
use super::queue::Queue;
use super::ratio::Ratio;
use crate::telemetry::names::{self, Place};

#[cfg(test)]
mod tests;

/// The traces that are open at once; of more, only the calls' own spans can leave.
const TRACES: usize = 8192;
/// The spans that are held for all of them.
const SPANS: usize = 32_768;
/// The spans that are held below the calls of one trace.
const SPANS_OF_A_TRACE: usize = 128;
/// The failed traces whose late spans still leave: work that outlives a call that ran out of time.
const REMEMBERED: usize = 256;

/// See the module.
#[derive(Debug)]
pub(super) struct Hold {
    queue: Queue,
    ratio: Ratio,
    drops: Arc<Drops>,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    traces: HashMap<TraceId, Trace>,
    spans: usize,
    failed: VecDeque<TraceId>,
}

#[derive(Debug, Default)]
struct Trace {
    open_calls: usize,
    failed: bool,
    spans: Vec<SpanData>,
}

impl Hold {
    pub(super) fn new(queue: Queue, ratio: Ratio, drops: Arc<Drops>) -> Self {
        Self {
            queue,
            ratio,
            drops,
            held: Mutex::default(),
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in a span that has ended, and gives out what leaves now.
    fn take(&self, span: SpanData) -> Vec<SpanData> {
        let id = span.span_context.trace_id();
        let call = is_call(&span);
        let failed = call && has_failed(&span);
        let mut held = self.held();
        let Held {
            traces,
            spans,
            failed: remembered,
        } = &mut *held;
        let Some(trace) = traces.get_mut(&id) else {
            // It comes late, or its trace found no room.
            return if failed || self.ratio.picks(id) || remembered.contains(&id) {
                vec![span]
            } else {
                Vec::new()
            };
        };
        if *spans < SPANS && (call || trace.spans.len() < SPANS_OF_A_TRACE) {
            *spans += 1;
            trace.spans.push(span);
        } else {
            self.drops.count_held(1);
        }
        if call {
            trace.open_calls -= 1;
            trace.failed |= failed;
        }
        if trace.open_calls > 0 {
            return Vec::new();
        }
        let Some(trace) = traces.remove(&id) else {
            return Vec::new();
        };
        *spans -= trace.spans.len();
        if trace.failed {
            if remembered.len() == REMEMBERED {
                remembered.pop_front();
            }
            remembered.push_back(id);
        }
        if trace.failed || self.ratio.picks(id) {
            trace.spans
        } else {
            Vec::new()
        }
    }
}

impl SpanProcessor for Hold {
    fn on_start(&self, span: &mut Span, parent: &Context) {
        use opentelemetry::trace::Span as _;

        let parent = parent.span().span_context().clone();
        if parent.is_valid() && !parent.is_remote() {
            return;
        }
        let mut held = self.held();
        let id = span.span_context().trace_id();
        let room = held.traces.len() < TRACES;
        match held.traces.get_mut(&id) {
            Some(trace) => trace.open_calls += 1,
            None if room => {
                let trace = held.traces.entry(id).or_default();
                trace.open_calls = 1;
            }
            None => {}
        }
    }

    fn on_end(&self, mut span: SpanData) {
        keep_listed(&mut span);
        let leaving = self.take(span);
        if !leaving.is_empty() {
            self.queue.offer(leaving);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// Whether the span has no parent in this process.
fn is_call(span: &SpanData) -> bool {
    span.parent_span_id == SpanId::INVALID || span.parent_span_is_remote
}

fn has_failed(span: &SpanData) -> bool {
    let is_error_type = |key: &str| key == names::ERROR_TYPE;
    matches!(span.status, Status::Error { .. })
        || span
            .attributes
            .iter()
            .any(|attribute| is_error_type(attribute.key.as_str()))
}

/// Leaves out what is for log lines alone, and what dependencies may have added.
fn keep_listed(span: &mut SpanData) {
    let listed = |key: &opentelemetry::Key| names::may_appear(key.as_str(), Place::Span);
    span.attributes.retain(|attribute| listed(&attribute.key));
    for event in &mut span.events.events {
        event.attributes.retain(|attribute| listed(&attribute.key));
    }
}
