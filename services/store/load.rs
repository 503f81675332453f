//! How much there is to do, and with how many connections.

/// The connections of one pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolLoad {
    /// Which of the engine's pools.
    pub name: &'static str,
    /// Connections that somebody works with.
    pub used: u32,
    /// Connections that wait for somebody.
    pub idle: u32,
    /// How many there may be.
    pub max: u32,
}

/// The jobs that have not ended, whoever's they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobLoad {
    /// Those that nobody works on.
    pub waiting: u64,
    /// Those that a process works on, or has died with.
    pub claimed: u64,
}
