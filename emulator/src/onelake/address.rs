//! The address of a request: workspace, item, and the path within the item.

use percent_encoding::percent_decode_str;
use uuid::Uuid;

use super::error::OneLakeError;

const PATH_BYTES: usize = 1024;

/// What an address names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// A workspace: the file system.
    Workspace(String),
    /// A path within an item; empty for the item itself.
    Path {
        workspace: String,
        item: String,
        path: String,
    },
}

impl Address {
    /// Reads an encoded path without the mount point: `/{workspace}/{item}/…`.
    pub(super) fn parse(encoded: &str) -> Result<Self, OneLakeError> {
        let decoded = percent_decode_str(encoded)
            .decode_utf8()
            .map_err(|_| OneLakeError::invalid_uri())?;
        let decoded = decoded.trim_start_matches('/');
        let (workspace, rest) = decoded.split_once('/').unwrap_or((decoded, ""));
        let workspace = guid(workspace).ok_or_else(OneLakeError::filesystem_not_found)?;
        match Self::within(rest)? {
            None => Ok(Self::Workspace(workspace)),
            Some((item, path)) => Ok(Self::Path {
                workspace,
                item,
                path,
            }),
        }
    }

    /// Reads `{item}/…`, of an address or of a `directory` parameter; `None` when it is empty.
    pub(super) fn within(path: &str) -> Result<Option<(String, String)>, OneLakeError> {
        let path = path.trim_matches('/');
        if path.is_empty() {
            return Ok(None);
        }
        let (item, path) = path.split_once('/').unwrap_or((path, ""));
        let item = guid(item).ok_or_else(OneLakeError::path_not_found)?;
        let sound = |segment: &str| {
            !["", ".", ".."].contains(&segment) && !segment.chars().any(char::is_control)
        };
        if path.len() > PATH_BYTES || !(path.is_empty() || path.split('/').all(sound)) {
            return Err(OneLakeError::invalid_uri());
        }
        Ok(Some((item, path.to_owned())))
    }
}

fn guid(text: &str) -> Option<String> {
    Uuid::try_parse(text).ok().map(|id| id.to_string())
}

#[cfg(test)]
mod tests {
    use super::Address;

    const WORKSPACE: &str = "00000000-0000-0000-0000-00000000000a";
    const ITEM: &str = "00000000-0000-0000-0000-00000000000b";

    #[test]
    fn an_address_names_a_workspace_or_a_path_in_an_item() {
        assert_eq!(
            Address::parse(&format!("/{WORKSPACE}")).unwrap(),
            Address::Workspace(WORKSPACE.to_owned())
        );
        let cases = [
            ("Files/a%20b%C3%A9.csv", "Files/a bé.csv"),
            ("Files/", "Files"),
            ("", ""),
        ];
        for (encoded, path) in cases {
            let address = Address::parse(&format!("/{WORKSPACE}/{ITEM}/{encoded}")).unwrap();
            let expected = Address::Path {
                workspace: WORKSPACE.to_owned(),
                item: ITEM.to_owned(),
                path: path.to_owned(),
            };
            assert_eq!(address, expected);
        }
    }

    #[test]
    fn an_address_that_climbs_or_is_no_text_is_refused() {
        for path in [
            "Files/../Tables",
            "Files/%2e%2e/x",
            "Files//x",
            "Files/%FF",
            "Files/%00",
        ] {
            assert!(
                Address::parse(&format!("/{WORKSPACE}/{ITEM}/{path}")).is_err(),
                "{path}"
            );
        }
        assert!(Address::parse("/workspace/item").is_err());
    }
}
