//! What a session can say of itself.

use super::Session;
use super::limits::LAST_ERRORS;
use crate::error::ErrorKind;
use crate::event::{DropReason, Receipt, State};
use serde_json::{Value, json};

/// Counters since the session was made, and its depths now.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs, reason = "the names say it; see `to_json` for the shared ones")]
pub struct Stats {
    pub state: State,
    pub generation: u32,
    pub attempts: u64,
    pub failures: u32,
    pub connects: u64,
    pub frames_in: u64,
    pub bytes_in: u64,
    pub frames_out: u64,
    pub bytes_out: u64,
    pub rejected: u64,
    pub bad_fields: u64,
    pub replays_dropped: u64,
    pub gaps: u64,
    pub questions: u64,
    pub outcomes: u64,
    pub lost: u64,
    pub written: u64,
    pub acked: u64,
    pub refused: u64,
    pub unknown: u64,
    /// Messages dropped, by the order of `DropReason::ALL`.
    pub dropped: [u64; DropReason::ALL.len()],
    pub slept_ms: u64,
    pub rtt_ms: Option<u64>,
    pub tasks: usize,
    pub open_tasks: usize,
    pub remembered_outcomes: usize,
    pub outbox_messages: usize,
    pub outbox_bytes: usize,
    pub oldest_queued_ms: u64,
    pub in_flight: usize,
    /// The last errors, oldest first.
    pub last_errors: Vec<(ErrorKind, String)>,
}

impl Stats {
    /// The statistics as a JSON object, with the names every language uses.
    pub fn to_json(&self) -> Value {
        let dropped: serde_json::Map<String, Value> = DropReason::ALL
            .iter()
            .zip(self.dropped)
            .map(|(reason, count)| (reason.name().into(), count.into()))
            .collect();
        let errors: Vec<Value> =
            self.last_errors.iter().map(|(kind, text)| json!({ "code": kind.name(), "message": text })).collect();
        json!({
            "state": self.state.name(), "generation": self.generation, "attempts": self.attempts,
            "failures": self.failures, "connects": self.connects,
            "framesIn": self.frames_in, "bytesIn": self.bytes_in,
            "framesOut": self.frames_out, "bytesOut": self.bytes_out,
            "rejected": self.rejected, "badFields": self.bad_fields, "replaysDropped": self.replays_dropped,
            "gaps": self.gaps, "questions": self.questions, "outcomes": self.outcomes, "lost": self.lost,
            "receipts": {
                "written": self.written, "acked": self.acked, "rejected": self.refused, "unknown": self.unknown,
                "dropped": dropped,
            },
            "sleptMs": self.slept_ms, "rttMs": self.rtt_ms,
            "tasks": self.tasks, "openTasks": self.open_tasks, "rememberedOutcomes": self.remembered_outcomes,
            "outboxMessages": self.outbox_messages, "outboxBytes": self.outbox_bytes,
            "oldestQueuedMs": self.oldest_queued_ms, "inFlight": self.in_flight,
            "lastErrors": errors,
        })
    }

    pub(super) fn note_error(&mut self, kind: ErrorKind, message: &str) {
        if self.last_errors.len() == LAST_ERRORS {
            self.last_errors.remove(0);
        }
        self.last_errors.push((kind, message.to_owned()));
    }

    pub(super) fn note_receipt(&mut self, receipt: &Receipt) {
        match receipt {
            Receipt::Written { .. } => self.written += 1,
            Receipt::Acked => self.acked += 1,
            Receipt::Rejected(_) => self.refused += 1,
            Receipt::Unknown => self.unknown += 1,
            Receipt::Dropped(reason) => self.dropped[*reason as usize] += 1,
        }
    }
}

impl Session {
    /// How many messages were dropped, by the order of `DropReason::ALL`.
    #[cfg(feature = "net")]
    pub(crate) fn dropped(&self) -> [u64; DropReason::ALL.len()] {
        self.stats.dropped
    }

    /// What the session can say of itself now.
    pub fn stats(&self) -> Stats {
        let oldest = self.outbox.queue.front().map_or(self.now.mono_ms, |queued| queued.since);
        Stats {
            state: self.state,
            generation: self.link.generation,
            failures: self.link.attempts.failures,
            tasks: self.tasks.wanted(),
            open_tasks: self.tasks.open,
            remembered_outcomes: self.tasks.remembered(),
            outbox_messages: self.outbox.queue.len(),
            outbox_bytes: self.outbox.bytes,
            oldest_queued_ms: self.now.mono_ms - oldest,
            in_flight: self.receipts.in_flight(),
            ..self.stats.clone()
        }
    }
}
