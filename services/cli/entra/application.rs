//! The registration as a Microsoft Graph `application`: which permissions it offers, to whom without
//! asking, and which it needs.
//!
//! Derived from the policies: a scope or role that a contract adds is in the next output, with an id
//! that stays the same for this application however often it is printed.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context as _, Result};
use auth_interceptor::{Demand, MethodPolicy, Plane, Policies, Policy, Registration, TokenKind};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde_json::{Value, json};
use uuid::Uuid;

use super::consent_text::{self, Text};
use super::permissions;
use crate::exchange;

/// The Fabric portal, which gets users' tokens for the front end.
const PORTAL: &str = "871c010f-5e61-4fb1-83ac-98610a7e9110";

/// The scope of Fabric's own calls. Fabric takes no workload without one, whether or not the
/// contracts that are served here have a control plane.
const CONTROL_SCOPE: &str = "FabricWorkloadControl";

/// What an application is derived from.
pub(super) struct Application<'s> {
    pub(super) registration: &'s Registration,
    pub(super) exchange: &'s exchange::Registration,
    /// The applications that Fabric itself calls with.
    pub(super) control_clients: &'s [String],
    pub(super) redirect_uris: Vec<String>,
    pub(super) policies: &'s Policies,
    /// What each method does, by its full name.
    pub(super) sentences: &'s HashMap<String, String>,
}

/// A scope, and who asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asker {
    /// Fabric, on the control plane.
    Fabric,
    /// A front end, for its user.
    Page,
    /// Services that prove themselves beside their user.
    Service,
}

impl Application<'_> {
    /// The body of a Microsoft Graph request that brings the registration up to date.
    ///
    /// # Errors
    ///
    /// The client id is not one that Entra gives out.
    pub(super) fn to_json(&self) -> Result<Value> {
        let client_id: Uuid = self
            .registration
            .client_id
            .parse()
            .context("the client id is not a GUID")?;
        let scopes = self.scopes();
        let id = |scope: &str| permission_id(client_id, "scope", scope);
        let offered: Vec<Value> = scopes
            .iter()
            .map(|(&scope, methods)| offered_scope(id(scope), scope, &self.text(scope, methods)))
            .collect();
        let roles: Vec<Value> = self
            .grouped(Policy::roles)
            .iter()
            .map(|(&role, methods)| {
                let id = permission_id(client_id, "role", role);
                app_role(id, role, &self.text(role, methods))
            })
            .collect();
        Ok(json!({
            // Every customer's users sign in from their own tenant.
            "signInAudience": "AzureADMultipleOrgs",
            "identifierUris": self.registration.audiences_v1,
            "api": {
                "requestedAccessTokenVersion": self.token_version(),
                "oauth2PermissionScopes": offered,
                "preAuthorizedApplications": self.pre_authorized(&scopes, id),
                "knownClientApplications": self.brokers(),
            },
            "appRoles": roles,
            "requiredResourceAccess": permissions::required(&self.exchange.downstream_scopes),
            "optionalClaims": { "accessToken": self.optional_claims() },
            "spa": { "redirectUris": self.redirect_uris },
            // Tokens come from the token endpoint alone, never in an address.
            "web": {
                "implicitGrantSettings": {
                    "enableAccessTokenIssuance": false,
                    "enableIdTokenIssuance": false,
                },
            },
        }))
    }

    /// Downstream scopes that are configured and whose ids nobody has told this program.
    pub(super) fn unknown_permissions(&self) -> impl Iterator<Item = &str> {
        permissions::unknown(&self.exchange.downstream_scopes)
    }

    /// Every scope, with the methods that demand it.
    fn scopes(&self) -> BTreeMap<&str, Vec<&MethodPolicy>> {
        let mut scopes = self.grouped(Policy::scopes);
        scopes.entry(CONTROL_SCOPE).or_default();
        scopes
    }

    fn grouped(&self, demand: fn(&Policy) -> &Demand) -> BTreeMap<&str, Vec<&MethodPolicy>> {
        let mut grouped = BTreeMap::<_, Vec<_>>::new();
        for method in self.policies.iter() {
            for value in demand(method.policy()).groups().flatten() {
                grouped.entry(&**value).or_default().push(method);
            }
        }
        grouped
    }

    fn text(&self, permission: &str, methods: &[&MethodPolicy]) -> Text {
        // Fabric's own, of which people consent to the whole.
        if permission == CONTROL_SCOPE {
            return consent_text::of_control_plane();
        }
        let methods = methods.iter().map(|method| {
            let name = method.method();
            (name, self.sentences.get(name).map(String::as_str))
        });
        consent_text::of_methods(methods)
    }

    /// Who gets which scopes without a question to the user: Fabric its own, and the portal those of
    /// front ends, because Fabric asks the user for the workload as a whole.
    fn pre_authorized(
        &self,
        scopes: &BTreeMap<&str, Vec<&MethodPolicy>>,
        id: impl Fn(&str) -> Uuid,
    ) -> Vec<Value> {
        let ids = |wanted: &dyn Fn(Asker) -> bool| -> Vec<Uuid> {
            scopes
                .iter()
                .filter(|(scope, methods)| wanted(asker(scope, methods)))
                .map(|(scope, _)| id(scope))
                .collect()
        };
        let is_broker = self.exchange.token_clients.iter().any(|one| one == PORTAL);
        let of_portal = ids(&|asker| asker == Asker::Page || is_broker && asker == Asker::Service);
        let of_fabric = ids(&|asker| asker == Asker::Fabric);
        let to =
            |client: &str, ids: &[Uuid]| json!({ "appId": client, "delegatedPermissionIds": ids });
        let fabric = self.control_clients.iter();
        std::iter::once(to(PORTAL, &of_portal))
            .chain(fabric.map(|client| to(client, &of_fabric)))
            .collect()
    }

    /// The brokers whose own consent page asks for this application's permissions too.
    fn brokers(&self) -> Vec<&str> {
        let brokers = self.exchange.token_clients.iter().map(String::as_str);
        brokers.filter(|&client| client != PORTAL).collect()
    }

    /// The one whose audience the configuration takes, and 1.0 where it takes both, as Fabric asks.
    fn token_version(&self) -> u8 {
        if self.registration.audiences_v1.is_empty() {
            2
        } else {
            1
        }
    }

    /// `idtyp` proves an application's own token; the others serve policies that demand an
    /// authentication context.
    fn optional_claims(&self) -> Vec<Value> {
        let step_up = self
            .policies
            .iter()
            .any(|method| method.policy().authentication_context().is_some());
        let names: &[&str] = if step_up {
            &["idtyp", "acrs", "xms_cc"]
        } else {
            &["idtyp"]
        };
        let claim = |name| json!({ "name": name, "essential": false });
        names.iter().map(claim).collect()
    }
}

fn asker(scope: &str, methods: &[&MethodPolicy]) -> Asker {
    let policies = || methods.iter().map(|method| method.policy());
    if scope == CONTROL_SCOPE || policies().any(|policy| policy.plane() == Plane::Control) {
        Asker::Fabric
    } else if policies().all(|policy| policy.token_kinds().contains(&TokenKind::SubjectAndApp)) {
        Asker::Service
    } else {
        Asker::Page
    }
}

fn offered_scope(id: Uuid, scope: &str, text: &Text) -> Value {
    json!({
        "id": id,
        "value": scope,
        "type": "User",
        "isEnabled": true,
        "adminConsentDisplayName": text.name,
        "adminConsentDescription": text.for_administrators,
        "userConsentDisplayName": text.name,
        "userConsentDescription": text.for_users,
    })
}

fn app_role(id: Uuid, role: &str, text: &Text) -> Value {
    json!({
        "id": id,
        "value": role,
        "allowedMemberTypes": ["Application"],
        "isEnabled": true,
        "displayName": role,
        "description": text.for_applications,
    })
}

/// A name-based id (RFC 9562 section 5.5) in the namespace of the application, so that it does not
/// change from one output to the next: consent is given to ids.
fn permission_id(client_id: Uuid, kind: &str, name: &str) -> Uuid {
    let named = [client_id.as_bytes(), format!("{kind}:{name}").as_bytes()].concat();
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, &named);
    let mut bytes = [0; 16];
    for (byte, hashed) in bytes.iter_mut().zip(hash.as_ref()) {
        *byte = *hashed;
    }
    uuid::Builder::from_sha1_bytes(bytes).into_uuid()
}
