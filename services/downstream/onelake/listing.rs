//! Listing what is in a folder.

use std::fmt;
use std::time::UNIX_EPOCH;

use auth_interceptor::UnixSeconds;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};

use super::{FilePath, Lakehouse, OneLake};
use crate::downstream::call::{Answer, address, with_query};
use crate::downstream::credentials::OnBehalfOf;
use crate::downstream::error::DownstreamError;

/// How many paths a page has at most. With the longest names it stays within the limit of a document.
const PAGE: &str = "500";
/// The longest continuation that is passed on.
const MAX_CONTINUATION: usize = 2 * 1024;

/// A page of files and folders.
#[derive(Clone, Debug)]
pub struct EntryPage {
    /// The files and folders.
    pub entries: Vec<Entry>,
    /// What to ask for the next page with; none: this is the last.
    pub continuation: Option<String>,
}

/// A file or folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path below `Files`.
    pub path: String,
    /// Whether it is a folder.
    pub is_folder: bool,
    /// How many bytes it has; 0 for a folder.
    pub size: u64,
    /// When it was last written.
    pub update_time: Option<UnixSeconds>,
}

/// A path as OneLake lists it: from the workspace down.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListedPath {
    pub(super) name: String,
    #[serde(default, deserialize_with = "flag")]
    is_directory: bool,
    #[serde(default, deserialize_with = "count")]
    content_length: u64,
    #[serde(default)]
    last_modified: Option<String>,
    #[serde(default, deserialize_with = "flag")]
    pub(super) is_shortcut: bool,
    #[serde(default)]
    pub(super) account_type: Option<String>,
}

/// What to list.
pub(super) struct Listing<'l> {
    /// The folder, from the lakehouse down.
    pub(super) folder: &'l str,
    pub(super) recursive: bool,
    /// Whether to say where shortcuts lead.
    pub(super) shortcuts: bool,
    pub(super) continuation: Option<&'l str>,
}

impl OneLake {
    /// What is in a folder, or in `Files` itself, a page at a time.
    ///
    /// # Errors
    ///
    /// See [`DownstreamError`].
    pub async fn list(
        &self,
        on_behalf_of: &OnBehalfOf,
        lakehouse: Lakehouse,
        folder: Option<&FilePath>,
        recursive: bool,
        continuation: Option<&str>,
    ) -> Result<EntryPage, DownstreamError> {
        let folder = match folder {
            None => "Files".to_owned(),
            Some(folder) => format!("Files/{}", folder.as_str()),
        };
        let listing = Listing {
            folder: &folder,
            recursive,
            shortcuts: false,
            continuation,
        };
        let (answer, paths, continuation) =
            self.list_paths(on_behalf_of, lakehouse, &listing).await?;
        let entries = paths.into_iter().map(|listed| {
            let path = below(lakehouse, &listed.name).and_then(|path| path.strip_prefix("Files/"));
            Some(Entry {
                path: path?.to_owned(),
                is_folder: listed.is_directory,
                size: listed.content_length,
                update_time: listed.last_modified.as_deref().and_then(time),
            })
        });
        let entries: Option<Vec<_>> = entries.collect();
        Ok(EntryPage {
            entries: entries.ok_or_else(|| answer.makes_no_sense())?,
            continuation,
        })
    }

    pub(super) async fn list_paths(
        &self,
        on_behalf_of: &OnBehalfOf,
        lakehouse: Lakehouse,
        listing: &Listing<'_>,
    ) -> Result<(Answer, Vec<ListedPath>, Option<String>), DownstreamError> {
        #[derive(Deserialize)]
        struct Page {
            paths: Vec<ListedPath>,
        }

        let workspace_id = lakehouse.workspace_id.to_string();
        let directory = format!("{}/{}", lakehouse.item_id, listing.folder);
        let mut query = vec![
            ("resource", "filesystem"),
            ("directory", &*directory),
            (
                "recursive",
                if listing.recursive { "true" } else { "false" },
            ),
            ("maxResults", PAGE),
        ];
        if listing.shortcuts {
            query.push(("getShortcutMetadata", "true"));
        }
        if let Some(continuation) = listing.continuation {
            query.push(("continuation", continuation));
        }
        let url = with_query(address(&self.base, [&*workspace_id]), &query);
        let call = self.call(url, "/{workspaceId}");
        let answer = self.http.send(on_behalf_of, &call).await?;
        let Page { paths } = answer.json()?;
        let next = continuation(&answer)?;
        // A page that continues with itself would be asked for again and again.
        if next.is_some() && next.as_deref() == listing.continuation {
            return Err(answer.makes_no_sense());
        }
        Ok((answer, paths, next))
    }
}

/// What the answer wants to be asked for its next part with.
pub(super) fn continuation(answer: &Answer) -> Result<Option<String>, DownstreamError> {
    match answer.header("x-ms-continuation") {
        None | Some("") => Ok(None),
        Some(text) if text.len() <= MAX_CONTINUATION => Ok(Some(text.to_owned())),
        Some(_) => Err(answer.makes_no_sense()),
    }
}

/// A listed name without the lakehouse that it begins with.
pub(super) fn below(lakehouse: Lakehouse, name: &str) -> Option<&str> {
    let (item, path) = name.trim_start_matches('/').split_once('/')?;
    item.eq_ignore_ascii_case(&lakehouse.item_id.to_string())
        .then_some(path)
}

fn time(text: &str) -> Option<UnixSeconds> {
    let time = httpdate::parse_http_date(text).ok()?;
    Some(time.duration_since(UNIX_EPOCH).ok()?.as_secs())
}

/// A boolean, which ADLS also writes as a string.
fn flag<'de, D: Deserializer<'de>>(value: D) -> Result<bool, D::Error> {
    struct Flag;

    impl Visitor<'_> for Flag {
        type Value = bool;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("true or false, with or without quotes")
        }

        fn visit_bool<E: de::Error>(self, value: bool) -> Result<bool, E> {
            Ok(value)
        }

        fn visit_str<E: de::Error>(self, value: &str) -> Result<bool, E> {
            value
                .to_ascii_lowercase()
                .parse()
                .map_err(|_| E::invalid_value(de::Unexpected::Other("text"), &self))
        }

        fn visit_unit<E: de::Error>(self) -> Result<bool, E> {
            Ok(false)
        }
    }

    value.deserialize_any(Flag)
}

/// A number of bytes, which ADLS also writes as a string.
fn count<'de, D: Deserializer<'de>>(value: D) -> Result<u64, D::Error> {
    struct Count;

    impl Visitor<'_> for Count {
        type Value = u64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number of bytes, with or without quotes")
        }

        fn visit_u64<E: de::Error>(self, value: u64) -> Result<u64, E> {
            Ok(value)
        }

        fn visit_str<E: de::Error>(self, value: &str) -> Result<u64, E> {
            value
                .parse()
                .map_err(|_| E::invalid_value(de::Unexpected::Other("text"), &self))
        }

        fn visit_unit<E: de::Error>(self) -> Result<u64, E> {
            Ok(0)
        }
    }

    value.deserialize_any(Count)
}

#[cfg(test)]
mod tests {
    use super::ListedPath;

    fn read(json: &str) -> Option<(bool, u64, bool)> {
        let path: ListedPath = serde_json::from_str(json).ok()?;
        Some((path.is_directory, path.content_length, path.is_shortcut))
    }

    #[test]
    fn flags_and_counts_may_be_texts() {
        for (json, expected) in [
            (r#"{"name":"n"}"#, (false, 0, false)),
            (
                r#"{"name":"n","isDirectory":"true","contentLength":"12","isShortcut":"False"}"#,
                (true, 12, false),
            ),
            (
                r#"{"name":"n","isDirectory":false,"contentLength":12,"isShortcut":true,"new":{}}"#,
                (false, 12, true),
            ),
            (
                r#"{"name":"n","isDirectory":null,"contentLength":null,"accountType":null}"#,
                (false, 0, false),
            ),
        ] {
            assert_eq!(read(json), Some(expected), "{json}");
        }
        for json in [
            "{}",
            r#"{"name":"n","isDirectory":"yes"}"#,
            r#"{"name":"n","isDirectory":1}"#,
            r#"{"name":"n","contentLength":-1}"#,
            r#"{"name":"n","contentLength":"1e3"}"#,
        ] {
            assert_eq!(read(json), None, "{json}");
        }
    }
}
