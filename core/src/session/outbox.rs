//! Messages waiting for the link, by class (rules BOX).

use std::collections::VecDeque;

use super::Session;
use super::calls::check_task_id;
use super::io::{Draft, DraftKind, Ticket, Transmit};
use super::limits::RESERVE_MESSAGES;
use crate::config::Overflow;
use crate::error::{Error, ErrorKind};
use crate::event::{DropReason, Receipt, Settlement};
use crate::protocol::{
    MessageKind, Outgoing, encode_error_data, encode_log_data, encode_message, encode_progress_data, is_json,
};

/// Messages that have not been written, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pub(super) queue: VecDeque<Queued>,
    /// Bytes of the queue and of written messages that may have to be written again.
    pub(super) bytes: usize,
    /// Counts messages.
    pub(super) last_order: u64,
}

/// One message that waits.
#[derive(Debug)]
pub(crate) struct Queued {
    pub order: u64,
    pub ticket: Ticket,
    pub class: Class,
    pub task: Box<str>,
    pub text: String,
    /// Set where an acknowledgement is asked for.
    pub id: Option<Box<str>>,
    pub since: u64,
    /// It was sent while its task had a reporter.
    pub is_reported: bool,
    /// It went out on a link that was lost before it was acknowledged.
    pub written_before: bool,
}

/// What a full outbox may do with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// The latest of a task suffices.
    Progress,
    /// `overflow` decides.
    Log,
    /// Refused last, from the reserve.
    Kept,
}

impl Outbox {
    /// Whether a message waits that is to be written again until it is acknowledged, and no mere log line or progress:
    /// a worker may have left it here and gone.
    pub(super) fn holds_an_end(&self) -> bool {
        self.queue.iter().any(|queued| queued.class == Class::Kept && queued.id.is_some())
    }
}

impl Session {
    pub(super) fn send(&mut self, ticket: Ticket, draft: &Draft<'_>) -> Result<(), Error> {
        let class = match &draft.kind {
            DraftKind::Progress { .. } => Class::Progress,
            DraftKind::Log { .. } => Class::Log,
            DraftKind::Heartbeat => {
                self.send_heartbeat(ticket, draft.task);
                return Ok(());
            }
            DraftKind::Status { .. } | DraftKind::Complete { .. } | DraftKind::Error { .. } => Class::Kept,
            DraftKind::Other { .. } => Class::Kept,
        };
        if !matches!(draft.kind, DraftKind::Other { .. }) || !draft.task.is_empty() {
            check_task_id(draft.task)?;
        }
        let id = draft.ack.then(|| format!("{}-{}", self.nonce, self.outbox.last_order + 1).into_boxed_str());
        let text = encode(draft, draft.timestamp.unwrap_or(self.now.wall_ms), id.as_deref())?;
        if text.len() > self.config.max_queued_bytes {
            let most = self.config.max_queued_bytes;
            let text = format!("a message of {} bytes cannot be queued: maxQueuedBytes is {most}", text.len());
            return Err(Error::new(ErrorKind::MessageTooLargeToQueue, text));
        }
        let superseded = (class == Class::Progress).then(|| self.waiting_progress(draft.task)).flatten();
        let replaced = superseded.map(|index| self.outbox.queue[index].text.len());
        if !self.make_room(class, text.len(), replaced)? {
            self.settle_receipt(ticket, Receipt::Dropped(DropReason::Overflow));
            return Ok(());
        }
        // Making room may have moved it.
        if let Some(index) = superseded.and_then(|_| self.waiting_progress(draft.task)) {
            self.drop_queued(index, DropReason::Superseded);
        }
        let is_reported = self.note_sent(draft.task, &draft.kind, &text);
        self.outbox.last_order += 1;
        self.outbox.bytes += text.len();
        let order = self.outbox.last_order;
        let since = self.mono();
        self.outbox.queue.push_back(Queued {
            order,
            ticket,
            class,
            task: draft.task.into(),
            text,
            id,
            since,
            is_reported,
            written_before: false,
        });
        Ok(())
    }

    /// The next message of the outbox, if the link is ready for it.
    pub(super) fn next_message(&mut self) -> Option<Transmit> {
        let ready = self.subscriptions.all_sent() && self.has_window();
        let head = self.outbox.queue.front().filter(|_| ready);
        match head {
            Some(head) if !self.waits_for_hello(head) && !self.wants_proof_first() => {
                let message = self.outbox.queue.pop_front()?;
                Some(Transmit::Text(self.written(message)))
            }
            _ => self.next_proof(),
        }
    }

    /// Every message that waits is dropped, every written one becomes unknown.
    pub(super) fn drop_messages(&mut self, reason: DropReason) {
        self.receipts_unknown();
        while !self.outbox.queue.is_empty() {
            self.drop_queued(0, reason);
        }
    }

    pub(super) fn drop_queued(&mut self, index: usize, reason: DropReason) {
        if let Some(message) = self.outbox.queue.remove(index) {
            self.outbox.bytes -= message.text.len();
            let receipt = if message.written_before { Receipt::Unknown } else { Receipt::Dropped(reason) };
            self.settle_receipt(message.ticket, receipt);
        }
    }

    fn send_heartbeat(&mut self, ticket: Ticket, task: &str) {
        if self.link.is_open() {
            self.beat_once(task);
            self.settle_receipt(ticket, Receipt::Written { ack_unsupported: false });
        } else {
            self.settle_receipt(ticket, Receipt::Dropped(DropReason::NotConnected));
        }
    }

    fn waiting_progress(&self, task: &str) -> Option<usize> {
        self.outbox.queue.iter().rposition(|queued| queued.class == Class::Progress && &*queued.task == task)
    }

    /// Whether the message may be queued, perhaps in the place of one of `replaced` bytes. False = it is to be
    /// dropped.
    fn make_room(&mut self, class: Class, bytes: usize, replaced: Option<usize>) -> Result<bool, Error> {
        let (extra, extra_bytes) =
            if class == Class::Kept { (RESERVE_MESSAGES, self.config.max_queued_bytes) } else { (0, 0) };
        let held = self.outbox.queue.len() + self.receipts.kept();
        let (new, growth) = (usize::from(replaced.is_none()), bytes.saturating_sub(replaced.unwrap_or(0)));
        // What takes no more room than before is no reason to make some.
        let beyond =
            |now: usize, more: usize, most: usize| if more == 0 { 0 } else { (now + more).saturating_sub(most) };
        let too_many = beyond(held, new, self.config.max_queued_messages + extra);
        let too_large = beyond(self.outbox.bytes, growth, self.config.max_queued_bytes + extra_bytes);
        if too_many == 0 && too_large == 0 {
            return Ok(true);
        }
        let policy = if class == Class::Kept { Overflow::Reject } else { self.config.overflow };
        match policy {
            Overflow::DropNewest => return Ok(false),
            Overflow::DropOldest => {
                if let Some(count) = self.logs_to_drop(too_many, too_large) {
                    self.drop_oldest_logs(count);
                    return Ok(true);
                }
            }
            Overflow::Reject => {}
        }
        let text = format!(
            "the outbox is full ({held} messages, {} bytes); it empties when the link is up",
            self.outbox.bytes
        );
        Err(Error::new(ErrorKind::QueueFull, text))
    }

    /// How many of the oldest log lines have to go to free so many messages and bytes; `None` if all are not
    /// enough.
    fn logs_to_drop(&self, messages: usize, bytes: usize) -> Option<usize> {
        let mut freed = (0, 0);
        for log in self.outbox.queue.iter().filter(|queued| queued.class == Class::Log) {
            freed = (freed.0 + 1, freed.1 + log.text.len());
            if freed.0 >= messages && freed.1 >= bytes {
                return Some(freed.0);
            }
        }
        None
    }

    fn drop_oldest_logs(&mut self, count: usize) {
        for _ in 0..count {
            let oldest = self.outbox.queue.iter().position(|queued| queued.class == Class::Log);
            let index = oldest.expect("they were counted");
            self.drop_queued(index, DropReason::Overflow);
        }
    }
}

fn encode(draft: &Draft<'_>, timestamp: i64, id: Option<&str>) -> Result<String, Error> {
    let task = draft.task;
    let mut data = String::new();
    let mut given = None;
    let kind = match &draft.kind {
        DraftKind::Progress { stage, progress, message } => {
            if !progress.is_finite() {
                return Err(Error::new(ErrorKind::InvalidArgument, "progress takes a number from 0 to 100"));
            }
            encode_progress_data(&mut data, task, stage, progress.clamp(0.0, 100.0), message, timestamp);
            MessageKind::Progress
        }
        DraftKind::Log { level, message, metadata } => {
            check_json(*metadata)?;
            encode_log_data(&mut data, task, *level, message, timestamp, *metadata);
            MessageKind::Log
        }
        DraftKind::Status { data } => {
            given = Some(*data);
            MessageKind::Status
        }
        DraftKind::Complete { data } => {
            given = Some(*data);
            MessageKind::Complete
        }
        DraftKind::Error { message, code, data: given_data } => {
            match given_data {
                Some(_) => given = *given_data,
                None => encode_error_data(&mut data, message, Some(*code).filter(|code| !code.is_empty())),
            }
            MessageKind::Error
        }
        DraftKind::Heartbeat => MessageKind::Heartbeat,
        DraftKind::Other { kind, data } => {
            given = *data;
            MessageKind::Other(kind)
        }
    };
    check_json(given)?;
    let data = given.or(Some(&*data).filter(|data| !data.is_empty()));
    let mut text = String::with_capacity(96 + task.len() + data.map_or(0, str::len));
    encode_message(&mut text, &Outgoing { data, id, ..Outgoing::new(kind, task, timestamp) });
    Ok(text)
}

fn check_json(data: Option<&str>) -> Result<(), Error> {
    match data {
        Some(data) if !is_json(data) => {
            Err(Error::new(ErrorKind::InvalidArgument, "data and metadata take JSON, and this text is not JSON"))
        }
        _ => Ok(()),
    }
}

impl Session {
    pub(super) fn settle_receipt(&mut self, ticket: Ticket, receipt: Receipt) {
        self.settle_receipt_before(ticket, receipt, u64::MAX);
    }

    /// As above, while the message `unsettled` and those after it are still to be settled.
    pub(super) fn settle_receipt_before(&mut self, ticket: Ticket, receipt: Receipt, unsettled: u64) {
        self.stats.note_receipt(&receipt);
        self.settle(ticket, Settlement::Receipt(receipt));
        self.settle_flushes(unsettled);
    }
}
