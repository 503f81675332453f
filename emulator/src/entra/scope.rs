//! The `scope` parameter: which resource it names, what it asks of it, and what is granted.
//!
//! A scope is `<resource>/<name>`, where the resource is an Application ID URI or a client id and
//! the name may be `.default`. A name without a resource belongs to Microsoft Graph, as in Entra.
//! A token holds what was asked for and consented to, not everything ever consented to.

use std::collections::BTreeSet;

use super::error::AuthorityError;
use super::form::Form;
use crate::directory::seed;
use crate::directory::{App, Directory, User};

const DEFAULT: &str = ".default";

/// The request's scope. The version 1 endpoints name a `resource` instead, which means all that
/// was consented to there.
pub(crate) fn of_form(form: &Form) -> String {
    let mut scope = form.text("scope").unwrap_or_default().to_owned();
    if let Some(resource) = form.text("resource") {
        scope = format!("{scope} {}/{DEFAULT}", resource.trim_end_matches('/'));
    }
    scope
}

/// A parsed `scope` parameter.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) openid: bool,
    pub(crate) offline_access: bool,
    /// The first resource named, which the token is for.
    pub(crate) resource: &'a App,
    /// What is asked of each resource, in the order they are named; empty for an OpenID request.
    resources: Vec<(&'a App, Vec<String>)>,
    /// OpenID scopes.
    oidc: Vec<&'static str>,
    /// The scopes as the client spelled them, but for `offline_access`.
    spelled: Vec<String>,
}

impl<'a> Asked<'a> {
    pub(crate) fn parse(directory: &'a Directory, scope: &str) -> Result<Self, AuthorityError> {
        let graph = directory
            .app(seed::GRAPH_CLIENT_ID)
            .or_else(|| directory.apps().first())
            .ok_or_else(AuthorityError::unknown_resource)?;
        let mut asked = Self {
            openid: false,
            offline_access: false,
            resource: graph,
            resources: Vec::new(),
            oidc: Vec::new(),
            spelled: Vec::new(),
        };
        for token in scope.split_ascii_whitespace() {
            match token {
                "offline_access" => asked.offline_access = true,
                "openid" => asked.add_oidc("openid"),
                "profile" => asked.add_oidc("profile"),
                "email" => asked.add_oidc("email"),
                token => asked.add(directory, graph, token)?,
            }
        }
        Ok(asked)
    }

    /// Refuses a scope of several resources: a token has one audience.
    pub(crate) fn of_one_resource(self) -> Result<Self, AuthorityError> {
        if self.resources.len() > 1 {
            return Err(AuthorityError::several_resources());
        }
        Ok(self)
    }

    /// Whether there is more in it than OpenID scopes.
    pub(crate) fn names_a_resource(&self) -> bool {
        !self.resources.is_empty()
    }

    /// Whether it is one `<resource>/.default`, the form of client credentials.
    pub(crate) fn is_default_only(&self) -> bool {
        self.oidc.is_empty() && self.resources.len() == 1 && self.names() == [DEFAULT]
    }

    /// The resources named.
    pub(crate) fn resources(&self) -> impl Iterator<Item = &'a App> {
        self.resources.iter().map(|(resource, _)| *resource)
    }

    /// The resources of which `.default` is asked: all that was ever registered, not some scopes.
    pub(crate) fn defaults(&self) -> impl Iterator<Item = &'a App> {
        self.resources
            .iter()
            .filter(|(_, names)| names.iter().any(|name| name == DEFAULT))
            .map(|(resource, _)| *resource)
    }

    /// What is asked of each resource by name: `.default` means what the registration lists.
    pub(crate) fn in_full(&self, client: &App) -> Vec<(&'a App, BTreeSet<String>)> {
        self.resources
            .iter()
            .map(|(resource, names)| {
                let mut full = BTreeSet::new();
                for name in names {
                    if name == DEFAULT {
                        full.extend(client.permissions_of(resource));
                    } else {
                        full.insert(name.clone());
                    }
                }
                (*resource, full)
            })
            .collect()
    }

    /// What the user would have to consent to: what the client may not use yet or, `again`, all.
    /// `.default` is content with whatever was granted of the resource.
    pub(crate) fn to_consent(
        &self,
        directory: &Directory,
        client: &App,
        user: User<'_>,
        again: bool,
    ) -> Vec<(&'a App, BTreeSet<String>)> {
        let mut missing = self.in_full(client);
        if !again {
            for ((resource, wanted), (_, names)) in missing.iter_mut().zip(&self.resources) {
                let consented = directory.consented_scopes(client, resource, user);
                wanted.retain(|name| {
                    let by_name = names.contains(name);
                    !consented.contains(name) && (by_name || consented.is_empty())
                });
            }
        }
        missing.retain(|(_, wanted)| !wanted.is_empty());
        missing
    }

    /// The names for `scp`, when all of them exist and the client may use them for the user.
    pub(crate) fn granted(
        &self,
        directory: &Directory,
        client: &App,
        user: User<'_>,
    ) -> Result<Vec<String>, AuthorityError> {
        if self.names().is_empty() {
            return Ok(self.oidc.iter().map(ToString::to_string).collect());
        }
        let consented = directory.consented_scopes(client, self.resource, user);
        let mut granted = BTreeSet::new();
        for name in self.names() {
            if name == DEFAULT {
                granted.extend(consented.iter().cloned());
            } else if !self.resource.scopes.contains(name) {
                return Err(AuthorityError::unknown_scope());
            } else if consented.contains(name) {
                granted.insert(name.clone());
            } else {
                return Err(AuthorityError::consent_needed());
            }
        }
        if granted.is_empty() {
            return Err(AuthorityError::consent_needed());
        }
        Ok(granted.into_iter().collect())
    }

    /// Refuses names that the resource does not have.
    pub(crate) fn of_known_names(self) -> Result<Self, AuthorityError> {
        let are_known = |(resource, names): &(&App, Vec<String>)| {
            names
                .iter()
                .all(|name| name == DEFAULT || resource.scopes.contains(name))
        };
        if !self.resources.iter().all(are_known) {
            return Err(AuthorityError::unknown_scope());
        }
        Ok(self)
    }

    /// The reply's `scope`: never empty, because a browser client cannot read an empty one, and
    /// in the spelling asked, because clients look tokens up by it.
    pub(crate) fn echo(&self) -> String {
        if self.spelled.is_empty() {
            return "openid profile".to_owned();
        }
        self.spelled.join(" ")
    }

    /// What is asked of the token's resource.
    fn names(&self) -> &[String] {
        self.resources
            .first()
            .map_or(&[], |(_, names)| names.as_slice())
    }

    fn add_oidc(&mut self, name: &'static str) {
        self.openid |= name == "openid";
        self.oidc.push(name);
        self.spelled.push(name.to_owned());
    }

    fn add(
        &mut self,
        directory: &'a Directory,
        graph: &'a App,
        token: &str,
    ) -> Result<(), AuthorityError> {
        let (resource, name) = match token.rsplit_once('/') {
            Some((identifier, name)) => (
                directory
                    .resource(identifier)
                    .ok_or_else(AuthorityError::unknown_resource)?,
                name,
            ),
            None => (graph, token),
        };
        if name.is_empty() {
            return Err(AuthorityError::malformed_scope());
        }
        self.spelled.push(token.to_owned());
        if self.resources.is_empty() {
            self.resource = resource;
        }
        let known = self
            .resources
            .iter_mut()
            .find(|(other, _)| other.client_id == resource.client_id);
        match known {
            Some((_, names)) => names.push(name.to_owned()),
            None => self.resources.push((resource, vec![name.to_owned()])),
        }
        Ok(())
    }
}
