//! What operators are told about reads, and what they are not.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex};

use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Dispatch, Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use super::authority_double::{Answer, AuthorityDouble, KEYS};
use super::signer::RSA;
use super::{before_deadline, loaded, quiet};
use crate::claims::TokenVersion::Rfc9068;

type Fields = BTreeMap<String, String>;

/// What was reported by the tasks of this test's thread.
#[derive(Clone, Default)]
struct Reported(Arc<Mutex<Records>>);

#[derive(Default)]
struct Records {
    spans: Vec<(Id, Fields)>,
    events: Vec<(Level, &'static str, Fields)>,
}

impl Reported {
    fn capture() -> (Self, DefaultGuard) {
        // While there is only one dispatcher, an event that another test's thread reaches first is
        // taken to interest nobody; with a second one, each is asked.
        static SECOND: LazyLock<Dispatch> =
            LazyLock::new(|| Dispatch::new(tracing_subscriber::registry()));
        LazyLock::force(&SECOND);

        let reported = Self::default();
        let subscriber = tracing_subscriber::registry().with(reported.clone());
        (reported, tracing::subscriber::set_default(subscriber))
    }

    fn take(&self) -> (Vec<Fields>, Vec<(Level, &'static str, Fields)>) {
        let records = std::mem::take(&mut *self.0.lock().unwrap());
        let spans = records.spans.into_iter().map(|(_, fields)| fields);
        (spans.collect(), records.events)
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Reported {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, _: Context<'_, S>) {
        if attributes.metadata().name() == "jwks.fetch" {
            let mut fields = Collected::default();
            attributes.record(&mut fields);
            let mut records = self.0.lock().unwrap();
            records.spans.push((id.clone(), fields.0));
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        let mut records = self.0.lock().unwrap();
        if let Some((_, fields)) = records.spans.iter_mut().find(|(span, _)| span == id) {
            let mut collected = Collected::default();
            values.record(&mut collected);
            fields.append(&mut collected.0);
        }
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        if metadata.target().starts_with("auth_interceptor") {
            let mut fields = Collected::default();
            event.record(&mut fields);
            let mut records = self.0.lock().unwrap();
            records
                .events
                .push((*metadata.level(), metadata.name(), fields.0));
        }
    }
}

#[derive(Default)]
struct Collected(Fields);

impl Visit for Collected {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}

fn fields<const N: usize>(wanted: [(&str, &str); N]) -> Fields {
    wanted
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[tokio::test]
async fn each_read_is_a_span_that_says_what_it_was_for_and_how_it_ended() {
    let (reported, _guard) = Reported::capture();
    let double = AuthorityDouble::with_keys([RSA[0].jwk("known")]);
    let port = double.url().rsplit_once(':').unwrap().1.to_owned();
    let expected = |trigger, source, status| {
        fields([
            ("otel.kind", "client"),
            ("http.request.method", "GET"),
            ("http.response.status_code", status),
            ("server.address", "127.0.0.1"),
            ("server.port", &port),
            (
                "url.full",
                &format!("{}/.well-known/openid-configuration", double.url()),
            ),
            ("url.template", "/.well-known/openid-configuration"),
            ("network.protocol.version", "1.1"),
            ("selvedge.authority.name", "double"),
            ("selvedge.jwks.trigger", trigger),
            ("selvedge.jwks.source", source),
        ])
    };

    let keys = loaded(&double.oidc(), &quiet()).await;
    let (spans, events) = reported.take();
    assert_eq!(spans, [expected("start", "fetch", "200")]);
    let names: Vec<_> = events
        .iter()
        .map(|(level, name, _)| (*level, *name))
        .collect();
    assert_eq!(names, [(Level::INFO, "jwks_changed")]);

    double.answer(KEYS, Answer::status("500 Internal Server Error", ""));
    before_deadline(keys.learn(Rfc9068, "unknown-key-id")).await;
    let (spans, _) = reported.take();
    let mut failed = expected("unknown_kid", "lkg", "500");
    failed.append(&mut fields([
        ("error.type", "500"),
        ("otel.status_code", "ERROR"),
        ("selvedge.jwks.kid", "unknown-"),
    ]));
    assert_eq!(spans, [failed]);
}

#[tokio::test]
async fn a_refused_document_alarms_once_and_its_end_is_told() {
    let double = AuthorityDouble::with_keys([RSA[0].jwk("known")]);
    let keys = loaded(&double.oidc(), &quiet()).await;
    let (reported, _guard) = Reported::capture();

    double.answer(KEYS, Answer::Document(r#"{"keys":[]}"#.to_owned()));
    for expected in [
        (Level::WARN, "jwks_rejected"),
        (Level::DEBUG, "jwks_still_failing"),
    ] {
        before_deadline(keys.refresh_now()).await;
        let (_, events) = reported.take();
        let [(level, name, fields)] = &events[..] else {
            panic!("{events:?}");
        };
        assert_eq!((*level, *name), expected);
        assert_eq!(fields["error.type"], "no_usable_key");
        assert_eq!(fields["selvedge.authority.name"], "double");
    }
    double.answer(KEYS, Answer::status("502 Bad Gateway", ""));
    before_deadline(keys.refresh_now()).await;
    let (_, events) = reported.take();
    assert_eq!(
        (events[0].0, events[0].1),
        (Level::WARN, "jwks_unavailable")
    );

    double.publish([RSA[0].jwk("known")]);
    before_deadline(keys.refresh_now()).await;
    let (_, events) = reported.take();
    let names: Vec<_> = events
        .iter()
        .map(|(level, name, _)| (*level, *name))
        .collect();
    assert_eq!(names, [(Level::INFO, "jwks_recovered")]);
}

#[tokio::test]
async fn a_weak_key_alarms_and_neither_its_material_nor_a_chosen_id_is_told() {
    let secret = "planted-private-exponent";
    let mut private = RSA[1].jwk("published\nwith its private part");
    private["d"] = json!(secret);
    let (reported, _guard) = Reported::capture();
    let double = AuthorityDouble::with_keys([RSA[0].jwk("known"), private]);
    let keys = loaded(&double.oidc(), &quiet()).await;
    before_deadline(keys.refresh_now()).await;
    before_deadline(keys.learn(Rfc9068, "<script>planted")).await;

    let (spans, events) = reported.take();
    let alarms: Vec<_> = events
        .iter()
        .filter(|(level, ..)| *level == Level::WARN)
        .collect();
    let [(_, "jwk_rejected", fields)] = alarms[..] else {
        panic!("{alarms:?}");
    };
    assert_eq!(fields["selvedge.jwks.kid"], "invalid");
    assert_eq!(spans[2]["selvedge.jwks.kid"], "invalid");
    let told = format!("{spans:?}{events:?}{keys:?}");
    for planted in [secret, "its private part", "script", "planted"] {
        assert!(!told.contains(planted), "{planted} in {told}");
    }
}
