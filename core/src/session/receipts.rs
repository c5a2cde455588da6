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
    flushes: VecDeque<(Ticket, u64)>,
}

#[derive(Debug)]
struct InFlight {
    /// Its number among all written.
    number: u64,
    order: u64,
    ticket: Ticket,
    at: u64,
    ack_unsupported: bool,
    /// Kept to be written again until it is acknowledged.
    message: Option<Queued>,
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
        self.settle_flushes();
        Ok(())
    }

    /// A message is handed to the transport. Returns its text.
    pub(super) fn written(&mut self, message: Queued) -> String {
        self.receipts.written += 1;
        let acks = self.subscriptions.features().is_some_and(|features| features.ack);
        let waits_for_ack = message.id.is_some() && acks;
        let mut in_flight = InFlight {
            number: self.receipts.written,
            order: message.order,
            ticket: message.ticket,
            at: self.mono(),
            ack_unsupported: message.id.is_some() && !acks,
            message: None,
        };
        let text;
        if waits_for_ack {
            text = message.text.clone();
            in_flight.message = Some(message);
            self.receipts.acks += 1;
        } else {
            self.outbox.bytes -= message.text.len();
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

    pub(super) fn written_deadline(&self) -> Option<u64> {
        if self.receipts.in_flight.len() == self.receipts.acks {
            return None;
        }
        let oldest = self.receipts.in_flight.iter().find(|one| one.message.is_none())?;
        Some(oldest.at + self.written_after())
    }

    pub(super) fn written_timeout(&mut self) {
        let (now, after) = (self.mono(), self.written_after());
        if self.written_deadline().is_some_and(|due| due <= now) && self.link.is_open() {
            self.settle_written(|one| one.at + after <= now);
        }
    }

    pub(super) fn on_ack(&mut self, id: &str) {
        if let Some(message) = self.take_by_id(id) {
            self.settle_receipt(message.ticket, Receipt::Acked);
        }
    }

    pub(super) fn on_refused_message(&mut self, id: &str, message: &str) {
        if let Some(refused) = self.take_by_id(id) {
            self.settle_receipt(refused.ticket, Receipt::Rejected(message.to_owned()));
        }
    }

    /// The link is gone: what waits for an acknowledgement is written again on the next, the rest is unknown.
    pub(super) fn receipts_of_lost_link(&mut self) {
        let lost = std::mem::take(&mut self.receipts.in_flight);
        self.receipts.acks = 0;
        self.receipts.proof_at = self.receipts.written;
        let mut unknown = Vec::new();
        let mut again = VecDeque::new();
        for one in lost {
            match one.message {
                Some(message) => again.push_back(Queued { written_before: true, ..message }),
                None => unknown.push(one.ticket),
            }
        }
        again.append(&mut self.outbox.queue);
        self.outbox.queue = again;
        for ticket in unknown {
            self.settle_receipt(ticket, Receipt::Unknown);
        }
    }

    /// Everything written is settled as unknown, acknowledged or not.
    pub(super) fn receipts_unknown(&mut self) {
        self.receipts.acks = 0;
        for one in std::mem::take(&mut self.receipts.in_flight) {
            self.outbox.bytes -= one.message.as_ref().map_or(0, |message| message.text.len());
            self.settle_receipt(one.ticket, Receipt::Unknown);
        }
    }

    pub(super) fn has_unsettled(&self) -> bool {
        !self.outbox.queue.is_empty() || !self.receipts.in_flight.is_empty()
    }

    /// Answers every flush before which nothing is unsettled.
    pub(super) fn settle_flushes(&mut self) {
        if self.receipts.flushes.is_empty() {
            return;
        }
        let queued = self.outbox.queue.front().map(|queued| queued.order);
        let in_flight = self.receipts.in_flight.front().map(|one| one.order);
        let oldest = [queued, in_flight].into_iter().flatten().min().unwrap_or(u64::MAX);
        while let Some((ticket, order)) = self.receipts.flushes.front().copied()
            && order < oldest
        {
            self.receipts.flushes.pop_front();
            self.settle(ticket, Settlement::Flushed);
        }
    }

    fn settle_written(&mut self, done: impl Fn(&InFlight) -> bool) {
        let mut settled = Vec::new();
        self.receipts.in_flight.retain(|one| {
            let written = one.message.is_none() && done(one);
            if written {
                settled.push((one.ticket, one.ack_unsupported));
            }
            !written
        });
        for (ticket, ack_unsupported) in settled {
            self.settle_receipt(ticket, Receipt::Written { ack_unsupported });
        }
    }

    fn take_by_id(&mut self, id: &str) -> Option<Queued> {
        let is_it = |message: &Queued| message.id.as_deref() == Some(id);
        let at = self.receipts.in_flight.iter().position(|one| one.message.as_ref().is_some_and(is_it));
        let message = match at {
            Some(at) => {
                self.receipts.acks -= 1;
                self.receipts.in_flight.remove(at)?.message?
            }
            None => {
                let at = self.outbox.queue.iter().position(is_it)?;
                self.outbox.queue.remove(at)?
            }
        };
        self.outbox.bytes -= message.text.len();
        Some(message)
    }

    fn written_after(&self) -> u64 {
        match self.config.heartbeat_interval {
            0 => WRITTEN_AFTER_MS,
            interval => interval,
        }
    }
}
