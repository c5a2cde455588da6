//! What became of messages: no receipt says more than is known (rules RCP).

use std::collections::BTreeMap;

use steadywire::event::{DropReason, Receipt};
use steadywire::protocol::Features;
use steadywire::session::limits::WRITTEN_AFTER_MS;
use steadywire::session::{Draft, DraftKind};

use super::{Cause, Judge, Scene};
use crate::LinkId;
use crate::server::marker_in;

/// A message that was sent.
#[derive(Debug, Default)]
pub(super) struct Sent {
    ack: bool,
    heartbeat: bool,
    /// Its task had a reporter then.
    reported: bool,
    /// The connections it was handed to, with the time, and whether the server was known to acknowledge.
    handed: BTreeMap<LinkId, (u64, bool)>,
    settled: bool,
}

impl Sent {
    pub(super) fn is_unsettled(&self) -> bool {
        !self.settled
    }
}

impl Judge {
    pub(super) fn sends(&mut self, ticket: u64, draft: &Draft<'_>) {
        let heartbeat = matches!(draft.kind, DraftKind::Heartbeat);
        self.sends_of(ticket, draft);
        let reported = self.tasks.get(draft.task).is_some_and(|task| task.reported.is_some());
        self.sent.insert(ticket, Sent { ack: draft.ack, heartbeat, reported, ..Sent::default() });
    }

    /// Whether the session would end a connection on which nothing comes, as far as is known here.
    fn is_silence_noticed(&self) -> bool {
        self.config.heartbeat_interval > 0 && (self.platform.pings || self.links.features().heartbeat)
    }

    /// Whether the task of a message had a reporter when it was sent.
    pub(super) fn is_reported(&self, ticket: u64) -> bool {
        self.sent.get(&ticket).is_some_and(|sent| sent.reported)
    }

    /// A message was handed to the connection.
    pub(super) fn message_written(&mut self, text: &str, scene: &mut Scene<'_>) {
        let Some((serial, ticket)) = marker_in(text) else { return };
        assert_eq!(serial, self.serial, "a message of another session is written");
        let link = scene.link.expect("a frame is written to a connection");
        let sent = self.sent.get_mut(&ticket).expect("only what was sent is written");
        assert!(!sent.settled, "{ticket} is written after its receipt");
        if !sent.handed.is_empty() {
            assert!(sent.ack, "{ticket} is written twice");
            scene.coverage.note("path written again");
        }
        sent.handed.insert(link, (scene.mono, self.links.features().ack));
    }

    pub(super) fn receipt(&mut self, ticket: u64, receipt: &Receipt, scene: &mut Scene<'_>) {
        let serial = self.serial;
        let sent = self.sent.get_mut(&ticket).unwrap_or_else(|| panic!("a receipt for {ticket}, which nobody sent"));
        assert!(!std::mem::replace(&mut sent.settled, true), "two receipts for {ticket}");
        if sent.heartbeat {
            return;
        }
        let mail = scene.ledger.mail((serial, ticket));
        let arrived = |link: LinkId| mail.is_some_and(|mail| mail.arrived.contains(&link));
        let speaks = self.heard.as_ref().and_then(|heard| heard.speaks_of());
        let of_this = || speaks.is_some() && mail.is_some_and(|mail| mail.id == speaks);
        match receipt {
            Receipt::Written { ack_unsupported } => {
                assert_eq!(*ack_unsupported, sent.ack, "{ticket} asked for an acknowledgement: {}", sent.ack);
                let link = scene.link.expect("a connection is up");
                let (handed, acks) =
                    *sent.handed.get(&link).unwrap_or_else(|| panic!("{ticket} was never written: {sent:?}"));
                assert!(!sent.ack || !acks, "{ticket} is not acknowledged by a server that does");
                let after = match self.config.heartbeat_interval {
                    0 => WRITTEN_AFTER_MS,
                    interval => interval,
                };
                let is_old = scene.mono - handed >= after;
                match &self.cause {
                    Cause::Pong if arrived(link) => {}
                    Cause::Message if self.heard.as_ref().is_some_and(|heard| heard.is_answer()) && !is_old => {
                        assert!(arrived(link) || scene.repeats, "{ticket} never arrived, and a heartbeat is its proof");
                        scene.coverage.note("path written by a heartbeat");
                    }
                    Cause::Pong | Cause::Message | Cause::Other if is_old => {
                        scene.coverage.note("path written by a sign of life");
                    }
                    Cause::Timeout if !self.is_silence_noticed() => {
                        assert!(is_old, "{ticket} counts as written after {}", scene.mono - handed);
                        scene.coverage.note("path written by time");
                    }
                    cause => panic!("{ticket} is written in a step that is {cause:?}"),
                }
            }
            Receipt::Acked => {
                let mail = mail.unwrap_or_else(|| panic!("{ticket} is acknowledged and never arrived"));
                assert!(sent.ack && mail.acked && mail.stored > 0, "{ticket} is acknowledged: {mail:?}");
                assert!(of_this(), "{ticket} is acknowledged by {speaks:?}");
            }
            Receipt::Rejected(_) => {
                assert!(mail.is_some_and(|mail| mail.refused), "{ticket} is rejected: {mail:?}");
                assert!(of_this(), "{ticket} is rejected by {speaks:?}");
            }
            Receipt::Dropped(reason) => {
                if *reason == DropReason::Overflow {
                    self.is_dropped_at_once(ticket);
                }
                let sent = &self.sent[&ticket];
                assert!(sent.handed.is_empty(), "{ticket} is dropped, {reason:?}, and was written: {sent:?}");
                let fits = match reason {
                    DropReason::Superseded | DropReason::Overflow => self.cause == Cause::Call,
                    DropReason::Disconnected => self.ending.is_some(),
                    DropReason::GivenUp | DropReason::Refused => self.links.stops(&self.cause),
                    DropReason::Closed => self.cause == Cause::Close,
                    DropReason::NotConnected => false,
                };
                assert!(fits, "{ticket} is dropped, {reason:?}, in a step that is {:?}", self.cause);
            }
            Receipt::Unknown => {
                assert!(!sent.handed.is_empty(), "{ticket} was never written, and is unknown");
                if sent.ack && self.links.features().ack {
                    scene.coverage.note("path acknowledgement never came");
                }
            }
        }
        scene.coverage.note(receipt_name(receipt));
    }

    /// What the server says it can do, of this link.
    pub(super) fn note_features(&mut self, scene: &Scene<'_>) {
        if let Some(features) = self.heard.as_ref().and_then(|heard| heard.features()) {
            self.links.greeted(features);
            self.publications_are_wanted(features, scene);
        }
    }

    pub(super) fn new_link(&mut self) {
        self.links.greeted(Features::default());
    }
}

fn receipt_name(receipt: &Receipt) -> &'static str {
    match receipt {
        Receipt::Written { ack_unsupported: false } => "receipt written",
        Receipt::Written { ack_unsupported: true } => "receipt written, ack unsupported",
        Receipt::Acked => "receipt acked",
        Receipt::Rejected(_) => "receipt rejected",
        Receipt::Unknown => "receipt unknown",
        Receipt::Dropped(DropReason::Superseded) => "receipt dropped superseded",
        Receipt::Dropped(DropReason::Overflow) => "receipt dropped overflow",
        Receipt::Dropped(DropReason::Disconnected) => "receipt dropped disconnected",
        Receipt::Dropped(DropReason::GivenUp) => "receipt dropped givenUp",
        Receipt::Dropped(DropReason::Refused) => "receipt dropped refused",
        Receipt::Dropped(DropReason::Closed) => "receipt dropped closed",
        Receipt::Dropped(DropReason::NotConnected) => "receipt dropped notConnected",
    }
}
