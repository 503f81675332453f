//! TokenExchange: a user's token in, a downstream token out, by OAuth 2.0 On-Behalf-Of.
//!
//! The domain, used in-process by our own handlers and over gRPC by other services. A
//! [`SubjectToken`](auth_interceptor::SubjectToken) says for whom: it exists only for a call that
//! was verified, so nothing is handed out, from the authority or from memory, on the word of a
//! stranger. Authority, tenant, user and registration are the token's; a caller chooses scopes and
//! claims, and nothing else. No gRPC here: adapters convert.

mod answering;
mod answers;
mod authority_calls;
mod authority_client;
mod circuit;
mod claims_request;
mod credential;
mod endpoint;
mod error;
mod flights;
mod jitter;
mod key;
mod keyring;
mod long_running;
mod memory;
mod moment;
mod observer;
mod pauses;
mod registration;
mod registrations;
mod request;
mod scopes;
mod settings;
mod token_exchange;

#[cfg(test)]
mod tests;

pub use self::authority_client::{AuthorityClient, AuthorityClientError, ClockSkew};
pub use self::claims_request::{ClaimsRequest, ClaimsRequestError};
pub use self::credential::{CredentialError, CredentialStatus};
pub use self::endpoint::{Grant, TokenEndpoint, TokenResponse};
pub use self::error::{AuthorityRefusal, ExchangeError, RefusalClass};
pub(crate) use self::keyring::key_bytes;
pub use self::keyring::{KeyRing, KeyRingError, SealError};
pub use self::long_running::{LongRunningError, LongRunningSession, RefreshTokens};
pub use self::observer::{
    AnswerSource, ExchangeObserver, ExchangeReport, LongRunningReport, Unobserved,
};
pub use self::registration::{Consent, CredentialSource, Registration};
pub use self::request::{ExchangeRequest, Exchanged, Freshness};
pub use self::scopes::{Scopes, ScopesError};
pub use self::settings::{ExchangeSettings, ExchangeStartError};
pub use self::token_exchange::TokenExchange;
