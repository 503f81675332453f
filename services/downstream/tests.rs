//! The clients against a server that speaks TLS and answers as it is told.

mod fabric;
mod failures;
mod item_access;
mod onelake;
mod stub;
mod tokens;
