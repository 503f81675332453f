//! Every instrument that the service measures with: the one table of names, kinds, units, labels
//! and buckets, which dashboards, alerts and tests are held to.
//!
//! Nothing that a stranger writes can be a label: see [`labels`]. How many series an instrument may
//! have is bounded all the same: see [`Family`].

use prometheus_client::registry::Unit;

mod family;
pub mod labels;
#[cfg(test)]
mod tests;

pub use self::family::{Family, SERIES};

/// What an instrument is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Counts what happens, and only grows.
    Counter,
    /// A value as it is when it is read.
    Gauge,
    /// How values are distributed over buckets.
    Histogram,
}

/// What an instrument counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Seconds: `s`.
    Seconds,
    /// Things of one kind, which the name names.
    Count,
}

/// One instrument.
#[derive(Clone, Copy, Debug)]
pub struct Instrument {
    /// OpenTelemetry's spelling, with dots.
    pub name: &'static str,
    /// What it is read as.
    pub kind: Kind,
    /// What it counts in.
    pub measure: Measure,
    /// What it says, as a sentence without its full stop.
    pub meaning: &'static str,
    /// The keys of its labels, in OpenTelemetry's spelling.
    pub labels: &'static [&'static str],
    /// The upper bounds of its buckets; none where it is no histogram.
    pub buckets: &'static [f64],
    /// Whether its buckets name the trace of a call that fell into them.
    pub exemplars: bool,
}

impl Instrument {
    const fn new(
        name: &'static str,
        kind: Kind,
        measure: Measure,
        meaning: &'static str,
        labels: &'static [&'static str],
    ) -> Self {
        Self {
            name,
            kind,
            measure,
            meaning,
            labels,
            buckets: &[],
            exemplars: false,
        }
    }

    const fn buckets(mut self, buckets: &'static [f64]) -> Self {
        self.buckets = buckets;
        self
    }

    const fn exemplars(mut self) -> Self {
        self.exemplars = true;
        self
    }

    /// The name that its family has in OpenMetrics: with the unit at the end. Samples of counters add
    /// `_total` to it, and those of histograms `_bucket`, `_count` and `_sum`.
    #[must_use]
    pub fn family_name(&self) -> String {
        let stem = spelled(self.name);
        match self.unit() {
            None => stem,
            Some(unit) => format!("{stem}_{}", unit.as_str()),
        }
    }

    /// OpenMetrics' unit, where it has one.
    #[must_use]
    pub fn unit(&self) -> Option<Unit> {
        match self.measure {
            Measure::Seconds => Some(Unit::Seconds),
            Measure::Count => None,
        }
    }
}

/// A name or key of OpenTelemetry in OpenMetrics' spelling, which has no dots.
#[must_use]
pub fn spelled(name: &str) -> String {
    name.replace('.', "_")
}

/// The bounds that OpenTelemetry recommends for the durations of calls.
const CALLS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];
/// A verification takes tens of microseconds; one that waits for a key takes as long as a call.
const VALIDATIONS: &[f64] = &[
    0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01,
];

/// Calls, by method and outcome.
pub const SERVER_DURATION: Instrument = Instrument::new(
    "rpc.server.call.duration",
    Kind::Histogram,
    Measure::Seconds,
    "How long calls took, from their headers to their status",
    &[
        "rpc.system.name",
        "rpc.method",
        "rpc.response.status_code",
        "error.type",
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
        "selvedge.auth.outcome",
        "selvedge.auth.reason",
        "rpc.method",
        "selvedge.token.kind",
    ],
);

/// Validations of tokens.
pub const VALIDATE_DURATION: Instrument = Instrument::new(
    "selvedge.auth.validate.duration",
    Kind::Histogram,
    Measure::Seconds,
    "How long it took to judge a token, by where the keys came from",
    &["selvedge.jwks.source"],
)
.buckets(VALIDATIONS);

/// Reads of an authority's keys.
pub const KEY_FETCHES: Instrument = Instrument::new(
    "selvedge.jwks.fetches",
    Kind::Counter,
    Measure::Count,
    "Reads of an authority's keys, by what came of them and what they were made for",
    &["selvedge.jwks.outcome", "selvedge.jwks.trigger"],
);

/// The age of the last good keys.
pub const KEY_AGE: Instrument = Instrument::new(
    "selvedge.jwks.age",
    Kind::Gauge,
    Measure::Seconds,
    "The time since the authority's keys were last read",
    &["selvedge.authority.name"],
);

/// How many keys there are.
pub const KEYS: Instrument = Instrument::new(
    "selvedge.jwks.keys",
    Kind::Gauge,
    Measure::Count,
    "The authority's keys that there are to verify with",
    &["selvedge.authority.name"],
);

/// When keys were last read.
pub const KEY_LAST_SUCCESS: Instrument = Instrument::new(
    "selvedge.jwks.last_success",
    Kind::Gauge,
    Measure::Seconds,
    "When the authority's keys were last read, since 1970",
    &["selvedge.authority.name"],
);

/// How far clocks are apart.
pub const CLOCK_SKEW: Instrument = Instrument::new(
    "selvedge.clock.skew",
    Kind::Gauge,
    Measure::Seconds,
    "How far the authority's clock is ahead of this machine's",
    &["selvedge.authority.name"],
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
    "selvedge.exchange.outcome",
    "selvedge.authority.error",
    "selvedge.exchange.cache",
];

/// Circuits that are open.
pub const BREAKER_STATE: Instrument = Instrument::new(
    "selvedge.exchange.breaker.state",
    Kind::Gauge,
    Measure::Count,
    "Tenants in which the authority mostly fails and is asked once in a while only",
    &["selvedge.authority.name"],
);

/// When client credentials end.
pub const CREDENTIAL_EXPIRES_IN: Instrument = Instrument::new(
    "selvedge.client_credential.expires_in",
    Kind::Gauge,
    Measure::Seconds,
    "How long the registration's credential still counts, where it says so itself",
    &["selvedge.registration.name"],
);

/// What the bound on series cost.
pub const OVERFLOWS: Instrument = Instrument::new(
    "selvedge.metrics.overflows",
    Kind::Counter,
    Measure::Count,
    "Measurements that went into the overflow series of an instrument that is full",
    &["selvedge.metrics.instrument"],
);

/// Every instrument.
pub const ALL: &[&Instrument] = &[
    &SERVER_DURATION,
    &AUTH_DECISIONS,
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
    &OVERFLOWS,
];
