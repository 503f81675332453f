//! Entra ID authentication and contract-declared authorization for any tonic service.
//!
//! A contract states per method, as the option `selvedge.auth.v1.policy`, what its caller must
//! prove. [`Policies`] reads that from the descriptor set; [`Authenticator`] validates tokens
//! against the keys of the configured authorities; [`AuthLayer`] joins the two in front of a
//! service, before the request body is read; and [`guard`] wraps each service so that it answers
//! nobody whom the layer did not let through. A handler receives a verified [`Caller`] and cannot
//! make one.
//!
//! The crate knows nothing of the contracts that it guards.

mod authenticator;
mod authority;
mod bearer;
#[doc(hidden)]
pub mod bench;
mod caller;
mod check;
mod claims;
mod clock;
mod error;
mod expiry;
mod guard;
mod identity;
mod issuer;
mod jws;
mod keys;
mod layer;
mod policy;
mod refusal;
mod remembered;
mod scope;
mod validator;

pub use authenticator::{AuthSettings, Authenticator, AuthorityStatus, StartError};
pub use authority::{
    Algorithm, Authority, AuthorityKind, KeySettings, Registration, UnsupportedAlgorithm,
};
pub use caller::Caller;
pub use check::{Actor, Check};
pub use claims::{Claims, TokenSubject, TokenVersion};
pub use clock::{Clock, UnixSeconds};
pub use error::{AuthError, Demand, TokenRole};
pub use guard::{GuardedServices, RequireCaller};
pub use identity::{ClientId, NotAGuid, ObjectId, TenantId};
pub use issuer::IssuerTemplate;
pub use jws::DEFAULT_TOKEN_LIMIT;
pub use keys::KeysStartError;
pub use layer::{Auth, AuthLayer};
pub use policy::{
    ItemPermissions, MethodPolicy, Plane, Policies, Policy, PolicyError, ServedPolicies, TokenKind,
};
pub use refusal::{Denial, PlainRefusal, Refuse, claims_request};
pub use validator::{SettingsError, Validator};
