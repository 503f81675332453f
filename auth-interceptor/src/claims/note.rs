//! What somebody who watches has noted of claims, kept with them.

use std::any::Any;
use std::sync::{Arc, OnceLock};

/// See [`Claims::note`](super::Claims::note).
#[derive(Clone, Default)]
pub(crate) struct Note(OnceLock<Option<Arc<dyn Any + Send + Sync>>>);

impl Note {
    /// What one may occupy.
    pub(crate) const BYTES: usize = 320;

    pub(super) fn read<T: Any + Send + Sync>(
        &self,
        write: impl FnOnce() -> Option<T>,
    ) -> Option<Arc<T>> {
        let note = self.0.get_or_init(|| Some(Arc::new(write()?)));
        note.clone()?.downcast().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_written_once_and_is_of_one_type() {
        let note = Note::default();
        for text in ["first", "second"] {
            let read = note.read(|| Some(text));
            assert_eq!(read.as_deref(), Some(&"first"));
        }
        assert_eq!(
            note.clone().read(|| Some("third")).as_deref(),
            Some(&"first")
        );
        assert_eq!(note.read(|| Some(4)), None);
    }

    #[test]
    fn where_there_is_nothing_to_note_nothing_is_asked_again() {
        let note = Note::default();
        assert_eq!(note.read(|| None::<&str>), None);
        assert_eq!(note.read(|| Some("late")), None);
    }
}
