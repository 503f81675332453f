//! The runs of jobs in traces: what is done for users who have gone, each run in a trace of its own. A
//! job that has failed tells its user the id of that trace.

use std::sync::Arc;

use uuid::Uuid;

use super::call_span::{Asked, CallSpans, Work};
use super::export::Spans;
use super::identity::UserIdentity;
use super::names;
use super::trace_context::CallContext;
use crate::store::Owner;

/// Gives each run its [`CallContext`].
#[derive(Clone, Debug)]
pub struct JobRuns(Option<Arc<CallSpans>>);

impl JobRuns {
    /// Runs whose spans are left to `spans`, if there is anybody to leave them to, with users named
    /// by `users`.
    #[must_use]
    pub fn leaving_to(spans: Spans, users: Arc<UserIdentity>) -> Self {
        Self(CallSpans::leaving_to(spans, users, None))
    }

    /// A run of the job, for its owner, that begins.
    pub(crate) fn begin(&self, job: Uuid, owner: &Owner) -> CallContext {
        let leaving = self.0.as_ref();
        let run = CallContext::begin(leaving, Work::Job(job), None, Asked::default);
        if let Some(spans) = leaving {
            let tenant = owner.tenant();
            let user = spans.users.of_user(tenant, owner.object_id());
            run.record(|found| {
                found.put(names::TENANT_ID, tenant.to_string());
                if let Some(user) = user {
                    found.put(user.key, user.value);
                }
            });
        }
        run
    }
}
