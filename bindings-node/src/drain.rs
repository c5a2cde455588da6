//! Writes what a batch holds into typed arrays, so that JavaScript reads numbers and slices and calls nothing.
//!
//! A record is [`INTS`] integers, [`FLOATS`] floats and its texts, which stand in the order of the records in one
//! buffer: first `text`, then `raw`, which is JSON as it came. A text that comes again and again stands there as a
//! number, which a record before told.
//!
//! | integer | |
//! | --- | --- |
//! | 0 | the kind of record, and flags above it |
//! | 1 | the number of the task id, or -1 |
//! | 2 | the number of the stage, code or type; the level of a log line; the state of a receipt |
//! | 3, 4 | how many bytes `text` and `raw` have |
//!
//! | float | |
//! | --- | --- |
//! | 0 | the timestamp; the ticket of an answer |
//! | 1 | the progress |

use serde_json::{Value, json};
use steadywire::event::{Batch, Item, Outcome, Receipt, Settlement};
use steadywire::{ErrorEvent, ErrorSource, Event, EventKind, Level};

use crate::names::{LONG, MAX_NAMES, Names, News};

/// Integers of a record.
pub(crate) const INTS: usize = 5;
/// Floats of a record.
pub(crate) const FLOATS: usize = 2;

/// `text` is ASCII. Else it is UTF-8.
const ASCII: i32 = 1 << 8;
/// There is `raw`: an event without data is not one with empty data.
const RAW: i32 = 1 << 9;
const FATAL: i32 = 1 << 10;
const SYNTHETIC: i32 = 1 << 11;
/// Two bits: where an error comes from, but for a callback.
const SOURCE: u32 = 12;

/// Records that are no events. Events have the numbers of `EventKind`.
const NAME: i32 = 32;
const FORGET: i32 = 33;
/// Answers: a call that connects, `disconnect`, `flush`, `send`, and the end of a follow or wait.
const CONNECTED: i32 = 40;
const DISCONNECTED: i32 = 41;
const FLUSHED: i32 = 42;
const RECEIPT: i32 = 43;
const OUTCOME: i32 = 44;

/// How many records one event may need: two names, each after all others are forgotten, and itself.
const MOST: usize = 5;

/// Where a drain writes.
pub(crate) struct Target<'a> {
    pub(crate) ints: &'a mut [i32],
    pub(crate) floats: &'a mut [f64],
    pub(crate) text: &'a mut [u8],
}

/// What became of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Written {
    /// How many records there are.
    pub(crate) records: usize,
    /// How many entries of the batch were written.
    pub(crate) entries: usize,
    /// How many bytes the buffer for texts needs at least; 0 = what it has was enough for one entry.
    pub(crate) needed: usize,
}

/// Writes entries of `batch` from the one at `from`, as many as there is room for; stops after answers, so that who
/// waited for one runs before what comes next.
pub(crate) fn write(batch: &Batch, from: usize, names: &mut Names, target: Target<'_>) -> Written {
    let mut writer = Writer { target, names, records: 0, at: 0 };
    let room = (writer.target.ints.len() / INTS).min(writer.target.floats.len() / FLOATS);
    let mut answered = false;
    for index in from..batch.len() {
        let entries = index - from;
        let answer = batch.kind(index).is_none();
        if (answered && !answer) || writer.records + MOST > room {
            return Written { records: writer.records, entries, needed: 0 };
        }
        if let Err(needed) = writer.item(batch.get(index)) {
            // The names that were told stay told. What did not fit comes with the next drain.
            let needed = if entries == 0 { needed } else { 0 };
            return Written { records: writer.records, entries, needed };
        }
        answered |= answer;
    }
    Written { records: writer.records, entries: batch.len() - from, needed: 0 }
}

/// The numbers above, by name.
pub(crate) fn layout() -> Value {
    let kinds: serde_json::Map<String, Value> =
        EventKind::ALL.iter().map(|kind| (kind.name().to_owned(), json!(*kind as u8))).collect();
    json!({
        "ints": INTS, "floats": FLOATS, "kinds": kinds,
        "ascii": ASCII, "raw": RAW, "fatal": FATAL, "synthetic": SYNTHETIC, "source": SOURCE,
        "name": NAME, "forget": FORGET, "maxNames": MAX_NAMES,
        "connected": CONNECTED, "disconnected": DISCONNECTED, "flushed": FLUSHED, "receipt": RECEIPT, "outcome": OUTCOME,
        "levels": LEVELS.map(Level::name), "sources": SOURCES.map(ErrorSource::name), "receipts": RECEIPTS,
    })
}

const LEVELS: [Level; 4] = [Level::Debug, Level::Info, Level::Warn, Level::Error];
const SOURCES: [ErrorSource; 4] = [ErrorSource::Task, ErrorSource::Transport, ErrorSource::Protocol, ErrorSource::Auth];
const RECEIPTS: [&str; 6] = ["written", "acked", "rejected", "dropped", "unknown", "ackUnsupported"];

struct Writer<'a> {
    target: Target<'a>,
    names: &'a mut Names,
    records: usize,
    at: usize,
}

/// One record to be written.
#[derive(Default)]
struct Record<'a> {
    kind: i32,
    task: i32,
    word: i32,
    text: &'a str,
    raw: Option<&'a str>,
    first: f64,
    second: f64,
}

/// Does not fit: so many bytes are needed.
type Fit<T> = Result<T, usize>;

impl Writer<'_> {
    fn item(&mut self, item: Item<'_>) -> Fit<()> {
        match item {
            Item::Event(event) => self.event(&event),
            Item::Settled(ticket, settlement) => self.answer(ticket, settlement),
        }
    }

    fn event(&mut self, event: &Event<'_>) -> Fit<()> {
        let kind = event.kind() as i32;
        match event {
            Event::Progress(e) => {
                let (task, word) = (self.task(&e.task_id)?, self.word(&e.stage)?);
                let (first, second) = (float(e.timestamp), e.progress);
                self.put(&Record { kind, task, word, text: &e.message, raw: None, first, second })
            }
            Event::Log(e) => {
                let (task, word, raw) = (self.task(&e.task_id)?, e.level as i32, e.metadata.as_deref());
                self.put(&Record { kind, task, word, text: &e.message, raw, first: float(e.timestamp), second: 0.0 })
            }
            Event::Status(e) => self.data(kind, &e.task_id, &e.data, e.timestamp),
            Event::Complete(e) => self.data(kind | flag(e.synthetic, SYNTHETIC), &e.task_id, &e.data, e.timestamp),
            Event::Error(e) => self.error(kind, e),
            Event::Heartbeat(e) => {
                let task = self.task(&e.task_id)?;
                self.put(&Record { kind, task, first: float(e.timestamp), ..Record::default() })
            }
            Event::Message(e) => {
                let (task, word) = (self.task(&e.task_id)?, self.word(&e.kind)?);
                self.put(&Record { kind, task, word, text: &e.raw, ..Record::default() })
            }
            // What comes with the link and not with a task is rare.
            other => self.put(&Record { kind, task: -1, text: &other.to_json().to_string(), ..Record::default() }),
        }
    }

    fn data(&mut self, kind: i32, task: &str, data: &str, timestamp: i64) -> Fit<()> {
        let task = self.task(task)?;
        self.put(&Record { kind, task, raw: Some(data), first: float(timestamp), ..Record::default() })
    }

    fn error(&mut self, kind: i32, e: &ErrorEvent<'_>) -> Fit<()> {
        let task = e.task_id.as_deref().map_or(Ok(-1), |task| self.task(task))?;
        let word = self.word(&e.code)?;
        // A failed callback is an event of JavaScript's own.
        let source = SOURCES.iter().position(|source| *source == e.source).unwrap_or_default() as i32;
        let kind = kind | flag(e.fatal, FATAL) | flag(e.synthetic, SYNTHETIC) | (source << SOURCE);
        let (text, raw) = (&*e.message, e.data.as_deref());
        self.put(&Record { kind, task, word, text, raw, first: float(e.timestamp), second: 0.0 })
    }

    fn answer(&mut self, ticket: u64, settlement: &Settlement) -> Fit<()> {
        #[allow(clippy::cast_precision_loss, reason = "tickets are counted up by JavaScript")]
        let record = Record { first: ticket as f64, task: -1, ..Record::default() };
        match settlement {
            Settlement::Connected(Ok(())) => self.put(&Record { kind: CONNECTED, ..record }),
            Settlement::Connected(Err(error)) => {
                let cause = std::error::Error::source(error).map(ToString::to_string);
                let text = json!({ "kind": error.kind().name(), "message": error.message(), "cause": cause });
                self.put(&Record { kind: CONNECTED, text: &text.to_string(), ..record })
            }
            Settlement::Disconnected => self.put(&Record { kind: DISCONNECTED, ..record }),
            Settlement::Flushed => self.put(&Record { kind: FLUSHED, ..record }),
            Settlement::Receipt(receipt) => {
                let (word, text) = match receipt {
                    Receipt::Written { ack_unsupported: false } => (0, ""),
                    Receipt::Acked => (1, ""),
                    Receipt::Rejected(text) => (2, text.as_str()),
                    Receipt::Dropped(reason) => (3, reason.name()),
                    Receipt::Unknown => (4, ""),
                    Receipt::Written { ack_unsupported: true } => (5, ""),
                };
                self.put(&Record { kind: RECEIPT, word, text, ..record })
            }
            Settlement::Outcome(outcome) => {
                let text = outcome_json(outcome).to_string();
                let (kind, raw, second) = (OUTCOME, Some(&*outcome.data), float(outcome.timestamp));
                self.put(&Record { kind, text: &text, raw, second, ..record })
            }
        }
    }

    fn task(&mut self, text: &str) -> Fit<i32> {
        self.name(0, text)
    }

    fn word(&mut self, text: &str) -> Fit<i32> {
        self.name(1, text)
    }

    fn name(&mut self, place: usize, text: &str) -> Fit<i32> {
        // Before the number is given: what does not fit must not count as told.
        self.check(text.len())?;
        let (number, news) = self.names.number(place, text);
        if news == News::Reset {
            self.put(&Record { kind: FORGET, word: LONG.len() as i32, ..Record::default() })?;
        }
        if news != News::Known {
            self.put(&Record { kind: NAME, word: number, text, ..Record::default() })?;
        }
        Ok(number)
    }

    fn check(&self, bytes: usize) -> Fit<()> {
        let needed = self.at + bytes;
        if needed > self.target.text.len() { Err(needed) } else { Ok(()) }
    }

    fn put(&mut self, record: &Record<'_>) -> Fit<()> {
        let raw = record.raw.unwrap_or_default();
        self.check(record.text.len() + raw.len())?;
        let ascii = self.copy(record.text);
        self.copy(raw);
        let head = record.kind | flag(ascii, ASCII) | flag(record.raw.is_some(), RAW);
        let ints = &mut self.target.ints[self.records * INTS..][..INTS];
        ints.copy_from_slice(&[head, record.task, record.word, length(record.text), length(raw)]);
        self.target.floats[self.records * FLOATS..][..FLOATS].copy_from_slice(&[record.first, record.second]);
        self.records += 1;
        Ok(())
    }

    /// Whether it is ASCII.
    fn copy(&mut self, text: &str) -> bool {
        let end = self.at + text.len();
        self.target.text[self.at..end].copy_from_slice(text.as_bytes());
        self.at = end;
        text.is_ascii()
    }
}

/// All but the data, which stands beside it as it came.
fn outcome_json(outcome: &Outcome) -> Value {
    json!({
        "kind": outcome.kind.name(), "taskId": outcome.task_id, "message": outcome.message, "code": outcome.code,
        "reason": outcome.reason.map(|reason| reason.name()), "synthetic": outcome.synthetic,
    })
}

fn flag(set: bool, flag: i32) -> i32 {
    if set { flag } else { 0 }
}

/// Texts of a batch are shorter than the 1 GiB that options allow.
fn length(text: &str) -> i32 {
    i32::try_from(text.len()).unwrap_or(i32::MAX)
}

#[allow(clippy::cast_precision_loss, reason = "JavaScript has no other numbers")]
fn float(timestamp: i64) -> f64 {
    timestamp as f64
}
