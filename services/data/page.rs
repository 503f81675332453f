//! Pages: sizes within bounds, and tokens that only continue the list they were given out for.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::call::CallError;
use crate::downstream::{FilePath, Lakehouse, WorkspaceRole};
use crate::store::{Owner, Page, Place, Position};

const DEFAULT_SIZE: u32 = 100;
const MAX_SIZE: u32 = 1_000;

/// The longest token: 2 KiB of another API's, and the digest.
const MAX_TOKEN: usize = 3 * 1024;

/// How much of the list's digest a token carries. It catches a token of another list; it is no
/// secret, for a position says nothing and opens nothing.
const DIGEST_LENGTH: usize = 8;

/// A list that is read in pages.
pub(super) struct List([u8; DIGEST_LENGTH]);

impl List {
    /// The rows of a place.
    pub(super) fn of_rows(place: &Place) -> Self {
        let below = match place.item {
            None => String::new(),
            Some(item) => {
                let item = item.id();
                format!("{}/{}", item.workspace_id, item.item_id)
            }
        };
        Self::of("rows", &place.owner, &below)
    }

    /// The tasks of an owner.
    pub(super) fn of_tasks(owner: &Owner) -> Self {
        Self::of("tasks", owner, "")
    }

    /// The workspaces that a user sees in one of these roles.
    pub(super) fn of_workspaces(owner: &Owner, roles: &[WorkspaceRole]) -> Self {
        let roles: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
        Self::of("workspaces", owner, &roles.join(","))
    }

    /// What a user sees in a folder of a lakehouse.
    pub(super) fn of_files(
        owner: &Owner,
        lakehouse: Lakehouse,
        folder: Option<&FilePath>,
        recursive: bool,
    ) -> Self {
        let folder = folder.map_or("", FilePath::as_str);
        let Lakehouse {
            workspace_id,
            item_id,
        } = lakehouse;
        let below = format!("{workspace_id}/{item_id}/{recursive}/{folder}");
        Self::of("files", owner, &below)
    }

    fn of(kind: &str, owner: &Owner, below: &str) -> Self {
        // The object id comes last: it alone could contain the separator.
        let name = format!("{kind}\n{}\n{below}\n{}", owner.tenant(), owner.object_id());
        let digest = digest(&SHA256, name.as_bytes());
        let mut short = [0; DIGEST_LENGTH];
        short
            .iter_mut()
            .zip(digest.as_ref())
            .for_each(|(to, from)| *to = *from);
        Self(short)
    }

    /// The page that a request asks for.
    pub(super) fn page(&self, size: i32, token: &str) -> Result<Page, CallError> {
        let size = match u32::try_from(size) {
            Err(_) => return Err(CallError::field("page_size", "must not be negative")),
            Ok(0) => DEFAULT_SIZE,
            Ok(size) => size.min(MAX_SIZE),
        };
        let after = match token {
            "" => None,
            _ => Some(self.position(token).ok_or_else(foreign)?),
        };
        Ok(Page { after, size })
    }

    /// The token of the next page; empty where there is none.
    pub(super) fn token(&self, next: Option<Position>) -> String {
        next.map_or_else(String::new, |Position(position)| {
            let mut bytes = position.to_be_bytes().to_vec();
            bytes.extend(self.0);
            URL_SAFE_NO_PAD.encode(bytes)
        })
    }

    /// Where the page begins that a request asks for, in the words of the API that keeps the list.
    pub(super) fn continuation(&self, token: &str) -> Result<Option<String>, CallError> {
        if token.is_empty() {
            return Ok(None);
        }
        let read = || {
            let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
            let (digest, continuation) = bytes.split_first_chunk()?;
            let continuation = std::str::from_utf8(continuation).ok()?;
            (*digest == self.0 && !continuation.is_empty()).then(|| continuation.to_owned())
        };
        // Longer ones are not given out.
        let token = (token.len() <= MAX_TOKEN).then(read).flatten();
        token.map(Some).ok_or_else(foreign)
    }

    /// The token of the next page, which the API that keeps the list wants asked for so; empty where
    /// there is none.
    pub(super) fn continuation_token(&self, next: Option<&str>) -> String {
        next.map_or_else(String::new, |continuation| {
            let mut bytes = self.0.to_vec();
            bytes.extend(continuation.as_bytes());
            URL_SAFE_NO_PAD.encode(bytes)
        })
    }

    fn position(&self, token: &str) -> Option<Position> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (position, digest) = bytes.split_first_chunk()?;
        (digest == self.0).then(|| Position(i64::from_be_bytes(*position)))
    }
}

fn foreign() -> CallError {
    CallError::field("page_token", "must be a next_page_token of this very list")
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::List;
    use crate::downstream::{ConfirmedItem, FilePath, ItemId, Lakehouse, WorkspaceRole};
    use crate::store::{Owner, Place, Position};

    fn owner(object_id: &str) -> Owner {
        Owner::new(
            "0f8fad5b-d9cb-469f-a165-70867728950e".parse().unwrap(),
            object_id,
        )
    }

    #[test]
    fn a_token_continues_the_list_it_was_given_out_for() {
        let list = List::of_tasks(&owner("megan"));
        let token = list.token(Some(Position(7)));
        assert_eq!(list.page(0, &token).unwrap().after, Some(Position(7)));
    }

    #[test]
    fn a_token_of_another_list_or_of_nobody_is_refused() {
        let list = List::of_tasks(&owner("megan"));
        let item = ConfirmedItem::unasked(ItemId {
            workspace_id: Uuid::nil(),
            item_id: Uuid::max(),
        });
        let other_lists = [
            List::of_tasks(&owner("adele")),
            List::of_rows(&Place {
                owner: owner("megan"),
                item: None,
            }),
            List::of_rows(&Place {
                owner: owner("megan"),
                item: Some(item),
            }),
        ];
        let foreign = other_lists
            .iter()
            .map(|other| other.token(Some(Position(7))));
        let own = list.token(Some(Position(7)));
        let damaged = [
            "0",
            "====",
            "AAAA",
            &own[1..],
            &format!("{own}{own}"),
            "\u{e9}",
        ];
        for token in foreign.chain(damaged.map(str::to_owned)) {
            assert!(list.page(0, &token).is_err(), "{token}");
        }
    }

    #[test]
    fn a_token_of_another_api_continues_the_list_it_was_given_out_for_and_no_other() {
        let lakehouse = Lakehouse {
            workspace_id: Uuid::nil(),
            item_id: Uuid::max(),
        };
        let folder = FilePath::parse("a").unwrap();
        let megan = owner("megan");
        let lists = [
            List::of_files(&megan, lakehouse, None, false),
            List::of_files(&megan, lakehouse, None, true),
            List::of_files(&megan, lakehouse, Some(&folder), false),
            List::of_files(&owner("adele"), lakehouse, None, false),
            List::of_workspaces(&megan, &[]),
            List::of_workspaces(&megan, &[WorkspaceRole::Admin]),
        ];
        for (number, list) in lists.iter().enumerate() {
            let token = list.continuation_token(Some("next\u{e9}&1"));
            for (other, list) in lists.iter().enumerate() {
                let read = list.continuation(&token);
                let expected = (number == other).then(|| "next\u{e9}&1".to_owned());
                assert_eq!(read.ok().flatten(), expected);
            }
            let bare = list.continuation_token(Some(""));
            for damaged in ["0", "====", &token[1..], &bare, &"A".repeat(4096)] {
                assert!(list.continuation(damaged).is_err(), "{damaged}");
            }
            assert_eq!(list.continuation(""), Ok(None));
            assert_eq!(list.continuation_token(None), "");
        }
    }

    #[test]
    fn sizes_are_within_bounds() {
        let list = List::of_tasks(&owner("megan"));
        let size = |asked| list.page(asked, "").map(|page| page.size);
        assert_eq!(size(0), Ok(100));
        assert_eq!(size(1), Ok(1));
        assert_eq!(size(i32::MAX), Ok(1_000));
        assert!(size(-1).is_err());
    }
}
