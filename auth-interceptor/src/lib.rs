//! Entra ID authentication and contract-declared authorization for any tonic service.
//!
//! A contract states per method, as the option `selvedge.auth.v1.policy`, what its caller must
//! prove. [`Policies`] reads that from the descriptor set; [`Authenticator`] validates tokens
//! against the keys of the configured authorities; [`AuthLayer`] joins the two in front of a
//! service, before the request body is read; and [`GuardedServices`] wraps each service so that it
//! answers nobody whom the layer did not let through. A handler receives a verified [`Caller`] and
//! cannot make one.
//!
//! The crate knows nothing of the contracts that it guards.
//!
//! ```
//! use std::sync::Arc;
//!
//! use auth_interceptor::{
//!     AuthLayer, AuthSettings, Authenticator, Authority, GuardedServices, PlainRefusal, Policies,
//!     Policy, Registration,
//! };
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let policies = Policies::default().declare(
//!     "grpc.health.v1.Health",
//!     &["Check", "Watch"],
//!     &Policy::app_only(&["Health.Read"]),
//! );
//! let refuse = Arc::new(PlainRefusal::new("monitored.example"));
//! let (_reporter, health) = tonic_health::server::health_reporter();
//! let mut services = GuardedServices::new(policies, refuse.clone());
//! services.add(health)?;
//! let (routes, served) = services.into_parts();
//!
//! let tenant = "0f8fad5b-d9cb-469f-a165-70867728950e".parse()?;
//! let mut authority = Authority::entra("entra", vec![tenant]);
//! # // Nothing listens there: the example runs without a network.
//! # authority.url = "https://127.0.0.1:9".to_owned();
//! let client_id = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
//! let mut registration = Registration::new("monitored", "entra", client_id);
//! // Where the roles of applications are assigned: another tenant's count for nothing.
//! registration.publisher_tenant = Some(tenant);
//! let settings = AuthSettings::new(vec![authority], vec![registration]);
//! // The keys are read in the background: the service can listen at once.
//! let authenticator = Authenticator::start(&settings)?;
//! let server = tonic::transport::Server::builder()
//!     .layer(AuthLayer::new(authenticator, served, refuse))
//!     .add_routes(routes);
//! # drop(server);
//! # Ok(())
//! # }
//! ```

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
mod known;
mod layer;
mod observer;
mod policy;
mod propagate;
mod refusal;
mod remembered;
mod scope;
mod tenant_header;
mod validator;
#[doc(hidden)]
pub mod vectors;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use authenticator::{AuthSettings, Authenticator, AuthorityStatus, StartError};
pub use authority::{
    Algorithm, Authority, AuthorityKind, KeySettings, Registration, UnsupportedAlgorithm,
};
pub use caller::{Admission, Caller, SubjectToken};
pub use check::{Actor, Check};
pub use claims::{Claims, TokenSubject, TokenVersion};
pub use clock::{Clock, UnixSeconds};
pub use error::{AuthError, Demand, TokenRole};
pub use guard::{GuardedServices, RequireCaller};
pub use identity::{ClientId, NotAGuid, ObjectId, TenantId};
pub use issuer::IssuerTemplate;
pub use jws::DEFAULT_TOKEN_LIMIT;
pub use keys::KeysStartError;
pub use known::TokenId;
pub use layer::{Auth, AuthLayer, Denied};
pub use observer::{
    DecidedCall, KeyOrigin, KeyRead, KeyReadOutcome, Observer, Outcome, SentRequest, Unobserved,
    Validation, Verdict,
};
pub use policy::{
    ItemPermissions, MethodPolicy, Plane, Policies, Policy, PolicyError, ServedPolicies, TokenKind,
};
pub use propagate::{Propagate, Unpropagated};
pub use refusal::{Challenge, Denial, PlainRefusal, Refuse, claims_request};
pub use validator::{SettingsError, Validator};
