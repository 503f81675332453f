//! Which spans leave, from the SDK's own tracer to an exporter in memory.

use std::collections::BTreeMap;

use opentelemetry::trace::{
    Span as _, SpanContext, SpanId, SpanKind, TraceFlags, TraceState, Tracer as _,
    TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, SpanExporter};
use tokio_util::sync::CancellationToken;

use super::super::flow::Flow;
use super::super::queue::{self, CAPACITY, Queued};
use super::*;

struct Holding {
    tracer: SdkTracer,
    drops: Arc<Drops>,
    queued: Queued,
    provider: SdkTracerProvider,
}

impl Holding {
    fn new(share: f64) -> Self {
        let drops = Arc::new(Drops::default());
        let (queue, queued) = queue::bounded(Arc::new(Flow::new(Arc::clone(&drops))));
        let hold = Hold::new(queue, Ratio::new(share).unwrap(), Arc::clone(&drops));
        let provider = SdkTracerProvider::builder()
            .with_span_processor(hold)
            .build();
        Self {
            tracer: provider.tracer("test"),
            drops,
            queued,
            provider,
        }
    }

    fn call(&self, parent: &Context) -> Context {
        let builder = self.tracer.span_builder("call").with_kind(SpanKind::Server);
        let span = builder.start_with_context(&self.tracer, parent);
        Context::new().with_span(span)
    }

    fn child(&self, name: &'static str, call: &Context) {
        self.tracer.start_with_context(name, call).end();
    }

    /// How many spans of each name came out.
    async fn exported(self) -> BTreeMap<String, usize> {
        let mut names = BTreeMap::new();
        for span in self.spans().await {
            *names.entry(span.name.into_owned()).or_default() += 1;
        }
        names
    }

    async fn spans(self) -> Vec<SpanData> {
        let exporter = Exported::default();
        let ended = CancellationToken::new();
        ended.cancel();
        self.queued.send_to(exporter.clone(), ended).await;
        drop(self.provider);
        std::mem::take(&mut *exporter.0.lock().unwrap())
    }
}

#[derive(Clone, Debug, Default)]
struct Exported(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Exported {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap().extend(batch);
        Ok(())
    }
}

fn fail(call: &Context) {
    let status = KeyValue::new(names::ERROR_TYPE, "PERMISSION_DENIED");
    call.span().set_attribute(status);
}

fn counted<const N: usize>(names: [(&str, usize); N]) -> BTreeMap<String, usize> {
    names.map(|(name, count)| (name.to_owned(), count)).into()
}

#[tokio::test]
async fn a_call_that_failed_leaves_whole_and_one_that_did_not_leaves_nothing() {
    let holding = Holding::new(0.0);
    for failed in [false, true, false] {
        let call = holding.call(&Context::new());
        holding.child("exchange", &call);
        holding.child("fabric", &call);
        if failed {
            fail(&call);
        }
        call.span().end();
    }
    let left = counted([("call", 1), ("exchange", 1), ("fabric", 1)]);
    assert_eq!(holding.exported().await, left);
}

#[tokio::test]
async fn all_of_a_call_that_the_ratio_picks_leaves() {
    let holding = Holding::new(1.0);
    let call = holding.call(&Context::new());
    holding.child("exchange", &call);
    call.span().end();
    let left = counted([("call", 1), ("exchange", 1)]);
    assert_eq!(holding.exported().await, left);
}

#[tokio::test]
async fn what_outlives_a_failed_call_still_leaves_and_of_another_does_not() {
    let holding = Holding::new(0.0);
    let (failed, succeeded) = (holding.call(&Context::new()), holding.call(&Context::new()));
    fail(&failed);
    failed.span().end();
    succeeded.span().end();
    holding.child("late", &failed);
    holding.child("late", &succeeded);
    let left = counted([("call", 1), ("late", 1)]);
    assert_eq!(holding.exported().await, left);
}

#[tokio::test]
async fn calls_that_a_caller_put_under_one_trace_are_decided_together() {
    let holding = Holding::new(0.0);
    let caller = SpanContext::new(
        TraceId::from(7),
        SpanId::from(7),
        TraceFlags::SAMPLED,
        true,
        TraceState::default(),
    );
    let caller = Context::new().with_remote_span_context(caller);
    let (first, second) = (holding.call(&caller), holding.call(&caller));
    holding.child("exchange", &second);
    fail(&first);
    first.span().end();
    second.span().end();
    let left = counted([("call", 2), ("exchange", 1)]);
    assert_eq!(holding.exported().await, left);
}

#[tokio::test]
async fn a_call_with_more_spans_than_are_held_keeps_its_own() {
    let holding = Holding::new(0.0);
    let call = holding.call(&Context::new());
    for _ in 0..SPANS_OF_A_TRACE + 10 {
        holding.child("store", &call);
    }
    fail(&call);
    call.span().end();
    assert_eq!(holding.drops.while_held(), 10);
    let left = counted([("call", 1), ("store", SPANS_OF_A_TRACE)]);
    assert_eq!(holding.exported().await, left);
}

#[tokio::test]
async fn a_call_for_which_there_is_no_room_leaves_alone_if_it_failed() {
    let holding = Holding::new(0.0);
    let open: Vec<_> = (0..TRACES).map(|_| holding.call(&Context::new())).collect();
    let call = holding.call(&Context::new());
    holding.child("exchange", &call);
    fail(&call);
    call.span().end();
    for one in open {
        one.span().end();
    }
    assert_eq!(holding.exported().await, counted([("call", 1)]));
}

#[tokio::test]
async fn what_the_queue_has_no_room_for_is_counted_and_nobody_waits() {
    let holding = Holding::new(1.0);
    for _ in 0..CAPACITY + 3 {
        holding.call(&Context::new()).span().end();
    }
    assert_eq!(holding.drops.while_queued(), 3);
    assert_eq!(holding.exported().await, counted([("call", CAPACITY)]));
}

#[tokio::test]
async fn only_what_the_table_lists_leaves_and_the_decision_is_on_the_span() {
    let holding = Holding::new(1.0);
    let call = holding.call(&Context::new());
    call.span()
        .set_attribute(KeyValue::new("planted", "secret"));
    call.span().add_event(
        names::EVENT_DENIED,
        vec![
            KeyValue::new(names::AUTH_REASON, "TOKEN_EXPIRED"),
            KeyValue::new(names::ERROR, "secret"),
        ],
    );
    call.span().end();
    let spans = holding.spans().await;
    let reason = KeyValue::new(names::AUTH_REASON, "TOKEN_EXPIRED");
    assert_eq!(spans[0].attributes, std::slice::from_ref(&reason));
    assert_eq!(spans[0].events.events[0].attributes, [reason]);
}
