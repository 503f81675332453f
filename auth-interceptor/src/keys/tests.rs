//! The key life cycle, from a document's bytes to what callers see.

mod intake;
mod signer;
