//! Jobs: whose they are at any moment, how they come further, and how they end.

use auth_interceptor::UnixSeconds;
use bytes::Bytes;
use selvedge::downstream::ConfirmedItem;
use selvedge::store::{
    ClaimedJob, Deletion, ItemAddress, JobAddress, JobCreation, JobFailure, JobOrder, JobSession,
    JobState, NewJob, Progress, Quota, Settlement, StoreError, Term,
};
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::confirmed::confirmed_items;
use super::{CONTOSO, Engine, Ticking, megan};

on_both_engines! {
    a_job_is_one_workers_until_the_lease_ends_and_then_anothers,
    what_has_ended_stays_as_it_ended_and_acts_for_nobody,
    a_job_comes_further_by_rounds_and_attempts_count_from_the_last_one,
    an_order_is_kept_once_and_an_id_is_one_orders,
    a_tenant_has_no_more_unfinished_jobs_than_its_quota,
    the_upkeep_removes_old_jobs_and_sessions_that_no_job_acts_with,
}

/// A store, and what jobs need of it.
struct Kept {
    store: Ticking,
}

/// An item that Fabric has confirmed; one is enough for all jobs.
async fn confirmed() -> ConfirmedItem {
    static ITEM: OnceCell<[ConfirmedItem; 1]> = OnceCell::const_new();
    let [item] = *ITEM.get_or_init(confirmed_items).await;
    item
}

async fn address() -> JobAddress {
    let item = confirmed().await.id();
    JobAddress {
        item: ItemAddress {
            tenant: CONTOSO.parse().unwrap(),
            workspace_id: item.workspace_id,
            item_type: "Org.Selvedge.Sample".to_owned(),
            item_id: item.item_id,
        },
        job_type: "Org.Selvedge.Sample.ExportRows".to_owned(),
        job_id: Uuid::new_v4(),
    }
}

impl Kept {
    async fn on(engine: Engine, quota: Quota) -> Self {
        let store = engine.store_with(quota).await;
        Self { store }
    }

    /// Orders a job at this time, with a session for it.
    async fn ordered(&self, now: UnixSeconds) -> JobAddress {
        let address = address().await;
        self.order(&address, now).await.unwrap();
        address
    }

    async fn order(
        &self,
        address: &JobAddress,
        now: UnixSeconds,
    ) -> Result<JobCreation, StoreError> {
        let session = JobSession {
            registration: "workload".to_owned(),
            id: address.job_id,
        };
        let sealed = Bytes::from_static(b"sealed");
        self.store
            .keep_refresh_token(&megan(), session.id, sealed, now)
            .await
            .unwrap();
        let job = NewJob {
            order: order(),
            item: confirmed().await,
            session,
        };
        self.store.create_job(address, job, now).await
    }

    async fn claim(&self, now: UnixSeconds, until: UnixSeconds) -> Option<ClaimedJob> {
        self.store.claim_job(Term { now, until }).await.unwrap()
    }

    async fn settle(
        &self,
        job: &ClaimedJob,
        settlement: Settlement,
        now: UnixSeconds,
    ) -> Result<(), StoreError> {
        self.store.settle_job(&job.lease, settlement, now).await
    }

    async fn has_session(&self, address: &JobAddress) -> bool {
        let found = self.store.refresh_token(&megan(), address.job_id).await;
        found.is_ok()
    }
}

fn order() -> JobOrder {
    JobOrder {
        owner: megan(),
        payload: Bytes::from_static(b"{\"a\": 1}"),
    }
}

fn failure() -> JobFailure {
    JobFailure(Bytes::from_static(b"why"))
}

async fn a_job_is_one_workers_until_the_lease_ends_and_then_anothers(engine: Engine) {
    let kept = Kept::on(engine, Quota::default()).await;
    let address = kept.ordered(10).await;
    assert_eq!(kept.store.job(&address).await, Ok(JobState::NotStarted));
    assert!(kept.claim(9, 20).await.is_none());

    let first = kept.claim(10, 20).await.unwrap();
    assert_eq!(first.address, address);
    assert_eq!(first.order, order());
    assert_eq!((first.attempts, first.create_time), (1, 10));
    let under_way = JobState::InProgress { start_time: 10 };
    assert_eq!(kept.store.job(&address).await, Ok(under_way.clone()));
    assert!(kept.claim(19, 30).await.is_none());
    kept.store.renew_lease(&first.lease, 25).await.unwrap();
    kept.store.note_written(&first.lease, 7).await.unwrap();
    assert!(kept.claim(24, 30).await.is_none());

    // Nothing that the first one says counts any more.
    let second = kept.claim(25, 35).await.unwrap();
    assert_eq!((second.attempts, second.progress.written), (2, Some(7)));
    let lost = Err(StoreError::Conflict);
    assert_eq!(kept.store.renew_lease(&first.lease, 90).await, lost);
    assert_eq!(kept.store.note_written(&first.lease, 9).await, lost);
    for settlement in [
        Settlement::Completed,
        Settlement::Failed(failure()),
        Settlement::NextRound { at: 26 },
        Settlement::TryAgain { at: 26 },
        Settlement::HandOver,
    ] {
        assert_eq!(kept.settle(&first, settlement, 26).await, lost);
    }
    assert_eq!(kept.store.job(&address).await, Ok(under_way));
    assert_eq!(
        kept.settle(&second, Settlement::Completed, 30).await,
        Ok(())
    );
    let completed = JobState::Completed {
        start_time: 10,
        end_time: 30,
    };
    assert_eq!(kept.store.job(&address).await, Ok(completed));
}

async fn what_has_ended_stays_as_it_ended_and_acts_for_nobody(engine: Engine) {
    for ending in ["completed", "failed", "cancelled", "deleted"] {
        let kept = Kept::on(engine, Quota::default()).await;
        let address = kept.ordered(1).await;
        let job = kept.claim(1, 100).await.unwrap();
        assert!(kept.has_session(&address).await);
        match ending {
            "completed" => kept.settle(&job, Settlement::Completed, 5).await.unwrap(),
            "failed" => {
                let failed = Settlement::Failed(failure());
                kept.settle(&job, failed, 5).await.unwrap();
            }
            "cancelled" => drop(kept.store.cancel_job(&address, 5).await.unwrap()),
            _ => {
                let item = &address.item;
                let deletion = Deletion::Soft;
                kept.store.delete_item(item, deletion, 5).await.unwrap();
            }
        }
        let ended = kept.store.job(&address).await.unwrap();
        let expected = match ending {
            "completed" => JobState::Completed {
                start_time: 1,
                end_time: 5,
            },
            "failed" => JobState::Failed {
                start_time: 1,
                end_time: 5,
                failure: failure(),
            },
            _ => JobState::Cancelled {
                start_time: Some(1),
                end_time: 5,
            },
        };
        assert_eq!(ended, expected);
        assert!(!kept.has_session(&address).await);

        // Neither its worker, nor another, nor an order moves it.
        let late = kept.settle(&job, Settlement::Completed, 9).await;
        assert_eq!(late, Err(StoreError::Conflict));
        assert!(kept.claim(1_000, 2_000).await.is_none());
        assert_eq!(kept.store.cancel_job(&address, 9).await, Ok(ended.clone()));
        let known = kept.store.job_as_ordered(&address, &order()).await;
        assert_eq!(known, Ok(Some(ended)));
    }
}

async fn a_job_comes_further_by_rounds_and_attempts_count_from_the_last_one(engine: Engine) {
    let kept = Kept::on(engine, Quota::default()).await;
    kept.ordered(0).await;
    let job = kept.claim(0, 10).await.unwrap();
    kept.store.note_written(&job.lease, 5).await.unwrap();
    kept.settle(&job, Settlement::TryAgain { at: 20 }, 1)
        .await
        .unwrap();
    assert!(kept.claim(19, 30).await.is_none());

    let job = kept.claim(20, 30).await.unwrap();
    assert_eq!((job.attempts, job.progress.written), (2, Some(5)));
    kept.settle(&job, Settlement::HandOver, 21).await.unwrap();
    let job = kept.claim(21, 30).await.unwrap();
    assert_eq!(job.attempts, 2);
    kept.settle(&job, Settlement::NextRound { at: 40 }, 22)
        .await
        .unwrap();

    let job = kept.claim(40, 50).await.unwrap();
    let begun = Progress {
        rounds: 1,
        written: None,
    };
    assert_eq!((job.attempts, job.progress), (1, begun));
}

async fn an_order_is_kept_once_and_an_id_is_one_orders(engine: Engine) {
    let kept = Kept::on(engine, Quota::default()).await;
    let address = kept.ordered(0).await;
    let known = kept.store.job_as_ordered(&address, &order()).await;
    assert_eq!(known, Ok(Some(JobState::NotStarted)));
    let other = JobOrder {
        payload: Bytes::from_static(b"{}"),
        ..order()
    };
    let known = kept.store.job_as_ordered(&address, &other).await;
    assert_eq!(known, Err(StoreError::Conflict));
    let mut elsewhere = address.clone();
    elsewhere.job_type.push('s');
    let known = kept.store.job_as_ordered(&elsewhere, &order()).await;
    assert_eq!(known, Err(StoreError::Conflict));
    assert_eq!(kept.store.job(&elsewhere).await, Err(StoreError::NotFound));
}

async fn a_tenant_has_no_more_unfinished_jobs_than_its_quota(engine: Engine) {
    let quota = Quota {
        unfinished_jobs: 2,
        ..Quota::default()
    };
    let kept = Kept::on(engine, quota).await;
    kept.ordered(0).await;
    let second = kept.ordered(0).await;
    assert_eq!(kept.order(&address().await, 0).await, Err(StoreError::Full));
    kept.store.cancel_job(&second, 1).await.unwrap();
    assert_eq!(
        kept.order(&address().await, 0).await,
        Ok(JobCreation::Created)
    );
}

async fn the_upkeep_removes_old_jobs_and_sessions_that_no_job_acts_with(engine: Engine) {
    let kept = Kept::on(engine, Quota::default()).await;
    let done = kept.ordered(0).await;
    kept.store.cancel_job(&done, 50).await.unwrap();
    let waiting = kept.ordered(0).await;
    let orphan = address().await;
    let sealed = Bytes::from_static(b"sealed");
    kept.store
        .keep_refresh_token(&megan(), orphan.job_id, sealed, 40)
        .await
        .unwrap();

    assert_eq!(kept.store.purge_jobs(49, 39).await, Ok(false));
    while kept.store.purge_jobs(50, 40).await.unwrap() {}
    assert_eq!(kept.store.job(&done).await, Err(StoreError::NotFound));
    assert!(!kept.has_session(&orphan).await);
    assert_eq!(kept.store.job(&waiting).await, Ok(JobState::NotStarted));
    assert!(kept.has_session(&waiting).await);
}
