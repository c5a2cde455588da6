//! The tasks the hub knows: who holds one, who publishes to it, when it may be forgotten.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use steadywire::protocol::{MessageKind, Outgoing, TaskStatus, encode_error_data, encode_message};
use tokio::sync::{Notify, OnceCell};
use tokio::time::{Instant, sleep_until};

use crate::clock::now_ms;
use crate::history::{Appended, History, HistoryError, Kind, NewMessage, Snapshot, TaskLog};

/// Code of the error that ends a task whose last publisher stayed away.
pub(crate) const WORKER_LOST: &str = "worker_lost";

/// All tasks of a hub.
pub(crate) struct Tasks {
    history: Arc<dyn History>,
    max: usize,
    max_bytes: usize,
    lease: Duration,
    /// Bytes that all tasks take, as of their last message, and those that are about to be taken.
    bytes: AtomicUsize,
    map: Mutex<HashMap<Arc<str>, Arc<Task>>>,
    /// Tasks without publisher and without outcome, and when they are given up.
    orphans: Mutex<HashMap<Arc<str>, Instant>>,
    orphaned: Notify,
}

struct Task {
    id: Arc<str>,
    log: OnceCell<Arc<TaskLog>>,
    /// How many hold it; changed with the map locked.
    pins: AtomicUsize,
    publishers: Mutex<usize>,
    /// Its part of the bytes of all.
    bytes: Mutex<usize>,
    /// When it ended, for the order in which tasks are forgotten.
    ended_at: Mutex<Option<Instant>>,
}

/// A hold on a task: as long as it lives the task is not forgotten.
pub(crate) struct Pin {
    tasks: Arc<Tasks>,
    task: Arc<Task>,
    log: Arc<TaskLog>,
}

/// A hold on a task that is published to: when the last one goes, the task's lease begins.
pub(crate) struct Publisher {
    pin: Pin,
}

/// Bytes that are held for a message on its way into its task.
struct Room {
    tasks: Arc<Tasks>,
    bytes: usize,
}

/// Why a task could not be opened, or a message not be taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("the hub knows {0} tasks and can forget none of them; try again when one has ended")]
    Full(usize),
    #[error("the tasks of the hub take {0} bytes and it can forget no more of them; try again when one has ended")]
    Heavy(usize),
    #[error(transparent)]
    History(#[from] HistoryError),
}

impl Tasks {
    pub(crate) fn new(history: Arc<dyn History>, max: usize, max_bytes: usize, lease: Duration) -> Self {
        Tasks {
            history,
            max,
            max_bytes,
            lease,
            bytes: AtomicUsize::new(0),
            map: Mutex::default(),
            orphans: Mutex::default(),
            orphaned: Notify::new(),
        }
    }

    /// How many tasks are known.
    pub(crate) fn len(&self) -> usize {
        lock(&self.map).len()
    }

    /// The tasks that are known and how they are, as JSON, by name.
    pub(crate) fn list(&self) -> String {
        let tasks: Vec<Arc<Task>> = lock(&self.map).values().cloned().collect();
        let mut known: Vec<_> =
            tasks.iter().filter_map(|task| Some((&*task.id, task.status(task.log.get()?.status())))).collect();
        // Of those that nobody has published to or named there is nothing to show.
        known.retain(|(_, status)| *status != TaskStatus::Unknown);
        known.sort_unstable_by_key(|(id, _)| *id);
        let entry = |(id, status): (&str, TaskStatus)| serde_json::json!({ "taskId": id, "status": status.name() });
        serde_json::json!({ "tasks": known.into_iter().map(entry).collect::<Vec<_>>() }).to_string()
    }

    /// A hold on the task, which is opened if it was unknown.
    pub(crate) async fn open(self: &Arc<Self>, id: &str) -> Result<Pin, OpenError> {
        let task = self.pinned(id)?;
        let opened = task.log.get_or_try_init(|| self.history.open(id)).await.cloned();
        match opened {
            Ok(log) => Ok(Pin { tasks: self.clone(), task, log }),
            Err(error) => {
                self.unpin(&task);
                Err(error.into())
            }
        }
    }

    /// What is known of a task, without opening it.
    pub(crate) fn peek(&self, id: &str) -> Option<Snapshot> {
        let task = lock(&self.map).get(id).cloned()?;
        task.log.get().map(|log| task.known(log.snapshot()))
    }

    /// Ends, as long as it is polled, the tasks whose publishers stay away.
    pub(crate) async fn reap(self: &Arc<Self>) {
        loop {
            let changed = self.orphaned.notified();
            let next = lock(&self.orphans).values().min().copied();
            match next {
                None => changed.await,
                Some(due) => tokio::select! {
                    () = sleep_until(due) => self.end_orphans().await,
                    () = changed => {}
                },
            }
        }
    }

    async fn end_orphans(self: &Arc<Self>) {
        let now = Instant::now();
        let due: Vec<Arc<str>> = {
            let mut orphans = lock(&self.orphans);
            let due: Vec<_> = orphans.iter().filter(|(_, at)| **at <= now).map(|(id, _)| id.clone()).collect();
            for id in &due {
                orphans.remove(id);
            }
            due
        };
        for id in due {
            let task = {
                let map = lock(&self.map);
                let Some(task) = map.get(&id) else { continue };
                task.pins.fetch_add(1, Ordering::Relaxed);
                task.clone()
            };
            if !self.end_orphan(&task).await {
                lock(&self.orphans).insert(id, Instant::now() + self.lease);
            }
            self.unpin(&task);
        }
    }

    /// Whether the task has an outcome, or a publisher again.
    async fn end_orphan(self: &Arc<Self>, task: &Task) -> bool {
        let Some(log) = task.log.get() else { return true };
        if log.status() != TaskStatus::Running || *lock(&task.publishers) > 0 {
            return true;
        }
        self.append(task, log, last_word(log, self.lease)).await.is_ok()
    }

    fn pinned(&self, id: &str) -> Result<Arc<Task>, OpenError> {
        let mut map = lock(&self.map);
        if !map.contains_key(id) {
            if self.check_room(&map).is_err() {
                self.forget_ended(&mut map, 0);
            }
            self.check_room(&map)?;
        }
        let id: Arc<str> = id.into();
        let task = map.entry(id.clone()).or_insert_with(|| {
            Arc::new(Task {
                id,
                log: OnceCell::new(),
                pins: AtomicUsize::new(0),
                publishers: Mutex::default(),
                bytes: Mutex::default(),
                ended_at: Mutex::default(),
            })
        });
        task.pins.fetch_add(1, Ordering::Relaxed);
        Ok(task.clone())
    }

    fn check_room(&self, map: &HashMap<Arc<str>, Arc<Task>>) -> Result<(), OpenError> {
        if map.len() >= self.max {
            return Err(OpenError::Full(self.max));
        }
        match self.bytes.load(Ordering::Relaxed) {
            bytes if bytes >= self.ordinary_bytes() => Err(OpenError::Heavy(bytes)),
            _ => Ok(()),
        }
    }

    /// What messages other than outcomes may take: the last sixteenth is for those.
    fn ordinary_bytes(&self) -> usize {
        self.max_bytes - self.max_bytes / 16
    }

    /// Takes a message into a task's history, if there is room for it.
    async fn append(
        self: &Arc<Self>,
        task: &Task,
        log: &Arc<TaskLog>,
        message: NewMessage,
    ) -> Result<Appended, OpenError> {
        let kind = message.kind;
        let room = self.make_room(task, log, &message)?;
        let appended = self.history.append(log, message).await?;
        self.weigh(task, log);
        drop(room);
        if let Appended::Stored { ended } = appended
            && kind != Kind::Passing
        {
            *lock(&task.ended_at) = ended.then(Instant::now);
        }
        Ok(appended)
    }

    /// Room for a message: at the bound tasks that ended and that nobody holds are forgotten; where that is not enough,
    /// older messages of its own task give way to it.
    fn make_room(self: &Arc<Self>, task: &Task, log: &TaskLog, message: &NewMessage) -> Result<Room, OpenError> {
        let is_outcome = matches!(message.kind, Kind::Outcome { .. });
        let most = if is_outcome { self.max_bytes } else { self.ordinary_bytes() };
        let bytes = message.weight();
        let hold = || {
            let more = |held: usize| held.checked_add(bytes).filter(|held| *held <= most);
            let held = self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
            held.map(|_| Room { tasks: self.clone(), bytes })
        };
        if let Ok(room) = hold() {
            return Ok(room);
        }
        // A message that was taken before adds nothing. Most are new, so that is asked at the bound alone.
        if message.id.as_deref().is_some_and(|id| log.knows(id)) {
            return Ok(Room { tasks: self.clone(), bytes: 0 });
        }
        self.forget_ended(&mut lock(&self.map), bytes);
        if let Ok(room) = hold() {
            return Ok(room);
        }
        let missing = self.bytes.load(Ordering::Relaxed).saturating_add(bytes).saturating_sub(most);
        if log.give_way(missing) {
            self.weigh(task, log);
        }
        hold().map_err(OpenError::Heavy)
    }

    /// Forgets tasks nobody holds, those first that ended first, until `bytes` more fit and another sixteenth of the
    /// bounds is free, so that the search is shared by many messages and new tasks.
    fn forget_ended(&self, map: &mut HashMap<Arc<str>, Arc<Task>>, bytes: usize) {
        let is_free = |task: &&Arc<Task>| task.pins.load(Ordering::Relaxed) == 0;
        let has_ended = |task: &&Arc<Task>| task.log.get().is_some_and(|log| log.has_ended());
        let dated = |task: &Arc<Task>| (*lock(&task.ended_at), task.id.clone());
        let mut ended: Vec<_> = map.values().filter(is_free).filter(has_ended).map(dated).collect();
        ended.sort_unstable();
        let most_bytes = (self.max_bytes - self.max_bytes / 8).saturating_sub(bytes);
        let most = if map.len() < self.max { self.max } else { self.max - (self.max / 16).max(1) };
        for (_, id) in &ended {
            if map.len() <= most && self.bytes.load(Ordering::Relaxed) < most_bytes {
                break;
            }
            self.forget(map, id);
        }
    }

    fn forget(&self, map: &mut HashMap<Arc<str>, Arc<Task>>, id: &Arc<str>) {
        if let Some(task) = map.remove(id) {
            self.bytes.fetch_sub(*lock(&task.bytes), Ordering::Relaxed);
            if task.log.get().is_some() {
                self.history.close(id);
            }
        }
    }

    /// Counts anew what a task takes.
    fn weigh(&self, task: &Task, log: &TaskLog) {
        // Weighed under the lock: of two who weigh at once the later has the last word.
        let mut known = lock(&task.bytes);
        let bytes = log.weight();
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.bytes.fetch_sub(std::mem::replace(&mut known, bytes), Ordering::Relaxed);
    }

    fn unpin(&self, task: &Task) {
        let mut map = lock(&self.map);
        let last = task.pins.fetch_sub(1, Ordering::Relaxed) == 1;
        let unknown = task.log.get().is_none_or(|log| log.status() == TaskStatus::Unknown);
        if last && unknown {
            self.forget(&mut map, &task.id);
        }
    }
}

impl Task {
    /// What is known of it, by its history and by who has said to publish it.
    fn known(&self, history: Snapshot) -> Snapshot {
        Snapshot { status: self.status(history.status), ..history }
    }

    fn status(&self, history: TaskStatus) -> TaskStatus {
        let is_named = || *lock(&self.publishers) > 0;
        match history {
            TaskStatus::Unknown if is_named() => TaskStatus::Running,
            known => known,
        }
    }
}

impl Pin {
    pub(crate) fn id(&self) -> &Arc<str> {
        &self.task.id
    }

    /// What is known of the task, as of what its history says.
    pub(crate) fn known(&self, history: Snapshot) -> Snapshot {
        self.task.known(history)
    }

    pub(crate) fn log(&self) -> &Arc<TaskLog> {
        &self.log
    }

    /// Becomes a publisher of the task: as long as it has one, its lease does not run out.
    pub(crate) fn publish(self) -> Publisher {
        *lock(&self.task.publishers) += 1;
        Publisher { pin: self }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.tasks.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        self.tasks.unpin(&self.task);
    }
}

impl Publisher {
    /// Takes a message into the task's history.
    pub(crate) async fn append(&self, message: NewMessage) -> Result<Appended, OpenError> {
        self.pin.tasks.append(&self.pin.task, &self.pin.log, message).await
    }

    /// Whether the task goes on by its history, so that it must be noticed when this publisher goes.
    pub(crate) fn is_running(&self) -> bool {
        self.pin.log.status() == TaskStatus::Running
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.pin.log.has_ended()
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        let mut publishers = lock(&self.pin.task.publishers);
        *publishers -= 1;
        if *publishers == 0 && self.is_running() {
            let tasks = &self.pin.tasks;
            lock(&tasks.orphans).insert(self.pin.task.id.clone(), Instant::now() + tasks.lease);
            tasks.orphaned.notify_one();
        }
    }
}

/// The outcome of a task whose worker is gone: what its status said, else that it is lost.
fn last_word(log: &TaskLog, lease: Duration) -> NewMessage {
    let now = now_ms();
    let (failed, data) = match log.said_ended() {
        Some((failed, data)) => (failed, data.map_or_else(|| "null".to_owned(), |data| data.to_string())),
        None => {
            let seconds = lease.as_secs_f64();
            let mut data = String::new();
            let text = format!("the worker has been gone for {seconds} s and left no outcome");
            encode_error_data(&mut data, &text, Some(WORKER_LOST));
            (true, data)
        }
    };
    let kind = if failed { MessageKind::Error } else { MessageKind::Complete };
    let mut text = String::new();
    let message = Outgoing { data: Some(&data), ..Outgoing::new(kind, log.task(), now) };
    encode_message(&mut text, &message);
    NewMessage { kind: Kind::Outcome { failed }, id: None, text, data: Some(data), says_failed: None }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
