//! The table: every instrument, by what it tells of.
//!
//! There is no `rpc.client.call.duration`: but for its collector the service calls no gRPC server.

use super::{Instrument, Kind, Measure};
use crate::telemetry::names as key;

/// The bounds that OpenTelemetry recommends for the durations of calls.
const CALLS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];
/// A verification takes tens of microseconds; one that waits for a key takes as long as a call.
const VALIDATIONS: &[f64] = &[
    0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01,
];

/// The bounds that OpenTelemetry recommends for the durations of database operations.
const OPERATIONS: &[f64] = &[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// Calls, by method and outcome.
pub const SERVER_DURATION: Instrument = Instrument::new(
    "rpc.server.call.duration",
    Kind::Histogram,
    Measure::Seconds,
    "How long calls took, from their headers to their status",
    &[
        key::RPC_SYSTEM_NAME,
        key::RPC_METHOD,
        key::RPC_RESPONSE_STATUS_CODE,
        key::ERROR_TYPE,
    ],
)
.buckets(CALLS)
.exemplars();

/// Decisions of the interceptor.
pub const AUTH_DECISIONS: Instrument = Instrument::new(
    "selvedge.auth.decisions",
    Kind::Counter,
    Measure::Count,
    "Calls that were let through or refused, and why",
    &[
        key::AUTH_OUTCOME,
        key::AUTH_REASON,
        key::RPC_METHOD,
        key::TOKEN_KIND,
    ],
);

/// Refusals, whoever refused.
pub const CALL_REFUSALS: Instrument = Instrument::new(
    "selvedge.call.refusals",
    Kind::Counter,
    Measure::Count,
    "Calls that were refused, by the decision or below it, and why",
    &[key::REFUSAL_REASON],
);

/// Validations of tokens.
pub const VALIDATE_DURATION: Instrument = Instrument::new(
    "selvedge.auth.validate.duration",
    Kind::Histogram,
    Measure::Seconds,
    "How long it took to judge a token, by where the keys came from",
    &[key::JWKS_SOURCE],
)
.buckets(VALIDATIONS);

/// Reads of an authority's keys.
pub const KEY_FETCHES: Instrument = Instrument::new(
    "selvedge.jwks.fetches",
    Kind::Counter,
    Measure::Count,
    "Reads of an authority's keys, by what came of them and what they were made for",
    &[key::AUTHORITY_NAME, key::JWKS_OUTCOME, key::JWKS_TRIGGER],
);

/// The age of the last good keys.
pub const KEY_AGE: Instrument = Instrument::new(
    "selvedge.jwks.age",
    Kind::Gauge,
    Measure::Seconds,
    "The time since the authority's keys were last read",
    &[key::AUTHORITY_NAME],
);

/// How many keys there are.
pub const KEYS: Instrument = Instrument::new(
    "selvedge.jwks.keys",
    Kind::Gauge,
    Measure::Count,
    "The authority's keys that there are to verify with",
    &[key::AUTHORITY_NAME],
);

/// When keys were last read.
pub const KEY_LAST_SUCCESS: Instrument = Instrument::new(
    "selvedge.jwks.last_success",
    Kind::Gauge,
    Measure::Seconds,
    "When the authority's keys were last read, since 1970",
    &[key::AUTHORITY_NAME],
);

/// How far clocks are apart.
pub const CLOCK_SKEW: Instrument = Instrument::new(
    "selvedge.clock.skew",
    Kind::Gauge,
    Measure::Seconds,
    "How far the authority's clock is ahead of this machine's",
    &[key::AUTHORITY_NAME],
);

/// Exchanges.
pub const EXCHANGES: Instrument = Instrument::new(
    "selvedge.exchange.exchanges",
    Kind::Counter,
    Measure::Count,
    "Requests for downstream tokens, by what came of them and where the answer came from",
    EXCHANGE_LABELS,
);

/// How long exchanges took.
pub const EXCHANGE_DURATION: Instrument = Instrument::new(
    "selvedge.exchange.duration",
    Kind::Histogram,
    Measure::Seconds,
    "How long a request for a downstream token waited for its answer",
    EXCHANGE_LABELS,
)
.buckets(CALLS)
.exemplars();

const EXCHANGE_LABELS: &[&str] = &[
    key::EXCHANGE_OUTCOME,
    key::AUTHORITY_ERROR,
    key::EXCHANGE_CACHE,
];

/// Circuits that are open.
pub const BREAKER_STATE: Instrument = Instrument::new(
    "selvedge.exchange.breaker.state",
    Kind::Gauge,
    Measure::Count,
    "Tenants in which the authority mostly fails and is asked once in a while only",
    &[key::AUTHORITY_NAME],
);

/// When client credentials end.
pub const CREDENTIAL_EXPIRES_IN: Instrument = Instrument::new(
    "selvedge.client_credential.expires_in",
    Kind::Gauge,
    Measure::Seconds,
    "How long the registration's credential still counts, where it says so itself",
    &[key::REGISTRATION_NAME],
);

/// Requests over HTTP.
pub const HTTP_CLIENT_DURATION: Instrument = Instrument::new(
    "http.client.request.duration",
    Kind::Histogram,
    Measure::Seconds,
    "How long authorities, Fabric and OneLake took to answer one request",
    &[
        key::SERVER_ADDRESS,
        key::HTTP_REQUEST_METHOD,
        key::HTTP_RESPONSE_STATUS_CODE,
        key::ERROR_TYPE,
    ],
)
.buckets(CALLS);

/// Operations of the store.
pub const DB_OPERATION_DURATION: Instrument = Instrument::new(
    "db.client.operation.duration",
    Kind::Histogram,
    Measure::Seconds,
    "How long operations of the store took, the wait for a connection included",
    &[
        key::DB_SYSTEM_NAME,
        key::DB_OPERATION_NAME,
        key::DB_COLLECTION_NAME,
        key::ERROR_TYPE,
    ],
)
.buckets(OPERATIONS);

/// Connections to the store's engine.
pub const DB_CONNECTIONS: Instrument = Instrument::new(
    "db.client.connection.count",
    Kind::Gauge,
    Measure::Count,
    "Connections to the store's engine, by pool and by whether they are in use",
    &[key::DB_POOL_NAME, key::DB_CONNECTION_STATE],
);

/// How many connections to the store's engine there may be.
pub const DB_CONNECTIONS_MAX: Instrument = Instrument::new(
    "db.client.connection.max",
    Kind::Gauge,
    Measure::Count,
    "Connections to the store's engine that a pool may have",
    &[key::DB_POOL_NAME],
);

/// Connections to the service.
pub const CONNECTIONS: Instrument = Instrument::new(
    "selvedge.server.connections",
    Kind::Gauge,
    Measure::Count,
    "Connections that are open, by listener",
    &[key::LISTENER],
);

/// Calls that have no status yet.
pub const ACTIVE_CALLS: Instrument = Instrument::new(
    "selvedge.server.active_calls",
    Kind::Gauge,
    Measure::Count,
    "Calls under way, streams apart",
    &[key::CALL_KIND],
);

/// Calls that were turned away.
pub const SHED: Instrument = Instrument::new(
    "selvedge.server.shed",
    Kind::Counter,
    Measure::Count,
    "Calls that were turned away because too much was under way, by what there was too much of",
    &[key::SHED_CAUSE],
);

/// Requests to authorities that nobody has answered yet.
pub const EXCHANGES_UNDER_WAY: Instrument = Instrument::new(
    "selvedge.exchange.under_way",
    Kind::Gauge,
    Measure::Count,
    "Exchanges that wait for an authority; requests for the same token share one",
    &[],
);

/// Jobs that have not ended.
pub const JOBS: Instrument = Instrument::new(
    "selvedge.jobs.unfinished",
    Kind::Gauge,
    Measure::Count,
    "Jobs in the store that wait or are worked on, by any process",
    &[key::JOB_STATE],
);

/// Readiness.
pub const READY: Instrument = Instrument::new(
    "selvedge.ready",
    Kind::Gauge,
    Measure::Count,
    "Whether the check passes: 1 or 0; the service is SERVING while all pass",
    &[key::READY_CHECK],
);

/// Spans that came to the processor.
pub const SPANS_PROCESSED: Instrument = Instrument::new(
    "otel.sdk.processor.span.processed",
    Kind::Counter,
    Measure::Count,
    "Spans that the processor is done with: handed on, or lost for want of room",
    &[key::ERROR_TYPE],
);

/// Spans that wait.
pub const SPANS_QUEUED: Instrument = Instrument::new(
    "otel.sdk.processor.span.queue.size",
    Kind::Gauge,
    Measure::Count,
    "Spans that wait to be exported",
    &[],
);

/// How many spans may wait.
pub const SPANS_QUEUE_CAPACITY: Instrument = Instrument::new(
    "otel.sdk.processor.span.queue.capacity",
    Kind::Gauge,
    Measure::Count,
    "Spans that may wait to be exported",
    &[],
);

/// Spans that were sent.
pub const SPANS_EXPORTED: Instrument = Instrument::new(
    "otel.sdk.exporter.span.exported",
    Kind::Counter,
    Measure::Count,
    "Spans that were sent to the collector, and whether it took them",
    &[key::ERROR_TYPE],
);

/// Metrics that were sent.
pub const POINTS_EXPORTED: Instrument = Instrument::new(
    "otel.sdk.exporter.metric_data_point.exported",
    Kind::Counter,
    Measure::Count,
    "Series that were sent to the collector, and whether it took them",
    &[key::ERROR_TYPE],
);

/// Audit entries that were lost.
pub const AUDIT_DROPPED: Instrument = Instrument::new(
    "selvedge.audit.dropped",
    Kind::Counter,
    Measure::Count,
    "Audit entries that reached neither file nor collector",
    &[],
);

/// What the bound on series cost.
pub const OVERFLOWS: Instrument = Instrument::new(
    "selvedge.metrics.overflows",
    Kind::Counter,
    Measure::Count,
    "Measurements that went into the overflow series of an instrument that is full",
    &[key::METRICS_INSTRUMENT],
);

/// Every instrument.
pub const ALL: &[&Instrument] = &[
    &SERVER_DURATION,
    &AUTH_DECISIONS,
    &CALL_REFUSALS,
    &VALIDATE_DURATION,
    &KEY_FETCHES,
    &KEY_AGE,
    &KEYS,
    &KEY_LAST_SUCCESS,
    &CLOCK_SKEW,
    &EXCHANGES,
    &EXCHANGE_DURATION,
    &BREAKER_STATE,
    &CREDENTIAL_EXPIRES_IN,
    &HTTP_CLIENT_DURATION,
    &DB_OPERATION_DURATION,
    &DB_CONNECTIONS,
    &DB_CONNECTIONS_MAX,
    &CONNECTIONS,
    &ACTIVE_CALLS,
    &SHED,
    &EXCHANGES_UNDER_WAY,
    &JOBS,
    &READY,
    &SPANS_PROCESSED,
    &SPANS_QUEUED,
    &SPANS_QUEUE_CAPACITY,
    &SPANS_EXPORTED,
    &POINTS_EXPORTED,
    &AUDIT_DROPPED,
    &OVERFLOWS,
];
