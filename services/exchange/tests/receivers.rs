//! Who may receive an exchanged token, and for which scopes.

use std::sync::Arc;

use super::authority::{Handle, Scripted};
use super::{World, registration, scopes};
use crate::exchange::{
    ExchangeError, ExchangeSettings, ExchangeStartError, Registration, TokenExchange,
};
use crate::tests::callers::{DAEMON, PORTAL, REGISTRATIONS, User};

fn world(change: impl Fn(&mut Registration)) -> World {
    World::with(Scripted::issuing(), |settings| {
        settings.registrations.iter_mut().for_each(change);
    })
}

fn not_allowed(client: &str) -> Result<(), ExchangeError> {
    Err(ExchangeError::ReceiverNotAllowed {
        client: client.into(),
    })
}

#[tokio::test]
async fn nobody_is_on_a_list_by_default() {
    let world = world(|_| {});
    let page = User::numbered(1).call();
    let service = User::numbered(1).call_from(DAEMON);
    assert_eq!(world.exchange.may_receive(&page), not_allowed(PORTAL));
    assert_eq!(world.exchange.may_receive(&service), not_allowed(DAEMON));
}

#[tokio::test]
async fn a_listed_page_receives_and_a_listed_service_only_when_it_proves_itself() {
    let pages = world(|registration| registration.token_clients = vec![PORTAL.to_owned()]);
    let services = world(|registration| registration.token_services = vec![DAEMON.to_owned()]);
    let page = User::numbered(1).call();
    let service = User::numbered(1).call_from(DAEMON);

    assert_eq!(pages.exchange.may_receive(&page), Ok(()));
    assert_eq!(services.exchange.may_receive(&service), Ok(()));
    // The user's token alone proves no service, though it be signed in to one on the list.
    assert_eq!(services.exchange.may_receive(&page), not_allowed(PORTAL));
    // And that the user signed in to a listed page says nothing of the service that calls.
    assert_eq!(pages.exchange.may_receive(&service), not_allowed(DAEMON));
}

#[tokio::test]
async fn the_lists_of_one_registration_are_no_others() {
    let world = world(|registration| {
        if registration.name == REGISTRATIONS[0].0 {
            registration.token_clients = vec![PORTAL.to_owned()];
        } else {
            registration.downstream_scopes.clear();
        }
    });
    let user = User::numbered(1);
    let other = User {
        registration: 1,
        ..user
    };
    assert_eq!(world.exchange.may_receive(&user.call()), Ok(()));
    assert_eq!(
        world.exchange.may_receive(&other.call()),
        not_allowed(PORTAL)
    );

    let wanted = scopes(&["fabric/read"]);
    let allowed = |caller: &auth_interceptor::Caller| {
        world
            .exchange
            .allowed(caller.subject_token().unwrap(), &wanted)
    };
    assert_eq!(allowed(&user.call()), Ok(()));
    let registration = REGISTRATIONS[1].0.into();
    assert_eq!(
        allowed(&other.call()),
        Err(ExchangeError::ScopeNotAllowed { registration })
    );
}

#[tokio::test]
async fn every_scope_has_to_be_on_the_list_as_it_is_written() {
    let world = world(|_| {});
    let megan = User::numbered(1).call();
    let subject = megan.subject_token().unwrap();
    for wanted in [
        ["fabric/read", "fabric/admin"],
        ["fabric/read", "fabric/Write"],
        ["fabric/read", "fabric/.default"],
        ["fabric/read", "fabric/"],
    ] {
        let refused = world.exchange.allowed(subject, &scopes(&wanted));
        assert!(refused.is_err(), "{wanted:?}");
    }
    let both = scopes(&["fabric/read", "fabric/write"]);
    assert_eq!(world.exchange.allowed(subject, &both), Ok(()));
}

#[tokio::test]
async fn a_registration_without_credential_guards_and_exchanges_nothing() {
    let world = world(|registration| registration.credential = None);
    let megan = User::numbered(1).call();
    let registration: Arc<str> = "workload".into();
    assert_eq!(
        world.exchange(&megan).await.unwrap_err(),
        ExchangeError::CredentialUnusable { registration }
    );
    assert_eq!(world.authority.asked(), 0);
}

#[tokio::test]
async fn two_registrations_of_one_name_stop_the_start() {
    let twice = [REGISTRATIONS[0], REGISTRATIONS[0]].map(registration);
    let settings = ExchangeSettings::new(twice.into());
    let started = TokenExchange::new(settings, Arc::new(Handle(Scripted::issuing())));
    assert_eq!(
        started.map(drop),
        Err(ExchangeStartError::RegistrationRepeated {
            name: "workload".to_owned()
        })
    );
}
