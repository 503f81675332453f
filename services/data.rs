//! The data plane: gRPC adapters over the store, the exchange and the caller's claims.
//!
//! Adapters convert and validate; what they keep is always the verified caller's own. No handler
//! checks authorization again: it has a [`Caller`](auth_interceptor::Caller), so the policy of its
//! method was met.

pub mod delegation;
pub mod lakehouse;
mod page;
pub mod profile;
pub mod records;
pub mod tasks;
pub mod token_exchange;
pub mod warehouses;
pub mod workspaces;
