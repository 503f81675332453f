//! Readings as OpenMetrics text (version 1.0.0), the only format that carries exemplars.

use std::fmt::Write as _;

use crate::telemetry::instruments::reading::{
    Bucket, Distribution, Exemplar, Reading, Series, Value,
};
use crate::telemetry::instruments::{Kind, spelled};

/// A text of its own, from the first line to the last.
pub(super) fn write(readings: &[Reading]) -> String {
    let mut text = String::new();
    for reading in readings {
        family(&mut text, reading);
    }
    text.push_str("# EOF\n");
    text
}

/// Writing to a string cannot fail.
macro_rules! line {
    ($text:expr, $($argument:tt)+) => {{
        let _ = writeln!($text, $($argument)+);
    }};
}

fn family(text: &mut String, reading: &Reading) {
    let instrument = reading.instrument;
    let name = instrument.family_name();
    let kind = match instrument.kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
    };
    line!(text, "# HELP {name} {}.", instrument.meaning);
    line!(text, "# TYPE {name} {kind}");
    if let Some(unit) = instrument.unit() {
        line!(text, "# UNIT {name} {unit}");
    }
    for Series { labels, value } in &reading.series {
        let labels = written(labels);
        match value {
            Value::Count(count) => line!(text, "{name}_total{} {count}", braced(&labels)),
            Value::Level(level) => line!(text, "{name}{} {level}", braced(&labels)),
            Value::Distribution(found) => {
                distribution(text, &name, &labels, instrument.buckets, found);
            }
        }
    }
}

fn distribution(text: &mut String, name: &str, labels: &str, bounds: &[f64], found: &Distribution) {
    let bounds = bounds.iter().map(|bound| format!("{bound:?}"));
    let bounds = bounds.chain(std::iter::once("+Inf".to_owned()));
    let separator = if labels.is_empty() { "" } else { "," };
    let mut below = 0;
    for (bound, Bucket { count, exemplar }) in bounds.zip(&found.buckets) {
        below += count;
        let leads_to = exemplar.as_ref().map(exemplary).unwrap_or_default();
        line!(
            text,
            r#"{name}_bucket{{{labels}{separator}le="{bound}"}} {below}{leads_to}"#
        );
    }
    line!(text, "{name}_sum{} {:?}", braced(labels), found.sum);
    line!(text, "{name}_count{} {below}", braced(labels));
}

fn exemplary(exemplar: &Exemplar) -> String {
    let Exemplar {
        trace_id,
        value,
        at,
    } = exemplar;
    format!(r##" # {{trace_id="{trace_id}"}} {value:?} {at}"##)
}

/// Labels without their braces.
fn written(labels: &[(&'static str, String)]) -> String {
    let labels = labels
        .iter()
        .map(|(key, value)| format!(r#"{}="{}""#, spelled(key), escaped(value)));
    labels.collect::<Vec<_>>().join(",")
}

/// No labels have no braces.
fn braced(labels: &str) -> String {
    if labels.is_empty() {
        String::new()
    } else {
        format!("{{{labels}}}")
    }
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', r"\\")
        .replace('"', "\\\"")
        .replace('\n', r"\n")
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::TraceId;

    use super::*;
    use crate::telemetry::instruments::{AUDIT_DROPPED, KEYS, VALIDATE_DURATION};

    #[test]
    fn each_kind_is_written_as_the_format_says() {
        let mut buckets = vec![Bucket::default(); VALIDATE_DURATION.buckets.len() + 1];
        buckets[1] = Bucket {
            count: 2,
            exemplar: Some(Exemplar {
                trace_id: TraceId::from(7),
                value: 0.000_02,
                at: 1_700_000_000,
            }),
        };
        let found = Distribution {
            sum: 0.000_04,
            buckets,
        };
        let readings = [
            Reading::alone(&AUDIT_DROPPED, Value::Count(3)),
            Reading::of(
                &KEYS,
                [(
                    vec![("selvedge.authority.name", "a \"b\" \\ \n".to_owned())],
                    Value::Level(-2),
                )],
            ),
            Reading::alone(&VALIDATE_DURATION, Value::Distribution(found)),
        ];
        let text = write(&readings);
        for expected in [
            "selvedge_audit_dropped_total 3\n",
            "selvedge_jwks_keys{selvedge_authority_name=\"a \\\"b\\\" \\\\ \\n\"} -2\n",
            "# UNIT selvedge_auth_validate_duration_seconds seconds\n",
            "_bucket{le=\"1e-5\"} 0\n",
            "_bucket{le=\"2.5e-5\"} 2 # {trace_id=\"00000000000000000000000000000007\"} 2e-5 1700000000\n",
            "_bucket{le=\"+Inf\"} 2\n",
            "_sum 4e-5\n",
            "_count 2\n",
        ] {
            assert!(text.contains(expected), "{expected:?} in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }
}
