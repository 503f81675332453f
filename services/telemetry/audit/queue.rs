//! The entries that wait for the file, a bounded number of them.
//!
//! To wake a thread costs a call more than to make its entry. So the writer is woken by the first
//! entry alone, and takes those that come soon after along; only one that a call waits for is worth
//! a wake of its own. A channel wakes its receiver for each.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::Entry;

/// The entries that wait at most.
const CAPACITY: usize = 8192;
/// The entries that are written without waiting for more.
const ENOUGH: usize = CAPACITY / 4;
/// How long the first of several entries waits for the others.
const GATHERING: Duration = Duration::from_millis(50);

/// An entry on its way.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) entry: Entry,
    /// Told once the entry is on the file; dropped where it is not.
    pub(super) written: Option<oneshot::Sender<()>>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Queue {
    gathering: Duration,
    queued: Mutex<Queued>,
    came: Condvar,
}

/// Where entries are put in. The queue comes to its end with it.
#[derive(Debug)]
pub(super) struct Entrance(Arc<Queue>);

impl Entrance {
    pub(super) fn to(queue: &Arc<Queue>) -> Self {
        Self(Arc::clone(queue))
    }

    /// Puts an entry in; false where there is no room, or nobody who takes it out.
    pub(super) fn offer(&self, entry: Waiting) -> bool {
        self.0.offer(entry)
    }

    /// Lets nothing in any more. What is there still comes out.
    pub(super) fn close(&self) {
        self.0.close();
    }
}

impl Drop for Entrance {
    fn drop(&mut self) {
        self.close();
    }
}

#[derive(Debug, Default)]
struct Queued {
    entries: Vec<Waiting>,
    is_urgent: bool,
    is_closed: bool,
}

impl Default for Queue {
    fn default() -> Self {
        Self::gathering(GATHERING)
    }
}

impl Queue {
    /// An empty one, in which the first of several entries waits this long for the others.
    fn gathering(gathering: Duration) -> Self {
        Self {
            gathering,
            queued: Mutex::default(),
            came: Condvar::default(),
        }
    }

    fn offer(&self, entry: Waiting) -> bool {
        let mut queued = self.queued();
        if queued.is_closed || queued.entries.len() == CAPACITY {
            return false;
        }
        let is_urgent = entry.written.is_some() && !queued.is_urgent;
        queued.is_urgent |= is_urgent;
        queued.entries.push(entry);
        let wakes = is_urgent || [1, ENOUGH].contains(&queued.entries.len());
        drop(queued);
        if wakes {
            self.came.notify_one();
        }
        true
    }

    fn close(&self) {
        self.queued().is_closed = true;
        self.came.notify_one();
    }

    /// Waits for entries and takes all there are; false once there are none to come. `entries` is
    /// empty, and its room is used again.
    pub(super) fn take(&self, entries: &mut Vec<Waiting>) -> bool {
        let queued = self.queued();
        let queued = self
            .came
            .wait_while(queued, |queued| {
                queued.entries.is_empty() && !queued.is_closed
            })
            .unwrap_or_else(PoisonError::into_inner);
        let (mut queued, _) = self
            .came
            .wait_timeout_while(queued, self.gathering, |queued| {
                !queued.is_urgent && !queued.is_closed && queued.entries.len() < ENOUGH
            })
            .unwrap_or_else(PoisonError::into_inner);
        queued.is_urgent = false;
        std::mem::swap(&mut queued.entries, entries);
        !entries.is_empty()
    }

    /// It is whole whenever a panic may come: no change takes more than one step.
    fn queued(&self) -> MutexGuard<'_, Queued> {
        self.queued.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Event;
    use super::*;

    /// Longer than any test may last.
    const FOR_EVER: Duration = Duration::from_secs(3600);

    fn waiting() -> Waiting {
        Waiting {
            entry: Entry::new(Event::Order, Duration::ZERO),
            written: None,
        }
    }

    #[test]
    fn what_comes_soon_after_the_first_is_taken_along() {
        let queue = Queue::gathering(FOR_EVER);
        std::thread::scope(|scope| {
            let taken = scope.spawn(|| {
                let mut entries = Vec::new();
                assert!(queue.take(&mut entries));
                entries.len()
            });
            for _ in 0..ENOUGH {
                assert!(queue.offer(waiting()));
            }
            assert_eq!(taken.join().unwrap(), ENOUGH);
        });
    }

    #[test]
    fn what_a_call_waits_for_waits_for_no_other() {
        let queue = Queue::gathering(FOR_EVER);
        let (written, _known) = oneshot::channel();
        assert!(queue.offer(Waiting {
            written: Some(written),
            ..waiting()
        }));
        let mut entries = Vec::new();
        assert!(queue.take(&mut entries));
        assert_eq!(entries.len(), 1);
    }

    #[test]
    fn it_ends_where_nobody_is_left_who_could_put_anything_in() {
        let queue = Arc::new(Queue::gathering(FOR_EVER));
        let entrance = Entrance::to(&queue);
        assert!(entrance.offer(waiting()));
        drop(entrance);
        let mut entries = Vec::new();
        assert!(queue.take(&mut entries));
        entries.clear();
        assert!(!queue.take(&mut entries));
    }

    #[test]
    fn what_there_is_no_room_for_is_refused_and_what_is_in_still_comes_out() {
        let queue = Queue::gathering(FOR_EVER);
        for _ in 0..CAPACITY {
            assert!(queue.offer(waiting()));
        }
        assert!(!queue.offer(waiting()));
        queue.close();
        assert!(!queue.offer(waiting()));
        let mut entries = Vec::new();
        assert!(queue.take(&mut entries));
        assert_eq!(entries.len(), CAPACITY);
        entries.clear();
        assert!(!queue.take(&mut entries));
    }
}
