//! What the service promises, shown from outside: over real sockets, with real tokens of the
//! emulator.
//!
//! One binary of topic modules over one harness, so that it links once.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by a panic"
)]

mod administration;
mod architecture;
mod audit;
mod authentication;
mod authorization;
mod broker;
mod cases;
mod contracts;
mod control_plane;
mod crashes;
mod data_plane;
mod deploy;
mod downstream_refusals;
mod exchange;
mod fabric_calls;
mod grpc_web;
mod item_permissions;
mod jobs;
mod key_life_cycle;
#[cfg(target_os = "linux")]
mod large_files;
mod logs;
mod metrics;
mod openapi;
mod operations;
mod own_faults;
mod readiness;
mod readme;
mod reasons;
mod refusals;
mod rest;
mod store;
mod store_limits;
mod support;
mod trace_command;
mod traces;
mod transport;
mod web;
