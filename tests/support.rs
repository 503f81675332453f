//! The harness: an emulator and the service in one process, each on a port of its own, and clients
//! that can send what no library would.
//!
//! Nothing here sleeps to let something happen: it waits for the condition, with a deadline.

pub(crate) mod big_number;
pub(crate) mod controls;
pub(crate) mod counting_store;
pub(crate) mod dev;
pub(crate) mod evidence;
pub(crate) mod expected;
pub(crate) mod forgery;
pub(crate) mod frames;
pub(crate) mod killed;
pub(crate) mod listener;
pub(crate) mod postgres;
pub(crate) mod process;
pub(crate) mod raw_client;
pub(crate) mod reply;
pub(crate) mod running;
pub(crate) mod served;
pub(crate) mod temporary;
pub(crate) mod token_recipe;
pub(crate) mod wait;
pub(crate) mod web;

pub(crate) use self::raw_client::{Call, RawClient};
pub(crate) use self::reply::Reply;
pub(crate) use self::running::{PAGE, Running, Setup, read_token, user_token};
pub(crate) use self::wait::eventually;

/// A method that a token with `data.read` may call, and that always reaches the store.
pub(crate) const READ_DATA: &str = "/selvedge.data.v1.DataService/ReadData";
pub(crate) const GET_PROFILE: &str = "/selvedge.data.v1.ProfileService/GetProfile";
