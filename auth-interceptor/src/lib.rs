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
mod caller;
mod claims;
mod clock;
mod error;
mod guard;
mod identity;
mod issuer;
mod jws;
mod keys;
mod layer;
mod policy;
mod refusal;
mod remembered;
mod validator;
