//! Where the front end is served, and what its token broker may ask for.

use super::{MINIMAL, parse, sentence, with_environment};

const BROKER: &str = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
/// A file that can be read, in the place of a secret.
const SECRET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/LICENSE");

/// `MINIMAL` with a front end, and with two registrations that a broker can exchange for.
fn with_web(web: &str) -> String {
    let component = |name: &str, client_id: &str| {
        format!(
            r#"
            [registrations.{name}]
            authority = "entra"
            client_id = "{client_id}"
            audiences_v1 = ["api://{name}.contoso.test", "api://old.{name}.contoso.test"]
            secret_file = "{SECRET}"
            token_clients = ["{BROKER}"]
            downstream_scopes = ["https://graph.microsoft.com/User.Read"]
            "#
        )
    };
    let (first, second) = (
        component("first", "11111111-7425-40de-944b-e07fc1f90ae7"),
        component("second", "22222222-7425-40de-944b-e07fc1f90ae7"),
    );
    format!("{MINIMAL}{first}{second}[web]\n{web}\n")
}

const LISTEN: &str = "listen = \"127.0.0.1:60006\"\nservice = \"https://api.contoso.test\"\n";

fn with_broker(components: &str) -> String {
    with_web(&format!(
        "{LISTEN}broker_client_id = \"{BROKER}\"\nbroker_components = {components}"
    ))
}

#[test]
fn nothing_is_served_until_a_listener_is_named() {
    assert!(parse(MINIMAL).unwrap().web.is_none());
    let service = [("SELVEDGE_WEB__SERVICE", "https://api.contoso.test")];
    assert!(with_environment(&service).unwrap().web.is_none());
}

#[test]
fn a_listener_needs_the_address_of_the_service() {
    let listen = ("SELVEDGE_WEB__LISTEN", "127.0.0.1:60006");
    assert_eq!(
        sentence(with_environment(&[listen])),
        "web.service is missing and expects an https URL, or an http one of a loopback host, \
         without query or user name"
    );
    for good in ["https://api.contoso.test/selvedge", "http://127.0.0.1:5000"] {
        let web = with_environment(&[listen, ("SELVEDGE_WEB__SERVICE", good)])
            .unwrap()
            .web
            .unwrap();
        assert_eq!(web.service, good);
        assert_eq!(web.listen.to_string(), "127.0.0.1:60006");
        assert!(web.broker.is_none());
        assert_eq!(
            web.frame_ancestors,
            [
                "https://*.fabric.microsoft.com",
                "https://*.powerbi.com",
                "https://teams.microsoft.com"
            ]
        );
    }
    for bad in [
        "http://api.contoso.test",
        "api.contoso.test",
        "https://api.contoso.test/",
        "https://api.contoso.test/?a=b",
        "https://user@api.contoso.test",
    ] {
        let refused = sentence(with_environment(&[listen, ("SELVEDGE_WEB__SERVICE", bad)]));
        assert!(
            refused.starts_with("web.service (SELVEDGE_WEB__SERVICE) expects an https URL"),
            "{refused}"
        );
    }
}

#[test]
fn plaintext_is_for_loopback() {
    let elsewhere = LISTEN.replace("127.0.0.1", "0.0.0.0");
    let refused = sentence(parse(&with_web(&elsewhere)));
    assert!(
        refused.starts_with("web.listen expects a loopback address, or server.tls_cert_file"),
        "{refused}"
    );
    let danger = format!("{}[server]\ndanger_plaintext = true", with_web(&elsewhere));
    assert!(parse(&danger).unwrap().web.is_some());
}

#[test]
fn a_frame_ancestor_names_a_host() {
    let none = parse(&with_web(&format!("{LISTEN}frame_ancestors = []"))).unwrap();
    assert!(none.web.unwrap().frame_ancestors.is_empty());
    for bad in ["'self'", "*", "https://a.test; script-src *", "a b"] {
        let text = with_web(&format!("{LISTEN}frame_ancestors = [\"{bad}\"]"));
        assert_eq!(
            sentence(parse(&text)),
            "web.frame_ancestors expects a list of hosts with their scheme such as \
             https://*.fabric.microsoft.com"
        );
    }
}

#[test]
fn a_broker_is_told_of_its_components_what_a_sign_in_needs() {
    let settings = parse(&with_broker("[\"second\", \"first\"]")).unwrap();
    let broker = settings.web.unwrap().broker.unwrap();
    assert_eq!(broker.client_id, BROKER);
    assert_eq!(
        broker.authority,
        "https://login.microsoftonline.com/organizations"
    );
    let names: Vec<_> = broker.components.iter().map(|one| &one.name).collect();
    assert_eq!(names, ["second", "first"]);
    let first = &broker.components[1];
    assert_eq!(first.client_id, "11111111-7425-40de-944b-e07fc1f90ae7");
    assert_eq!(first.audience, "api://first.contoso.test");
    assert_eq!(first.scopes, ["https://graph.microsoft.com/User.Read"]);
}

#[test]
fn a_component_without_a_uri_is_asked_for_by_its_id() {
    let text = with_broker("[\"first\"]").replace("audiences_v1 = [", "audiences_v1 = [] # ");
    let broker = parse(&text).unwrap().web.unwrap().broker.unwrap();
    assert_eq!(
        broker.components[0].audience,
        broker.components[0].client_id
    );
}

#[test]
fn a_broker_has_a_client_and_components_or_neither() {
    let id = format!("{LISTEN}broker_client_id = \"{BROKER}\"");
    assert!(
        sentence(parse(&with_web(&id))).starts_with("web.broker_components is missing and expects")
    );
    let components = format!("{LISTEN}broker_components = [\"first\"]");
    assert_eq!(
        sentence(parse(&with_web(&components))),
        "web.broker_client_id is missing and expects a GUID in lower case"
    );
}

#[test]
fn components_are_registrations_of_one_entra_authority() {
    let sentence_of = "web.broker_components expects a list of names of registrations, all of one \
                       Entra authority and none twice";
    for bad in [
        "[\"third\"]",
        "[\"first\", \"first\"]",
        "[\"first\", \"third\"]",
    ] {
        assert_eq!(sentence(parse(&with_broker(bad))), sentence_of, "{bad}");
    }
    let two = with_broker("[\"first\", \"second\"]");
    let authority = r#"
        [authorities.government]
        kind = "entra"
        url = "https://login.microsoftonline.us"
        tenants = ["0f8fad5b-d9cb-469f-a165-70867728950e"]
        [registrations.second]
        authority = "government""#;
    let two = two.replace(
        "[registrations.second]\n            authority = \"entra\"",
        authority,
    );
    assert_eq!(sentence(parse(&two)), sentence_of);
    let partner = r#"
        [authorities.partner]
        kind = "oidc"
        url = "https://idp.example/realm"
        tenant = "0f8fad5b-d9cb-469f-a165-70867728950e"
        [registrations.partner]
        authority = "partner"
        audiences = ["https://api.example"]"#;
    let oidc = with_broker("[\"partner\"]") + partner;
    assert_eq!(sentence(parse(&oidc)), sentence_of);
}

#[test]
fn a_component_that_could_not_be_exchanged_for_stops_the_start() {
    let good = with_broker("[\"first\"]");
    for (set, unset, begins) in [
        (
            format!("secret_file = \"{SECRET}\""),
            String::new(),
            "registrations.first.secret_file expects to be set, or another credential",
        ),
        (
            format!("token_clients = [\"{BROKER}\"]"),
            "token_clients = [\"0f8fad5b-d9cb-469f-a165-70867728950e\"]".to_owned(),
            "registrations.first.token_clients expects web.broker_client_id among them",
        ),
        (
            "downstream_scopes = [\"https://graph.microsoft.com/User.Read\"]".to_owned(),
            String::new(),
            "registrations.first.downstream_scopes expects at least one scope",
        ),
    ] {
        let refused = sentence(parse(&good.replace(&set, &unset)));
        assert_eq!(
            refused,
            format!("{begins}, as web.broker_components names the registration")
        );
    }
}
