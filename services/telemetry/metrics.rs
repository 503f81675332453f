//! Measuring: what each instrument is told, by whom, and how it is read.
//!
//! A service has one [`Metrics`], handed to whoever measures; there is no global one, so that two
//! services in a process count apart. What can be asked for when it is read is not recorded before:
//! see [`state`]. [`Measured`] is both together: scrapers read it as a [`page`], collectors are sent
//! it by a [`push`].

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use auth_interceptor::{
    AuthError, Clock, DecidedCall, KeyRead, KeyReadOutcome, Observer, SentRequest, UnixSeconds,
    Validation,
};
use opentelemetry::trace::TraceId;
use tonic::Code;

use super::export::Ratio;
use super::instruments::labels::{self, ErrorType, KnownNames, ServedMethod, ServerCall};
use super::instruments::reading::{Exemplar, Reading, Value};
use super::instruments::{
    ACTIVE_CALLS, AUTH_DECISIONS, CALL_REFUSALS, Counter, DB_OPERATION_DURATION, EXCHANGE_DURATION,
    EXCHANGES, Family, HTTP_CLIENT_DURATION, Histogram, KEY_FETCHES, Level, OVERFLOWS, Observed,
    Once, POINTS_EXPORTED, SERVER_DURATION, SHED, VALIDATE_DURATION,
};
use super::names;
use super::trace_context::CallContext;
use crate::exchange::{
    AnswerSource, ExchangeError, ExchangeObserver, ExchangeReport, LongRunningError,
    LongRunningReport,
};
use crate::refusal::{Reason, reason_name};
use crate::requests::RequestObserver;
use crate::store::measured::{StoreObserver, StoreOperation};

pub(super) mod exchanges;
mod open_metrics;
mod otlp;
pub mod page;
pub mod push;
pub mod server;
pub mod state;

/// What labels and exemplars may name.
#[derive(Clone, Debug)]
pub struct MetricsSettings {
    /// The configured authorities.
    pub authorities: KnownNames,
    /// The hosts of the servers that are configured to be asked.
    pub servers: KnownNames,
    /// Which traces of calls that succeeded there are to lead to.
    pub traces: Ratio,
    /// The wall clock.
    pub clock: Clock,
}

/// The instruments that record what happens.
pub struct Metrics {
    settings: MetricsSettings,
    /// When it began to measure.
    began: UnixSeconds,
    server_duration: Family<ServerCall, Histogram>,
    auth_decisions: Family<labels::AuthDecision, Counter>,
    refusals: Family<labels::Refusal, Counter>,
    validate_duration: Family<labels::Validation, Histogram>,
    key_fetches: Family<labels::KeyFetch, Counter>,
    exchanges: Family<labels::Exchange, Counter>,
    exchange_duration: Family<labels::Exchange, Histogram>,
    http_duration: Family<labels::SentRequest, Histogram>,
    store_duration: Family<labels::StoreOperation, Histogram>,
    shed: Family<labels::Shed, Counter>,
    active: ActiveCalls,
    points_taken: Counter,
    points_lost: Counter,
}

/// Calls under way.
#[derive(Debug, Default)]
struct ActiveCalls {
    unary: Level,
    streams: Level,
}

impl Metrics {
    /// Instruments that have measured nothing.
    #[must_use]
    pub fn new(settings: MetricsSettings) -> Self {
        // What alerts watch is there from the start, so that they see the first one.
        let shed = Family::new(&SHED);
        for cause in Shed::ALL {
            shed.expect(cause.labels());
        }
        let refusals = Family::new(&CALL_REFUSALS);
        for reason in (1..).map_while(|number| Reason::try_from(number).ok()) {
            refusals.expect(refused(reason));
        }
        let exchanges = Family::new(&EXCHANGES);
        for outcome in exchanges::OUTCOMES {
            exchanges.expect(exchanges::unanswered(outcome));
        }
        let key_fetches = Family::new(&KEY_FETCHES);
        for authority in settings.authorities.iter() {
            let refused = labels::KeyFetch {
                authority,
                outcome: KeyReadOutcome::Refused.as_str(),
                trigger: "timer",
            };
            key_fetches.expect(refused);
        }
        Self {
            began: settings.clock.now(),
            settings,
            server_duration: Family::new(&SERVER_DURATION),
            auth_decisions: Family::new(&AUTH_DECISIONS),
            refusals,
            validate_duration: Family::new(&VALIDATE_DURATION),
            key_fetches,
            exchanges,
            exchange_duration: Family::new(&EXCHANGE_DURATION),
            http_duration: Family::new(&HTTP_CLIENT_DURATION),
            store_duration: Family::new(&DB_OPERATION_DURATION),
            shed,
            active: ActiveCalls::default(),
            points_taken: Counter::default(),
            points_lost: Counter::default(),
        }
    }

    fn span(&self) -> otlp::Span {
        let until = self.settings.clock.now();
        otlp::Span {
            from: self.began.min(until),
            until,
        }
    }

    /// A call of `method` has ended.
    pub(crate) fn called(
        &self,
        method: ServedMethod,
        code: Code,
        duration: Duration,
        trace_id: Option<TraceId>,
    ) {
        let exemplar = self.exemplar(trace_id, duration, code != Code::Ok);
        self.server_duration.measure(
            ServerCall::new(method, code),
            Observed::seconds(duration, exemplar),
        );
    }

    /// A call was refused.
    pub(crate) fn refused(&self, reason: Reason) {
        self.refusals.measure(refused(reason), Once);
    }

    /// A call was turned away.
    pub(crate) fn shed(&self, cause: Shed) {
        self.shed.measure(cause.labels(), Once);
    }

    fn active(&self, is_streaming: bool) -> &Level {
        if is_streaming {
            &self.active.streams
        } else {
            &self.active.unary
        }
    }

    /// Leads to the trace of a call, if that is one that leaves: a failed one always does.
    fn exemplar(
        &self,
        trace_id: Option<TraceId>,
        duration: Duration,
        failed: bool,
    ) -> Option<Exemplar> {
        let trace_id = trace_id.filter(|id| failed || self.settings.traces.picks(*id))?;
        Some(Exemplar {
            trace_id,
            value: duration.as_secs_f64(),
            at: self.settings.clock.now(),
        })
    }

    fn requested(&self, request: &SentRequest<'_>) {
        let status = request.status;
        let failed = |status: &u16| *status >= 400;
        let labels = labels::SentRequest {
            server: self.settings.servers.find(request.server),
            method: request.method,
            status,
            error_type: request
                .error_type
                .map(ErrorType::Word)
                .or_else(|| status.filter(failed).map(ErrorType::Status)),
        };
        self.http_duration
            .measure(labels, Observed::seconds(request.duration, None));
    }

    /// What a page would say of them.
    #[cfg(test)]
    pub(crate) fn text(&self) -> String {
        open_metrics::write(&self.read())
    }

    fn read(&self) -> Vec<Reading> {
        let overflows = [
            of(&self.server_duration),
            of(&self.auth_decisions),
            of(&self.refusals),
            of(&self.validate_duration),
            of(&self.key_fetches),
            of(&self.exchanges),
            of(&self.exchange_duration),
            of(&self.http_duration),
            of(&self.store_duration),
            of(&self.shed),
        ];
        let kind = |kind: &str| vec![(names::CALL_KIND, kind.to_owned())];
        vec![
            self.server_duration.read(),
            self.auth_decisions.read(),
            self.refusals.read(),
            self.validate_duration.read(),
            self.key_fetches.read(),
            self.exchanges.read(),
            self.exchange_duration.read(),
            self.http_duration.read(),
            self.store_duration.read(),
            self.shed.read(),
            Reading::of(
                &ACTIVE_CALLS,
                [
                    (kind("unary"), Value::Level(self.active.unary.level())),
                    (kind("stream"), Value::Level(self.active.streams.level())),
                ],
            ),
            outcomes(
                &POINTS_EXPORTED,
                self.points_taken.count(),
                &[("refused", self.points_lost.count())],
            ),
            Reading::of(
                &OVERFLOWS,
                overflows.map(|(instrument, count)| {
                    let label = (names::METRICS_INSTRUMENT, instrument.to_owned());
                    (vec![label], Value::Count(count))
                }),
            ),
        ]
    }
}

fn of<L: labels::Labels, M: super::instruments::Measurable>(
    family: &Family<L, M>,
) -> (&'static str, u64) {
    (family.instrument().name, family.overflows())
}

fn refused(reason: Reason) -> labels::Refusal {
    labels::Refusal {
        reason: reason_name(reason),
    }
}

/// A counter of what succeeded, and of what failed by `error.type`.
fn outcomes(
    instrument: &'static super::instruments::Instrument,
    succeeded: u64,
    failed: &[(&'static str, u64)],
) -> Reading {
    let failed = failed.iter().map(|(error_type, count)| {
        let label = (names::ERROR_TYPE, (*error_type).to_owned());
        (vec![label], Value::Count(*count))
    });
    let succeeded = (Vec::new(), Value::Count(succeeded));
    Reading::of(instrument, std::iter::once(succeeded).chain(failed))
}

/// What there was too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shed {
    /// Exchanges that wait for an authority.
    Exchanges,
    /// Health watches of one peer.
    Watches,
}

impl Shed {
    const ALL: [Self; 2] = [Self::Exchanges, Self::Watches];

    fn labels(self) -> labels::Shed {
        labels::Shed {
            cause: match self {
                Self::Exchanges => "exchanges",
                Self::Watches => "watches",
            },
        }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    fn exchanged(
        &self,
        outcome: &'static str,
        error: Option<&ExchangeError>,
        source: AnswerSource,
        duration: Duration,
    ) {
        if let Some(ExchangeError::Overloaded { .. }) = error {
            self.shed(Shed::Exchanges);
        }
        let labels = exchanges::labels(outcome, error, source);
        self.exchanges.measure(labels.clone(), Once);
        let trace_id = CallContext::current(CallContext::trace_id);
        let exemplar = self.exemplar(trace_id, duration, outcome != "ok");
        self.exchange_duration
            .measure(labels, Observed::seconds(duration, exemplar));
    }
}

impl Observer for Metrics {
    fn decided(&self, decided: &DecidedCall<'_>) {
        let labels = labels::AuthDecision {
            outcome: decided.outcome().as_str(),
            reason: decided.error().map(AuthError::reason),
            method: ServedMethod::from(decided.method()),
            token_kind: decided.token_kind(),
        };
        self.auth_decisions.measure(labels, Once);
    }

    fn validated(&self, validation: &Validation<'_>) {
        let labels = labels::Validation {
            source: validation.keys.as_str(),
        };
        self.validate_duration
            .measure(labels, Observed::seconds(validation.duration, None));
    }

    fn keys_read(&self, read: &KeyRead<'_>) {
        let labels = labels::KeyFetch {
            authority: self.settings.authorities.find(read.authority),
            outcome: read.outcome.as_str(),
            trigger: read.trigger,
        };
        self.key_fetches.measure(labels, Once);
    }

    fn requested(&self, request: &SentRequest<'_>) {
        Self::requested(self, request);
    }
}

impl RequestObserver for Metrics {
    fn requested(&self, request: &SentRequest<'_>) {
        Self::requested(self, request);
    }
}

impl ExchangeObserver for Metrics {
    fn answered(&self, report: &ExchangeReport<'_>) {
        let outcome = report.error.map_or("ok", exchanges::outcome);
        self.exchanged(outcome, report.error, report.source, report.duration);
    }

    fn answered_long_running(&self, report: &LongRunningReport<'_>) {
        let outcome = report.error.map_or("ok", exchanges::long_running_outcome);
        let error = match report.error {
            Some(LongRunningError::Exchange(error)) => Some(error),
            _ => None,
        };
        self.exchanged(outcome, error, report.source, report.duration);
    }
}

impl StoreObserver for Metrics {
    fn done(&self, operation: &StoreOperation) {
        let labels = labels::StoreOperation {
            system: operation.system,
            operation: operation.name,
            collection: operation.collection,
            error_type: operation.error_type,
        };
        self.store_duration
            .measure(labels, Observed::seconds(operation.duration, None));
    }
}

/// What measures and what is asked when it is read, together.
#[derive(Clone, Debug)]
pub struct Measured {
    metrics: Arc<Metrics>,
    state: Arc<state::State>,
}

impl Measured {
    /// The instruments, and where the state of the others is asked for.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>, state: state::State) -> Self {
        Self {
            metrics,
            state: Arc::new(state),
        }
    }

    /// Every instrument, as it is now.
    fn read(&self) -> Vec<Reading> {
        let mut readings = self.metrics.read();
        readings.extend(self.state.read());
        readings
    }
}
