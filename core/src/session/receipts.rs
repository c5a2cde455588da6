//! What became of each message: one final state (rules RCP).

use std::collections::VecDeque;

use super::Session;
use super::calls::check_room;
use super::io::{Ticket, Transmit};
use super::limits::{MAX_IN_FLIGHT, PROOF_EVERY, WRITTEN_AFTER_MS};
use super::outbox::Queued;
use crate::error::Error;
use crate::event::{Receipt, Settlement};

/// Messages that were written and are not settled, in the order of writing.
#[derive(Debug, Default)]
pub(crate) struct Receipts {
    in_flight: VecDeque<InFlight>,
    /// Those among them that wait for an acknowledgement.
    acks: usize,
    /// Counts messages written on any link.
    pub(super) written: u64,
    /// `written` when the last ping went out.
    proof_at: u64,
    /// Before this nothing is old enough to be settled by a sign of life; `None` = nothing was written.
    old_from: Option<u64>,
    flushes: VecDeque<(Ticket, u64)>,
}

#[derive(Debug)]
struct InFlight {
    /// Its number among all written.
    number: u64,
    order: u64,
    ticket: Ticket,
    at: u64,
    /// It asked for an acknowledgement and the server gives none.
    unacknowledged_id: Option<Box<str>>,
    /// Kept to be written again until it is acknowledged.
    message: Option<Queued>,
}

impl InFlight {
    fn has_id(&self, id: &str) -> bool {
        let kept = self.message.as_ref().and_then(|message| message.id.as_deref());
        kept.or(self.unacknowledged_id.as_deref()) == Some(id)
    }
}

impl Receipts {
    /// How many messages are kept to be written again.
    pub(super) fn kept(&self) -> usize {
        self.acks
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }
}

impl Session {
    pub(super) fn flush(&mut self, ticket: Ticket) -> Result<(), Error> {
        check_room(self.receipts.flushes.len())?;
        self.receipts.flushes.push_back((ticket, self.outbox.last_order));
        self.settle_flushes(u64::MAX);
        Ok(())
    }

    /// A message is handed to the transport. Returns its text.
    pub(super) fn written(&mut self, message: Queued) -> String {
        self.receipts.written += 1;
        self.note_published(&message.task);
        let acks = self.subscriptions.features().is_some_and(|features| features.ack);
        let waits_for_ack = message.id.is_some() && acks;
        let mut in_flight = InFlight {
            number: self.receipts.written,
            order: message.order,
            ticket: message.ticket,
            at: self.mono(),
            unacknowledged_id: None,
            message: None,
        };
        let text;
        if waits_for_ack {
            text = message.text.clone();
            in_flight.message = Some(message);
            self.receipts.acks += 1;
        } else {
            self.receipts.old_from.get_or_insert(in_flight.at + self.written_after());
            self.outbox.bytes -= message.text.len();
            in_flight.unacknowledged_id = message.id;
            text = message.text;
        }
        self.receipts.in_flight.push_back(in_flight);
        text
    }

    /// Whether another message may be written.
    pub(super) fn has_window(&self) -> bool {
        self.receipts.in_flight.len() < MAX_IN_FLIGHT
    }

    /// Whether it is time for a ping between messages.
    pub(super) fn wants_proof_first(&self) -> bool {
        self.platform.pings
            && self.receipts.written - self.receipts.proof_at >= PROOF_EVERY
            && !self.heartbeat.awaits_pong()
            && self.receipts.in_flight.len() > self.receipts.acks
    }

    /// A ping whose pong shows that the messages before it have arrived.
    pub(super) fn next_proof(&mut self) -> Option<Transmit> {
        if self.receipts.in_flight.len() == self.receipts.acks {
            return None;
        }
        let last = self.receipts.in_flight.iter().rev().find(|one| one.message.is_none())?;
        let wanted = self.platform.pings && last.number > self.receipts.proof_at && !self.heartbeat.awaits_pong();
        wanted.then(|| {
            self.receipts.proof_at = self.receipts.written;
            self.make_ping()
        })
    }

    /// A sign of life answers something that was sent after message `number`.
    pub(super) fn written_up_to(&mut self, number: u64) {
        self.settle_written(|one| one.number <= number);
    }

    /// When messages count as written by time alone: where nothing would tell that the link is dead.
    pub(super) fn written_deadline(&self) -> Option<u64> {
        if self.can_tell_a_dead_link() { None } else { self.oldest_due() }
    }

    pub(super) fn written_timeout(&mut self) {
        if self.written_deadline().is_some_and(|due| due <= self.mono()) && self.link.is_open() {
            self.settle_old();
        }
    }

    /// Something arrived: what was written long enough before counts as written.
    pub(super) fn alive_after_writing(&mut self) {
        let due = self.receipts.old_from.is_some_and(|from| from <= self.mono());
        if due && self.can_tell_a_dead_link() {
            self.settle_old();
            self.receipts.old_from = self.oldest_due();
        }
    }

    pub(super) fn on_ack(&mut self, id: &str) {
        if let Some(ticket) = self.take_written(id) {
            self.settle_receipt(ticket, Receipt::Acked);
        }
    }

    pub(super) fn on_refused_message(&mut self, id: &str, message: &str) {
        if let Some(ticket) = self.take_written(id) {
            self.settle_receipt(ticket, Receipt::Rejected(message.to_owned()));
        }
    }

    /// The link is gone: what waits for an acknowledgement is written again on the next, the rest is unknown.
    pub(super) fn receipts_of_lost_link(&mut self) {
        let lost = std::mem::take(&mut self.receipts.in_flight);
        self.receipts.acks = 0;
        self.receipts.proof_at = self.receipts.written;
        self.receipts.old_from = None;
        let mut unknown = Vec::new();
        let mut again = VecDeque::new();
        for one in lost {
            match one.message {
                Some(message) => again.push_back(Queued { written_before: true, ..message }),
                None => unknown.push((one.order, one.ticket, Receipt::Unknown)),
            }
        }
        again.append(&mut self.outbox.queue);
        self.outbox.queue = again;
        self.settle_receipts(unknown);
    }

    /// Everything written is settled as unknown, acknowledged or not.
    pub(super) fn receipts_unknown(&mut self) {
        self.receipts.acks = 0;
        let in_flight = std::mem::take(&mut self.receipts.in_flight);
        let kept = in_flight.iter().filter_map(|one| one.message.as_ref());
        self.outbox.bytes -= kept.map(|message| message.text.len()).sum::<usize>();
        self.settle_receipts(in_flight.into_iter().map(|one| (one.order, one.ticket, Receipt::Unknown)).collect());
    }

    pub(super) fn has_unsettled(&self) -> bool {
        !self.outbox.queue.is_empty() || !self.receipts.in_flight.is_empty()
    }

    /// Answers every flush before which nothing is unsettled, of those before the message `limit`.
    pub(super) fn settle_flushes(&mut self, limit: u64) {
        if self.receipts.flushes.is_empty() {
            return;
        }
        let queued = self.outbox.queue.front().map(|queued| queued.order);
        let in_flight = self.receipts.in_flight.front().map(|one| one.order);
        let oldest = [queued, in_flight].into_iter().flatten().min().unwrap_or(u64::MAX).min(limit);
        while let Some((ticket, order)) = self.receipts.flushes.front().copied()
            && order < oldest
        {
            self.receipts.flushes.pop_front();
            self.settle(ticket, Settlement::Flushed);
        }
    }

    /// When the oldest message that waits for no acknowledgement will have been written long enough ago.
    fn oldest_due(&self) -> Option<u64> {
        if self.receipts.in_flight.len() == self.receipts.acks {
            return None;
        }
        let oldest = self.receipts.in_flight.iter().find(|one| one.message.is_none())?;
        Some(oldest.at + self.written_after())
    }

    fn settle_old(&mut self) {
        let (now, after) = (self.mono(), self.written_after());
        self.settle_written(|one| one.at + after <= now);
    }

    fn settle_written(&mut self, done: impl Fn(&InFlight) -> bool) {
        let mut settled = Vec::new();
        self.receipts.in_flight.retain(|one| {
            let written = one.message.is_none() && done(one);
            if written {
                let receipt = Receipt::Written { ack_unsupported: one.unacknowledged_id.is_some() };
                settled.push((one.order, one.ticket, receipt));
            }
            !written
        });
        self.settle_receipts(settled);
    }

    /// Settles messages that are out of the queue already, in their order, and each flush in its place.
    fn settle_receipts(&mut self, receipts: Vec<(u64, Ticket, Receipt)>) {
        let mut receipts = receipts.into_iter().peekable();
        while let Some((_, ticket, receipt)) = receipts.next() {
            let unsettled = receipts.peek().map_or(u64::MAX, |(order, ..)| *order);
            self.settle_receipt_before(ticket, receipt, unsettled);
        }
    }

    /// Takes the message that the server speaks of, if it was written: on this link, or on an earlier one.
    fn take_written(&mut self, id: &str) -> Option<Ticket> {
        if let Some(at) = self.receipts.in_flight.iter().position(|one| one.has_id(id)) {
            let one = self.receipts.in_flight.remove(at)?;
            self.receipts.acks -= usize::from(one.message.is_some());
            self.outbox.bytes -= one.message.map_or(0, |message| message.text.len());
            return Some(one.ticket);
        }
        let spoken_of = |message: &Queued| message.written_before && message.id.as_deref() == Some(id);
        let at = self.outbox.queue.iter().position(spoken_of)?;
        let message = self.outbox.queue.remove(at)?;
        self.outbox.bytes -= message.text.len();
        Some(message.ticket)
    }

    fn written_after(&self) -> u64 {
        match self.config.heartbeat_interval {
            0 => WRITTEN_AFTER_MS,
            interval => interval,
        }
    }
}
