//! One round of an export: the rows that the user keeps under the item, as one file.
//!
//! A file shows nothing of what was appended to it before it is flushed, so the flush is the round's
//! one effect. Its size is noted in the job before, under the lease, and every attempt begins with a
//! look at the file: of that size, it is done. Otherwise the attempt writes over the version that it
//! has seen, and flushes the version that it has made. Of attempts that know nothing of each other,
//! OneLake so lets one come to its flush, and tells the others to look again.

use super::error::RunError;
use super::lines;
use super::order::Order;
use crate::downstream::{Downstream, OnBehalfOf};
use crate::store::{ClaimedJob, Page, Place, Store};

/// Rows read at once: of the largest kind, some 6 MiB.
const ROWS: u32 = 100;

/// Writes the file of the job's next round, unless an earlier attempt has.
pub(super) async fn round(
    store: &dyn Store,
    downstream: &Downstream,
    on_behalf_of: &OnBehalfOf,
    job: &ClaimedJob,
    order: &Order,
) -> Result<(), RunError> {
    let onelake = &downstream.onelake;
    let path = order.file(job.progress.rounds)?;
    let lakehouse = order.lakehouse();
    let seen = onelake.version(on_behalf_of, lakehouse, &path).await?;
    let written = job.progress.written;
    // A file of no bytes is what it should be whether it was flushed or not.
    if written.is_some() && written == seen.as_ref().map(|seen| seen.size) {
        return Ok(());
    }
    let place = Place {
        owner: job.order.owner.clone(),
        item: Some(job.item),
    };
    let mut upload = onelake
        .upload(on_behalf_of, lakehouse, &path)
        .replacing(seen);
    let mut page = Page {
        after: None,
        size: ROWS,
    };
    loop {
        let rows = store.read_rows(&place, page).await?;
        upload.append(lines::of(&rows.entries)).await?;
        match rows.next {
            Some(next) => page.after = Some(next),
            None => break,
        }
    }
    let bytes = upload.send_all().await?;
    store.note_written(&job.lease, bytes).await?;
    upload.finish().await?;
    Ok(())
}
