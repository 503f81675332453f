//! Signing keys: what is admitted from an authority's documents, and which key a token names.
//!
//! Intake ([`KeySet::admit`]) is a pure function of the document. [`AuthorityKeys`] owns the life
//! cycle: one background task reads the documents, and a caller only ever looks at the last good
//! [`KeySnapshot`]. Nothing that a token says chooses what is read or from where.

mod authority_keys;
mod demand;
mod discovery;
mod error;
mod fetch;
mod jwk;
mod refresh;
mod report;
mod roca;
mod schedule;
mod set;
mod signing_key;
mod snapshot;
#[cfg(test)]
mod tests;

pub(crate) use authority_keys::AuthorityKeys;
pub use error::KeysStartError;
pub(crate) use set::KeySet;
pub(crate) use signing_key::SigningKey;
pub(crate) use snapshot::KeySnapshot;

/// The longest key id that is admitted or looked for, in bytes.
const MAX_KID: usize = 256;
