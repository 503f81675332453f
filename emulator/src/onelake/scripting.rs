//! What a test or a demonstration asks of OneLake without a token: what is there, and how often it
//! was written; and to hold a flush back.

use http_body_util::{BodyExt as _, Limited};
use tokio::sync::oneshot;

use super::tree::Kind;
use crate::Emulator;

/// Bytes of a file that is handed out whole.
const FILE_BYTES: u64 = 64 << 20;

/// A flush that has arrived, or will, and is not carried out before this is released or dropped.
#[derive(Debug)]
pub struct HeldFlush {
    arrives: oneshot::Receiver<()>,
    holds: oneshot::Sender<()>,
    ends: oneshot::Receiver<()>,
}

impl HeldFlush {
    /// Waits until the flush has arrived.
    pub async fn arrived(&mut self) {
        // The other end goes away only with the emulator, or when the next hold takes its place.
        let _ = (&mut self.arrives).await;
    }

    /// Has it carried out, and waits until it has been, or its sender is gone.
    pub async fn release(self) {
        drop(self.holds);
        let _ = self.ends.await;
    }
}

/// The emulator's end of a [`HeldFlush`]. Nothing is sent to either of the last two: they are
/// dropped.
#[derive(Debug)]
pub(super) struct Hold {
    arrived: oneshot::Sender<()>,
    released: oneshot::Receiver<()>,
    ended: oneshot::Sender<()>,
}

/// What the flush keeps until it has been carried out.
pub(super) struct Released {
    _ended: oneshot::Sender<()>,
}

impl Hold {
    pub(super) async fn wait(self) -> Released {
        let _ = self.arrived.send(());
        let _ = self.released.await;
        Released { _ended: self.ended }
    }
}

impl Emulator {
    /// Holds the next flush back, whoever sends it, for as long as the answer lives: so long it is
    /// under way.
    #[must_use]
    pub fn hold_next_flush(&self) -> HeldFlush {
        let (arrived, arrives) = oneshot::channel();
        let (holds, released) = oneshot::channel();
        let (ended, ends) = oneshot::channel();
        self.authority.onelake.stored().held = Some(Hold {
            arrived,
            released,
            ended,
        });
        HeldFlush {
            arrives,
            holds,
            ends,
        }
    }

    /// What readers see of a file, by its path from the item on, for example `Files/rows.csv`;
    /// `None` when there is no such file, or it is larger than 64 MiB.
    pub async fn onelake_file(&self, item: &str, path: &str) -> Option<Vec<u8>> {
        let content = {
            let stored = self.authority.onelake.stored();
            match &stored.trees.get(item)?.get(path)?.kind {
                Kind::File(content) => content.clone(),
                Kind::Folder | Kind::Shortcut => return None,
            }
        };
        let length = content.length().min(FILE_BYTES + 1);
        let bytes = Limited::new(content.read(0, length), usize::try_from(FILE_BYTES).ok()?)
            .collect()
            .await
            .ok()?;
        Some(bytes.to_bytes().to_vec())
    }

    /// The paths of an item's files below a folder, for example `Files`, in order.
    #[must_use]
    pub fn onelake_files(&self, item: &str, folder: &str) -> Vec<String> {
        let stored = self.authority.onelake.stored();
        let tree = stored.trees.get(item);
        tree.into_iter()
            .flat_map(|tree| tree.within(folder))
            .filter(|(_, node)| !node.is_folder())
            .map(|(path, _)| path.to_owned())
            .collect()
    }

    /// How often a path was flushed, whatever has become of it since: how often somebody finished
    /// writing there.
    #[must_use]
    pub fn onelake_flushes(&self, item: &str, path: &str) -> u64 {
        let stored = self.authority.onelake.stored();
        let key = (item.to_owned(), path.to_owned());
        stored.flushes.get(&key).copied().unwrap_or_default()
    }
}
