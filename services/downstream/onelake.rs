//! OneLake's DFS API (ADLS Gen2): the files and tables of a lakehouse.
//!
//! Bytes pass through in parts: however large a file is, a few parts of it are in memory at once.

mod download;
mod listing;
mod path;
mod tables;
mod upload;

use std::sync::Arc;

use reqwest::header::HeaderValue;
use reqwest::{Method, StatusCode, Url};
use uuid::Uuid;

use super::call::{Call, address, with_query};
use super::credentials::OnBehalfOf;
use super::error::DownstreamError;
use super::http::Http;
use super::scopes::{ONELAKE, STORAGE};
use crate::exchange::Scopes;

pub use self::download::{Download, Range};
pub use self::listing::{Entry, EntryPage};
pub use self::path::{FilePath, FilePathError};
pub use self::tables::Table;
pub use self::upload::Upload;

const FILE: &str = "/{workspaceId}/{itemId}/Files/{path}";

/// OneLake.
#[derive(Debug)]
pub struct OneLake {
    http: Arc<Http>,
    base: Url,
}

/// A lakehouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lakehouse {
    /// The workspace it is in.
    pub workspace_id: Uuid,
    /// The item within the workspace.
    pub item_id: Uuid,
}

/// What a file was when somebody looked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// How many bytes it had.
    pub size: u64,
    /// Its entity tag (RFC 9110 section 8.8.3), which the next create or flush changes.
    etag: HeaderValue,
}

impl OneLake {
    pub(super) fn new(http: Arc<Http>, base: Url) -> Self {
        Self { http, base }
    }

    /// What calls of it are exchanged for.
    #[must_use]
    pub fn scopes() -> &'static Arc<Scopes> {
        &ONELAKE
    }

    /// Deletes a file, or a folder with all that is in it.
    ///
    /// # Errors
    ///
    /// See [`DownstreamError`].
    pub async fn delete(
        &self,
        on_behalf_of: &OnBehalfOf,
        lakehouse: Lakehouse,
        path: &FilePath,
    ) -> Result<(), DownstreamError> {
        let url = self.file(lakehouse, path);
        let mut continuation = String::new();
        loop {
            let mut query = vec![("recursive", "true")];
            if !continuation.is_empty() {
                query.push(("continuation", &*continuation));
            }
            let call = Call {
                method: Method::DELETE,
                expected: &[StatusCode::OK, StatusCode::ACCEPTED],
                // A second one would find nothing, and could not say whose work that is.
                repeatable: false,
                ..self.call(with_query(url.clone(), &query), FILE)
            };
            let answer = self.http.send(on_behalf_of, &call).await?;
            // A large folder goes in several steps.
            match listing::continuation(&answer)? {
                None => return Ok(()),
                Some(next) if next == continuation => return Err(answer.makes_no_sense()),
                Some(next) => continuation = next,
            }
        }
    }

    /// What a file is at present; none: there is no file.
    ///
    /// # Errors
    ///
    /// See [`DownstreamError`].
    pub async fn version(
        &self,
        on_behalf_of: &OnBehalfOf,
        lakehouse: Lakehouse,
        path: &FilePath,
    ) -> Result<Option<Version>, DownstreamError> {
        let call = Call {
            method: Method::HEAD,
            ..self.call(self.file(lakehouse, path), FILE)
        };
        match self.http.send(on_behalf_of, &call).await {
            Ok(answer) => {
                let size = answer.header("content-length");
                let size = size.and_then(|size| size.parse().ok());
                let size = size.ok_or_else(|| answer.makes_no_sense())?;
                let etag = answer.etag()?;
                Ok(Some(Version { size, etag }))
            }
            Err(DownstreamError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn file(&self, lakehouse: Lakehouse, path: &FilePath) -> Url {
        let workspace_id = lakehouse.workspace_id.to_string();
        let item_id = lakehouse.item_id.to_string();
        let folders = [&*workspace_id, &*item_id, "Files"];
        address(&self.base, folders.into_iter().chain(path.segments()))
    }

    fn call(&self, url: Url, template: &'static str) -> Call {
        Call::get(STORAGE, &ONELAKE, url, template)
    }
}
