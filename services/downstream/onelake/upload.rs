//! Writing a file: create, append part by part, and flush, which alone makes the parts count.

use bytes::{Bytes, BytesMut};
use reqwest::{Method, StatusCode, Url};

use super::{FILE, FilePath, Lakehouse, OneLake};
use crate::downstream::call::{Call, with_query};
use crate::downstream::credentials::OnBehalfOf;
use crate::downstream::error::DownstreamError;

/// How many bytes are sent at once.
const PART: usize = 4 * 1024 * 1024;

/// A file that is being written.
///
/// The file is left alone until the first part is full or the upload is finished. From then on it
/// is empty, and it has its bytes when [`finish`](Self::finish) returns. An upload that is dropped
/// before leaves it as it then is: nothing is flushed that its writer has not declared complete, and
/// nothing is deleted, for the file may have been there before.
pub struct Upload<'a> {
    onelake: &'a OneLake,
    on_behalf_of: &'a OnBehalfOf,
    url: Url,
    part: BytesMut,
    /// How many bytes OneLake has; none until the file is created.
    sent: Option<u64>,
}

impl OneLake {
    /// Begins to write a file, which will be created or replaced. Nothing is sent yet.
    #[must_use]
    pub fn upload<'a>(
        &'a self,
        on_behalf_of: &'a OnBehalfOf,
        lakehouse: Lakehouse,
        path: &FilePath,
    ) -> Upload<'a> {
        Upload {
            onelake: self,
            on_behalf_of,
            url: self.file(lakehouse, path),
            part: BytesMut::new(),
            sent: None,
        }
    }
}

impl Upload<'_> {
    /// Adds bytes to the end of the file. Returns once there is room for more.
    ///
    /// # Errors
    ///
    /// See [`DownstreamError`]. The upload cannot be continued after one.
    pub async fn append(&mut self, mut bytes: Bytes) -> Result<(), DownstreamError> {
        while !bytes.is_empty() {
            let room = PART.saturating_sub(self.part.len());
            let taken = bytes.split_to(bytes.len().min(room));
            self.part.extend_from_slice(&taken);
            if self.part.len() >= PART {
                self.send_part().await?;
            }
        }
        Ok(())
    }

    /// Sends what has gathered, so that making it count is all that is left, and answers how many
    /// bytes the file will have.
    ///
    /// # Errors
    ///
    /// See [`DownstreamError`].
    pub async fn send_all(&mut self) -> Result<u64, DownstreamError> {
        self.send_part().await?;
        Ok(self.sent.unwrap_or_default())
    }

    /// Makes the file what was appended, and answers how many bytes that is.
    ///
    /// # Errors
    ///
    /// See [`DownstreamError`].
    pub async fn finish(mut self) -> Result<u64, DownstreamError> {
        let size = self.send_all().await?;
        let position = size.to_string();
        let flush = self.patch(&[("action", "flush"), ("position", &position)]);
        let flush = Call {
            expected: &[StatusCode::OK],
            ..flush
        };
        self.send(&flush).await?;
        Ok(size)
    }

    /// Sends what has gathered, behind what is there.
    async fn send_part(&mut self) -> Result<(), DownstreamError> {
        let position = match self.sent {
            Some(sent) => sent,
            None => {
                self.create().await?;
                0
            }
        };
        // The part's memory goes out with it; the next one takes its own only when it begins.
        let part = std::mem::take(&mut self.part).freeze();
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        if !part.is_empty() {
            let at = position.to_string();
            let append = Call {
                body: part,
                expected: &[StatusCode::ACCEPTED],
                ..self.patch(&[("action", "append"), ("position", &at)])
            };
            self.send(&append).await?;
        }
        self.sent = Some(position.saturating_add(length));
        Ok(())
    }

    /// Creates the file, or empties the one that is there.
    async fn create(&self) -> Result<(), DownstreamError> {
        let create = Call {
            method: Method::PUT,
            expected: &[StatusCode::CREATED],
            ..self.call(&[("resource", "file")])
        };
        self.send(&create).await
    }

    fn patch(&self, query: &[(&str, &str)]) -> Call {
        Call {
            method: Method::PATCH,
            ..self.call(query)
        }
    }

    /// Every step names its position, so that taking it twice comes to the same.
    fn call(&self, query: &[(&str, &str)]) -> Call {
        self.onelake.call(with_query(self.url.clone(), query), FILE)
    }

    async fn send(&self, call: &Call) -> Result<(), DownstreamError> {
        self.onelake.http.send(self.on_behalf_of, call).await?;
        Ok(())
    }
}
