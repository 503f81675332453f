//! Writing a file: create, append part by part, and flush, which alone makes the parts count.
//!
//! The flush is for the version that the create made, so that it comes to nothing once somebody else
//! has created or flushed the file. OneLake's appends take no condition.

use bytes::{Bytes, BytesMut};
use reqwest::header::{HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use reqwest::{Method, StatusCode, Url};

use super::{FILE, FilePath, Lakehouse, OneLake, Version};
use crate::downstream::call::{Answer, Call, with_query};
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
///
/// Of two who write one file, the one that began later wins; the other fails with
/// [`DownstreamError::Overtaken`] at the latest when it finishes.
pub struct Upload<'a> {
    onelake: &'a OneLake,
    on_behalf_of: &'a OnBehalfOf,
    url: Url,
    part: BytesMut,
    /// What has to be there, or not, for the file to be created.
    condition: Option<(HeaderName, HeaderValue)>,
    /// None until the file is created.
    begun: Option<Begun>,
}

/// A file that is created and not flushed.
#[derive(Clone)]
struct Begun {
    /// The version that the create made.
    etag: HeaderValue,
    /// How many bytes OneLake has.
    sent: u64,
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
            condition: None,
            begun: None,
        }
    }
}

impl Upload<'_> {
    /// Lets the file be created only while it is what was seen, or as absent.
    #[must_use]
    pub fn replacing(mut self, seen: Option<Version>) -> Self {
        self.condition = Some(match seen {
            Some(version) => (IF_MATCH, version.etag),
            None => (IF_NONE_MATCH, HeaderValue::from_static("*")),
        });
        self
    }

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
        Ok(self.send_part().await?.sent)
    }

    /// Makes the file what was appended, and answers how many bytes that is.
    ///
    /// # Errors
    ///
    /// See [`DownstreamError`].
    pub async fn finish(mut self) -> Result<u64, DownstreamError> {
        let Begun { etag, sent } = self.send_part().await?;
        let position = sent.to_string();
        let flush = self.patch(&[("action", "flush"), ("position", &position)]);
        let flush = Call {
            expected: &[StatusCode::OK],
            ..flush.with_header(IF_MATCH, etag)
        };
        self.send(&flush).await?;
        Ok(sent)
    }

    /// Sends what has gathered, behind what is there.
    async fn send_part(&mut self) -> Result<Begun, DownstreamError> {
        let mut begun = match &self.begun {
            Some(begun) => begun.clone(),
            None => Begun {
                etag: self.create().await?,
                sent: 0,
            },
        };
        // The part's memory goes out with it; the next one takes its own only when it begins.
        let part = std::mem::take(&mut self.part).freeze();
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        if !part.is_empty() {
            let at = begun.sent.to_string();
            let append = Call {
                body: part,
                expected: &[StatusCode::ACCEPTED],
                ..self.patch(&[("action", "append"), ("position", &at)])
            };
            self.send(&append).await?;
        }
        begun.sent = begun.sent.saturating_add(length);
        self.begun = Some(begun.clone());
        Ok(begun)
    }

    /// Creates the file, or empties the one that is there, and answers which version that makes.
    async fn create(&self) -> Result<HeaderValue, DownstreamError> {
        let mut create = Call {
            method: Method::PUT,
            expected: &[StatusCode::CREATED],
            ..self.call(&[("resource", "file")])
        };
        if let Some((name, value)) = &self.condition {
            create = create.with_header(name.clone(), value.clone());
        }
        self.send(&create).await?.etag()
    }

    fn patch(&self, query: &[(&str, &str)]) -> Call {
        Call {
            method: Method::PATCH,
            ..self.call(query)
        }
    }

    /// Every step names its position, so that taking it twice comes to the same, or fails.
    fn call(&self, query: &[(&str, &str)]) -> Call {
        self.onelake.call(with_query(self.url.clone(), query), FILE)
    }

    async fn send(&self, call: &Call) -> Result<Answer, DownstreamError> {
        self.onelake.http.send(self.on_behalf_of, call).await
    }
}
