//! Tokens that differ from a good one in one thing, and the one answer each gets.

mod claims;
mod entra;
mod header;
mod rfc9068;
mod settings;
