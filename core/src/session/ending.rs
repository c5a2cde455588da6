//! disconnect(): everything that waits is written or answered before the link is closed (rules END).

use super::Session;
use super::calls::check_room;
use super::io::{Generation, LeaseId, LeaseKind, Now, Output, Ticket};
use super::limits::{CLOSE_TIMEOUT_MS, DRAIN_MS};
use crate::error::{Error, ErrorKind};
use crate::event::{DropReason, ErrorSource, LostReason, Settlement, State};

/// The close code of a disconnect.
const NORMAL: u16 = 1000;

/// A disconnect under way.
#[derive(Debug, Default)]
pub(crate) struct Disconnecting {
    stage: Stage,
    waiters: Vec<Ticket>,
    /// What was called meanwhile; carried out afterwards. Bounded by `MAX_WAITERS`.
    deferred: Vec<Deferred>,
}

/// A call that waits for the end of a disconnect.
#[derive(Debug)]
enum Deferred {
    Connect(Ticket, Option<Box<str>>),
    Subscribe(Box<str>),
    Lease(LeaseId, Box<str>, LeaseKind),
}

#[derive(Debug, Default)]
enum Stage {
    /// The link is up; the outbox is being written.
    #[default]
    New,
    Draining {
        until: u64,
    },
    /// The close frame is on its way.
    Closing {
        generation: Generation,
        until: u64,
    },
}

impl Disconnecting {
    pub(super) fn deadline(&self) -> Option<u64> {
        match self.stage {
            Stage::New => None,
            Stage::Draining { until } | Stage::Closing { until, .. } => Some(until),
        }
    }

    pub(super) fn defer_connect(&mut self, ticket: Ticket, task: Option<&str>) -> Result<(), Error> {
        check_room(self.deferred.len())?;
        self.deferred.push(Deferred::Connect(ticket, task.map(Into::into)));
        Ok(())
    }

    pub(super) fn defer_subscribe(&mut self, task: &str) -> Result<(), Error> {
        check_room(self.deferred.len())?;
        self.deferred.push(Deferred::Subscribe(task.into()));
        Ok(())
    }

    /// The task was unsubscribed again before its subscribe was carried out.
    pub(super) fn withdraw_subscribe(&mut self, task: &str) {
        self.deferred.retain_mut(|one| match one {
            Deferred::Subscribe(of) => **of != *task,
            Deferred::Connect(_, of) => {
                of.take_if(|of| **of == *task);
                true
            }
            Deferred::Lease(..) => true,
        });
    }

    pub(super) fn defer_lease(&mut self, lease: LeaseId, task: &str, kind: LeaseKind) -> Result<(), Error> {
        check_room(self.deferred.len())?;
        self.deferred.push(Deferred::Lease(lease, task.into(), kind));
        Ok(())
    }

    /// Takes a deferred lease back, if it is one.
    pub(super) fn withdraw(&mut self, lease: LeaseId) -> Option<(Box<str>, LeaseKind)> {
        let is_it = |one: &Deferred| matches!(one, Deferred::Lease(id, ..) if *id == lease);
        let at = self.deferred.iter().position(is_it)?;
        match self.deferred.remove(at) {
            Deferred::Lease(_, task, kind) => Some((task, kind)),
            Deferred::Connect(..) | Deferred::Subscribe(_) => None,
        }
    }
}

impl Session {
    pub(super) fn disconnect(&mut self, ticket: Ticket) -> Result<(), Error> {
        if let Some(ending) = &mut self.ending {
            check_room(ending.waiters.len())?;
            ending.waiters.push(ticket);
            self.take_back_deferred();
            if matches!(self.ending, Some(Disconnecting { stage: Stage::Closing { .. }, .. })) {
                self.end_all_work(LostReason::Disconnected, DropReason::Disconnected);
            }
            self.reject_waiters_disconnected();
            return Ok(());
        }
        let mut ending = Disconnecting { waiters: vec![ticket], ..Disconnecting::default() };
        if self.link.is_open() {
            ending.stage = Stage::Draining { until: self.mono() + DRAIN_MS };
            self.ending = Some(ending);
            self.hurry_hello();
        } else {
            self.ending = Some(ending);
            self.finish_ending();
        }
        Ok(())
    }

    /// Closes the link once everything is written and settled.
    pub(super) fn end_when_drained(&mut self) {
        let draining = matches!(self.ending, Some(Disconnecting { stage: Stage::Draining { .. }, .. }));
        if draining && !self.has_unsettled() {
            self.finish_ending();
        }
    }

    pub(super) fn ending_timeout(&mut self) {
        let now = self.mono();
        match self.ending.as_ref().map(|ending| &ending.stage) {
            Some(Stage::Draining { until }) if *until <= now => self.finish_ending(),
            Some(Stage::Closing { until, .. }) if *until <= now => self.drop_closing(),
            _ => {}
        }
    }

    /// Ends everything that is open and closes the link.
    pub(super) fn finish_ending(&mut self) {
        let Some(mut ending) = self.ending.take() else { return };
        if self.link.is_open() {
            let generation = self.link.generation;
            self.output(Output::Close { generation, code: NORMAL });
            ending.stage = Stage::Closing { generation, until: self.mono() + CLOSE_TIMEOUT_MS };
            self.receipts_unknown();
            self.link_is_gone(None, "disconnect() was called");
        } else {
            self.stop_link();
        }
        self.end_all_work(LostReason::Disconnected, DropReason::Disconnected);
        self.set_state(State::Disconnected, "disconnect() was called", None, false);
        self.reject_waiters_disconnected();
        let closing = matches!(ending.stage, Stage::Closing { .. });
        self.ending = Some(ending);
        if !closing {
            self.ended();
        }
    }

    /// The peer answered the close frame or the transport ended. Whether that was what we waited for.
    pub(super) fn closing_ended(&mut self, generation: Generation) -> bool {
        let ended = matches!(
            self.ending,
            Some(Disconnecting { stage: Stage::Closing { generation: closing, .. }, .. }) if closing == generation
        );
        if ended {
            self.ended();
        }
        ended
    }

    /// The close handshake is not waited for any longer.
    pub(super) fn drop_closing(&mut self) {
        if let Some(Disconnecting { stage: Stage::Closing { generation, .. }, .. }) = self.ending {
            self.output(Output::Drop { generation });
            self.ended();
        }
    }

    /// The client is being freed: nothing is written or awaited any more.
    pub(super) fn close_now(&mut self) {
        let error = Error::new(ErrorKind::Closed, "the client was closed before the link was up");
        self.end_at_once(State::Disconnected, "the client was closed", &error);
    }

    /// A defect in this library was found, which `message` tells: as `Input::Close`, but the state is `error`, waiting
    /// connects fail with [`ErrorKind::Internal`], and an `error` event tells of it (rule END-8). For drivers.
    pub fn fail(&mut self, now: Now, message: &str) {
        self.set_now(now);
        self.end_at_once(State::Error, message, &Error::new(ErrorKind::Internal, message));
        self.report(ErrorSource::Transport, ErrorKind::Internal, message, true);
    }

    fn end_at_once(&mut self, state: State, reason: &str, error: &Error) {
        if self.link.is_open() {
            let generation = self.link.generation;
            self.output(Output::Drop { generation });
            self.receipts_unknown();
            self.link_is_gone(None, reason);
        }
        self.stop_link();
        self.take_back_deferred();
        self.end_all_work(LostReason::Closed, DropReason::Closed);
        self.set_state(state, reason, None, false);
        self.reject_waiters(error);
        self.drop_closing();
        if self.ending.is_some() {
            self.ended();
        }
    }

    /// Answers those who called disconnect(), then carries out what was called meanwhile.
    fn ended(&mut self) {
        let Some(ending) = self.ending.take() else { return };
        for ticket in ending.waiters {
            self.settle(ticket, Settlement::Disconnected);
        }
        for one in ending.deferred {
            match one {
                Deferred::Connect(ticket, task) => {
                    if let Some(task) = task {
                        self.flag(&task);
                    }
                    self.wait_for_link(ticket);
                    self.dial_if_stopped("connect() was called");
                }
                Deferred::Subscribe(task) => self.flag(&task),
                Deferred::Lease(lease, task, kind) => {
                    if self.lease(lease, &task, kind).is_err() {
                        self.settle_lost(lease, kind, &task, LostReason::Refused);
                    }
                }
            }
        }
    }

    /// Something ends what was called during the disconnect before it was carried out: connects wait for that
    /// end like any other, subscriptions are there to be lost.
    fn take_back_deferred(&mut self) {
        let Some(ending) = &mut self.ending else { return };
        for one in std::mem::take(&mut ending.deferred) {
            match one {
                Deferred::Connect(ticket, task) => {
                    if let Some(task) = task {
                        self.flag(&task);
                    }
                    self.wait_for_link(ticket);
                }
                Deferred::Subscribe(task) => self.flag(&task),
                Deferred::Lease(lease, task, kind) => self.take_lease(lease, &task, kind),
            }
        }
    }
}
