//! The emulator over its real TLS socket, as clients and validators meet it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what the tests share fails as a test does: by a panic"
)]

mod access;
mod authorize;
mod client_credentials;
mod consent;
mod control;
mod device;
mod discovery;
mod fabric;
mod fabric_permissions;
mod fabric_warehouses;
mod faults;
mod keys;
mod on_behalf_of;
mod on_behalf_of_refusals;
mod onelake;
mod onelake_files;
mod onelake_listing;
mod portal;
mod resource_faults;
mod resource_tokens;
mod server;
mod step_up;
mod support;
mod tokens;
mod workload_headers;
mod workload_items;
mod workload_jobs;
