//! What the contracts and a configuration make of an app registration.

use std::collections::{BTreeSet, HashMap};

use auth_interceptor::{Policies, Policy, TokenKind};
use serde_json::{Value, json};

use super::application::Application;
use super::{Chosen, consent_text, redirect_uris};
use crate::app;
use crate::config::{Environment, Settings};
use crate::contracts::DESCRIPTOR_SET;

const PORTAL: &str = "871c010f-5e61-4fb1-83ac-98610a7e9110";
const BROKER: &str = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
const CLIENT_ID: &str = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
const TENANT: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

fn settings(further: &str) -> Settings {
    let text = format!(
        r#"
        [authorities.entra]
        kind = "entra"
        url = "https://login.microsoftonline.com"
        tenants = ["{TENANT}"]
        [registrations.workload]
        authority = "entra"
        client_id = "{CLIENT_ID}"
        audiences_v1 = ["api://localdevinstance/{TENANT}/Org.Example"]
        {further}
        "#
    );
    Settings::parse(&text, &Environment::default()).unwrap()
}

fn manifest(settings: &Settings, policies: &Policies) -> Value {
    let chosen = Chosen::of(settings, None).unwrap();
    let application = Application {
        registration: chosen.registration,
        exchange: chosen.exchange,
        control_clients: &settings.fabric.app_ids,
        redirect_uris: redirect_uris(settings, chosen.registration, &[]),
        policies,
        sentences: &consent_text::sentences(DESCRIPTOR_SET).unwrap(),
    };
    application.to_json().unwrap()
}

/// The manifest of a configuration and the contracts as they are.
fn of_contracts(further: &str) -> Value {
    manifest(&settings(further), &app::policies().unwrap())
}

/// The values of the offered scopes, by id.
fn offered(manifest: &Value) -> HashMap<&str, &str> {
    manifest["api"]["oauth2PermissionScopes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|scope| {
            (
                scope["id"].as_str().unwrap(),
                scope["value"].as_str().unwrap(),
            )
        })
        .collect()
}

/// The scopes that a client gets without a question.
fn pre_authorized<'m>(manifest: &'m Value, client: &str) -> BTreeSet<&'m str> {
    let offered = offered(manifest);
    manifest["api"]["preAuthorizedApplications"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|application| application["appId"] == client)
        .flat_map(|application| application["delegatedPermissionIds"].as_array().unwrap())
        .map(|id| offered[id.as_str().unwrap()])
        .collect()
}

#[test]
fn every_scope_of_the_contracts_is_offered_and_fabrics_own() {
    let policies = app::policies().unwrap();
    let mut demanded: BTreeSet<&str> = policies
        .iter()
        .flat_map(|method| method.policy().scopes().groups().flatten())
        .map(AsRef::as_ref)
        .collect();
    assert!(demanded.contains("data.read") && demanded.contains("token.exchange"));
    demanded.insert("FabricWorkloadControl");
    let manifest = of_contracts("");
    assert_eq!(
        offered(&manifest).into_values().collect::<BTreeSet<_>>(),
        demanded
    );
}

#[test]
fn a_scope_that_a_contract_adds_is_offered_and_the_others_keep_their_ids() {
    let before = of_contracts("");
    let policies = app::policies().unwrap().declare(
        "example.v1.NotesService",
        &["ListNotes"],
        &Policy::delegated(&["notes.read"]),
    );
    let after = manifest(&settings(""), &policies);
    let (before, offered_after) = (offered(&before), offered(&after));
    assert_eq!(offered_after.len(), before.len() + 1);
    assert!(before.iter().all(|(id, scope)| offered_after[id] == *scope));
    assert!(pre_authorized(&after, PORTAL).contains("notes.read"));
}

#[test]
fn the_portal_and_fabric_get_what_is_theirs_without_a_question() {
    let manifest = of_contracts("");
    let of_portal = pre_authorized(&manifest, PORTAL);
    for method in app::policies().unwrap().iter() {
        let for_services = method
            .policy()
            .token_kinds()
            .contains(&TokenKind::SubjectAndApp);
        for scope in method.policy().scopes().groups().flatten() {
            assert_eq!(of_portal.contains(&**scope), !for_services, "{scope}");
        }
    }
    for fabric in [
        "00000009-0000-0000-c000-000000000000",
        "d2450708-699c-41e3-8077-b0c8341509aa",
    ] {
        let control = BTreeSet::from(["FabricWorkloadControl"]);
        assert_eq!(pre_authorized(&manifest, fabric), control);
    }
}

#[test]
fn a_broker_shares_its_consent_page_and_the_portal_as_one_gets_the_exchanges_scope() {
    let manifest = of_contracts(&format!("token_clients = [\"{BROKER}\", \"{PORTAL}\"]"));
    assert_eq!(manifest["api"]["knownClientApplications"], json!([BROKER]));
    assert!(pre_authorized(&manifest, BROKER).is_empty());
    assert!(pre_authorized(&manifest, PORTAL).contains("token.exchange"));
}

#[test]
fn consent_is_asked_for_in_the_contracts_own_words() {
    let manifest = of_contracts("");
    let scopes = manifest["api"]["oauth2PermissionScopes"]
        .as_array()
        .unwrap();
    let read = scopes
        .iter()
        .find(|scope| scope["value"] == "data.read")
        .unwrap();
    assert_eq!(read["adminConsentDisplayName"], "Call ReadData");
    assert_eq!(
        read["userConsentDescription"],
        "Allows the app to call these methods on your behalf. \
         ReadData: Reads the caller's rows, oldest first, a page at a time."
    );
    for scope in scopes {
        for (member, most) in [
            ("adminConsentDisplayName", 100),
            ("adminConsentDescription", 1_000),
            ("userConsentDisplayName", 100),
            ("userConsentDescription", 1_000),
        ] {
            let text = scope[member].as_str().unwrap();
            assert!((1..=most).contains(&text.chars().count()), "{text}");
        }
    }
}

#[test]
fn the_administrators_role_is_for_applications() {
    let manifest = of_contracts("");
    let [role] = manifest["appRoles"].as_array().unwrap().as_slice() else {
        panic!("one role");
    };
    assert_eq!(role["value"], "Selvedge.Admin");
    assert_eq!(role["allowedMemberTypes"], json!(["Application"]));
    assert!(
        role["description"]
            .as_str()
            .unwrap()
            .contains("ForgetTenant: ")
    );
}

#[test]
fn the_permissions_needed_are_those_of_the_services_calls_and_of_the_configuration() {
    let needed = |manifest: &Value| -> BTreeSet<(String, String)> {
        let required = manifest["requiredResourceAccess"].as_array().unwrap();
        let of_api = |api: &Value| {
            let id = |value: &Value| value.as_str().unwrap().to_owned();
            let app = id(&api["resourceAppId"]);
            let access = api["resourceAccess"].as_array().unwrap().clone();
            access.into_iter().map(move |one| {
                assert_eq!(one["type"], "Scope");
                (app.clone(), id(&one["id"]))
            })
        };
        required.iter().flat_map(of_api).collect()
    };
    let fabric = "00000009-0000-0000-c000-000000000000".to_owned();
    let least = needed(&of_contracts(""));
    let extend = "7ba630b9-8110-4e27-8d17-81e5f2218787".to_owned();
    assert!(least.contains(&(fabric.clone(), extend)), "Fabric.Extend");

    let more = needed(&of_contracts(
        r#"downstream_scopes = [
            "https://analysis.windows.net/powerbi/api/Item.Read.All",
            "https://storage.azure.com/user_impersonation",
            "https://analysis.windows.net/powerbi/api/.default",
        ]"#,
    ));
    let item_read = "d2bc95fc-440e-4b0e-bafd-97182de7aef5".to_owned();
    let added: Vec<_> = more.difference(&least).cloned().collect();
    assert_eq!(added, [(fabric, item_read)]);
}

#[test]
fn a_downstream_scope_whose_id_is_not_known_is_told() {
    let settings = settings(
        r#"downstream_scopes = [
            "https://analysis.windows.net/powerbi/api/.default",
            "https://storage.azure.com/user_impersonation",
            "api://ledger.example/entries.read",
        ]"#,
    );
    let unknown = super::permissions::unknown(&settings.exchange[0].downstream_scopes);
    assert_eq!(
        unknown.collect::<Vec<_>>(),
        ["api://ledger.example/entries.read"]
    );
}

#[test]
fn tokens_are_of_the_version_whose_audience_is_configured_and_say_what_they_are() {
    let manifest = of_contracts("");
    assert_eq!(manifest["signInAudience"], "AzureADMultipleOrgs");
    assert_eq!(
        manifest["identifierUris"],
        json!([format!("api://localdevinstance/{TENANT}/Org.Example")])
    );
    assert_eq!(manifest["api"]["requestedAccessTokenVersion"], 1);
    assert_eq!(
        manifest["optionalClaims"]["accessToken"][0]["name"],
        "idtyp"
    );

    let mut settings = settings("");
    settings.registrations[0].audiences_v1.clear();
    let manifest = self::manifest(&settings, &app::policies().unwrap());
    assert_eq!(manifest["api"]["requestedAccessTokenVersion"], 2);
}

/// The registration `workload`, a component of a token broker, with the front end at three origins.
fn component() -> Settings {
    let secret = concat!(env!("CARGO_MANIFEST_DIR"), "/LICENSE");
    settings(&format!(
        r#"
        secret_file = "{secret}"
        token_clients = ["{BROKER}"]
        downstream_scopes = ["https://graph.microsoft.com/User.Read"]
        [server]
        cors_origins = [
          "https://fe.contoso.example", "http://localhost:60006", "http://127.0.0.1:60006",
        ]
        [web]
        listen = "127.0.0.1:60006"
        service = "https://be.contoso.example"
        broker_client_id = "{BROKER}"
        broker_components = ["workload"]
        "#
    ))
}

#[test]
fn a_sign_in_ends_at_a_page_that_entra_takes() {
    let mut settings = component();
    let further = ["https://portal.example/done".parse().unwrap()];
    assert_eq!(
        redirect_uris(&settings, &settings.registrations[0], &further),
        [
            "https://fe.contoso.example/close",
            "https://fe.contoso.example/broker/close",
            "http://localhost:60006/close",
            "http://localhost:60006/broker/close",
            "https://portal.example/done",
        ]
    );
    if let Some(web) = &mut settings.web {
        web.broker = None;
    }
    assert_eq!(
        redirect_uris(&settings, &settings.registrations[0], &[]),
        [
            "https://fe.contoso.example/close",
            "http://localhost:60006/close",
        ]
    );
}

#[test]
fn administrators_consent_in_their_own_tenant() {
    let settings = settings("");
    let chosen = Chosen::of(&settings, Some("workload")).unwrap();
    assert_eq!(
        chosen.admin_consent_urls().collect::<Vec<_>>(),
        [format!(
            "https://login.microsoftonline.com/{TENANT}/adminconsent?client_id={CLIENT_ID}"
        )]
    );
}

#[test]
fn a_registration_has_to_be_one_and_with_entra() {
    let one = settings("");
    assert!(Chosen::of(&one, Some("other")).is_err());
    let several = settings(
        r#"
        [authorities.partner]
        kind = "oidc"
        url = "https://idp.example"
        tenant = "0f8fad5b-d9cb-469f-a165-70867728950e"
        [registrations.partner]
        authority = "partner"
        audiences = ["https://api.example"]
        "#,
    );
    assert!(Chosen::of(&several, None).is_err());
    assert!(Chosen::of(&several, Some("partner")).is_err());
    assert!(Chosen::of(&several, Some("workload")).is_ok());
}
