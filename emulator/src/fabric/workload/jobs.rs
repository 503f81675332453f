//! A workload's jobs: each call in both generations, and the polling until a run has ended.

use std::time::Duration;

use serde_json::json;
use tokio::time;

use super::items::written;
use super::order::JobOrder;
use super::request::Object;
use super::{
    Generation, JobState, WorkloadCallError, WorkloadClient, WorkloadReply, WorkloadRequest,
};

type Reply = Result<WorkloadReply, WorkloadCallError>;

/// How Fabric polls a run. Its own times are not documented; these are for somebody who waits.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct JobPolling {
    /// The most polls.
    pub most: u32,
    /// The pause before the first poll; each later one is twice as long.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
}

impl Default for JobPolling {
    fn default() -> Self {
        Self {
            most: 60,
            first: Duration::from_millis(50),
            longest: Duration::from_secs(1),
        }
    }
}

impl JobPolling {
    /// With at most so many polls.
    #[must_use]
    pub fn at_most(mut self, polls: u32) -> Self {
        self.most = polls;
        self
    }
}

/// A run that Fabric ordered and followed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct JobRun {
    /// What the workload said to the order.
    pub created: WorkloadReply,
    /// What it said to the last poll; `None` when there was none, because the order was refused.
    pub polled: Option<WorkloadReply>,
    /// The statuses that Fabric saw, without repetitions.
    pub statuses: Vec<String>,
}

impl JobRun {
    /// The last state that Fabric saw.
    #[must_use]
    pub fn state(&self) -> Option<JobState> {
        self.polled.as_ref().and_then(WorkloadReply::job_state)
    }

    /// Whether Fabric saw the run end as it should.
    #[must_use]
    pub fn completed(&self) -> bool {
        self.state()
            .is_some_and(|state| state.status == "Completed")
    }
}

/// What Fabric asks of a run that is there.
#[derive(Clone, Copy)]
enum Question {
    State,
    Cancel,
}

impl WorkloadClient {
    /// Orders a run.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn create_job(&self, job: &JobOrder) -> Reply {
        let request = match self.workload.generation {
            Generation::First => WorkloadRequest::post(self.instance_path(job, &[])).with_body(
                Object::default()
                    .text("invokeType", Some(&job.invoke_type))
                    .json("creationPayload", job.payload.as_deref())
                    .write(),
            ),
            Generation::Second => {
                let definition = self.inventory(|inventory| {
                    let kept = inventory.definition(&job.workspace, &job.item);
                    kept.map(written)
                });
                let body = Object::default()
                    .text("jobType", Some(&job.job_type))
                    .text("jobInstanceId", Some(&job.instance))
                    .json("executionData", job.payload.as_deref())
                    .json("definition", definition.as_deref());
                WorkloadRequest::post(self.jobs_path(job, "onCreateJobInstance"))
                    .with_body(body.write())
            }
        };
        self.send(&request).await
    }

    /// Asks where a run stands.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn job_state(&self, job: &JobOrder) -> Reply {
        self.send(&self.question(job, Question::State)).await
    }

    /// Cancels a run.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn cancel_job(&self, job: &JobOrder) -> Reply {
        self.send(&self.question(job, Question::Cancel)).await
    }

    /// Orders a run and polls it until it ends, a poll is refused, or there have been enough.
    ///
    /// # Errors
    /// When one of the calls has no answer.
    pub async fn run_job(
        &self,
        job: &JobOrder,
        polling: JobPolling,
    ) -> Result<JobRun, WorkloadCallError> {
        let mut run = JobRun {
            created: self.create_job(job).await?,
            polled: None,
            statuses: Vec::new(),
        };
        if !run.created.accepted() {
            return Ok(run);
        }
        let mut pause = polling.first;
        for _ in 0..polling.most {
            time::sleep(pause).await;
            pause = pause.saturating_mul(2).min(polling.longest);
            let reply = self.job_state(job).await?;
            let state = reply.job_state();
            run.polled = Some(reply);
            let Some(state) = state else {
                break;
            };
            let ended = state.has_ended();
            if run.statuses.last() != Some(&state.status) {
                run.statuses.push(state.status);
            }
            if ended {
                break;
            }
        }
        Ok(run)
    }

    fn question(&self, job: &JobOrder, question: Question) -> WorkloadRequest {
        match (self.workload.generation, question) {
            (Generation::First, Question::State) => {
                WorkloadRequest::get(self.instance_path(job, &[]))
            }
            (Generation::First, Question::Cancel) => {
                WorkloadRequest::post(self.instance_path(job, &["cancel"]))
            }
            (Generation::Second, question) => {
                let name = match question {
                    Question::State => "onGetJobInstanceStatus",
                    Question::Cancel => "onCancelJobInstance",
                };
                let body = json!({ "jobType": job.job_type, "jobInstanceId": job.instance });
                WorkloadRequest::post(self.jobs_path(job, name)).with_body(body.to_string())
            }
        }
    }

    fn instance_path(&self, job: &JobOrder, below: &[&str]) -> String {
        let instance = ["jobTypes", &job.job_type, "instances", &job.instance];
        self.path_below(&job.workspace, &job.item, &[&instance, below].concat())
    }

    fn jobs_path(&self, job: &JobOrder, call: &str) -> String {
        self.path_below(&job.workspace, &job.item, &["jobs", call])
    }
}
