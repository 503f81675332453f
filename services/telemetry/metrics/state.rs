//! What is asked for when the page is read, because it changes by itself: ages, expiries, circuits.

use std::fmt;
use std::sync::Arc;

use auth_interceptor::{Authenticator, Clock};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::exchange::{AuthorityClient, TokenExchange};
use crate::telemetry::instruments::{
    BREAKER_STATE, CLOCK_SKEW, CREDENTIAL_EXPIRES_IN, Instrument, KEY_AGE, KEY_LAST_SUCCESS, KEYS,
    spelled,
};

/// Where the state is asked for.
#[derive(Debug)]
pub struct State {
    registry: Registry,
}

impl State {
    /// The state of the keys, the circuits and the registrations' credentials.
    #[must_use]
    pub fn new(
        authenticator: Arc<Authenticator>,
        exchange: Arc<TokenExchange>,
        credentials: Arc<AuthorityClient>,
        clock: Clock,
    ) -> Self {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Asked {
            authenticator,
            exchange,
            credentials,
            clock,
        }));
        Self { registry }
    }

    pub(super) fn registry(&self) -> &Registry {
        &self.registry
    }
}

struct Asked {
    authenticator: Arc<Authenticator>,
    exchange: Arc<TokenExchange>,
    credentials: Arc<AuthorityClient>,
    clock: Clock,
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked").finish_non_exhaustive()
    }
}

impl Collector for Asked {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        self.keys(&mut encoder)?;
        let circuits = self.exchange.open_circuits();
        let circuits = circuits
            .iter()
            .map(|(authority, open)| (&**authority, seconds(*open)));
        gauge(&mut encoder, &BREAKER_STATE, circuits)?;
        let now = self.clock.now();
        let expiries = self.exchange.registration_names().filter_map(|name| {
            let status = self.credentials.credential_status(name)?.ok()?;
            // An expired one is below zero.
            let left = status.expires_at?.checked_signed_diff(now)?;
            Some((name, left))
        });
        gauge(&mut encoder, &CREDENTIAL_EXPIRES_IN, expiries)
    }
}

impl Asked {
    fn keys(&self, encoder: &mut DescriptorEncoder) -> fmt::Result {
        let authorities = self.authenticator.status();
        let ages = authorities
            .iter()
            .filter_map(|one| Some((&*one.name, seconds(one.keys_age?.as_secs()))));
        gauge(encoder, &KEY_AGE, ages.clone())?;
        let keys = authorities
            .iter()
            .map(|one| (&*one.name, seconds(one.keys)));
        gauge(encoder, &KEYS, keys)?;
        let now = seconds(self.clock.now());
        let read_at = ages.map(|(name, age)| (name, now.saturating_sub(age)));
        gauge(encoder, &KEY_LAST_SUCCESS, read_at)?;
        let skews = authorities
            .iter()
            .filter_map(|one| Some((&*one.name, one.clock_skew_seconds?)));
        gauge(encoder, &CLOCK_SKEW, skews)
    }
}

fn seconds(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

/// A gauge by one label, whose values are names of the configuration.
fn gauge<'n>(
    encoder: &mut DescriptorEncoder,
    instrument: &Instrument,
    samples: impl Iterator<Item = (&'n str, i64)>,
) -> fmt::Result {
    let key = instrument.labels.first().copied().unwrap_or_default();
    let (name, key, unit) = (spelled(instrument.name), spelled(key), instrument.unit());
    let mut metric =
        encoder.encode_descriptor(&name, instrument.meaning, unit.as_ref(), MetricType::Gauge)?;
    for (configured, value) in samples {
        let labels = [(key.as_str(), configured)];
        ConstGauge::new(value).encode(metric.encode_family(&labels)?)?;
    }
    Ok(())
}
