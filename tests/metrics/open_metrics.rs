//! A strict reader of OpenMetrics text: what is not as the format says is a failed test.

use std::collections::{BTreeMap, BTreeSet};

/// A page, by family.
pub(crate) struct Page {
    pub(crate) families: BTreeMap<String, Family>,
}

#[derive(Default)]
pub(crate) struct Family {
    pub(crate) kind: String,
    pub(crate) unit: Option<String>,
    pub(crate) has_help: bool,
    pub(crate) samples: Vec<Sample>,
}

pub(crate) struct Sample {
    /// The family's name with the suffix of its kind.
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
    /// The labels of its exemplar.
    pub(crate) exemplar: Option<BTreeMap<String, String>>,
}

impl Page {
    pub(crate) fn read(text: &str) -> Self {
        let body = text.strip_suffix("# EOF\n").expect("the page ends");
        let mut families: BTreeMap<String, Family> = BTreeMap::new();
        let mut current = String::new();
        for line in body.lines() {
            let Some(comment) = line.strip_prefix("# ") else {
                let sample = Sample::read(line);
                let family = families.get_mut(&current).expect("a sample has a family");
                let suffix = sample.name.strip_prefix(&current).expect(line);
                let is_of_kind = match family.kind.as_str() {
                    "counter" => suffix == "_total",
                    "gauge" => suffix.is_empty(),
                    "histogram" => ["_bucket", "_count", "_sum"].contains(&suffix),
                    _ => false,
                };
                assert!(is_of_kind, "{line}");
                family.samples.push(sample);
                continue;
            };
            let mut words = comment.splitn(3, ' ');
            let [word, name, rest] = std::array::from_fn(|_| words.next().expect(line));
            if name != current {
                assert!(!families.contains_key(name), "{name} comes twice");
                current = name.to_owned();
            }
            let family = families.entry(current.clone()).or_default();
            assert!(family.samples.is_empty(), "{line} comes after samples");
            match word {
                "TYPE" => family.kind = rest.to_owned(),
                "UNIT" => family.unit = Some(rest.to_owned()),
                "HELP" => family.has_help = true,
                _ => panic!("{line}"),
            }
        }
        let page = Self { families };
        page.each_series_is_there_once();
        page.histograms_add_up();
        page
    }

    /// Every series, its value left out.
    pub(crate) fn series(&self) -> BTreeSet<(String, BTreeMap<String, String>)> {
        let samples = self.families.values().flat_map(|family| &family.samples);
        samples
            .map(|sample| (sample.name.clone(), sample.labels.clone()))
            .collect()
    }

    /// The sum of the samples of this name whose labels have all of these.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let samples = self.families.values().flat_map(|family| &family.samples);
        let is_wanted = |sample: &&Sample| {
            sample.name == name
                && labels
                    .iter()
                    .all(|(key, value)| sample.labels.get(*key).is_some_and(|has| has == value))
        };
        samples.filter(is_wanted).map(|sample| sample.value).sum()
    }

    fn each_series_is_there_once(&self) {
        let samples = self.families.values().map(|family| family.samples.len());
        assert_eq!(self.series().len(), samples.sum::<usize>());
    }

    fn histograms_add_up(&self) {
        for (name, family) in &self.families {
            if family.kind != "histogram" {
                continue;
            }
            let mut below = 0.0;
            for sample in &family.samples {
                if sample.name.ends_with("_bucket") {
                    assert!(sample.value >= below, "{name} shrinks");
                    below = sample.value;
                    if sample.labels["le"] == "+Inf" {
                        let mut labels = sample.labels.clone();
                        labels.remove("le");
                        let count = format!("{name}_count");
                        let mut counts = family.samples.iter();
                        let count = counts.find(|one| one.name == count && one.labels == labels);
                        assert_eq!(count.unwrap().value, sample.value, "{name}");
                        below = 0.0;
                    }
                }
            }
        }
    }
}

impl Sample {
    fn read(line: &str) -> Self {
        let (sample, exemplar) = match line.split_once(" # ") {
            None => (line, None),
            Some((sample, exemplar)) => (sample, Some(exemplar)),
        };
        let name_ends = sample.find(['{', ' ']).expect(line);
        let (name, rest) = sample.split_at(name_ends);
        let (labels, value) = labels_and_rest(rest);
        let exemplar = exemplar.map(|exemplar| {
            let (labels, value) = labels_and_rest(exemplar);
            let mut numbers = value.split_whitespace().map(str::parse::<f64>);
            let [value, at] = std::array::from_fn(|_| numbers.next().expect(line).expect(line));
            assert!(value.is_finite() && at > 0.0, "{line}");
            assert!(numbers.next().is_none(), "{line}");
            labels
        });
        Self {
            name: name.to_owned(),
            labels,
            value: value.trim().parse().expect(line),
            exemplar,
        }
    }
}

/// Labels in braces, if any, and what follows them. No value that is shown needs an escape.
fn labels_and_rest(text: &str) -> (BTreeMap<String, String>, &str) {
    let Some(inner) = text.strip_prefix('{') else {
        return (BTreeMap::new(), text);
    };
    let (inner, rest) = inner.split_once('}').expect(text);
    let mut labels = BTreeMap::new();
    for label in inner.split(',').filter(|label| !label.is_empty()) {
        let (key, value) = label.split_once('=').expect(label);
        let value = value.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        let value = value.expect(label).to_owned();
        assert!(!value.contains(['"', '\\']), "{label}");
        assert!(labels.insert(key.to_owned(), value).is_none(), "{text}");
    }
    (labels, rest)
}
