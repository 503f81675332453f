//! Where an operator reads what to do about a refusal: one page a reason, in `deploy/runbooks`.

use std::sync::Arc;

use super::Reason;

/// Where the pages of `deploy/runbooks` are published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runbooks {
    base: Arc<str>,
}

impl Runbooks {
    /// What `google.rpc.Help` says of a link to a page.
    pub const DESCRIPTION: &str = "What an operator does about it";

    /// The pages below `base`, an URL.
    #[must_use]
    pub fn new(base: &str) -> Self {
        Self {
            base: base.trim_end_matches('/').into(),
        }
    }

    /// The page about the reason of this name: see [`reason_name`](super::reason_name).
    ///
    /// A name that is none has no page, so that what a service behind this one writes into its
    /// details leads nowhere.
    #[must_use]
    pub fn page(&self, reason: &str) -> Option<String> {
        let known = Reason::from_str_name(&format!("REASON_{reason}"))?;
        (known != Reason::Unspecified).then(|| format!("{}/{reason}.md", self.base))
    }
}
