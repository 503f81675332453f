//! The labels of the instruments, each set a type.
//!
//! A value is a word of this program (`&'static str`, from an enum's `as_str`), a status, a method
//! that is served ([`ServedMethod`]) or a name that is configured ([`KnownName`]). No field is a
//! `String`: what a stranger writes has no way in, and neither has a tenant, a user or a client.

use std::borrow::Cow;
use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use auth_interceptor::MethodPolicy;
use tonic::Code;

use crate::refusal;
use crate::telemetry::names::{self, OTHER};

/// A set of labels.
pub trait Labels: Clone + Debug + Eq + Hash + Send + Sync + 'static {
    /// Keys and values; a key that has no value here is left out.
    fn list(&self) -> Vec<(&'static str, String)>;
}

/// What may stand in a label.
trait LabelValue {
    fn text(&self) -> Option<Cow<'_, str>>;
}

impl LabelValue for &'static str {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self))
    }
}

impl LabelValue for u16 {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Owned(self.to_string()))
    }
}

impl<T: LabelValue> LabelValue for Option<T> {
    fn text(&self) -> Option<Cow<'_, str>> {
        self.as_ref()?.text()
    }
}

/// A method that is served, or `_OTHER`.
#[derive(Clone, Debug)]
pub struct ServedMethod(Option<Arc<MethodPolicy>>);

impl ServedMethod {
    /// As `package.Service/Method`, or `_OTHER`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_ref().map_or(OTHER, |method| method.method())
    }
}

impl From<Option<&Arc<MethodPolicy>>> for ServedMethod {
    fn from(method: Option<&Arc<MethodPolicy>>) -> Self {
        Self(method.cloned())
    }
}

impl PartialEq for ServedMethod {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for ServedMethod {}

impl Hash for ServedMethod {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl LabelValue for ServedMethod {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self.as_str()))
    }
}

/// One of a list of configured names, or `_OTHER`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KnownName(Option<Arc<str>>);

/// The configured names that labels may have.
#[derive(Clone, Debug, Default)]
pub struct KnownNames(Arc<[Arc<str>]>);

impl KnownNames {
    /// These and no others.
    pub fn new(names: impl IntoIterator<Item = impl Into<Arc<str>>>) -> Self {
        let mut names: Vec<Arc<str>> = names.into_iter().map(Into::into).collect();
        names.sort();
        names.dedup();
        Self(names.into())
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = KnownName> {
        self.0.iter().map(|name| KnownName(Some(Arc::clone(name))))
    }

    /// `name`, if it is one of them.
    #[must_use]
    pub fn find(&self, name: &str) -> KnownName {
        let found = self.0.binary_search_by(|one| (**one).cmp(name)).ok();
        KnownName(found.and_then(|found| self.0.get(found)).cloned())
    }
}

impl LabelValue for KnownName {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self.0.as_deref().unwrap_or(OTHER)))
    }
}

macro_rules! labels {
    ($(
        $(#[$about:meta])*
        $name:ident { $($(#[$doc:meta])* $field:ident: $type:ty = $key:ident,)+ }
    )+) => {$(
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name {
            $($(#[$doc])* pub $field: $type,)+
        }

        impl Labels for $name {
            fn list(&self) -> Vec<(&'static str, String)> {
                let labels = [$((names::$key, self.$field.text())),+];
                let present = labels.into_iter();
                present
                    .filter_map(|(key, text)| Some((key, text?.into_owned())))
                    .collect()
            }
        }
    )+};
}

labels! {
    /// Of `rpc.server.call.duration`.
    ServerCall {
        /// `grpc`.
        system: &'static str = RPC_SYSTEM_NAME,
        /// The method that was called.
        method: ServedMethod = RPC_METHOD,
        /// The status, by name.
        status: &'static str = RPC_RESPONSE_STATUS_CODE,
        /// The status of a call that failed.
        error_type: Option<&'static str> = ERROR_TYPE,
    }

    /// Of `selvedge.auth.decisions`.
    AuthDecision {
        /// `allow`, `deny` or `error`.
        outcome: &'static str = AUTH_OUTCOME,
        /// The refusal's reason; none for a call that was let through.
        reason: Option<&'static str> = AUTH_REASON,
        /// The method that was called.
        method: ServedMethod = RPC_METHOD,
        /// `user`, `app`, `composite` or `none`.
        token_kind: &'static str = TOKEN_KIND,
    }

    /// Of `selvedge.call.refusals`.
    Refusal {
        /// The reason.
        reason: &'static str = REFUSAL_REASON,
    }

    /// Of `selvedge.auth.validate.duration`.
    Validation {
        /// `cache`, `fetch` or `lkg`.
        source: &'static str = JWKS_SOURCE,
    }

    /// Of `selvedge.jwks.fetches`.
    KeyFetch {
        /// Whose keys.
        authority: KnownName = AUTHORITY_NAME,
        /// `ok`, `unavailable` or `refused`.
        outcome: &'static str = JWKS_OUTCOME,
        /// `start`, `timer`, `unknown_kid` or `flush`.
        trigger: &'static str = JWKS_TRIGGER,
    }

    /// Of `selvedge.exchange.exchanges` and `selvedge.exchange.duration`.
    Exchange {
        /// What came of it.
        outcome: &'static str = EXCHANGE_OUTCOME,
        /// The authority's `error`, of a closed set; none where it did not refuse.
        authority_error: Option<&'static str> = AUTHORITY_ERROR,
        /// Where the answer came from.
        cache: &'static str = EXCHANGE_CACHE,
    }

    /// Of `http.client.request.duration`.
    SentRequest {
        /// The server that was asked.
        server: KnownName = SERVER_ADDRESS,
        /// The method.
        method: &'static str = HTTP_REQUEST_METHOD,
        /// The status of the answer; none where there was none.
        status: Option<u16> = HTTP_RESPONSE_STATUS_CODE,
        /// The class of a failure: the status, or why there is no answer to use.
        error_type: Option<ErrorType> = ERROR_TYPE,
    }

    /// Of `db.client.operation.duration`.
    StoreOperation {
        /// The engine.
        system: &'static str = DB_SYSTEM_NAME,
        /// The operation.
        operation: &'static str = DB_OPERATION_NAME,
        /// The table.
        collection: &'static str = DB_COLLECTION_NAME,
        /// The class of a failure.
        error_type: Option<&'static str> = ERROR_TYPE,
    }

    /// Of `selvedge.server.shed`.
    Shed {
        /// What there was too much of.
        cause: &'static str = SHED_CAUSE,
    }
}

/// The class of a request's failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorType {
    /// A status of 400 or more.
    Status(u16),
    /// Why there is no answer to use.
    Word(&'static str),
}

impl LabelValue for ErrorType {
    fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Status(status) => Some(Cow::Owned(status.to_string())),
            Self::Word(word) => Some(Cow::Borrowed(word)),
        }
    }
}

impl ServerCall {
    /// A call of `method` that ended with `code`.
    #[must_use]
    pub fn new(method: ServedMethod, code: Code) -> Self {
        let name = refusal::code_name(code);
        Self {
            system: "grpc",
            method,
            status: name,
            error_type: (code != Code::Ok).then_some(name),
        }
    }
}
