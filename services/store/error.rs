//! What can go wrong with a store, named by what the caller can do about it.

/// Why an operation did not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// There is no such entity, or it is another owner's.
    #[error("the entity does not exist")]
    NotFound,
    /// The entity has changed since its etag was read.
    #[error("the entity has changed")]
    Conflict,
    /// The owner's quota is used up, or the disk is.
    #[error("the store is full")]
    Full,
    /// The engine does not answer now.
    #[error("the store is unavailable")]
    Unavailable,
    /// The engine or what it holds is not what the service expects.
    #[error("the store is corrupt")]
    Corrupt,
}

/// Why a store cannot be opened. The operator acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It cannot be reached or is not a store.
    #[error("the store cannot be opened")]
    Engine(#[source] StoreError),
    /// The schema is behind and may not be changed.
    #[error("the schema of the store is {pending} migrations behind, and store.migrate is check")]
    Behind {
        /// How many migrations it lacks.
        pending: usize,
    },
    /// The schema is not one that this version made: newer, or changed by hand.
    #[error("the schema of the store was not made by this version of the service")]
    Foreign,
}
