//! Selvedge: the identity edge of a Microsoft Fabric workload.

pub mod app;
pub mod cli;
pub mod codec;
pub mod config;
pub mod contracts;
pub mod data;
pub mod refusal;
pub mod store;
pub mod telemetry;
pub mod transport;
