//! Events in bulk: fixed-size slots over one text buffer, so that an event costs no allocation.

mod waiting;

use std::borrow::Cow;

pub(crate) use waiting::Class;

use super::{
    Complete, Connected, Disconnected, ErrorEvent, ErrorSource, Event, EventKind, Gap, Heartbeat, Level, Log, Lost,
    Overflow, Progress, Retry, Settlement, StateChange, Status, Unknown,
};

/// The key of an event whose task nobody asked for, or which has no task.
pub const NO_KEY: u32 = u32::MAX;

const SYNTHETIC: u8 = 1;
const FATAL: u8 = 2;
const HAS_TASK: u8 = 4;
const HAS_DATA: u8 = 8;

/// A run of events and settlements in order.
#[derive(Debug, Default)]
pub struct Batch {
    slots: Vec<Slot>,
    text: String,
    extras: Vec<Option<Extra>>,
}

/// One entry of a batch.
#[derive(Debug)]
pub enum Item<'a> {
    /// Something to tell.
    Event(Event<'a>),
    /// A waiting call is answered.
    Settled(u64, &'a Settlement),
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    tag: Tag,
    /// Level of a log line, source of an error.
    detail: u8,
    flags: u8,
    key: u32,
    start: u32,
    /// Lengths of up to four texts that stand one after the other: task, then by kind.
    lens: [u32; 4],
    timestamp: i64,
    number: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tag {
    Event(EventKind),
    Settled,
    /// Replaced or dropped while it waited. Never seen outside of the inbox.
    Dead,
}

#[derive(Debug)]
enum Extra {
    StateChange(StateChange),
    Retry(Retry),
    Connected(Connected),
    Disconnected(Disconnected),
    Lost(Lost),
    Gap(Gap),
    Overflow(Overflow),
    Settled(u64, Settlement),
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Forgets all entries but keeps the memory, up to a bound.
    pub fn clear(&mut self) {
        const KEEP_SLOTS: usize = 4096;
        const KEEP_TEXT: usize = 1 << 20;
        self.slots.clear();
        self.text.clear();
        self.extras.clear();
        self.slots.shrink_to(KEEP_SLOTS);
        self.text.shrink_to(KEEP_TEXT);
        self.extras.shrink_to(KEEP_SLOTS);
    }

    /// The entry at `index`.
    ///
    /// # Panics
    /// If there is none.
    pub fn get(&self, index: usize) -> Item<'_> {
        let slot = &self.slots[index];
        let Tag::Event(kind) = slot.tag else {
            debug_assert!(slot.tag == Tag::Settled, "dead entries stay in the inbox");
            let Extra::Settled(ticket, settlement) = self.extra(slot) else { unreachable!("tag and extra agree") };
            return Item::Settled(*ticket, settlement);
        };
        Item::Event(match kind {
            EventKind::Progress => {
                let [task_id, stage, message, _] = self.texts(slot);
                Event::Progress(Progress { task_id, stage, progress: slot.number, message, timestamp: slot.timestamp })
            }
            EventKind::Log => {
                let [task_id, message, metadata, _] = self.texts(slot);
                Event::Log(Log {
                    task_id,
                    level: level_from(slot.detail),
                    message,
                    timestamp: slot.timestamp,
                    metadata: (slot.flags & HAS_DATA != 0).then_some(metadata),
                })
            }
            EventKind::Status => {
                let [task_id, data, _, _] = self.texts(slot);
                Event::Status(Status { task_id, timestamp: slot.timestamp, data })
            }
            EventKind::Complete => {
                let [task_id, data, _, _] = self.texts(slot);
                let synthetic = slot.flags & SYNTHETIC != 0;
                Event::Complete(Complete { task_id, timestamp: slot.timestamp, data, synthetic })
            }
            EventKind::Error => {
                let [task_id, code, message, data] = self.texts(slot);
                Event::Error(ErrorEvent {
                    source: source_from(slot.detail),
                    code,
                    message,
                    task_id: (slot.flags & HAS_TASK != 0).then_some(task_id),
                    data: (slot.flags & HAS_DATA != 0).then_some(data),
                    fatal: slot.flags & FATAL != 0,
                    timestamp: slot.timestamp,
                    synthetic: slot.flags & SYNTHETIC != 0,
                })
            }
            EventKind::Heartbeat => {
                let [task_id, ..] = self.texts(slot);
                Event::Heartbeat(Heartbeat { task_id, timestamp: slot.timestamp })
            }
            EventKind::Message => {
                let [task_id, kind, raw, _] = self.texts(slot);
                Event::Message(Unknown { kind, task_id, raw })
            }
            _ => match self.extra(slot) {
                Extra::StateChange(event) => Event::StateChange(Cow::Borrowed(event)),
                Extra::Retry(event) => Event::Retry(Cow::Borrowed(event)),
                Extra::Connected(event) => Event::Connected(Cow::Borrowed(event)),
                Extra::Disconnected(event) => Event::Disconnected(Cow::Borrowed(event)),
                Extra::Lost(event) => Event::Lost(Cow::Borrowed(event)),
                Extra::Gap(event) => Event::Gap(Cow::Borrowed(event)),
                Extra::Overflow(event) => Event::Overflow(Cow::Borrowed(event)),
                Extra::Settled(..) => unreachable!("tag and extra agree"),
            },
        })
    }

    /// The entries in order.
    pub fn iter(&self) -> impl Iterator<Item = Item<'_>> {
        (0..self.len()).map(|index| self.get(index))
    }

    /// The kind of the event at `index`; `None` for a settlement.
    pub fn kind(&self, index: usize) -> Option<EventKind> {
        match self.slots[index].tag {
            Tag::Event(kind) => Some(kind),
            Tag::Settled | Tag::Dead => None,
        }
    }

    /// The key of the task of the entry at `index`, or [`NO_KEY`].
    pub fn key(&self, index: usize) -> u32 {
        self.slots[index].key
    }

    /// Adds an event, copying its texts. `key` is the session's number of the task, or [`NO_KEY`].
    pub fn push(&mut self, key: u32, event: Event<'_>) {
        match event {
            Event::Progress(e) => self.progress(key, &e.task_id, &e.stage, e.progress, &e.message, e.timestamp),
            Event::Log(e) => self.log(key, &e.task_id, e.level, &e.message, e.metadata.as_deref(), e.timestamp),
            Event::Status(e) => {
                self.put(EventKind::Status, key, [&e.task_id, &e.data, "", ""], e.timestamp, 0.0, 0, 0);
            }
            Event::Complete(e) => {
                let flags = if e.synthetic { SYNTHETIC } else { 0 };
                self.put(EventKind::Complete, key, [&e.task_id, &e.data, "", ""], e.timestamp, 0.0, 0, flags);
            }
            Event::Error(e) => {
                let mut flags = 0;
                for (set, flag) in [
                    (e.task_id.is_some(), HAS_TASK),
                    (e.data.is_some(), HAS_DATA),
                    (e.fatal, FATAL),
                    (e.synthetic, SYNTHETIC),
                ] {
                    flags |= if set { flag } else { 0 };
                }
                let task = e.task_id.as_deref().unwrap_or_default();
                let texts = [task, &e.code, &e.message, e.data.as_deref().unwrap_or_default()];
                self.put(EventKind::Error, key, texts, e.timestamp, 0.0, e.source as u8, flags);
            }
            Event::Heartbeat(e) => {
                self.put(EventKind::Heartbeat, key, [&e.task_id, "", "", ""], e.timestamp, 0.0, 0, 0);
            }
            Event::Message(e) => self.put(EventKind::Message, key, [&e.task_id, &e.kind, &e.raw, ""], 0, 0.0, 0, 0),
            Event::StateChange(e) => self.put_extra(EventKind::StateChange, key, Extra::StateChange(e.into_owned())),
            Event::Retry(e) => self.put_extra(EventKind::Retry, key, Extra::Retry(e.into_owned())),
            Event::Connected(e) => self.put_extra(EventKind::Connected, key, Extra::Connected(e.into_owned())),
            Event::Disconnected(e) => {
                self.put_extra(EventKind::Disconnected, key, Extra::Disconnected(e.into_owned()));
            }
            Event::Lost(e) => self.put_extra(EventKind::Lost, key, Extra::Lost(e.into_owned())),
            Event::Gap(e) => self.put_extra(EventKind::Gap, key, Extra::Gap(e.into_owned())),
            Event::Overflow(e) => self.put_extra(EventKind::Overflow, key, Extra::Overflow(e.into_owned())),
        }
    }

    /// Adds a progress event; the hot path.
    pub fn progress(&mut self, key: u32, task: &str, stage: &str, progress: f64, message: &str, timestamp: i64) {
        self.put(EventKind::Progress, key, [task, stage, message, ""], timestamp, progress, 0, 0);
    }

    /// Adds a log event; the hot path.
    pub fn log(&mut self, key: u32, task: &str, level: Level, message: &str, metadata: Option<&str>, timestamp: i64) {
        let flags = if metadata.is_some() { HAS_DATA } else { 0 };
        let texts = [task, message, metadata.unwrap_or_default(), ""];
        self.put(EventKind::Log, key, texts, timestamp, 0.0, level as u8, flags);
    }

    /// Adds the answer to a waiting call.
    pub fn settled(&mut self, ticket: u64, settlement: Settlement) {
        let lens = self.extra_lens(Extra::Settled(ticket, settlement));
        let start = self.start();
        self.slots.push(Slot {
            tag: Tag::Settled,
            detail: 0,
            flags: 0,
            key: NO_KEY,
            start,
            lens,
            timestamp: 0,
            number: 0.0,
        });
    }

    #[allow(clippy::too_many_arguments, reason = "one private place that fills a slot")]
    fn put(&mut self, kind: EventKind, key: u32, texts: [&str; 4], timestamp: i64, number: f64, detail: u8, flags: u8) {
        let start = self.start();
        self.text.reserve(texts.iter().map(|text| text.len()).sum());
        let mut lens = [0; 4];
        for (len, text) in lens.iter_mut().zip(texts) {
            self.text.push_str(text);
            *len = narrow(text.len());
        }
        self.slots.push(Slot { tag: Tag::Event(kind), detail, flags, key, start, lens, timestamp, number });
    }

    fn put_extra(&mut self, kind: EventKind, key: u32, extra: Extra) {
        let lens = self.extra_lens(extra);
        let start = self.start();
        self.slots.push(Slot {
            tag: Tag::Event(kind),
            detail: 0,
            flags: 0,
            key,
            start,
            lens,
            timestamp: 0,
            number: 0.0,
        });
    }

    fn extra_lens(&mut self, extra: Extra) -> [u32; 4] {
        self.extras.push(Some(extra));
        [narrow(self.extras.len() - 1), 0, 0, 0]
    }

    fn extra(&self, slot: &Slot) -> &Extra {
        self.extras[slot.lens[0] as usize].as_ref().expect("an entry that was moved is not read again")
    }

    fn texts(&self, slot: &Slot) -> [Cow<'_, str>; 4] {
        let mut at = slot.start as usize;
        slot.lens.map(|len| {
            let from = at;
            at += len as usize;
            Cow::Borrowed(&self.text[from..at])
        })
    }

    fn start(&self) -> u32 {
        narrow(self.text.len())
    }
}

impl Slot {
    fn has_extra(&self) -> bool {
        use EventKind as K;
        match self.tag {
            Tag::Settled => true,
            Tag::Dead => false,
            Tag::Event(kind) => matches!(
                kind,
                K::StateChange | K::Retry | K::Connected | K::Disconnected | K::Lost | K::Gap | K::Overflow
            ),
        }
    }

    fn text_len(&self) -> usize {
        self.lens.iter().map(|len| *len as usize).sum()
    }
}

/// Texts are bounded by `maxPendingBytes` and `maxMessageSize`, both at most 1 GiB.
fn narrow(length: usize) -> u32 {
    u32::try_from(length).expect("a batch holds less than 4 GiB of text")
}

fn level_from(detail: u8) -> Level {
    match detail {
        0 => Level::Debug,
        2 => Level::Warn,
        3 => Level::Error,
        _ => Level::Info,
    }
}

fn source_from(detail: u8) -> ErrorSource {
    match detail {
        0 => ErrorSource::Task,
        1 => ErrorSource::Transport,
        2 => ErrorSource::Protocol,
        3 => ErrorSource::Auth,
        _ => ErrorSource::Callback,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out_in_order_and_after_a_copy() {
        let events = [
            Event::Progress(Progress {
                task_id: "t".into(),
                stage: "s".into(),
                progress: 42.5,
                message: "é".into(),
                timestamp: 7,
            }),
            Event::Log(Log {
                task_id: "t".into(),
                level: Level::Warn,
                message: "m".into(),
                timestamp: 8,
                metadata: Some("{}".into()),
            }),
            Event::Error(ErrorEvent {
                source: ErrorSource::Protocol,
                code: "invalid_message".into(),
                message: "no".into(),
                task_id: None,
                data: Some("1".into()),
                fatal: true,
                timestamp: 9,
                synthetic: false,
            }),
            Event::Gap(Cow::Owned(Gap { task_id: "t".into(), from: 3, to: None, epoch: "e".into() })),
            Event::Message(Unknown { kind: "k".into(), task_id: "".into(), raw: "{}".into() }),
        ];
        let mut batch = Batch::new();
        for event in &events {
            batch.push(1, event.clone());
        }
        batch.settled(5, Settlement::Flushed);
        let mut copy = Batch::new();
        for index in 0..batch.len() {
            copy.push_from(&mut batch, index);
        }
        for (item, expected) in copy.iter().zip(&events) {
            assert!(matches!(item, Item::Event(event) if event == *expected));
        }
        assert!(matches!(copy.get(events.len()), Item::Settled(5, Settlement::Flushed)));
    }
}
