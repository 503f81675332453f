//! Policies: what each method demands, read from the contract, and whether claims meet it.
//!
//! Deny by default: a method that states no policy is never served, and a policy that contradicts
//! itself stops the start.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use http::Uri;
use prost_reflect::DescriptorPool;

use crate::claims::{Claims, TokenSubject, TokenVersion};
use crate::error::{AuthError, Demand};
use crate::identity::TenantId;

mod contract;

/// Where a call comes from, which decides the form of its credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Plane {
    /// Fabric calls with a user token and an app token in one header.
    Control,
    /// A front end or a service calls with a bearer token.
    Data,
}

/// A kind of token that a method takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TokenKind {
    /// No token: the method is public.
    None,
    /// A user's access token.
    Delegated,
    /// An application's own access token.
    AppOnly,
    /// A user's token and an application's token in one header.
    SubjectAndApp,
}

impl TokenKind {
    /// The name used in tables and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Delegated => "delegated",
            Self::AppOnly => "app-only",
            Self::SubjectAndApp => "subject-and-app",
        }
    }
}

/// Item permissions that Fabric must confirm once the request is decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemPermissions {
    /// The permissions, all of which are needed.
    pub permissions: Box<[Box<str>]>,
    /// The request field that names the workspace.
    pub workspace_field: Box<str>,
    /// The request field that names the item.
    pub item_field: Box<str>,
}

/// What one method demands of its caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub(crate) plane: Plane,
    pub(crate) token_kinds: Box<[TokenKind]>,
    pub(crate) scopes: Demand,
    pub(crate) roles: Demand,
    pub(crate) subject_may_be_empty: bool,
    pub(crate) tenant_header_may_be_absent: bool,
    pub(crate) item_permissions: Option<ItemPermissions>,
    pub(crate) authentication_context: Option<Arc<str>>,
    pub(crate) allowed_clients: Box<[Box<str>]>,
}

impl Policy {
    /// A method that anybody may call without a token: health, and little else.
    #[must_use]
    pub fn public(plane: Plane) -> Self {
        Self::of_kind(plane, TokenKind::None, Demand::new([]), Demand::new([]))
    }

    /// A method that takes a user's token holding any one of `scopes`.
    #[must_use]
    pub fn delegated(scopes: &[&str]) -> Self {
        Self::of_kind(
            Plane::Data,
            TokenKind::Delegated,
            any_of(scopes),
            Demand::new([]),
        )
    }

    /// A method that takes an application's own token holding any one of `roles`.
    #[must_use]
    pub fn app_only(roles: &[&str]) -> Self {
        Self::of_kind(
            Plane::Data,
            TokenKind::AppOnly,
            Demand::new([]),
            any_of(roles),
        )
    }

    fn of_kind(plane: Plane, kind: TokenKind, scopes: Demand, roles: Demand) -> Self {
        Self {
            plane,
            token_kinds: [kind].into(),
            scopes,
            roles,
            subject_may_be_empty: false,
            tenant_header_may_be_absent: false,
            item_permissions: None,
            authentication_context: None,
            allowed_clients: [].into(),
        }
    }

    /// The plane.
    #[must_use]
    pub fn plane(&self) -> Plane {
        self.plane
    }

    /// The kinds of token, any of which will do.
    #[must_use]
    pub fn token_kinds(&self) -> &[TokenKind] {
        &self.token_kinds
    }

    /// The delegated scopes demanded.
    #[must_use]
    pub fn scopes(&self) -> &Demand {
        &self.scopes
    }

    /// The application roles demanded.
    #[must_use]
    pub fn roles(&self) -> &Demand {
        &self.roles
    }

    /// Whether `SubjectAndAppToken1.0` may carry an empty subject token.
    #[must_use]
    pub fn subject_may_be_empty(&self) -> bool {
        self.subject_may_be_empty
    }

    /// Whether a control-plane call may come without `x-ms-client-tenant-id`.
    #[must_use]
    pub fn tenant_header_may_be_absent(&self) -> bool {
        self.tenant_header_may_be_absent
    }

    /// The item permissions that Fabric must confirm.
    #[must_use]
    pub fn item_permissions(&self) -> Option<&ItemPermissions> {
        self.item_permissions.as_ref()
    }

    /// The authentication context demanded.
    #[must_use]
    pub fn authentication_context(&self) -> Option<&str> {
        self.authentication_context.as_deref()
    }

    /// The client applications that may call; empty: any.
    pub fn allowed_clients(&self) -> impl Iterator<Item = &str> {
        self.allowed_clients.iter().map(AsRef::as_ref)
    }

    pub(crate) fn takes(&self, kind: TokenKind) -> bool {
        self.token_kinds.contains(&kind)
    }

    /// Whether a bearer token will do.
    pub(crate) fn takes_bearer(&self) -> bool {
        self.takes(TokenKind::Delegated) || self.takes(TokenKind::AppOnly)
    }

    pub(crate) fn is_public(&self) -> bool {
        self.takes(TokenKind::None)
    }

    /// Whether a bearer token with these claims may call, in the order: token kind, client
    /// application, tenant, scope or role, step-up.
    ///
    /// Evaluated on every call, remembered token or not, so that a changed list bites at once.
    pub(crate) fn authorize_bearer(
        &self,
        claims: &Claims,
        tenants: &[TenantId],
    ) -> Result<(), AuthError> {
        match claims.subject {
            TokenSubject::User if !self.takes(TokenKind::Delegated) => {
                return Err(AuthError::DelegatedNotAllowed);
            }
            TokenSubject::App if !self.takes(TokenKind::AppOnly) => {
                return Err(AuthError::AppOnlyNotAllowed);
            }
            TokenSubject::User | TokenSubject::App => {}
        }
        self.authorize_caller(claims, tenants)
    }

    /// Whether the user of these claims may call beside an application's own token.
    ///
    /// Judged as a bearer token is, but for the kind: that the application is proved as well takes
    /// nothing off what the user must be allowed.
    pub(crate) fn authorize_subject(
        &self,
        claims: &Claims,
        tenants: &[TenantId],
    ) -> Result<(), AuthError> {
        if claims.subject != TokenSubject::User {
            return Err(AuthError::TokenTypeNotAllowed);
        }
        self.authorize_caller(claims, tenants)
    }

    fn authorize_caller(&self, claims: &Claims, tenants: &[TenantId]) -> Result<(), AuthError> {
        self.authorize_client(claims)?;
        self.authorize_delegation(claims, tenants)
    }

    /// Whether the caller may call, whichever the client application: tenant, scope or role, step-up.
    pub(crate) fn authorize_delegation(
        &self,
        claims: &Claims,
        tenants: &[TenantId],
    ) -> Result<(), AuthError> {
        if !is_at_home(claims, tenants) {
            return Err(AuthError::TenantNotAllowed {
                tenant: claims.tenant,
            });
        }
        match claims.subject {
            TokenSubject::User => {
                if !self.scopes.is_met_by(|scope| claims.has_scope(scope)) {
                    return Err(AuthError::ScopeMissing {
                        required: self.scopes.clone(),
                    });
                }
            }
            TokenSubject::App => {
                if !self.roles.is_met_by(|role| claims.has_role(role)) {
                    return Err(AuthError::AppRoleMissing {
                        required: self.roles.clone(),
                    });
                }
            }
        }
        self.authorize_context(claims)
    }

    fn authorize_client(&self, claims: &Claims) -> Result<(), AuthError> {
        let registered = &claims.registration.allowed_clients;
        let allowed = |list: &[String]| list.iter().any(|id| id == claims.client.as_str());
        if !registered.is_empty() && !allowed(registered) {
            return Err(AuthError::ClientAppNotAllowed {
                client: claims.client.clone(),
            });
        }
        self.admit_client(claims)
    }

    /// Whether the client application is one that the method itself lets call.
    pub(crate) fn admit_client(&self, claims: &Claims) -> Result<(), AuthError> {
        let mut admitted = self.allowed_clients.iter();
        let any = self.allowed_clients.is_empty();
        if any || admitted.any(|id| **id == *claims.client.as_str()) {
            return Ok(());
        }
        Err(AuthError::ClientAppNotAllowed {
            client: claims.client.clone(),
        })
    }

    fn authorize_context(&self, claims: &Claims) -> Result<(), AuthError> {
        let Some(context) = &self.authentication_context else {
            return Ok(());
        };
        if claims
            .authentication_contexts
            .iter()
            .any(|held| **held == **context)
        {
            return Ok(());
        }
        let context = Arc::clone(context);
        let capable = claims.claims_capable
            || claims
                .registration
                .claims_capable_clients
                .iter()
                .any(|client| client == claims.client.as_str());
        Err(match claims.version {
            TokenVersion::Rfc9068 => AuthError::StepUpRequired { context },
            TokenVersion::V1 | TokenVersion::V2 if capable => {
                AuthError::ClaimsChallengeRequired { context }
            }
            TokenVersion::V1 | TokenVersion::V2 => AuthError::StepUpUnsupportedByClient { context },
        })
    }
}

/// Whether the caller's tenant counts: a user's is one of the authority's list, which does not speak
/// for applications.
fn is_at_home(claims: &Claims, tenants: &[TenantId]) -> bool {
    match (claims.subject, claims.version) {
        (TokenSubject::App, TokenVersion::V1 | TokenVersion::V2) => claims.is_from_publisher(),
        // An OpenID provider has one tenant, which is configured.
        (TokenSubject::App, TokenVersion::Rfc9068) | (TokenSubject::User, _) => {
            tenants.contains(&claims.tenant)
        }
    }
}

fn any_of(values: &[&str]) -> Demand {
    Demand::new(values.iter().map(|value| Box::from([Box::from(*value)])))
}

/// A contract whose policies cannot be enforced.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The bytes are not a `FileDescriptorSet`, or one that does not hold together.
    #[error("the descriptor set cannot be read")]
    DescriptorSet(#[source] prost_reflect::DescriptorError),
    /// The option cannot be decoded.
    #[error("the policy of {method} cannot be decoded")]
    Undecodable {
        /// The method, as `package.Service/Method`.
        method: String,
    },
    /// The policy contradicts itself.
    #[error("the policy of {method} is contradictory: {contradiction}")]
    Contradictory {
        /// The method, as `package.Service/Method`.
        method: String,
        /// What cannot be.
        contradiction: &'static str,
    },
    /// A service is to be served of which no policy speaks.
    #[error("the service {service} is in no contract and has no declared policy")]
    UnknownService {
        /// The service, as `package.Service`.
        service: String,
    },
    /// A method of a served service states no policy.
    #[error("{method} states no policy, so {service} cannot be served")]
    MethodWithoutPolicy {
        /// The method, as `package.Service/Method`.
        method: String,
        /// The service, as `package.Service`.
        service: String,
    },
}

/// One method and what it demands.
#[derive(Clone, Debug)]
pub struct MethodPolicy {
    /// The very path that the router matches: `/package.Service/Method`.
    pub(crate) path: Box<str>,
    pub(crate) policy: Policy,
    pub(crate) streaming: bool,
    /// See [`required`](Self::required).
    required: Box<str>,
}

impl MethodPolicy {
    fn new(name: &str, policy: Policy, streaming: bool) -> Self {
        let [scopes, roles] = [&policy.scopes, &policy.roles].map(Demand::to_string);
        let required = match (&*scopes, &*roles) {
            (_, "") => scopes,
            ("", _) => roles,
            (scopes, roles) => format!("{scopes} | {roles}"),
        };
        Self {
            path: format!("/{name}").into(),
            policy,
            streaming,
            required: required.into(),
        }
    }

    /// The method as `package.Service/Method`.
    #[must_use]
    pub fn method(&self) -> &str {
        self.path.strip_prefix('/').unwrap_or(&self.path)
    }

    /// What it demands.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The scopes and roles that it asks for, as `a b | c`: any one group, in full. Empty: none.
    #[must_use]
    pub fn required(&self) -> &str {
        &self.required
    }

    /// Whether it streams in either direction, as far as is known.
    #[must_use]
    pub fn is_streaming(&self) -> bool {
        self.streaming
    }
}

/// The policies of every service that a contract or a declaration speaks of.
#[derive(Clone, Debug, Default)]
pub struct Policies {
    services: BTreeMap<String, Vec<KnownMethod>>,
}

/// A method that a contract or a declaration speaks of.
#[derive(Clone, Debug)]
struct KnownMethod {
    /// `package.Service/Method`: kept without a policy too, so that a refusal to serve it can say
    /// which one it is.
    name: String,
    policy: Option<Arc<MethodPolicy>>,
}

impl Policies {
    /// Reads the policies of every service in an encoded `FileDescriptorSet`.
    ///
    /// The bytes must come from a compiler that keeps options, as `protoc` and `protox` do.
    ///
    /// # Errors
    ///
    /// Bytes that are no descriptor set, or a policy that contradicts itself. A method without a
    /// policy is an error only once its service is to be served.
    pub fn from_descriptor_set(descriptor_set: &[u8]) -> Result<Self, PolicyError> {
        let pool = DescriptorPool::decode(descriptor_set).map_err(PolicyError::DescriptorSet)?;
        let mut services = BTreeMap::new();
        for service in pool.services() {
            let mut methods = Vec::new();
            for method in service.methods() {
                let name = format!("{}/{}", service.full_name(), method.name());
                let policy = contract::policy_of(&pool, &method, &name)?;
                let streaming = method.is_client_streaming() || method.is_server_streaming();
                let entry =
                    policy.map(|policy| Arc::new(MethodPolicy::new(&name, policy, streaming)));
                methods.push(KnownMethod {
                    name,
                    policy: entry,
                });
            }
            services.insert(service.full_name().to_owned(), methods);
        }
        Ok(Self { services })
    }

    /// Declares the policy of some methods of a service that is not ours, such as
    /// `grpc.health.v1.Health`. Its other methods are not served.
    ///
    /// Whether they stream is not known here, so each call ends with its token. Where none of them
    /// does, [`declare_unary`](Self::declare_unary) spares a timer a call.
    ///
    /// ```
    /// use auth_interceptor::{Plane, Policies, Policy};
    ///
    /// let policies = Policies::default()
    ///     .declare_unary("grpc.health.v1.Health", &["Check"], &Policy::public(Plane::Data))
    ///     .declare("grpc.health.v1.Health", &["Watch"], &Policy::app_only(&["Health.Watch"]));
    /// let methods: Vec<_> = policies.iter().map(|method| method.method()).collect();
    /// assert_eq!(methods, ["grpc.health.v1.Health/Check", "grpc.health.v1.Health/Watch"]);
    /// ```
    #[must_use]
    pub fn declare(self, service: &str, methods: &[&str], policy: &Policy) -> Self {
        self.declare_methods(service, methods, policy, true)
    }

    /// Declares the policy of methods that stream in neither direction; see
    /// [`declare`](Self::declare). A stream declared so would outlive its token.
    #[must_use]
    pub fn declare_unary(self, service: &str, methods: &[&str], policy: &Policy) -> Self {
        self.declare_methods(service, methods, policy, false)
    }

    fn declare_methods(
        mut self,
        service: &str,
        methods: &[&str],
        policy: &Policy,
        streaming: bool,
    ) -> Self {
        let declared = self.services.entry(service.to_owned()).or_default();
        for method in methods {
            let name = format!("{service}/{method}");
            let entry = MethodPolicy::new(&name, policy.clone(), streaming);
            declared.retain(|existing| existing.name != name);
            declared.push(KnownMethod {
                name,
                policy: Some(Arc::new(entry)),
            });
        }
        self
    }

    /// Every method that states a policy, by service and in the contract's order.
    pub fn iter(&self) -> impl Iterator<Item = &MethodPolicy> {
        self.services
            .values()
            .flatten()
            .filter_map(|known| known.policy.as_deref())
    }

    /// The policies of the methods of `service`, all of which must state one.
    pub(crate) fn of_service(&self, service: &str) -> Result<Vec<Arc<MethodPolicy>>, PolicyError> {
        let methods = self
            .services
            .get(service)
            .ok_or_else(|| PolicyError::UnknownService {
                service: service.to_owned(),
            })?;
        methods
            .iter()
            .map(|known| {
                known
                    .policy
                    .clone()
                    .ok_or_else(|| PolicyError::MethodWithoutPolicy {
                        method: known.name.clone(),
                        service: service.to_owned(),
                    })
            })
            .collect()
    }
}

/// The policies of the methods that are served, and of no other, by path.
#[derive(Clone, Debug, Default)]
pub struct ServedPolicies(Arc<HashMap<Box<str>, Arc<MethodPolicy>>>);

impl ServedPolicies {
    pub(crate) fn new(methods: impl IntoIterator<Item = Arc<MethodPolicy>>) -> Self {
        Self(Arc::new(
            methods
                .into_iter()
                .map(|method| (method.path.clone(), method))
                .collect(),
        ))
    }

    /// The method that a request to `uri` calls, if it is served.
    ///
    /// The path is matched as it stands, and a query makes it another: a router looks at the path
    /// alone, so a query would be a second spelling of the same method.
    #[must_use]
    pub fn method(&self, uri: &Uri) -> Option<&Arc<MethodPolicy>> {
        match uri.query() {
            None => self.0.get(uri.path()),
            Some(_) => None,
        }
    }

    /// Every served method, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &MethodPolicy> {
        self.0.values().map(AsRef::as_ref)
    }
}
