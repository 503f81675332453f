//! The emulator over its real TLS socket, as clients and validators meet it.

mod authorize;
mod client_credentials;
mod control;
mod device;
mod discovery;
mod faults;
mod keys;
mod server;
mod support;
mod tokens;
