//! What happens to a call between the socket and the interceptor: limits, deadlines, and the
//! protocol's own refusals. Nothing here knows a token or a contract.

pub mod completion;
pub mod deadline;
pub mod drain;
pub mod listener;
pub mod load;
pub mod pages;
pub mod protocol;
pub mod tls;
pub mod watches;
