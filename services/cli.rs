//! The commands, one file each.

#[cfg(feature = "emulator")]
pub mod demo;
#[cfg(feature = "emulator")]
pub mod dev;
