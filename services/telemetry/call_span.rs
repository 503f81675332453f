//! The span of a call, or of a job's run: plain values until it has ended, and a span only if it is one
//! that leaves. Most do not, and to write down what nobody reads would cost a call more than its decision.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use auth_interceptor::{
    Admission, AuthError, DecidedCall, KeyOrigin, MethodPolicy, TokenRole, Validation, Verdict,
};
use opentelemetry::trace::{Event, Link, SpanContext, SpanKind, Status};
use opentelemetry::{KeyValue, SpanId, Value};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use tonic::Code;
use uuid::Uuid;

use super::export::{self, EndedCall, Spans};
use super::identity::UserIdentity;
use super::names;
use super::propagation::Inbound;
use crate::refusal;

/// The events that are kept of a call, which may be a stream of hours: as many as OpenTelemetry's
/// SDKs keep.
const EVENTS: usize = 128;

/// What the spans of all calls have in common. Calls share it whole: to count who holds each part would
/// cost a call more than to look it up.
#[derive(Debug)]
pub(super) struct CallSpans {
    pub(super) spans: Spans,
    pub(super) users: Arc<UserIdentity>,
    pub(super) listening: Option<Listening>,
}

impl CallSpans {
    /// None where there is nobody to leave spans to.
    pub(super) fn leaving_to(
        spans: Spans,
        users: Arc<UserIdentity>,
        listening: Option<Listening>,
    ) -> Option<Arc<Self>> {
        spans.is_on().then(|| {
            Arc::new(Self {
                spans,
                users,
                listening,
            })
        })
    }
}

/// What is done.
#[derive(Clone, Debug)]
pub(super) enum Work {
    /// A call of this method; none: of one that is not served.
    Call(Option<Arc<MethodPolicy>>),
    /// A run of this job, by a worker.
    Job(Uuid),
}

/// The span of a call that goes on.
#[derive(Debug)]
pub(super) struct CallSpan {
    of: Arc<CallSpans>,
    /// Its own ids.
    pub(super) context: SpanContext,
    inbound: Option<Inbound>,
    asked: Asked,
    found: Mutex<Found>,
    /// Whether the spans below it are held until it ends.
    holds: AtomicBool,
}

/// What a call has left, of which its span is made.
struct Left {
    of: Arc<CallSpans>,
    work: Work,
    context: SpanContext,
    inbound: Option<Inbound>,
    began: SystemTime,
    asked: Asked,
    found: Found,
}

/// What is known of a call, but for its method, before anything has looked at it.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// What was asked for in place of a method.
    pub(super) original: Option<String>,
    pub(super) http_route: Option<Arc<str>>,
    pub(super) peer: Option<IpAddr>,
}

/// Where calls are listened for.
#[derive(Clone, Debug)]
pub(super) struct Listening {
    pub(super) address: Arc<str>,
    pub(super) port: u16,
}

/// What is found out while a call goes on.
#[derive(Debug, Default)]
pub(super) struct Found {
    decision: Option<Decision>,
    judged: Option<Judged>,
    code: Option<Code>,
    attributes: Attributes,
    events: SpanEvents,
}

/// How the call was decided. Of one that was let through, what that says is put off: it is known from
/// the caller, without their token, and hardly ever wanted.
#[derive(Debug)]
enum Decision {
    Allowed(Admission),
    Denied(Attributes),
}

/// How the last of a call's tokens was judged.
#[derive(Clone, Copy, Debug)]
struct Judged {
    keys: KeyOrigin,
    keys_age: Option<Duration>,
    is_remembered: bool,
}

impl CallSpan {
    /// The span of a call that begins, with its ids. One that a caller's trace goes on in may be one
    /// of several there.
    pub(super) fn begin(
        of: &Arc<CallSpans>,
        context: SpanContext,
        inbound: Option<Inbound>,
        asked: Asked,
    ) -> Self {
        let span = Self {
            of: Arc::clone(of),
            context,
            asked,
            found: Mutex::default(),
            holds: AtomicBool::new(false),
            inbound,
        };
        if let Some(Inbound::Continued(_)) = &span.inbound {
            span.hold();
        }
        span
    }

    /// Has the spans below it held until it ends.
    pub(super) fn hold(&self) {
        if !self.holds.swap(true, Ordering::Relaxed) {
            self.of.spans.begin(self.context.trace_id());
        }
    }

    pub(super) fn decided(&self, decided: &DecidedCall<'_>) {
        // Before the span is written on: to name a user may be to log that a key was read.
        let decision = Decision::of(decided, &self.of.users);
        self.found().decision = Some(decision);
    }

    pub(super) fn found(&self) -> MutexGuard<'_, Found> {
        // Every change is whole by itself.
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it leaves, now that its call has ended.
    pub(super) fn leaves(&mut self) -> bool {
        let failed = self.has_failed();
        let (trace, holds) = (self.context.trace_id(), *self.holds.get_mut());
        self.of.spans.needs(trace, failed, holds)
    }

    /// Leaves, as that of `work` that has taken from `began` until now.
    pub(super) fn leave(mut self, work: Work, began: Instant) {
        let (trace, failed) = (self.context.trace_id(), self.has_failed());
        let ended = export::now();
        let taken = began.elapsed();
        let found = self.found.into_inner();
        let left = Left {
            of: Arc::clone(&self.of),
            work,
            context: self.context,
            inbound: self.inbound,
            began: ended.checked_sub(taken).unwrap_or(ended),
            asked: self.asked,
            found: found.unwrap_or_else(PoisonError::into_inner),
        };
        self.of.spans.end(EndedCall {
            trace,
            failed,
            ended,
            span: Arc::new(move || left.span(ended)),
        });
    }

    fn has_failed(&mut self) -> bool {
        let found = self.found.get_mut().unwrap_or_else(PoisonError::into_inner);
        found.code.is_some_and(|code| code != Code::Ok)
    }
}

impl Left {
    fn span(&self, ended: SystemTime) -> SpanData {
        let (parent, link) = match &self.inbound {
            Some(Inbound::Continued(caller)) => (Some(caller), None),
            Some(Inbound::Linked(caller)) => (None, Some(caller)),
            None => (None, None),
        };
        let mut links = SpanLinks::default();
        links
            .links
            .extend(link.map(|caller| Link::new(caller.clone(), Vec::new(), 0)));
        let (name, span_kind) = match &self.work {
            Work::Call(Some(method)) => (method.method().to_owned().into(), SpanKind::Server),
            Work::Call(None) => (names::SPAN_OTHER_CALL.into(), SpanKind::Server),
            Work::Job(_) => (names::SPAN_JOB_RUN.into(), SpanKind::Internal),
        };
        let status = if self.found.code.is_some_and(is_our_fault) {
            Status::error("")
        } else {
            Status::Unset
        };
        SpanData {
            span_context: self.context.clone(),
            parent_span_id: parent.map_or(SpanId::INVALID, SpanContext::span_id),
            parent_span_is_remote: parent.is_some(),
            span_kind,
            name,
            start_time: self.began,
            end_time: ended,
            attributes: self.attributes().0,
            dropped_attributes_count: 0,
            events: self.found.events.clone(),
            links,
            status,
            instrumentation_scope: export::scope(),
        }
    }

    fn attributes(&self) -> Attributes {
        let mut attributes = Attributes::default();
        match &self.work {
            Work::Call(method) => self.add_call(method.as_deref(), &mut attributes),
            Work::Job(id) => attributes.put(names::JOB_ID, id.to_string()),
        }
        self.found.add_to(&mut attributes, &self.of.users);
        attributes
    }

    fn add_call(&self, method: Option<&MethodPolicy>, attributes: &mut Attributes) {
        attributes.put(names::RPC_SYSTEM_NAME, "grpc");
        attributes.put(
            names::RPC_METHOD,
            method.map_or(names::OTHER, MethodPolicy::method).to_owned(),
        );
        if let Some(Listening { address, port }) = &self.of.listening {
            attributes.put(names::SERVER_ADDRESS, Arc::clone(address));
            attributes.put(names::SERVER_PORT, i64::from(*port));
        }
        let required = method.map(MethodPolicy::required);
        let required = required.filter(|required| !required.is_empty());
        attributes.put_if(names::SCOPE_REQUIRED, required.map(str::to_owned));
        let status = self.found.code.map(refusal::code_name);
        attributes.put_if(names::RPC_RESPONSE_STATUS_CODE, status);
        self.asked.add_to(attributes);
    }
}

impl Asked {
    fn add_to(&self, attributes: &mut Attributes) {
        attributes.put_if(names::RPC_METHOD_ORIGINAL, self.original.clone());
        attributes.put_if(names::HTTP_ROUTE, self.http_route.clone());
        let peer = self.peer.map(|peer| peer.to_string());
        attributes.put_if(names::NETWORK_PEER_ADDRESS, peer);
    }
}

impl Found {
    pub(super) fn validated(&mut self, validation: &Validation<'_>) {
        self.judged = Some(Judged {
            keys: validation.keys,
            keys_age: validation.keys_age,
            is_remembered: validation.is_remembered,
        });
    }

    /// The call has a status. A stream may have another at its end.
    pub(super) fn answered(&mut self, code: Code, reason: Option<&str>) {
        self.code = Some(code);
        let reason = reason.map(str::to_owned);
        self.attributes.put_if(names::REFUSAL_REASON, reason);
    }

    pub(super) fn put(&mut self, key: &'static str, value: impl Into<Value>) {
        self.attributes.put(key, value);
    }

    pub(super) fn put_if(&mut self, key: &'static str, value: Option<impl Into<Value>>) {
        self.attributes.put_if(key, value);
    }

    pub(super) fn add(&mut self, event: Event) {
        if self.events.events.len() == EVENTS {
            self.events.dropped_count += 1;
        } else {
            self.events.events.push(event);
        }
    }

    /// Adds all that was found out, but for the events.
    fn add_to(&self, attributes: &mut Attributes, users: &UserIdentity) {
        if let Some(judged) = &self.judged {
            attributes.keys_age(judged.keys_age);
            attributes.put(names::JWKS_SOURCE, judged.keys.as_str());
            attributes.put(
                names::VERDICT_CACHE,
                if judged.is_remembered { "hit" } else { "miss" },
            );
        }
        match &self.decision {
            Some(Decision::Allowed(admission)) => {
                attributes.decision(&admission.decided(), users);
            }
            Some(Decision::Denied(said)) => attributes.extend(said),
            None => {}
        }
        let failure = self.code.filter(|code| *code != Code::Ok);
        attributes.put_if(names::ERROR_TYPE, failure.map(refusal::code_name));
        attributes.extend(&self.attributes);
    }
}

/// The attributes of a span, each key once: as it was put last.
#[derive(Debug, Default)]
struct Attributes(Vec<KeyValue>);

impl Decision {
    fn of(decided: &DecidedCall<'_>, users: &UserIdentity) -> Self {
        match decided.verdict() {
            Verdict::Allowed(admission) => Self::Allowed(admission.clone()),
            Verdict::Denied(_) => {
                let mut said = Attributes::default();
                said.decision(decided, users);
                Self::Denied(said)
            }
        }
    }
}

impl Attributes {
    fn extend(&mut self, later: &Self) {
        for attribute in &later.0 {
            self.replace(attribute.clone());
        }
    }

    fn put(&mut self, key: &'static str, value: impl Into<Value>) {
        self.replace(KeyValue::new(key, value));
    }

    fn put_if(&mut self, key: &'static str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    fn replace(&mut self, attribute: KeyValue) {
        let mut known = self.0.iter_mut();
        match known.find(|known| known.key == attribute.key) {
            Some(known) => *known = attribute,
            None => self.0.push(attribute),
        }
    }

    fn keys_age(&mut self, age: Option<Duration>) {
        // More seconds than a number has are no age of keys.
        let seconds = age.and_then(|age| i64::try_from(age.as_secs()).ok());
        self.put_if(names::JWKS_AGE, seconds);
    }

    fn decision(&mut self, decided: &DecidedCall<'_>, users: &UserIdentity) {
        self.put(names::AUTH_OUTCOME, decided.outcome().as_str());
        self.put_if(names::AUTH_REASON, decided.error().map(AuthError::reason));
        let tenant = decided.tenant().map(|tenant| tenant.to_string());
        self.put_if(names::TENANT_ID, tenant);
        self.put_if(names::CLIENT_APP_ID, decided.client().map(str::to_owned));
        self.put_if(names::TOKEN_VERSION, decided.token_version());
        self.put(names::TOKEN_KIND, decided.token_kind());
        self.put_if(
            names::TOKEN_ROLE,
            decided.token_role().map(TokenRole::as_str),
        );
        let token_id = decided.token_id().map(|id| id.to_string());
        self.put_if(names::TOKEN_UTI, token_id);
        self.keys_age(decided.keys_age());
        if let Some(user) = decided.claims().and_then(|claims| users.of(claims)) {
            self.put(user.key, user.value);
        }
    }
}

/// The span's own status is an error only where the fault is the service's, as the conventions for
/// RPC have it.
fn is_our_fault(code: Code) -> bool {
    matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    )
}
