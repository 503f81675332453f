//! Which spans leave, from the SDK's own tracer to an exporter in memory.

use std::collections::BTreeMap;
use std::convert::Infallible;

use auth_interceptor::{Clock, GuardedServices, PlainRefusal, Policies};
use http::Request;
use opentelemetry::trace::{
    Span as _, SpanContext, SpanId, SpanKind, TraceFlags, TraceState, Tracer as _,
    TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tokio_util::sync::CancellationToken;
use tonic::Code;
use tower::{Layer as _, ServiceExt as _, service_fn};

use super::super::Spans;
use super::super::drops::Destination;
use super::super::flow::Flow;
use super::super::queue::{self, CAPACITY, Deliver, KEPT_FOR_FAILURES, Queued};
use super::*;
use crate::telemetry::identity::{UserIdentity, UserNaming};
use crate::telemetry::names;
use crate::telemetry::propagation::TrustInbound;
use crate::telemetry::trace_context::TraceContextLayer;

struct Running {
    tracer: SdkTracer,
    drops: Arc<Drops>,
    queued: Queued,
    provider: SdkTracerProvider,
    hold: Hold,
}

impl Running {
    fn new(share: f64) -> Self {
        let flow = Arc::new(Flow::default());
        let drops = Arc::clone(flow.drops());
        let (queue, queued) = queue::bounded(Destination::Collector, flow);
        let hold = Hold::new(vec![queue], Ratio::new(share).unwrap(), Arc::clone(&drops));
        let provider = SdkTracerProvider::builder()
            .with_span_processor(hold.clone())
            .build();
        Self {
            tracer: provider.tracer("test"),
            drops,
            queued,
            provider,
            hold,
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
        self.queued.deliver_to(exporter.clone(), ended).await;
        drop(self.provider);
        std::mem::take(&mut *exporter.0.lock().unwrap())
    }
}

#[derive(Clone, Debug, Default)]
struct Exported(Arc<Mutex<Vec<SpanData>>>);

impl Deliver for Exported {
    async fn deliver(&self, batch: Vec<SpanData>) -> usize {
        self.0.lock().unwrap().extend(batch);
        0
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
    let holding = Running::new(0.0);
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
    let holding = Running::new(1.0);
    let call = holding.call(&Context::new());
    holding.child("exchange", &call);
    call.span().end();
    let left = counted([("call", 1), ("exchange", 1)]);
    assert_eq!(holding.exported().await, left);
}

#[tokio::test]
async fn what_outlives_a_failed_call_still_leaves_and_of_another_does_not() {
    let holding = Running::new(0.0);
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
    let holding = Running::new(0.0);
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
    let holding = Running::new(0.0);
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
    let holding = Running::new(0.0);
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
async fn what_the_queue_has_no_room_for_is_counted_and_the_last_room_is_for_failures() {
    let holding = Running::new(1.0);
    let end = |failed: bool| {
        let call = holding.call(&Context::new());
        if failed {
            fail(&call);
        }
        call.span().end();
    };
    for _ in 0..CAPACITY {
        end(false);
    }
    assert_eq!(holding.drops.while_queued(), KEPT_FOR_FAILURES as u64);
    for _ in 0..KEPT_FOR_FAILURES + 3 {
        end(true);
    }
    assert_eq!(holding.drops.while_queued(), KEPT_FOR_FAILURES as u64 + 3);
    assert_eq!(holding.exported().await, counted([("call", CAPACITY)]));
}

#[tokio::test]
async fn only_what_the_table_lists_leaves_and_each_key_as_it_was_recorded_last() {
    let holding = Running::new(1.0);
    let call = holding.call(&Context::new());
    let reason = KeyValue::new(names::AUTH_REASON, "TOKEN_EXPIRED");
    call.span()
        .set_attribute(KeyValue::new("planted", "secret"));
    let earlier = KeyValue::new(names::AUTH_REASON, "TOKEN_MALFORMED");
    call.span().set_attribute(earlier);
    call.span().set_attribute(reason.clone());
    call.span().add_event(
        names::EVENT_DENIED,
        vec![reason.clone(), KeyValue::new(names::ERROR, "secret")],
    );
    call.span().end();
    let spans = holding.spans().await;
    assert_eq!(spans[0].attributes, std::slice::from_ref(&reason));
    assert_eq!(spans[0].events.events[0].attributes, [reason]);
}

#[tokio::test]
async fn the_last_spans_of_a_call_with_many_are_those_that_are_kept() {
    let holding = Running::new(0.0);
    let call = holding.call(&Context::new());
    for _ in 0..SPANS_OF_A_TRACE {
        holding.child("first", &call);
    }
    holding.child("last", &call);
    fail(&call);
    call.span().end();
    let left = counted([("call", 1), ("first", SPANS_OF_A_TRACE - 1), ("last", 1)]);
    assert_eq!(holding.exported().await, left);
}

#[tokio::test]
async fn what_a_call_that_did_not_fail_had_too_much_of_is_not_counted_as_lost() {
    let holding = Running::new(0.0);
    let call = holding.call(&Context::new());
    for _ in 0..SPANS_OF_A_TRACE + 10 {
        holding.child("store", &call);
    }
    call.span().end();
    assert_eq!(holding.drops.while_held(), 0);
}

/// A context in which calls continue the trace `id` of a caller.
fn caller(id: u128) -> Context {
    let caller = SpanContext::new(
        TraceId::from(id),
        SpanId::from(7),
        TraceFlags::SAMPLED,
        true,
        TraceState::default(),
    );
    Context::new().with_remote_span_context(caller)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_id_that_a_caller_repeats_holds_no_more_than_any_other() {
    let holding = Arc::new(Running::new(0.0));
    let open = holding.call(&caller(7));
    let floods = (0..4).map(|_| {
        let holding = Arc::clone(&holding);
        tokio::task::spawn_blocking(move || {
            for _ in 0..25_000 {
                let call = holding.call(&caller(7));
                holding.child("exchange", &call);
                call.span().end();
            }
        })
    });
    futures_util::future::join_all(floods).await;
    assert_eq!(holding.hold.held().spans, SPANS_OF_A_TRACE);

    // Another's failed call is as whole as ever.
    let call = holding.call(&Context::new());
    holding.child("exchange", &call);
    fail(&call);
    call.span().end();
    open.span().end();
    assert_eq!(holding.hold.held().spans, 0);
    assert_eq!(holding.hold.held().traces.len(), 0);
    let left = counted([("call", 1), ("exchange", 1)]);
    let holding = Arc::into_inner(holding).unwrap();
    assert_eq!(holding.exported().await, left);
}

#[tokio::test]
async fn a_call_that_failed_waits_for_no_other_of_its_trace() {
    let holding = Running::new(0.0);
    let (_stream, call) = (holding.call(&caller(7)), holding.call(&caller(7)));
    fail(&call);
    call.span().end();
    assert_eq!(holding.exported().await, counted([("call", 1)]));
}

#[tokio::test]
async fn streams_that_last_for_hours_keep_no_room_from_the_calls_of_today() {
    let holding = Running::new(0.0);
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let streams: Vec<_> = (0..SPANS / SPANS_OF_A_TRACE)
        .map(|_| holding.call(&Context::new()))
        .collect();
    let child = |call: &Context, moment: SystemTime| {
        let span = holding.tracer.span_builder("store").with_start_time(moment);
        let mut span = span.start_with_context(&holding.tracer, call);
        span.end_with_timestamp(moment);
    };
    for stream in &streams {
        for _ in 0..SPANS_OF_A_TRACE {
            child(stream, now);
        }
    }
    assert_eq!(holding.hold.held().spans, SPANS);
    let later = now + HELD_FOR + SWEEPS * 2;
    let call = holding.call(&Context::new());
    child(&call, later);
    assert_eq!(holding.hold.held().spans, 1);
    fail(&call);
    call.span().end_with_timestamp(later);
    assert_eq!(
        holding.exported().await,
        counted([("call", 1), ("store", 1)])
    );
}

#[tokio::test]
async fn a_call_whose_span_nobody_needs_ends_with_all_that_was_held_below_it() {
    let holding = Running::new(0.0);
    let trace = TraceId::from(7);
    let own = SpanContext::new(
        trace,
        SpanId::from(7),
        TraceFlags::SAMPLED,
        false,
        TraceState::default(),
    );
    let call = Context::new().with_remote_span_context(own);
    holding.hold.begin(trace);
    holding.child("store", &call);
    assert_eq!(holding.hold.held().spans, 1);
    assert!(!holding.hold.needs(trace, false, true));
    assert_eq!(holding.hold.held().spans, 0);
    assert!(holding.hold.held().traces.is_empty());

    // Another that goes on under its id may fail, and then it leaves too.
    holding.hold.begin(trace);
    holding.hold.begin(trace);
    assert!(holding.hold.needs(trace, false, true));
}

#[tokio::test]
async fn a_call_that_panics_is_held_no_longer_than_its_span_lives() {
    let holding = Running::new(0.0);
    let call = std::panic::AssertUnwindSafe(async {
        let call = holding.call(&Context::new());
        holding.child("exchange", &call);
        fail(&call);
        panic!("a handler's fault");
    });
    let panicked = futures_util::FutureExt::catch_unwind(call).await;
    assert!(panicked.is_err());
    assert!(holding.hold.held().traces.is_empty());
    let left = counted([("call", 1), ("exchange", 1)]);
    assert_eq!(holding.exported().await, left);
}

/// A call that comes in through the layer and asks somebody else on its way.
async fn served(holding: &Running, code: Code) {
    let spans = Spans {
        hold: Some(holding.hold.clone()),
        flow: Arc::default(),
    };
    let users = UserIdentity::new(&UserNaming::ObjectId, Clock::system()).unwrap();
    let (_, served) =
        GuardedServices::new(Policies::default(), Arc::new(PlainRefusal::new("test"))).into_parts();
    let layer = TraceContextLayer::new(served, TrustInbound::Auto);
    let layer = layer.leaving_to(spans, Arc::new(users), None);
    let service = layer.layer(service_fn(async |_: Request<()>| {
        // Nothing below it has to be held yet.
        assert!(holding.hold.held().traces.is_empty());
        for name in ["exchange", "fabric"] {
            holding.tracer.start(name).end();
        }
        assert_eq!(holding.hold.held().spans, 2);
        CallContext::current(|call| call.answered(code, None));
        Ok::<_, Infallible>(())
    }));
    let answered = service.oneshot(Request::new(())).await;
    assert!(answered.is_ok());
    assert!(holding.hold.held().traces.is_empty());
    assert_eq!(holding.hold.held().spans, 0);
}

#[tokio::test]
async fn what_begins_below_a_served_call_is_held_until_that_ends() {
    let holding = Running::new(0.0);
    for code in [Code::Ok, Code::Unavailable, Code::Ok] {
        served(&holding, code).await;
    }
    let left = counted([(names::SPAN_OTHER_CALL, 1), ("exchange", 1), ("fabric", 1)]);
    assert_eq!(holding.exported().await, left);
}

#[tokio::test]
async fn all_below_a_served_call_that_the_ratio_picks_leaves() {
    let holding = Running::new(1.0);
    served(&holding, Code::Ok).await;
    let left = counted([(names::SPAN_OTHER_CALL, 1), ("exchange", 1), ("fabric", 1)]);
    assert_eq!(holding.exported().await, left);
}
