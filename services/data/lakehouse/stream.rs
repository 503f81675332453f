//! A file on its way to the caller. A part is fetched once the one before it is on its way.

use std::pin::Pin;

use futures_util::{Stream, stream};
use tonic::Status;

use crate::call::status;
use crate::contracts::data::v1::ReadFileResponse;
use crate::downstream::Download;

/// The parts of a file; the last is an error if the file could not be read to its end.
pub type FileStream = Pin<Box<dyn Stream<Item = Result<ReadFileResponse, Status>> + Send>>;

/// The parts of this file.
pub(super) fn of(download: Download) -> FileStream {
    Box::pin(stream::try_unfold(download, |mut download| async {
        match download.next().await {
            Ok(Some(content)) => Ok(Some((ReadFileResponse { content }, download))),
            Ok(None) => Ok(None),
            Err(error) => Err(status(error)),
        }
    }))
}
