//! What the configuration promises, case by case.

mod credentials;
mod store;
mod telemetry;
mod web;

use std::path::PathBuf;
use std::time::Duration;

use auth_interceptor::{Algorithm, AuthorityKind};

use super::{ConfigError, Environment, KEYS, Migrate, Settings};
use crate::telemetry::propagation::TrustInbound;

const TENANT: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

/// The least that `serve` needs.
const MINIMAL: &str = r#"
[authorities.entra]
kind = "entra"
url = "https://login.microsoftonline.com"
tenants = ["0f8fad5b-d9cb-469f-a165-70867728950e"]
[registrations.workload]
authority = "entra"
client_id = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
"#;

const OIDC: &str = r#"
[authorities.partner]
kind = "oidc"
url = "https://idp.example/realm/"
tenant = "0f8fad5b-d9cb-469f-a165-70867728950e"
[registrations.workload]
authority = "partner"
audiences = ["https://api.example"]
"#;

fn parse(text: &str) -> Result<Settings, ConfigError> {
    Settings::parse(text, &Environment::default())
}

fn with_environment(variables: &[(&str, &str)]) -> Result<Settings, ConfigError> {
    let environment = Environment::from_variables(variables.iter().copied());
    Settings::parse(MINIMAL, &environment)
}

fn sentence(result: Result<Settings, ConfigError>) -> String {
    result
        .expect_err("the configuration must be refused")
        .to_string()
}

/// `MINIMAL` with one key set, wherever it belongs.
fn with_key(path: &str, value: &str) -> String {
    let (section, leaf) = path.rsplit_once('.').unwrap_or(("", path));
    let mut lines: Vec<String> = MINIMAL
        .lines()
        .map(str::to_owned)
        .scan(String::new(), |current, line| {
            if line.starts_with('[') {
                *current = line.trim_matches(['[', ']']).to_owned();
            }
            let replaced = *current == section && line.starts_with(&format!("{leaf} ="));
            Some(if replaced { String::new() } else { line })
        })
        .collect();
    let setting = format!("{leaf} = {value}");
    match lines
        .iter()
        .position(|line| *line == format!("[{section}]"))
    {
        Some(header) => lines.insert(header + 1, setting),
        None if section.is_empty() => lines.insert(0, setting),
        None => lines.extend([format!("[{section}]"), setting]),
    }
    lines.join("\n")
}

#[test]
fn authorities_and_registrations_are_enough() {
    let settings = parse(MINIMAL).unwrap();
    assert_eq!(settings.server.listen.to_string(), "127.0.0.1:5000");
    assert!(settings.server.health && !settings.server.reflection);
    assert_eq!(settings.store.database.to_string(), "SQLite in selvedge.db");
    assert_eq!(settings.store.migrate, Migrate::Auto);
    assert_eq!(settings.limits.header_bytes, 64 * 1024);
    assert_eq!(settings.limits.token_bytes, 16 * 1024);
    assert_eq!(settings.limits.message_bytes, 4 * 1024 * 1024);
    assert_eq!(settings.limits.streams, 100);
    assert_eq!(settings.keys.refresh, Duration::from_secs(3600));
    assert_eq!(settings.keys.unknown_kid_cooldown, Duration::from_secs(300));
    assert_eq!(settings.keys.last_known_good, Duration::from_secs(86_400));
    assert_eq!(settings.telemetry.trust_inbound, TrustInbound::Auto);
    assert!(settings.dangers.is_empty());
    assert!(settings.exchange[0].credential.is_none());
    assert_eq!(
        settings.downstream.onelake,
        "https://onelake.dfs.fabric.microsoft.com"
    );
    assert_eq!(settings.authorities[0].algorithms, [Algorithm::Rs256]);
    assert_eq!(settings.registrations[0].name, "workload");
}

#[test]
fn issuers_default_to_those_of_the_url() {
    let issuers = |text: &str| match parse(text).unwrap().authorities.remove(0).kind {
        AuthorityKind::Entra {
            issuer_v1,
            issuer_v2,
            ..
        } => (issuer_v1.as_str().to_owned(), issuer_v2.as_str().to_owned()),
        AuthorityKind::Oidc { issuer, .. } => (issuer.as_str().to_owned(), String::new()),
    };
    assert_eq!(
        issuers(MINIMAL),
        (
            "https://sts.windows.net/{tenantid}/".to_owned(),
            "https://login.microsoftonline.com/{tenantid}/v2.0".to_owned()
        )
    );
    let elsewhere = with_key("authorities.entra.url", "\"https://login.example:8443/\"");
    assert_eq!(
        issuers(&elsewhere),
        (
            "https://login.example:8443/{tenantid}/".to_owned(),
            "https://login.example:8443/{tenantid}/v2.0".to_owned()
        )
    );
    assert_eq!(issuers(OIDC).0, "https://idp.example/realm");
    let stated = OIDC.replace(
        "[registrations",
        "issuer = \"https://idp.example/\"\n[registrations",
    );
    assert_eq!(issuers(&stated).0, "https://idp.example/");
}

#[test]
fn a_bad_value_is_refused_in_one_sentence_that_names_its_key() {
    let cases = [
        ("version", "2", "version expects 1"),
        (
            "server.lisen",
            "\"127.0.0.1:1\"",
            "server.lisen is not a known key: expected one of listen, ",
        ),
        (
            "servers.listen",
            "1",
            "servers.listen is not a known key: expected one of version, server, ",
        ),
        ("server", "1", "server is not a known key: expected one of "),
        (
            "server.listen",
            "\"localhost\"",
            "server.listen expects an IP address and port",
        ),
        (
            "server.listen",
            "\"0.0.0.0:5000\"",
            "server.listen expects a loopback address, or server.tls_cert_file",
        ),
        (
            "server.admin_listen",
            "\"[::]:5001\"",
            "server.admin_listen expects a loopback address",
        ),
        (
            "server.health",
            "\"yes\"",
            "server.health expects true or false",
        ),
        (
            "server.cors_origins",
            "[\"https://web.example/\"]",
            "server.cors_origins expects a list of",
        ),
        (
            "server.tls_cert_file",
            "\"/nowhere.pem\"",
            "server.tls_cert_file expects a file that can be",
        ),
        (
            "store.url",
            "\"postgres://db\"",
            "store.url expects sqlite:// and the path of a file, or postgres://user@host/database",
        ),
        (
            "store.url",
            "\"sqlite://:memory:\"",
            "store.url expects sqlite:// and the path of a file, or postgres://user@host/database",
        ),
        (
            "store.migrate",
            "\"never\"",
            "store.migrate expects one of auto, check",
        ),
        (
            "authorities.entra.kind",
            "\"saml\"",
            "authorities.entra.kind expects one of entra, oidc",
        ),
        (
            "authorities.entra.tenants",
            "[]",
            "authorities.entra.tenants expects a list of at least one",
        ),
        (
            "authorities.entra.tenants",
            "[\"common\"]",
            "authorities.entra.tenants expects a list of GUIDs",
        ),
        (
            "authorities.entra.tenants",
            "1",
            "authorities.entra.tenants expects a list of GUIDs",
        ),
        (
            "authorities.entra.algorithms",
            "[\"none\"]",
            "authorities.entra.algorithms expects a list of",
        ),
        (
            "authorities.entra.algorithms",
            "[]",
            "authorities.entra.algorithms expects a list of",
        ),
        (
            "authorities.entra.issuer_v2",
            "\"https://x/\"",
            "authorities.entra.issuer_v2 expects an issuer",
        ),
        (
            "authorities.entra.issuer",
            "\"https://x/\"",
            "authorities.entra.issuer expects an authority of",
        ),
        (
            "authorities.entra.url",
            "\"http://login.example\"",
            "authorities.entra.url expects an https URL",
        ),
        (
            "authorities.entra.url",
            "\"https://a@b\"",
            "authorities.entra.url expects an https URL",
        ),
        (
            "authorities.entra.ca_file",
            "\"/nowhere.pem\"",
            "authorities.entra.ca_file expects a file that",
        ),
        (
            "authorities.Entra.url",
            "\"https://b\"",
            "authorities.Entra expects a name of lower-case",
        ),
        (
            "authorities.entra.secret",
            "1",
            "authorities.entra.secret is not a known key: expected one of kind",
        ),
        (
            "registrations.workload.authority",
            "\"entr\"",
            "registrations.workload.authority expects the name",
        ),
        (
            "registrations.workload.client_id",
            "\"api\"",
            "registrations.workload.client_id expects a GUID",
        ),
        (
            "registrations.workload.audiences",
            "[\"x\"]",
            "registrations.workload.audiences expects an auth",
        ),
        (
            "registrations.workload.secret_file",
            "\"/nowhere/secret\"",
            "registrations.workload.secret_file expects a file that can be read",
        ),
        (
            "registrations.workload.certificate_file",
            "\"x\"",
            "registrations.workload.certificate_file expects a file that can be read",
        ),
        (
            "fabric.app_ids",
            "[\"fabric\"]",
            "fabric.app_ids expects a list of GUIDs",
        ),
        (
            "fabric.item_types",
            "[\"Sample\"]",
            "fabric.item_types expects a list of item types",
        ),
        (
            "fabric.endpoint",
            "\"http://contoso.com\"",
            "fabric.endpoint expects an https URL",
        ),
        (
            "fabric.regional_endpoints",
            "[\"West Europe\"]",
            "fabric.regional_endpoints expects a list of regions and https URLs",
        ),
        (
            "fabric.regional_endpoints",
            "[\"a=https://a.b\", \"A=https://c.d\"]",
            "fabric.regional_endpoints expects a list of regions and https URLs",
        ),
        (
            "keys.last_known_good",
            "\"1h\"",
            "keys.last_known_good expects longer than keys.refresh",
        ),
        (
            "keys.refresh",
            "\"500ms\"",
            "keys.refresh expects a duration of at least 1s",
        ),
        (
            "keys.refresh",
            "\"0s\"",
            "keys.refresh expects a duration of at least 1s",
        ),
        (
            "keys.refresh",
            "60",
            "keys.refresh expects a duration of at least 1s",
        ),
        (
            "limits.streams",
            "0",
            "limits.streams expects a whole number from 1 to 1000000",
        ),
        (
            "limits.token_bytes",
            "-1",
            "limits.token_bytes expects a whole number from 1024 to",
        ),
    ];
    for (path, value, expected) in cases {
        let found = sentence(parse(&with_key(path, value)));
        assert!(found.starts_with(expected), "{path} = {value}: {found}");
        assert!(!found.contains('\n'), "{found}");
    }
}

#[test]
fn what_lets_callers_in_cannot_be_left_out() {
    let without = |text: &str, leaf: &str| {
        let lines = text
            .lines()
            .filter(|line| !line.starts_with(&format!("{leaf} =")));
        sentence(parse(&lines.collect::<Vec<_>>().join("\n")))
    };
    let cases = [
        (MINIMAL, "kind", "authorities.entra.kind is missing"),
        (MINIMAL, "url", "authorities.entra.url is missing"),
        (MINIMAL, "tenants", "authorities.entra.tenants is missing"),
        (
            MINIMAL,
            "authority",
            "registrations.workload.authority is missing",
        ),
        (
            MINIMAL,
            "client_id",
            "registrations.workload.client_id is missing",
        ),
        (OIDC, "tenant", "authorities.partner.tenant is missing"),
        (
            OIDC,
            "audiences",
            "registrations.workload.audiences expects a list of at least one",
        ),
    ];
    for (text, leaf, expected) in cases {
        let found = without(text, leaf);
        assert!(found.starts_with(expected), "{leaf}: {found}");
    }
    assert!(
        sentence(parse("")).starts_with("authorities is missing and expects at least one table")
    );
    let unregistered = MINIMAL.split("[registrations").next().unwrap();
    assert!(sentence(parse(unregistered)).starts_with("registrations is missing"));
    assert!(
        sentence(parse(&format!("{MINIMAL}\n[registrations.empty]")))
            .starts_with("registrations.empty.authority is missing")
    );
}

#[test]
fn an_authority_on_this_machine_needs_the_word_danger() {
    let hosts = [
        "localhost",
        "LOCALHOST.",
        "login.localhost",
        "127.0.0.1",
        "127.1",
        "0x7f000001",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::]",
    ];
    for host in hosts {
        let text = with_key("authorities.entra.url", &format!("\"https://{host}:5443\""));
        let found = sentence(parse(&text));
        assert!(
            found.starts_with("authorities.entra.url expects a host that is not"),
            "{found}"
        );
        let allowed = text.replace(
            "[registrations",
            "danger_allow_local_authority = true\n[registrations",
        );
        assert!(parse(&allowed).is_ok(), "{host}");
    }
    let elsewhere = with_key(
        "authorities.entra.url",
        "\"https://localhost.example:5443\"",
    );
    assert!(parse(&elsewhere).is_ok());
}

#[test]
fn a_token_leads_to_one_authority_and_one_registration() {
    let second = |section: &str, text: &str| format!("{MINIMAL}\n[{section}]\n{text}");
    let same_issuer = second(
        "authorities.again",
        &format!(
            "kind = \"entra\"\nurl = \"https://login.microsoftonline.com\"\ntenants = [\"{TENANT}\"]"
        ),
    );
    assert_eq!(
        sentence(parse(&same_issuer)),
        "authorities.entra.issuer_v1 expects an issuer that is stated once"
    );
    let same_audience = second(
        "registrations.zweite",
        "authority = \"entra\"\nclient_id = \"7c9e6679-7425-40de-944b-e07fc1f90ae7\"",
    );
    assert_eq!(
        sentence(parse(&same_audience)),
        "registrations.zweite.client_id expects an audience that is stated once"
    );
}

#[test]
fn plaintext_for_other_machines_needs_the_word_danger() {
    let text = with_key("server.listen", "\"0.0.0.0:5000\"");
    let allowed = text.replace("[server]", "[server]\ndanger_plaintext = true");
    assert_eq!(
        parse(&allowed).unwrap().server.listen.to_string(),
        "0.0.0.0:5000"
    );
}

#[test]
fn the_environment_overrides_the_file() {
    let settings = with_environment(&[
        ("SELVEDGE_SERVER__LISTEN", "127.0.0.1:7000"),
        ("SELVEDGE_SERVER__HEALTH", "false"),
        ("SELVEDGE_LIMITS__STREAMS", "7"),
        ("SELVEDGE_KEYS__REFRESH", "5s"),
        (
            "SELVEDGE_REGISTRATIONS__WORKLOAD__AUDIENCES_V1",
            "api://one, api://two",
        ),
        ("PATH", "/bin"),
    ])
    .unwrap();
    assert_eq!(settings.server.listen.port(), 7000);
    assert!(!settings.server.health);
    assert_eq!(settings.limits.streams, 7);
    assert_eq!(settings.keys.refresh, Duration::from_secs(5));
    assert_eq!(
        settings.registrations[0].audiences_v1,
        ["api://one", "api://two"]
    );
}

#[test]
fn a_variable_that_is_wrong_is_named_as_it_is_spelled() {
    let cases = [
        (
            "SELVEDGE_SERVER__LISEN",
            "x",
            "server.lisen (SELVEDGE_SERVER__LISEN) is not a known key",
        ),
        (
            "SELVEDGE_LISTEN",
            "x",
            "listen (SELVEDGE_LISTEN) is not a known key",
        ),
        (
            "SELVEDGE_KEYS__REFRESH",
            "soon",
            "keys.refresh (SELVEDGE_KEYS__REFRESH) expects a duration",
        ),
        (
            "SELVEDGE_AUTHORITIES__ENTRA__TENANTS",
            "",
            "authorities.entra.tenants (SELVEDGE_AUTHORITIES__ENTRA__TENANTS) expects a list of at",
        ),
    ];
    for (name, value, expected) in cases {
        let found = sentence(with_environment(&[(name, value)]));
        assert!(found.starts_with(expected), "{found}");
    }
}

#[test]
fn no_error_and_no_debug_repeats_a_value() {
    let planted = "hunter2-hunter2";
    for key in KEYS {
        let path = key.path.replace("authorities.<name>", "authorities.entra");
        let path = path.replace("registrations.<name>", "registrations.workload");
        if let Err(error) = parse(&with_key(&path, &format!("\"{planted}\""))) {
            assert!(!format!("{error} {error:?}").contains(planted), "{path}");
        }
    }
    let environment = Environment::from_variables([("SELVEDGE_SECRET", planted)]);
    assert!(!format!("{environment:?}").contains(planted));
}

#[test]
fn every_key_of_the_table_is_read_and_no_other() {
    for key in KEYS {
        let path = key.path.replace("authorities.<name>", "authorities.entra");
        let path = path.replace("registrations.<name>", "registrations.workload");
        // An empty list of tables is what no key takes.
        let found = sentence(parse(&with_key(&path, "[[]]")));
        let oidc_only = ["authorities.entra.issuer", "authorities.entra.tenant"].contains(&&*path);
        let expected = if oidc_only {
            "an authority of kind oidc".to_owned()
        } else {
            key.form.to_string()
        };
        assert_eq!(found, format!("{path} expects {expected}"));
    }
}

#[test]
fn the_reference_has_one_row_a_key() {
    let reference = super::reference();
    let rows: Vec<_> = reference.lines().skip(2).collect();
    assert_eq!(rows.len(), KEYS.len());
    for (row, key) in rows.iter().zip(KEYS) {
        assert!(row.starts_with(&format!("| `{}` |", key.path)), "{row}");
        assert_eq!(row.matches('|').count(), 5, "{row}");
    }
}

#[test]
fn a_default_is_what_its_key_takes() {
    let settings = parse(MINIMAL).unwrap();
    assert_eq!(settings.fabric.app_ids.len(), 2);
    assert_eq!(settings.registrations[0].claims_capable_clients.len(), 1);
    assert!(settings.server.cors_origins.is_empty());
}

#[test]
fn a_file_that_is_not_toml_or_not_there_is_one_sentence() {
    let found = sentence(parse("[server\nlisten"));
    assert!(
        found.starts_with("the configuration file is not TOML: "),
        "{found}"
    );
    assert!(!found.contains('\n'), "{found}");
    let nowhere = PathBuf::from("/nowhere/selvedge.toml");
    let found = sentence(Settings::load(Some(&nowhere), &Environment::default()));
    assert_eq!(
        found,
        "the configuration file /nowhere/selvedge.toml cannot be read"
    );
}
