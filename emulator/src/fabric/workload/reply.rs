//! What a workload answered: the bytes as they came, and what Fabric reads of them.

use bytes::Bytes;
use http::{HeaderMap, Response};
use serde_json::Value;

use super::error_response::{self, WorkloadError};

/// A workload's answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WorkloadReply {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: Bytes,
}

/// A job's state as a workload tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobState {
    /// `NotStarted`, `InProgress`, `Completed`, `Failed` or `Cancelled`.
    pub status: String,
    /// When its work began.
    pub start_time_utc: Option<String>,
    /// When it ended.
    pub end_time_utc: Option<String>,
    /// Why it failed.
    pub error_details: Option<WorkloadError>,
}

impl From<Response<Bytes>> for WorkloadReply {
    fn from(response: Response<Bytes>) -> Self {
        let (parts, body) = response.into_parts();
        Self {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
        }
    }
}

impl WorkloadReply {
    /// Whether Fabric takes it for a success.
    #[must_use]
    pub fn accepted(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as JSON; `None` when it is none.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The refusal; `None` of a success, and of a body that is no `ErrorResponse`.
    #[must_use]
    pub fn error(&self) -> Option<WorkloadError> {
        if self.accepted() {
            return None;
        }
        WorkloadError::read(&self.json()?)
    }

    /// The error that Fabric answers its portal with; `None` of a success.
    #[must_use]
    pub fn portal_error(&self) -> Option<Value> {
        (!self.accepted()).then(|| error_response::as_the_portal_sees_it(&self.body))
    }

    /// The job's state; `None` where the answer is no success or holds none.
    #[must_use]
    pub fn job_state(&self) -> Option<JobState> {
        if !self.accepted() {
            return None;
        }
        JobState::read(&self.json()?)
    }
}

impl JobState {
    fn read(body: &Value) -> Option<Self> {
        const STATUSES: [&str; 5] = [
            "NotStarted",
            "InProgress",
            "Completed",
            "Failed",
            "Cancelled",
        ];
        let text = |name| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let details = body
            .get("errorDetails")
            .filter(|details| !details.is_null());
        Some(Self {
            status: text("status").filter(|status| STATUSES.contains(&status.as_str()))?,
            start_time_utc: text("startTimeUtc"),
            end_time_utc: text("endTimeUtc"),
            error_details: details.and_then(WorkloadError::read),
        })
    }

    /// Whether the job has ended, one way or another.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        ["Completed", "Failed", "Cancelled"].contains(&self.status.as_str())
    }
}
