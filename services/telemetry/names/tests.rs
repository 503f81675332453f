//! The table against the conventions, and against the sources.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{ATTRIBUTES, EVENTS, Place, SCHEMA_URL, SPANS, Values, may_appear};

/// What the conventions have given up, as keys and, with a dot at the end, as what keys begin with.
const DEPRECATED: &[&str] = &[
    "az.service_request_id",
    "client.address",
    "enduser.role",
    "enduser.scope",
    "exception.escaped",
    "http.method",
    "http.status_code",
    "net.peer.",
    "rpc.grpc.request.metadata.",
    "rpc.grpc.status_code",
    "rpc.service",
    "rpc.system",
];

/// Fields by which a `tracing` macro speaks to its subscriber; they are not exported as such.
const DIRECTIVES: &[&str] = &["message", "otel.kind", "otel.name", "otel.status_code"];

const MACROS: &[&str] = &[
    "trace!",
    "debug!",
    "info!",
    "warn!",
    "error!",
    "trace_span!",
    "debug_span!",
    "info_span!",
    "warn_span!",
    "error_span!",
    "record_all!",
    // Nobody needs these two: their level is an argument, which would be taken for a field.
    "event!",
    "span!",
];

#[test]
fn the_schema_is_that_of_the_conventions_the_keys_are_taken_from() {
    assert_eq!(SCHEMA_URL, opentelemetry_semantic_conventions::SCHEMA_URL);
}

#[test]
fn no_key_is_deprecated() {
    for attribute in ATTRIBUTES {
        let deprecated = DEPRECATED.iter().any(|old| {
            attribute.key == *old || (old.ends_with('.') && attribute.key.starts_with(old))
        });
        assert!(!deprecated, "{}", attribute.key);
    }
}

#[test]
fn every_key_and_name_is_in_the_table_once() {
    let keys: BTreeSet<_> = ATTRIBUTES.iter().map(|attribute| attribute.key).collect();
    assert_eq!(keys.len(), ATTRIBUTES.len());
    // They are written into JSON as they are.
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._".contains(c);
    assert!(keys.iter().all(|key| key.chars().all(is_plain)));
    let names: BTreeSet<_> = SPANS.iter().chain(EVENTS).map(|named| named.name).collect();
    assert_eq!(names.len(), SPANS.len() + EVENTS.len());
}

#[test]
fn no_metric_has_an_attribute_whose_values_callers_choose() {
    for attribute in ATTRIBUTES {
        let bounded = attribute.values != Values::Open;
        assert!(
            bounded || !attribute.places.contains(&Place::Metric),
            "{}",
            attribute.key
        );
    }
}

#[test]
fn every_field_and_name_in_the_sources_is_in_the_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    collect(&root.join("services"), &mut sources);
    collect(&root.join("auth-interceptor/src"), &mut sources);
    let mut used = Used::default();
    for path in &sources {
        let source = std::fs::read_to_string(path).unwrap();
        // Test modules come last in a file.
        used.scan(source.split("#[cfg(test)]\nmod tests {").next().unwrap());
    }
    let keys: BTreeSet<_> = ATTRIBUTES.iter().map(|attribute| attribute.key).collect();
    let unlisted = |found: &BTreeSet<String>, known: &dyn Fn(&str) -> bool| -> Vec<String> {
        found.iter().filter(|one| !known(one)).cloned().collect()
    };
    let none = Vec::<String>::new();
    assert_eq!(
        unlisted(&used.fields, &|one| keys.contains(one)
            || DIRECTIVES.contains(&one)),
        none
    );
    assert_eq!(
        unlisted(&used.spans, &|one| SPANS
            .iter()
            .any(|span| span.name == one)),
        none
    );
    assert_eq!(
        unlisted(&used.events, &|one| EVENTS
            .iter()
            .any(|event| event.name == one)),
        none
    );
    // The scan itself finds what is known to be there, in each of the macros' spellings.
    for field in [
        "selvedge.auth.reason",
        "exception.type",
        "http.response.status_code",
        "error",
        "selvedge.jwks.keys",
        "selvedge.session.id",
        "selvedge.token.uti",
    ] {
        assert!(used.fields.contains(field), "{field} is found");
    }
    assert!(used.spans.contains("jwks.fetch") && used.spans.contains("exchange"));
    assert!(used.events.contains("jwks_changed") && used.events.contains("selvedge.auth.denied"));
}

#[test]
fn the_scan_finds_unlisted_and_deprecated_keys_in_every_spelling() {
    let mut used = Used::default();
    used.scan(
        r#"
        tracing::info!(net.peer.name = "a, b", planted.one = %x, "planted.message");
        warn!(name: "planted_event", { ?planted.two, planted.r#type = f(a, b) }, "x {y}");
        let span = tracing::debug_span!(parent: None, "planted.span", planted.three = Empty);
        record_all!(
            span,
            // A remark, with a comma.
            planted.four = if a { 1 } else { 2 },
        );
        span.record("planted.five", 1);
        tracing::event!(Level::INFO, planted.six = 1);
        "#,
    );
    let keys: Vec<&str> = used.fields.iter().map(String::as_str).collect();
    let found = [
        "Level::INFO",
        "net.peer.name",
        "planted.five",
        "planted.four",
        "planted.one",
        "planted.six",
        "planted.three",
        "planted.two",
        "planted.type",
    ];
    assert_eq!(keys, found);
    assert!(found.iter().all(|key| !may_appear(key, Place::Span)));
    assert!(used.spans.contains("planted.span") && used.events.contains("planted_event"));
}

/// The sources of what is shipped, below `folder`.
fn collect(folder: &Path, sources: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_test = path.file_stem().is_some_and(|stem| stem == "tests");
        if path.is_dir() && !is_test {
            collect(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test {
            sources.push(path);
        }
    }
}

#[derive(Default)]
struct Used {
    fields: BTreeSet<String>,
    spans: BTreeSet<String>,
    events: BTreeSet<String>,
}

impl Used {
    fn scan(&mut self, source: &str) {
        let code = source.lines().filter(|line| !line.trim().starts_with("//"));
        let source = &code.collect::<Vec<_>>().join("\n");
        assert!(!source.contains("#[instrument") && !source.contains("#[tracing::"));
        for name in MACROS {
            for (start, _) in source.match_indices(name) {
                let word = source[..start].chars().next_back();
                let body = source[start + name.len()..].trim_start();
                if !body.starts_with('(') || word.is_some_and(|c| c.is_alphanumeric() || c == '_') {
                    continue;
                }
                let arguments = inside(body);
                // What is recorded on comes before the fields.
                let fields = match *name {
                    "record_all!" => arguments.split_once(',').unwrap().1,
                    _ => arguments,
                };
                self.invocation(fields, name.ends_with("_span!"));
            }
        }
        for (start, found) in source.match_indices(".record(") {
            if let Some(field) = quoted(source[start + found.len()..].trim_start()) {
                self.fields.insert(field.to_owned());
            }
        }
    }

    /// The arguments of one macro: where it goes, its fields, and what it says.
    fn invocation(&mut self, arguments: &str, span: bool) {
        for argument in split(arguments) {
            if argument.starts_with('{') {
                self.invocation(inside(argument), span);
            } else if let Some(name) = argument.strip_prefix("name:").map(str::trim) {
                self.events.insert(quoted(name).unwrap().to_owned());
            } else if let Some(text) = quoted(argument) {
                // What follows a message belongs to its format.
                if span {
                    self.spans.insert(text.to_owned());
                    continue;
                }
                if text.starts_with("selvedge.") {
                    self.events.insert(text.to_owned());
                }
                return;
            } else if !argument.starts_with("parent:") && !argument.starts_with("target:") {
                let field = argument.split('=').next().unwrap().trim();
                let field = field.trim_start_matches(['?', '%']).replace("r#", "");
                self.fields.insert(field);
            }
        }
    }
}

/// What stands between the bracket that `text` begins with and the one that closes it.
fn inside(text: &str) -> &str {
    let end = scan_to(text, |depth, c| depth == 0 && matches!(c, ')' | ']' | '}'));
    &text[1..end]
}

/// The arguments of a list, at its commas.
fn split(list: &str) -> Vec<&str> {
    let mut arguments = Vec::new();
    let mut rest = list;
    while !rest.trim().is_empty() {
        let end = scan_to(rest, |depth, c| depth == 0 && c == ',');
        arguments.push(rest[..end].trim());
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    arguments
}

/// Where `found` holds first, outside of quotes; it is told the depth of brackets after the character.
fn scan_to(text: &str, found: impl Fn(i32, char) -> bool) -> usize {
    let (mut depth, mut in_text, mut escaped) = (0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => in_text = !in_text,
            '(' | '[' | '{' if !in_text => depth += 1,
            ')' | ']' | '}' if !in_text => depth -= 1,
            _ => {}
        }
        if !in_text && found(depth, c) {
            return at;
        }
    }
    text.len()
}

fn quoted(text: &str) -> Option<&str> {
    text.strip_prefix('"')?.split('"').next()
}
