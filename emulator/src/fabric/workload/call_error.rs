//! Why a call to a workload has no answer: Fabric did not make it, or nothing whole came back.

use thiserror::Error;

/// Why a call has no answer of the workload's.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum WorkloadCallError {
    /// Fabric did not call: there is no such workspace in the user's tenant.
    #[error("there is no such workspace in the user's tenant")]
    UnknownWorkspace,
    /// Fabric did not call: another item of the type has the name.
    #[error("another item of the type has the name")]
    NameInUse,
    /// Fabric did not call: the workspace has as many items as it may.
    #[error("the workspace is full")]
    WorkspaceFull,
    /// Fabric did not call: there is no deleted item of that id.
    #[error("there is no such item to restore")]
    NothingToRestore,
    /// Fabric did not call: no request can be made of the path or a header.
    #[error("no request can be made of that")]
    InvalidRequest,
    /// The workload's generation has no such call.
    #[error("the generation of the workload API has no such call")]
    NotInGeneration,
    /// Nobody listens, or the connection broke.
    #[error("the workload cannot be reached")]
    Unreachable,
    /// The answer took too long.
    #[error("the workload does not answer")]
    TimedOut,
    /// The answer broke off, or is too long.
    #[error("the workload's answer is not whole")]
    BrokenAnswer,
}
