//! A page for each reason and each alert, and an index: generated from the contract, the code's own
//! tables and `reasons.toml`, so that no page says what the service does not do.

mod page;

use std::collections::{BTreeMap, BTreeSet};

use prost::Message as _;
use prost_types::FileDescriptorSet;
use selvedge::contracts::DESCRIPTOR_SET;
use selvedge::refusal::{Fault, Reason, Runbooks, actor, fault, reason_name};
use serde::Deserialize;

use super::{assert_generated, path, read, reasons};
use crate::exchange::Exchanging;
use crate::support::{Call, READ_DATA, Setup};

/// What `reasons.toml` says of a reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Advice {
    challenge: Option<String>,
    causes: Vec<String>,
    check: Vec<String>,
    act: String,
    escalate: Option<String>,
}

fn advice() -> BTreeMap<String, Advice> {
    toml::from_str(&read("runbooks/reasons.toml")).unwrap()
}

/// An alert, as far as a page speaks of it.
#[derive(Debug)]
pub(super) struct Alert {
    pub(super) name: String,
    pub(super) summary: String,
    /// The page that it leads to.
    page: String,
    /// All of its rule.
    text: String,
}

/// The alerts of `prometheus/alerts.yaml`, which keeps each value that is read here on one line.
pub(super) fn alerts() -> Vec<Alert> {
    let file = read("prometheus/alerts.yaml");
    let rules = file.split("      - alert: ").skip(1);
    rules
        .map(|text| {
            let after = |key: &str| {
                let line = text.lines().find_map(|line| line.trim().strip_prefix(key));
                let line = line.unwrap_or_else(|| panic!("no {key} in {text}"));
                line.trim().trim_matches('"').to_owned()
            };
            let url = after("runbook_url:");
            let page = url.rsplit('/').next().unwrap().trim_end_matches(".md");
            Alert {
                name: text.lines().next().unwrap().trim().to_owned(),
                summary: after("summary:"),
                page: page.to_owned(),
                text: text.to_owned(),
            }
        })
        .collect()
}

impl Alert {
    /// Whether it can be about refusals for this reason.
    fn tells_of(&self, reason: Reason) -> bool {
        let name = reason_name(reason);
        let quoted = self
            .text
            .split(|character: char| !(character.is_ascii_uppercase() || character == '_'))
            .any(|word| word == name);
        let burns = self.text.contains("selvedge_failures:ratio") && fault(reason) != Fault::Caller;
        quoted || burns || self.text.contains("same_hour") || self.page == name
    }
}

/// The comments of the reasons in the contract, on one line each.
fn comments() -> BTreeMap<Reason, String> {
    let set = FileDescriptorSet::decode(DESCRIPTOR_SET).unwrap();
    let file = set
        .file
        .iter()
        .find(|file| file.name().ends_with("refusal/v1/reason.proto"))
        .unwrap();
    let values = file.enum_type[0].value.iter().zip(0..);
    let info = file.source_code_info.as_ref().unwrap();
    values
        .map(|(value, position)| {
            let at = [5, 0, 2, position];
            let location = info.location.iter().find(|location| location.path == at);
            let words: Vec<&str> = location
                .unwrap()
                .leading_comments()
                .split_whitespace()
                .collect();
            let reason = Reason::try_from(value.number()).unwrap();
            (reason, words.join(" "))
        })
        .collect()
}

#[test]
fn every_reason_has_a_page_that_is_the_codes_own() {
    let advice = advice();
    let comments = comments();
    let alerts = alerts();
    for reason in reasons() {
        let name = reason_name(reason);
        let advice = advice
            .get(name)
            .unwrap_or_else(|| panic!("reasons.toml has nothing about {name}"));
        let page = page::of(reason, &comments[&reason], advice, &alerts);
        assert_generated(&format!("runbooks/{name}.md"), &page);
    }
    let known: BTreeSet<&str> = reasons().map(reason_name).collect();
    let unknown: Vec<&String> = advice
        .keys()
        .filter(|name| !known.contains(name.as_str()))
        .collect();
    assert!(unknown.is_empty(), "no reasons: {unknown:?}");
}

#[test]
fn the_index_lists_every_page() {
    assert_generated("runbooks/README.md", &page::index(&alerts()));
}

#[test]
fn every_page_is_of_a_reason_or_an_alert_and_every_link_in_it_leads_somewhere() {
    let mut expected: BTreeSet<String> = reasons()
        .map(|reason| reason_name(reason).to_owned())
        .collect();
    expected.extend(alerts().into_iter().map(|alert| alert.page));
    expected.insert("README".to_owned());
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(path("runbooks")).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let Some(name) = file.strip_suffix(".md") else {
            assert_eq!(file, "reasons.toml");
            continue;
        };
        let text = read(&format!("runbooks/{file}"));
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let target = path("runbooks").join(link.split('#').next().unwrap());
            assert!(target.exists(), "{file} links to {link}");
        }
        found.insert(name.to_owned());
    }
    assert_eq!(found, expected);
}

#[test]
fn what_the_operator_has_to_mend_counts_against_the_objective() {
    for reason in reasons() {
        let is_ours = fault(reason) != Fault::Caller;
        // Whom to let in is the operator's to say; that somebody else was kept out is no failure.
        if actor(reason) == "the operator" && reason != Reason::TenantNotAllowed {
            assert!(is_ours, "{reason:?}");
        }
    }
}

#[tokio::test]
async fn a_refusal_links_to_its_page_behind_the_link_that_whoever_is_refused_can_follow() {
    const PUBLISHED: &str = "https://runbooks.contoso.test/selvedge";
    let exchanging = Exchanging::with(Setup {
        runbooks: Some(Runbooks::new(&format!("{PUBLISHED}/"))),
        ..Setup::default()
    })
    .await;
    let nobody = exchanging.token(emulator::seed::NO_CONSENT);
    let calls = [
        (Call::to(READ_DATA), "CREDENTIALS_MISSING", 1),
        (Call::to("/no.such/Method"), "METHOD_NOT_FOUND", 1),
        (crate::exchange::for_storage(&nobody), "CONSENT_REQUIRED", 2),
    ];
    for (call, reason, count) in calls {
        let reply = exchanging.client.send(&call).await;
        let info = reply.error_info().unwrap();
        assert_eq!(info.reason, reason);
        let help: Vec<tonic_types::pb::Help> = reply.details("google.rpc.Help");
        assert_eq!(help.len(), 1, "one detail, however many links");
        let links = &help[0].links;
        assert_eq!(links.len(), count, "{reason}");
        let last = links.last().unwrap();
        let page = last.url.strip_prefix(&format!("{PUBLISHED}/")).unwrap();
        assert_eq!(page, format!("{reason}.md"));
        assert!(path("runbooks").join(page).is_file());
        // What the page says of the reply is what the reply is.
        let text = read(&format!("runbooks/{page}"));
        let code = reply
            .verdict()
            .split_once(' ')
            .map(|(code, _)| code.to_owned());
        assert!(text.contains(&format!("`{}`", code.unwrap())), "{reason}");
        assert_eq!(
            text.contains("| `www-authenticate` | none |"),
            reply.challenge_header().is_none(),
            "{reason}"
        );
    }
}
