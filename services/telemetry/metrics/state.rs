//! What is asked for when it is read, because it changes by itself: ages, expiries, circuits, and
//! how much is under way.

use std::collections::BTreeMap;
use std::sync::Arc;

use auth_interceptor::{Authenticator, Clock};

use super::outcomes;
use crate::app::{Check, Readiness};
use crate::exchange::{AuthorityClient, TokenExchange};
use crate::jobs::Depth;
use crate::store::Store;
use crate::telemetry::audit::Trail;
use crate::telemetry::export::{Flow, QUEUE_CAPACITY};
use crate::telemetry::instruments::reading::{Reading, Value};
use crate::telemetry::instruments::{
    AUDIT_DROPPED, BREAKER_STATE, CLOCK_SKEW, CONNECTIONS, CREDENTIAL_EXPIRES_IN, DB_CONNECTIONS,
    DB_CONNECTIONS_MAX, EXCHANGES_UNDER_WAY, Instrument, JOBS, KEY_AGE, KEY_LAST_SUCCESS, KEYS,
    READY, SPANS_EXPORTED, SPANS_PROCESSED, SPANS_QUEUE_CAPACITY, SPANS_QUEUED,
};
use crate::telemetry::names;
use crate::transport::load::OpenConnections;

/// Where the state is asked for.
#[derive(Debug)]
pub struct State {
    /// Keys.
    pub authenticator: Arc<Authenticator>,
    /// Circuits, and exchanges under way.
    pub exchange: Arc<TokenExchange>,
    /// Credentials, and the authorities' clocks.
    pub credentials: Arc<AuthorityClient>,
    /// The store's connections.
    pub store: Arc<dyn Store>,
    /// Jobs that have not ended.
    pub jobs: Arc<Depth>,
    /// Which checks pass.
    pub readiness: Arc<Readiness>,
    /// By the listeners' names, their connections.
    pub connections: Vec<(&'static str, OpenConnections)>,
    /// Spans on their way.
    pub spans: Arc<Flow>,
    /// The audit trail.
    pub audit: Trail,
    /// The wall clock.
    pub clock: Clock,
}

impl State {
    pub(super) fn read(&self) -> Vec<Reading> {
        let mut readings = Vec::from(self.keys());
        readings.extend(self.exchanges());
        readings.extend(self.load());
        readings.extend(self.spans());
        readings.push(Reading::alone(
            &AUDIT_DROPPED,
            Value::Count(self.audit.dropped()),
        ));
        readings
    }

    fn keys(&self) -> [Reading; 4] {
        let now = whole(self.clock.now());
        let authorities = self.authenticator.status();
        let ages = authorities
            .iter()
            .filter_map(|one| Some((&*one.name, whole(one.keys_age?.as_secs()))));
        let read_at = ages
            .clone()
            .map(|(name, age)| (name, now.saturating_sub(age)));
        let keys = authorities.iter().map(|one| (&*one.name, whole(one.keys)));
        // Whichever told its time last: the answers about keys, or those about tokens.
        let mut skews: BTreeMap<_, _> = self
            .credentials
            .clock_skews()
            .into_iter()
            .map(|(name, skew)| (name, (skew.told, skew.seconds)))
            .collect();
        for one in &authorities {
            if let Some(latest) = one.clock_told.zip(one.clock_skew_seconds) {
                let told = skews.entry(Arc::clone(&one.name)).or_insert(latest);
                *told = (*told).min(latest);
            }
        }
        let skews = skews.iter().map(|(name, (_, skew))| (&**name, *skew));
        [
            gauge(&KEY_AGE, ages),
            gauge(&KEYS, keys),
            gauge(&KEY_LAST_SUCCESS, read_at),
            gauge(&CLOCK_SKEW, skews),
        ]
    }

    fn exchanges(&self) -> [Reading; 3] {
        let circuits = self.exchange.open_circuits();
        let circuits = circuits
            .iter()
            .map(|(authority, open)| (&**authority, whole(*open)));
        let now = self.clock.now();
        let expiries = self.exchange.registration_names().filter_map(|name| {
            let status = self.credentials.credential_status(name)?.ok()?;
            // An expired one is below zero.
            let left = status.expires_at?.checked_signed_diff(now)?;
            Some((name, left))
        });
        let under_way = Value::Level(whole(self.exchange.under_way()));
        [
            gauge(&BREAKER_STATE, circuits),
            gauge(&CREDENTIAL_EXPIRES_IN, expiries),
            Reading::alone(&EXCHANGES_UNDER_WAY, under_way),
        ]
    }

    fn load(&self) -> [Reading; 5] {
        let open = self.connections.iter();
        let open = open.map(|(listener, open)| (*listener, whole(open.count())));
        let passed = self.readiness.passed();
        let checks = Check::ALL.map(|check| (check.as_str(), i64::from(passed.passes(check))));
        let jobs = self.jobs.latest().into_iter();
        let jobs = jobs.flat_map(|jobs| [("waiting", jobs.waiting), ("claimed", jobs.claimed)]);
        let pools = self.store.pools();
        let of_pools = pools.iter().flat_map(|pool| {
            [("used", pool.used), ("idle", pool.idle)].map(|(state, count)| {
                let labels = vec![
                    (names::DB_POOL_NAME, pool.name.to_owned()),
                    (names::DB_CONNECTION_STATE, state.to_owned()),
                ];
                (labels, Value::Level(i64::from(count)))
            })
        });
        let most = pools.iter().map(|pool| (pool.name, i64::from(pool.max)));
        [
            gauge(&CONNECTIONS, open),
            gauge(&READY, checks.into_iter()),
            gauge(&JOBS, jobs.map(|(state, count)| (state, whole(count)))),
            Reading::of(&DB_CONNECTIONS, of_pools),
            gauge(&DB_CONNECTIONS_MAX, most),
        ]
    }

    fn spans(&self) -> [Reading; 4] {
        let (flow, drops) = (&self.spans, self.spans.drops());
        let lost = [
            ("queue_full", drops.while_queued()),
            ("hold_full", drops.while_held()),
        ];
        [
            outcomes(&SPANS_PROCESSED, flow.queued(), &lost),
            Reading::alone(&SPANS_QUEUED, Value::Level(whole(flow.waiting()))),
            Reading::alone(&SPANS_QUEUE_CAPACITY, Value::Level(whole(QUEUE_CAPACITY))),
            outcomes(
                &SPANS_EXPORTED,
                flow.sent(),
                &[
                    ("refused", drops.while_sent()),
                    ("span_file", drops.while_written()),
                ],
            ),
        ]
    }
}

fn whole(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

/// A gauge by one label, whose values are words of this program or names of the configuration.
fn gauge<'n>(
    instrument: &'static Instrument,
    samples: impl Iterator<Item = (&'n str, i64)>,
) -> Reading {
    let key = instrument.labels.first().copied().unwrap_or_default();
    let samples = samples.map(|(name, value)| (vec![(key, name.to_owned())], Value::Level(value)));
    Reading::of(instrument, samples)
}
