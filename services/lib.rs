//! Selvedge: the identity edge of a Microsoft Fabric workload.
//!
//! [`contracts`] say what each method does and demands; [`config`] says whose tokens count. [`app`]
//! joins both into the one chain of layers that a call passes, from [`transport`] by the interceptor
//! to the handlers in [`data`] and [`control`], which keep what they are given in [`store`], and in
//! [`admin`], which obey operators. Whatever fails leaves as a [`refusal`], under the trace id that
//! [`telemetry`] gave the call. [`cli`] has a file a command.

pub mod admin;
pub mod app;
pub mod bridge;
pub mod call;
pub mod cli;
pub mod codec;
pub mod config;
pub mod contracts;
pub mod control;
pub mod data;
pub mod downstream;
pub mod exchange;
mod guid;
pub mod jobs;
mod json;
pub mod refusal;
pub mod requests;
mod retry_after;
pub mod secret;
pub mod store;
pub mod telemetry;
pub mod transport;
mod watched_files;
pub mod web;

#[cfg(test)]
mod tests;
