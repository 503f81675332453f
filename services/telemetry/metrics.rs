//! Measuring: what each instrument is told, by whom, and the page that they are read from.
//!
//! A service has one [`Metrics`], handed to whoever measures; there is no global one, so that two
//! services in a process count apart. What can be asked for when the page is read is not recorded
//! before: see [`state`].

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use auth_interceptor::{AuthError, DecidedCall, KeyRead, Observer, Validation};
use opentelemetry::trace::TraceId;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::exemplar::HistogramWithExemplars;
use prometheus_client::metrics::family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tonic::Code;

use super::instruments::labels::{self, Exemplar, ServedMethod, ServerCall};
use super::instruments::{
    AUTH_DECISIONS, EXCHANGE_DURATION, EXCHANGES, Family, Instrument, KEY_FETCHES, OVERFLOWS,
    SERVER_DURATION, VALIDATE_DURATION, spelled,
};
use super::trace_context::CallContext;
use crate::exchange::{ExchangeObserver, ExchangeReport};

pub(super) mod exchanges;
pub mod page;
pub mod server;
pub mod state;

type Traced = HistogramWithExemplars<Exemplar>;

/// The instruments that record what happens.
pub struct Metrics {
    registry: Registry,
    server_duration: Family<ServerCall, Traced>,
    auth_decisions: Family<labels::AuthDecision, Counter>,
    validate_duration: Family<labels::Validation, Histogram>,
    key_fetches: Family<labels::KeyFetch, Counter>,
    exchanges: Family<labels::Exchange, Counter>,
    exchange_duration: Family<labels::Exchange, Traced>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        let overflows = Overflows::default();
        registry.register(
            spelled(OVERFLOWS.name),
            OVERFLOWS.meaning,
            overflows.clone(),
        );
        let of = |instrument: &Instrument| {
            let key = "selvedge_metrics_instrument";
            overflows.get_or_create_owned(&[(key, instrument.name)])
        };
        Self {
            server_duration: Family::register(
                &mut registry,
                &SERVER_DURATION,
                || Traced::new(SERVER_DURATION.buckets.iter().copied()),
                of(&SERVER_DURATION),
            ),
            auth_decisions: Family::register(
                &mut registry,
                &AUTH_DECISIONS,
                Counter::default,
                of(&AUTH_DECISIONS),
            ),
            validate_duration: Family::register(
                &mut registry,
                &VALIDATE_DURATION,
                || Histogram::new(VALIDATE_DURATION.buckets.iter().copied()),
                of(&VALIDATE_DURATION),
            ),
            key_fetches: Family::register(
                &mut registry,
                &KEY_FETCHES,
                Counter::default,
                of(&KEY_FETCHES),
            ),
            exchanges: Family::register(
                &mut registry,
                &EXCHANGES,
                Counter::default,
                of(&EXCHANGES),
            ),
            exchange_duration: Family::register(
                &mut registry,
                &EXCHANGE_DURATION,
                || Traced::new(EXCHANGE_DURATION.buckets.iter().copied()),
                of(&EXCHANGE_DURATION),
            ),
            registry,
        }
    }
}

/// By instrument: all are there from the start, so that an alert sees the first one.
type Overflows = family::Family<[(&'static str, &'static str); 1], Counter>;

impl Metrics {
    /// A call of `method` has ended.
    pub(crate) fn called(
        &self,
        method: ServedMethod,
        code: Code,
        duration: Duration,
        trace_id: Option<TraceId>,
    ) {
        self.server_duration
            .measure(ServerCall::new(method, code), |series| {
                observe(series, duration, trace_id);
            });
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Observer for Metrics {
    fn decided(&self, decided: &DecidedCall<'_>) {
        let labels = labels::AuthDecision {
            selvedge_auth_outcome: decided.outcome().as_str(),
            selvedge_auth_reason: decided.error().map_or("", AuthError::reason),
            rpc_method: ServedMethod::from(decided.method()),
            selvedge_token_kind: decided.token_kind(),
        };
        self.auth_decisions.measure(labels, |series| {
            series.inc();
        });
    }

    fn validated(&self, validation: &Validation<'_>) {
        let labels = labels::Validation {
            selvedge_jwks_source: validation.keys.as_str(),
        };
        self.validate_duration.measure(labels, |series| {
            series.observe(validation.duration.as_secs_f64());
        });
    }

    fn keys_read(&self, read: &KeyRead<'_>) {
        let labels = labels::KeyFetch {
            selvedge_jwks_outcome: read.outcome.as_str(),
            selvedge_jwks_trigger: read.trigger,
        };
        self.key_fetches.measure(labels, |series| {
            series.inc();
        });
    }
}

impl ExchangeObserver for Metrics {
    fn answered(&self, report: &ExchangeReport<'_>) {
        let labels = exchanges::labels(report);
        self.exchanges.measure(labels.clone(), |series| {
            series.inc();
        });
        self.exchange_duration.measure(labels, |series| {
            observe(
                series,
                report.duration,
                CallContext::current(CallContext::trace_id),
            );
        });
    }
}

/// The time of an exemplar is left to the reader: it is that of the page, near enough.
fn observe(series: &Traced, duration: Duration, trace_id: Option<TraceId>) {
    let exemplar = trace_id.map(|trace_id| Exemplar {
        trace_id: trace_id.to_string(),
    });
    series.observe(duration.as_secs_f64(), exemplar, None);
}

/// What measures and what is asked when the page is read, together.
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
}
