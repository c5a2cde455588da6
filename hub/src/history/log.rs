//! The history of one task in this process, and the followers it wakes.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::task::AtomicWaker;
use slab::Slab;
use steadywire::protocol::{TaskStatus, write_string};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::dedupe::{Dedupe, ID_OVERHEAD};
use super::ring::{Pace, RECORD_OVERHEAD, Read, Reader, Ring};
use super::{Appended, Bounds, Kind, NewMessage};

/// Bytes that epoch and seq take in a message, beside the epoch itself.
const STAMP_BYTES: usize = 48;

/// Bytes of an epoch of ours.
const EPOCH_BYTES: usize = 16;

/// The retained messages of one task, numbered, and who follows it.
///
/// May be used from any thread; no call waits for anything but a short lock.
pub struct TaskLog {
    task: Arc<str>,
    bounds: Bounds,
    inner: Mutex<Inner>,
}

/// Where a follower wants to start.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Since<'a> {
    /// With all that is retained of the current run.
    Start,
    /// After the last message it saw.
    Cursor { epoch: &'a str, seq: u64 },
}

/// What is known of a task.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) epoch: Option<Arc<str>>,
    pub(crate) seq: u64,
    pub(crate) status: TaskStatus,
    /// The outcome's data.
    pub(crate) data: Option<Arc<str>>,
}

/// Where a connection learns which of its tasks have something new.
#[derive(Default)]
pub(crate) struct Mailbox {
    marked: Mutex<Vec<usize>>,
    waker: AtomicWaker,
}

#[derive(Default)]
struct Inner {
    ring: Ring,
    run: u64,
    epoch: Option<Arc<str>>,
    seq: u64,
    outcome: Option<Ended>,
    /// What a status message said of the end, for a worker that leaves it at that.
    said: Option<Ended>,
    dedupe: Dedupe,
    followers: Slab<Follower>,
}

#[derive(Clone)]
struct Ended {
    failed: bool,
    data: Option<Arc<str>>,
}

struct Follower {
    mailbox: Arc<Mailbox>,
    slot: usize,
    marked: bool,
}

impl TaskLog {
    /// An empty log with these bounds.
    pub fn new(task: &str, bounds: Bounds) -> Self {
        TaskLog { task: task.into(), bounds, inner: Mutex::default() }
    }

    /// The task's id.
    pub fn task(&self) -> &str {
        &self.task
    }

    /// Gives the message the next position, keeps it and wakes the followers; unless its id is known.
    /// The first message after an outcome begins a new run under a new epoch.
    pub fn append(&self, message: &NewMessage) -> Appended {
        let mut inner = self.lock();
        let now = Instant::now();
        if message.id.as_deref().is_some_and(|id| inner.dedupe.knows(id, now)) {
            return Appended::Duplicate;
        }
        if message.kind != Kind::Passing && (inner.epoch.is_none() || inner.outcome.is_some()) {
            inner.begin_run(&new_epoch());
        }
        let seq = inner.seq + 1;
        inner.store(message, seq, self.bounds);
        if let Some(id) = message.id.as_deref() {
            inner.dedupe.remember(id, now);
        }
        Appended::Stored { ended: matches!(message.kind, Kind::Outcome { .. }) }
    }

    /// Keeps a message that was given its position elsewhere, and wakes the followers. Positions of
    /// an epoch come in ascending order; what does not is ignored.
    pub fn insert(&self, epoch: &str, seq: u64, message: &NewMessage) {
        let mut inner = self.lock();
        if inner.epoch.as_deref() != Some(epoch) {
            inner.begin_run(epoch);
        }
        if message.kind == Kind::Passing || seq > inner.seq {
            inner.store(message, seq, self.bounds);
        }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.lock().snapshot()
    }

    /// Whether the task has an outcome, and whether it ever began.
    pub(crate) fn status(&self) -> TaskStatus {
        self.lock().status()
    }

    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.status(), TaskStatus::Complete | TaskStatus::Error)
    }

    /// Bytes it takes, about.
    pub(crate) fn weight(&self) -> usize {
        let inner = self.lock();
        let ends = [&inner.outcome, &inner.said].into_iter().flatten();
        let data: usize = ends.filter_map(|end| end.data.as_deref()).map(str::len).sum();
        inner.ring.weight() + inner.dedupe.weight() + data
    }

    /// Whether a message with this id was taken, so that another adds nothing.
    pub(crate) fn knows(&self, id: &str) -> bool {
        self.lock().dedupe.knows(id, Instant::now())
    }

    /// Lets go of at least `bytes` of its messages, or of none: false.
    pub(crate) fn give_way(&self, bytes: usize) -> bool {
        self.lock().ring.give_way(bytes)
    }

    /// Adds a follower; says what is known, and for a cursor whether all after it will be replayed.
    pub(crate) fn follow(
        &self,
        since: Since<'_>,
        mailbox: &Arc<Mailbox>,
        slot: usize,
    ) -> (usize, Reader, Snapshot, Option<bool>) {
        let mut inner = self.lock();
        let (reader, recovered) = inner.reader(since);
        let follower = Follower { mailbox: mailbox.clone(), slot, marked: true };
        let key = inner.followers.insert(follower);
        (key, reader, inner.snapshot(), recovered)
    }

    /// Lets a follower start again from elsewhere. It is to read without being woken.
    pub(crate) fn seek(&self, key: usize, since: Since<'_>) -> (Reader, Snapshot, Option<bool>) {
        let mut inner = self.lock();
        let (reader, recovered) = inner.reader(since);
        inner.followers[key].marked = true;
        (reader, inner.snapshot(), recovered)
    }

    pub(crate) fn unfollow(&self, key: usize) {
        self.lock().followers.remove(key);
    }

    /// Hands a follower what comes next; one that has read all is woken by the next message.
    pub(crate) fn read(&self, key: usize, reader: &mut Reader, pace: Pace, give: impl FnMut(Utf8Bytes)) -> Read {
        let mut inner = self.lock();
        let read = inner.ring.read(reader, pace, give);
        inner.followers[key].marked = read == Read::More;
        read
    }

    /// What a status message said of the end of a task that has no outcome: whether it failed, and
    /// its data.
    pub(crate) fn said_ended(&self) -> Option<(bool, Option<Arc<str>>)> {
        self.lock().said.clone().map(|said| (said.failed, said.data))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl NewMessage {
    /// Bytes it may add to a log, about.
    pub(crate) fn weight(&self) -> usize {
        let stamped = self.text.len() + EPOCH_BYTES + STAMP_BYTES + RECORD_OVERHEAD;
        let id = self.id.as_ref().map_or(0, |id| id.len() + ID_OVERHEAD);
        stamped + id + self.data.as_ref().map_or(0, String::len)
    }
}

impl fmt::Debug for TaskLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskLog").field("task", &self.task).finish_non_exhaustive()
    }
}

impl Mailbox {
    /// Wakes the connection, which looks at everything it waits for.
    pub(crate) fn ring(&self) {
        self.waker.wake();
    }

    /// Has the current task woken by the next mark or ring.
    pub(crate) fn register(&self, waker: &std::task::Waker) {
        self.waker.register(waker);
    }

    /// Moves the marked slots to `into`.
    pub(crate) fn take(&self, into: &mut impl Extend<usize>) {
        let mut marked = self.marked.lock().unwrap_or_else(PoisonError::into_inner);
        into.extend(marked.drain(..));
    }

    fn mark(&self, slot: usize) {
        self.marked.lock().unwrap_or_else(PoisonError::into_inner).push(slot);
        self.waker.wake();
    }
}

impl Inner {
    fn begin_run(&mut self, epoch: &str) {
        self.run += 1;
        self.epoch = Some(epoch.into());
        self.seq = 0;
        self.outcome = None;
        self.said = None;
    }

    fn store(&mut self, message: &NewMessage, seq: u64, bounds: Bounds) {
        let (text, plain_len, seq) = match &self.epoch {
            Some(epoch) if message.kind != Kind::Passing => {
                self.seq = seq;
                let plain = message.text.strip_suffix('}').unwrap_or(&message.text);
                let mut text = String::with_capacity(plain.len() + epoch.len() + STAMP_BYTES);
                text.push_str(plain);
                text.push_str(&format!(",\"seq\":{seq},\"epoch\":"));
                write_string(&mut text, epoch);
                text.push('}');
                (text, plain.len(), seq)
            }
            _ => (message.text.clone(), 0, 0),
        };
        let data = || message.data.as_deref().map(Arc::from);
        if let Kind::Outcome { failed } = message.kind {
            self.outcome = Some(Ended { failed, data: data() });
        } else if let Some(failed) = message.says_failed {
            self.said = Some(Ended { failed, data: data() });
        }
        let text = Utf8Bytes::from(text.into_boxed_str().into_string());
        self.ring.push(self.run, seq, message.kind, text, plain_len, bounds);
        for (_, follower) in &mut self.followers {
            if !std::mem::replace(&mut follower.marked, true) {
                follower.mailbox.mark(follower.slot);
            }
        }
    }

    fn reader(&self, since: Since<'_>) -> (Reader, Option<bool>) {
        match since {
            Since::Cursor { epoch, seq } if self.epoch.as_deref() == Some(epoch) && seq <= self.seq => {
                let (reader, whole) = self.ring.reader_after(self.run, seq, self.seq);
                (reader, Some(whole))
            }
            Since::Cursor { .. } => (self.ring.reader(self.run), Some(false)),
            Since::Start => (self.ring.reader(self.run), None),
        }
    }

    fn status(&self) -> TaskStatus {
        match (&self.outcome, &self.epoch) {
            (Some(Ended { failed: true, .. }), _) => TaskStatus::Error,
            (Some(_), _) => TaskStatus::Complete,
            (None, Some(_)) => TaskStatus::Running,
            (None, None) => TaskStatus::Unknown,
        }
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot {
            epoch: self.epoch.clone(),
            seq: self.seq,
            status: self.status(),
            data: self.outcome.as_ref().and_then(|outcome| outcome.data.clone()),
        }
    }
}

/// An epoch no other run of any task has had, but for a chance of one in 2^64.
fn new_epoch() -> String {
    // Each RandomState carries keys from the operating system's random source.
    format!("{:016x}", RandomState::new().hash_one(Instant::now()))
}
