//! Holds the spans of a call until it has ended: only then is known whether it failed.
//!
//! A span without a parent in this process is a call of its own: a server span, or work in the
//! background. One that failed leaves at once, with everything held below it; of the others, those
//! that the ratio picks. A caller that is trusted to name its trace may have several calls under one
//! id; when one fails, the others leave too, but none waits for another to have failed.
//!
//! Strangers decide how many calls there are, how long one stays open and which traces they are
//! under. So what is held is bounded for each trace and for all, the last spans of a trace are kept
//! rather than its first, and what has been held for long makes room.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use opentelemetry::Context;
use opentelemetry::trace::{TraceContextExt as _, TraceId};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};

use super::drops::Drops;
use super::ended::Ended;
use super::queue::Queue;
use super::ratio::Ratio;
use crate::telemetry::trace_context::CallContext;

#[cfg(test)]
mod tests;

/// The traces that are open at once; of more, only the calls' own spans can leave.
const TRACES: usize = 8192;
/// The spans that are held for all of them.
const SPANS: usize = 32_768;
/// The spans that are held for one trace.
const SPANS_OF_A_TRACE: usize = 128;
/// How long a span is held where others need the room: longer than a unary call lasts.
const HELD_FOR: Duration = Duration::from_secs(60);
/// How often room is looked for at most: it takes a look at every trace.
const SWEEPS: Duration = Duration::from_secs(1);
/// The failed traces whose late spans still leave: work that outlives a call that ran out of time.
const REMEMBERED: usize = 256;

/// See the module. Clones are of one.
#[derive(Clone, Debug)]
pub(super) struct Hold(Arc<Holding>);

#[derive(Debug)]
struct Holding {
    queues: Vec<Queue>,
    ratio: Ratio,
    drops: Arc<Drops>,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    /// Ids are random, or are chosen by callers who do not know the seed of the hash.
    traces: HashMap<TraceId, Trace, foldhash::quality::RandomState>,
    spans: usize,
    failed: VecDeque<TraceId>,
    swept: Option<SystemTime>,
}

#[derive(Debug, Default)]
struct Trace {
    open_calls: usize,
    failed: bool,
    spans: VecDeque<Ended>,
    /// Spans that found no room, or had to make it.
    missing: usize,
}

/// What leaves, and whether it is of a call that failed.
#[derive(Debug, Default)]
struct Leaving {
    spans: Vec<Ended>,
    failed: bool,
}

impl Hold {
    pub(super) fn new(queues: Vec<Queue>, ratio: Ratio, drops: Arc<Drops>) -> Self {
        Self(Arc::new(Holding {
            queues,
            ratio,
            drops,
            held: Mutex::default(),
        }))
    }

    /// A call has begun, under this trace.
    pub(super) fn begin(&self, trace: TraceId) {
        let mut held = self.held();
        let room = held.traces.len() < TRACES;
        match held.traces.get_mut(&trace) {
            Some(trace) => trace.open_calls += 1,
            None if room => {
                let trace = held.traces.entry(trace).or_default();
                trace.open_calls = 1;
            }
            None => {}
        }
    }

    /// A span has ended.
    pub(super) fn end(&self, span: Ended) {
        let Leaving { spans, failed } = self.take(span);
        if spans.is_empty() {
            return;
        }
        if let Some((last, others)) = self.0.queues.split_last() {
            for queue in others {
                queue.offer(spans.clone(), failed);
            }
            last.offer(spans, failed);
        }
    }

    /// Whether the span of a call that ends is one that may leave, now or with another of its trace.
    /// If it is not, the call has ended with that: nobody has to make a span of it.
    /// `holds` says whether it has begun here.
    pub(super) fn needs(&self, trace: TraceId, failed: bool, holds: bool) -> bool {
        if failed || self.0.ratio.picks(trace) {
            return true;
        }
        if !holds {
            return false;
        }
        let mut held = self.held();
        match held.traces.get(&trace) {
            Some(open) if open.failed || open.open_calls > 1 => true,
            Some(open) => {
                let spans = open.spans.len();
                held.spans -= spans;
                held.traces.remove(&trace);
                false
            }
            None => held.failed.contains(&trace),
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in a span that has ended, and gives out what leaves now.
    fn take(&self, span: Ended) -> Leaving {
        let id = span.trace();
        let call = span.is_call();
        let failed = call && span.has_failed();
        let picked = self.0.ratio.picks(id);
        let mut held = self.held();
        held.make_room(span.time());
        let Held {
            traces,
            spans: all,
            failed: remembered,
            ..
        } = &mut *held;
        let Some(trace) = traces.get_mut(&id) else {
            // Nothing was held for it, it comes late, or its trace found no room.
            if failed {
                remember(remembered, id);
            }
            let failed = failed || remembered.contains(&id);
            let leaves = failed || picked;
            return Leaving {
                spans: leaves.then_some(span).into_iter().collect(),
                failed,
            };
        };
        trace.failed |= failed;
        let mut leaving = Leaving {
            spans: Vec::new(),
            failed: trace.failed,
        };
        // Where calls share a trace, what is below the others follows when it ends.
        if trace.failed || (picked && call) {
            *all -= trace.spans.len();
            self.0.drops.count_held(std::mem::take(&mut trace.missing));
            leaving.spans.extend(trace.spans.drain(..));
            leaving.spans.push(span);
        } else {
            trace.hold(span, all);
        }
        if call {
            trace.open_calls -= 1;
            if trace.open_calls == 0
                && let Some(trace) = traces.remove(&id)
            {
                *all -= trace.spans.len();
                if trace.failed {
                    remember(remembered, id);
                }
            }
        }
        leaving
    }
}

impl Held {
    /// Lets go of what has been held for long, where all the room is taken: streams last for hours,
    /// and nobody who opens many may have all of it.
    fn make_room(&mut self, now: SystemTime) {
        // A clock that was set back has everything to come: that is no reason to wait for it.
        let within = |time: SystemTime, long: Duration| {
            now.duration_since(time).is_ok_and(|ago| ago <= long)
        };
        if self.spans < SPANS || self.swept.is_some_and(|time| within(time, SWEEPS)) {
            return;
        }
        self.swept = Some(now);
        for trace in self.traces.values_mut() {
            let before = trace.spans.len();
            let spans = &mut trace.spans;
            spans.retain(|span| within(span.time(), HELD_FOR));
            let gone = before - spans.len();
            trace.missing += gone;
            self.spans -= gone;
        }
    }
}

impl Trace {
    /// Holds a span, in place of the trace's first if there are too many of it.
    fn hold(&mut self, span: Ended, all: &mut usize) {
        if self.spans.len() == SPANS_OF_A_TRACE {
            self.spans.pop_front();
            self.missing += 1;
        } else if *all == SPANS {
            self.missing += 1;
            return;
        } else {
            *all += 1;
        }
        self.spans.push_back(span);
    }
}

fn remember(failed: &mut VecDeque<TraceId>, id: TraceId) {
    if failed.contains(&id) {
        return;
    }
    if failed.len() == REMEMBERED {
        failed.pop_front();
    }
    failed.push_back(id);
}

impl SpanProcessor for Hold {
    fn on_start(&self, span: &mut Span, parent: &Context) {
        use opentelemetry::trace::Span as _;

        let trace = span.span_context().trace_id();
        let parent = parent.span().span_context().clone();
        if !parent.is_valid() || parent.is_remote() {
            self.begin(trace);
        } else {
            CallContext::current(|call| call.hold(trace));
        }
    }

    fn on_end(&self, span: SpanData) {
        self.end(span.into());
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}
