//! The dashboards as files: what Grafana would stumble over, and what would lead nowhere.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{path, read};

/// A panel's query.
#[derive(Debug)]
pub(super) struct Query {
    /// The panel's title.
    pub(super) panel: String,
    /// PromQL, as it is in the file.
    pub(super) expression: String,
}

/// The dashboards by name.
fn dashboards() -> Vec<(String, Value)> {
    let files = std::fs::read_dir(path("grafana")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let dashboards: Vec<_> = names
        .map(|name| {
            let text = read(&format!("grafana/{name}"));
            let dashboard = serde_json::from_str(&text).unwrap();
            (name, dashboard)
        })
        .collect();
    assert!(!dashboards.is_empty());
    dashboards
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key]
        .as_str()
        .unwrap_or_else(|| panic!("no {key} in {value}"))
}

fn is_row(panel: &Value) -> bool {
    panel["type"] == "row"
}

/// Every query to Prometheus of every panel.
pub(super) fn queries() -> Vec<Query> {
    let mut queries = Vec::new();
    for (_, dashboard) in dashboards() {
        for panel in list(&dashboard, "panels") {
            for target in list(panel, "targets") {
                if target["datasource"]["type"] == "prometheus" {
                    queries.push(Query {
                        panel: text(panel, "title").to_owned(),
                        expression: text(target, "expr").to_owned(),
                    });
                }
            }
        }
    }
    queries
}

#[test]
fn every_panel_has_an_id_a_place_a_description_and_a_query() {
    for (name, dashboard) in dashboards() {
        assert!(dashboard["schemaVersion"].as_u64().unwrap() >= 39, "{name}");
        let mut ids = BTreeSet::new();
        let mut taken = BTreeSet::new();
        for panel in list(&dashboard, "panels") {
            let title = text(panel, "title");
            assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}");
            let place = |key: &str| panel["gridPos"][key].as_u64().unwrap();
            assert!(place("x") + place("w") <= 24, "{title} is too wide");
            for x in place("x")..place("x") + place("w") {
                for y in place("y")..place("y") + place("h") {
                    assert!(taken.insert((x, y)), "{title} covers another panel");
                }
            }
            if is_row(panel) {
                continue;
            }
            assert!(!text(panel, "description").is_empty(), "{title}");
            let targets = list(panel, "targets");
            assert!(!targets.is_empty(), "{title} asks for nothing");
            let mut references = BTreeSet::new();
            for target in targets {
                assert!(references.insert(text(target, "refId")), "{title}");
                let source = text(&target["datasource"], "uid");
                assert!(["${datasource}", "${traces}"].contains(&source), "{title}");
            }
            if panel["type"] != "table" {
                assert!(
                    panel["fieldConfig"]["defaults"]["unit"].is_string(),
                    "{title}"
                );
            }
        }
    }
}

#[test]
fn the_rows_are_those_that_runbooks_send_to() {
    let (_, dashboard) = &dashboards()[0];
    let rows = list(dashboard, "panels").iter().filter(|it| is_row(it));
    let rows: Vec<&str> = rows.map(|row| text(row, "title")).collect();
    assert_eq!(
        rows,
        [
            "Traffic and error budget",
            "Denials",
            "Signing keys",
            "Exchange",
            "Fabric and store",
            "Saturation",
            "Telemetry"
        ]
    );
}

/// A panel is named in italics, as is nothing else but a row.
#[test]
fn every_panel_that_a_runbook_names_is_there() {
    let mut titles = BTreeSet::new();
    for (_, dashboard) in dashboards() {
        let panels = list(&dashboard, "panels").iter();
        titles.extend(panels.map(|panel| text(panel, "title").to_owned()));
    }
    let advice: toml::Table = toml::from_str(&read("runbooks/reasons.toml")).unwrap();
    for (reason, about) in advice {
        let checks = about["check"].as_array().unwrap();
        let checks = checks.iter().map(|line| line.as_str().unwrap());
        for check in checks.filter(|check| check.contains("anel")) {
            for name in check.split('*').skip(1).step_by(2) {
                assert!(titles.contains(name), "{reason} names {name}");
            }
        }
    }
}

#[test]
fn variables_are_declared_and_used() {
    for (name, dashboard) in dashboards() {
        let declared: BTreeSet<&str> = list(&dashboard["templating"], "list")
            .iter()
            .map(|variable| text(variable, "name"))
            .collect();
        let written = dashboard.to_string();
        for variable in &declared {
            let used = [format!("${{{variable}}}"), format!("${variable}\\\"")];
            assert!(used.iter().any(|it| written.contains(it)), "{variable}");
        }
        for (at, _) in written.match_indices("${") {
            let used = written[at + 2..].split('}').next().unwrap();
            assert!(
                used.starts_with("__") || declared.contains(used),
                "{name}: {used}"
            );
        }
    }
}
