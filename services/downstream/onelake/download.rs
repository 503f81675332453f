//! Reading a file, or a range of it, as it comes.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use reqwest::header::{HeaderValue, RANGE};
use reqwest::{Response, StatusCode};

use super::{FILE, FilePath, Lakehouse, OneLake};
use crate::downstream::call::{Answer, Call};
use crate::downstream::credentials::OnBehalfOf;
use crate::downstream::error::{DownstreamError, FailedCall};
use crate::downstream::failure::UNAVAILABLE;
use crate::downstream::http::Http;

/// How many bytes are handed out at once.
const PART: usize = 256 * 1024;

/// Which bytes of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// The first byte.
    pub offset: u64,
    /// How many at most, and never 0; none: all that follow.
    pub length: Option<u64>,
}

impl Range {
    /// The value of `Range` (RFC 9110 section 14.2); none for the whole file.
    fn header(self) -> Option<HeaderValue> {
        let text = match self {
            Self {
                offset: 0,
                length: None,
            } => return None,
            Self {
                offset,
                length: None,
            } => format!("bytes={offset}-"),
            Self {
                offset,
                length: Some(length),
            } => format!(
                "bytes={offset}-{}",
                offset.saturating_add(length.saturating_sub(1))
            ),
        };
        text.parse().ok()
    }
}

/// A file that is being read. What is not asked for is not fetched, beyond what the connection
/// holds ready.
pub struct Download {
    http: Arc<Http>,
    call: FailedCall,
    rest: Option<Response>,
    part: BytesMut,
    /// How many bytes may still come; none: as many as there are.
    allowed: Option<u64>,
}

impl OneLake {
    /// Begins to read a file.
    ///
    /// # Errors
    ///
    /// See [`DownstreamError`].
    pub async fn download(
        &self,
        on_behalf_of: &OnBehalfOf,
        lakehouse: Lakehouse,
        path: &FilePath,
        range: Range,
    ) -> Result<Download, DownstreamError> {
        let mut call = Call {
            streamed: true,
            ..self.call(self.file(lakehouse, path), FILE)
        };
        if let Some(range) = range.header() {
            call = call.with_header(RANGE, range);
            // A whole file is not the range of it that was asked for.
            call.expected = &[StatusCode::PARTIAL_CONTENT];
        }
        let answer = self.http.send(on_behalf_of, &call).await?;
        let call = answer.call();
        let Answer { rest, .. } = answer;
        Ok(Download {
            http: Arc::clone(&self.http),
            call,
            rest,
            part: BytesMut::new(),
            allowed: range.length,
        })
    }
}

impl Download {
    /// The next bytes; none at the end of the file.
    ///
    /// # Errors
    ///
    /// [`DownstreamError::Unavailable`] if they do not come: what was handed out is not the whole.
    pub async fn next(&mut self) -> Result<Option<Bytes>, DownstreamError> {
        while self.part.len() < PART
            && let Some(rest) = &mut self.rest
        {
            let chunk = tokio::time::timeout(self.http.idle_timeout(), rest.chunk()).await;
            match chunk {
                Ok(Ok(Some(chunk))) => self.take(&chunk)?,
                Ok(Ok(None)) => self.rest = None,
                Ok(Err(_)) | Err(_) => {
                    self.rest = None;
                    self.part.clear();
                    return Err(DownstreamError::Unavailable {
                        call: self.call.clone(),
                        retry_after: UNAVAILABLE,
                    });
                }
            }
        }
        let length = self.part.len().min(PART);
        Ok((length > 0).then(|| self.part.split_to(length).freeze()))
    }

    fn take(&mut self, chunk: &Bytes) -> Result<(), DownstreamError> {
        if let Some(allowed) = &mut self.allowed {
            let length = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
            *allowed = allowed
                .checked_sub(length)
                .ok_or_else(|| DownstreamError::ResponseInvalid(self.call.clone()))?;
        }
        self.part.extend_from_slice(chunk);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Range;

    #[test]
    fn a_range_names_its_first_and_last_byte() {
        let header = |offset, length| {
            let value = Range { offset, length }.header()?;
            Some(value.to_str().unwrap().to_owned())
        };
        assert_eq!(header(0, None), None);
        assert_eq!(header(7, None).unwrap(), "bytes=7-");
        assert_eq!(header(0, Some(1)).unwrap(), "bytes=0-0");
        assert_eq!(header(10, Some(5)).unwrap(), "bytes=10-14");
        assert_eq!(
            header(1, Some(u64::MAX)).unwrap(),
            format!("bytes=1-{}", u64::MAX)
        );
    }
}
