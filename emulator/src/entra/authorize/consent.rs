//! What a person is asked to let applications do, on one page.
//!
//! A request that names scopes is about these. One for `.default` is about registrations: of a
//! person's first consent to an application, and with `prompt=consent`, the page lists all that is
//! registered, whatever the resource. A resource that lists the application among its known clients
//! is a middle tier of it: what the resource itself lacks is on the same page, and granted to it.

use std::collections::BTreeSet;

use crate::directory::{App, Directory, User};
use crate::entra::scope::Asked;

/// Scopes of one resource, for one application. Both are client ids.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// The application that asks, or a middle tier of it.
    pub(super) client: String,
    pub(super) resource: String,
    pub(super) scopes: Vec<String>,
}

/// What a person would have to consent to: what is not granted yet or, `again`, all.
pub(super) fn wanted(
    directory: &Directory,
    app: &App,
    user: User<'_>,
    asked: &Asked<'_>,
    again: bool,
) -> Vec<Wanted> {
    let mut page = Page {
        directory,
        user,
        again,
        wanted: Vec::new(),
    };
    for (resource, scopes) in asked.to_consent(directory, app, user, again) {
        page.add(app, resource, scopes);
    }
    let mut defaults = asked.defaults().peekable();
    let is_about_registrations = defaults.peek().is_some();
    for tier in defaults.filter(|resource| resource.knows(app)) {
        page.add_registered(tier);
    }
    let is_first = !page.wanted.is_empty() && !directory.has_consented(app, user);
    if is_about_registrations && (is_first || again) {
        page.add_registered(app);
        for permission in &app.permissions {
            if let Some(tier) = directory.app(&permission.resource)
                && tier.knows(app)
            {
                page.add_registered(tier);
            }
        }
    }
    page.wanted
}

/// The page as it fills.
struct Page<'a> {
    directory: &'a Directory,
    user: User<'a>,
    again: bool,
    wanted: Vec<Wanted>,
}

impl Page<'_> {
    /// Everything of an application's registration.
    fn add_registered(&mut self, client: &App) {
        for permission in &client.permissions {
            let Some(resource) = self.directory.app(&permission.resource) else {
                continue;
            };
            let mut scopes: BTreeSet<String> = permission.scopes.iter().cloned().collect();
            if !self.again {
                let granted = self.directory.consented_scopes(client, resource, self.user);
                scopes.retain(|scope| !granted.contains(scope));
            }
            self.add(client, resource, scopes);
        }
    }

    fn add(&mut self, client: &App, resource: &App, scopes: BTreeSet<String>) {
        let known = self.wanted.iter_mut().find(|wanted| {
            wanted.client == client.client_id && wanted.resource == resource.client_id
        });
        match known {
            Some(known) => {
                for scope in scopes {
                    if !known.scopes.contains(&scope) {
                        known.scopes.push(scope);
                    }
                }
            }
            None if scopes.is_empty() => {}
            None => self.wanted.push(Wanted {
                client: client.client_id.clone(),
                resource: resource.client_id.clone(),
                scopes: scopes.into_iter().collect(),
            }),
        }
    }
}
