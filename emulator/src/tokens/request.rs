//! What an access token should be.

use serde_json::{Map, Value};

use super::Proven;
use crate::directory::TokenVersion;
use crate::directory::seed;
use crate::keys::SigningKey;

/// Entra's access tokens live an hour or a little more.
const LIFETIME: u64 = 3600;

/// How the client proved itself: the value of `appidacr` and `azpacr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// It did not: a public client.
    Public,
    /// By a client secret.
    Secret,
    /// By a certificate.
    Certificate,
}

impl ClientAuthentication {
    pub(crate) fn claim(self) -> &'static str {
        match self {
            Self::Public => "0",
            Self::Secret => "1",
            Self::Certificate => "2",
        }
    }
}

/// Whom a token speaks for.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    /// A person, by user principal name.
    Account(String),
    /// The client itself.
    Client,
}

/// The description of an access token. Start with [`TokenRequest::delegated`] or
/// [`TokenRequest::app_only`]; everything else has Entra's usual value.
///
/// Names that the directory does not know are used as they are: an account of an unknown name is
/// a member of the tenant whose domain it has (or of the first), with an object id of its own.
///
/// ```
/// use emulator::{TokenRequest, TokenVersion, seed};
///
/// let expired = TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID)
///     .scopes(["data.read"])
///     .version(TokenVersion::V2)
///     .issued_at(-7200);
/// # let _ = expired;
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct TokenRequest {
    pub(crate) subject: Subject,
    pub(crate) client: String,
    pub(crate) resource: String,
    pub(crate) tenant: Option<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) roles: Vec<String>,
    pub(crate) version: Option<TokenVersion>,
    pub(crate) lifetime: u64,
    pub(crate) issued_at_offset: i64,
    pub(crate) idtyp: Option<bool>,
    pub(crate) authentication: Option<ClientAuthentication>,
    pub(crate) authentication_methods: Vec<String>,
    pub(crate) authentication_contexts: Vec<String>,
    pub(crate) compliant_device: bool,
    /// When the person signed in; the token's own time when nobody says.
    pub(crate) signed_in_at: Option<u64>,
    pub(crate) client_capabilities: Vec<String>,
    pub(crate) claims: Map<String, Value>,
    pub(crate) removed: Vec<String>,
    pub(crate) header: Map<String, Value>,
    pub(crate) key: Option<SigningKey>,
}

impl TokenRequest {
    /// A person's token for a resource (client id or Application ID URI), as the portal gets it.
    pub fn delegated(upn: impl Into<String>, resource: impl Into<String>) -> Self {
        Self::new(
            Subject::Account(upn.into()),
            seed::PORTAL_CLIENT_ID.to_owned(),
            resource.into(),
        )
    }

    /// A client's own token for a resource, in the resource's publisher tenant.
    pub fn app_only(client: impl Into<String>, resource: impl Into<String>) -> Self {
        Self::new(Subject::Client, client.into(), resource.into())
    }

    fn new(subject: Subject, client: String, resource: String) -> Self {
        Self {
            subject,
            client,
            resource,
            tenant: None,
            scopes: Vec::new(),
            roles: Vec::new(),
            version: None,
            lifetime: LIFETIME,
            issued_at_offset: 0,
            idtyp: None,
            authentication: None,
            authentication_methods: vec!["pwd".to_owned()],
            authentication_contexts: Vec::new(),
            compliant_device: false,
            signed_in_at: None,
            client_capabilities: Vec::new(),
            claims: Map::new(),
            removed: Vec::new(),
            header: Map::new(),
            key: None,
        }
    }

    /// The client application.
    pub fn client(mut self, client_id: impl Into<String>) -> Self {
        self.client = client_id.into();
        self
    }

    /// The tenant that issues the token; the default is the account's home.
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// The delegated scopes.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// The application roles.
    pub fn roles<S: Into<String>>(mut self, roles: impl IntoIterator<Item = S>) -> Self {
        self.roles = roles.into_iter().map(Into::into).collect();
        self
    }

    /// The version, whatever the resource asks for.
    pub fn version(mut self, version: TokenVersion) -> Self {
        self.version = Some(version);
        self
    }

    /// Seconds from `iat` to `exp`.
    pub fn lifetime(mut self, seconds: u64) -> Self {
        self.lifetime = seconds;
        self
    }

    /// Seconds to add to now for `iat` and `nbf`; a negative number issues in the past.
    pub fn issued_at(mut self, offset: i64) -> Self {
        self.issued_at_offset = offset;
        self
    }

    /// Whether `idtyp` is there, whatever the resource asked for: `app` or `user`.
    pub fn idtyp(mut self, present: bool) -> Self {
        self.idtyp = Some(present);
        self
    }

    /// How the client proved itself.
    pub fn authentication(mut self, authentication: ClientAuthentication) -> Self {
        self.authentication = Some(authentication);
        self
    }

    /// How the person proved themself: `amr` of a version 1 token.
    pub fn authentication_methods<S: Into<String>>(
        mut self,
        methods: impl IntoIterator<Item = S>,
    ) -> Self {
        self.authentication_methods = methods.into_iter().map(Into::into).collect();
        self
    }

    /// The authentication contexts satisfied: `acrs`.
    pub fn acrs<S: Into<String>>(mut self, contexts: impl IntoIterator<Item = S>) -> Self {
        self.authentication_contexts = contexts.into_iter().map(Into::into).collect();
        self
    }

    /// On a compliant device: `deviceid` of a version 1 token.
    pub fn compliant_device(mut self) -> Self {
        self.compliant_device = true;
        self
    }

    /// By a sign-in that satisfies every Conditional Access policy but a block: with a second
    /// factor, on a compliant device, just now.
    pub fn stepped_up(self) -> Self {
        self.authentication_methods(["pwd", "mfa"])
            .compliant_device()
    }

    /// By this sign-in.
    pub(crate) fn proven(mut self, proven: &Proven) -> Self {
        self.authentication_methods.clone_from(&proven.methods);
        self.authentication_contexts.clone_from(&proven.contexts);
        self.compliant_device = proven.compliant_device;
        self.signed_in_at = Some(proven.at);
        self
    }

    /// The capabilities the client declared: `xms_cc`, for example `cp1`.
    pub fn xms_cc<S: Into<String>>(mut self, capabilities: impl IntoIterator<Item = S>) -> Self {
        self.client_capabilities = capabilities.into_iter().map(Into::into).collect();
        self
    }

    /// Adds a claim, or replaces it by any JSON at all.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// Leaves out a claim or header parameter.
    pub fn without(mut self, name: impl Into<String>) -> Self {
        self.removed.push(name.into());
        self
    }

    /// Adds a header parameter, or replaces it.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.header.insert(name.into(), value.into());
        self
    }

    /// Signs with this key instead of the authority's present one.
    pub fn signed_by(mut self, key: &SigningKey) -> Self {
        self.key = Some(key.clone());
        self
    }
}
