//! What people ask of a session: connect, subscribe, follow and their opposites (rules CALL and SUB).

use super::Session;
use super::io::{LeaseId, LeaseKind, Output, Ticket};
use super::limits::{CURSOR_KEPT_MS, MAX_LEASES, MAX_TASK_ID, MAX_TASKS, MAX_WAITERS};
use super::tasks::{Phase, Slot};
use crate::error::{Error, ErrorKind};
use crate::event::{LostReason, Outcome, OutcomeKind, Settlement, State};

impl Session {
    pub(super) fn connect(&mut self, ticket: Ticket, task: Option<&str>) -> Result<(), Error> {
        if let Some(task) = task {
            self.check_wanting(task)?;
        }
        check_room(self.link.waiters.len())?;
        if let Some(ending) = &mut self.ending {
            return ending.defer_connect(ticket, task);
        }
        if let Some(task) = task {
            self.flag(task);
        }
        if self.state == State::Connected {
            self.settle(ticket, Settlement::Connected(Ok(())));
        } else {
            self.wait_for_link(ticket);
            self.dial_now("connect() was called");
        }
        Ok(())
    }

    pub(super) fn reconnect(&mut self, ticket: Ticket) -> Result<(), Error> {
        check_room(self.link.waiters.len())?;
        if let Some(ending) = &mut self.ending {
            return ending.defer_connect(ticket, None);
        }
        self.wait_for_link(ticket);
        self.abandon_link("reconnect() was called");
        self.dial_now("reconnect() was called");
        Ok(())
    }

    pub(super) fn subscribe(&mut self, task: &str) -> Result<(), Error> {
        self.check_wanting(task)?;
        if let Some(ending) = &mut self.ending {
            return ending.defer_subscribe(task);
        }
        self.flag(task);
        Ok(())
    }

    pub(super) fn unsubscribe(&mut self, task: &str) {
        if let Some(ending) = &mut self.ending {
            ending.withdraw_subscribe(task);
        }
        if let Some(slot) = self.tasks.find(task) {
            self.tasks.get_mut(slot).flag = false;
            self.after_unwanting(slot);
        }
    }

    pub(super) fn lease(&mut self, lease: LeaseId, task: &str, kind: LeaseKind) -> Result<(), Error> {
        self.check_wanting(task)?;
        if !self.tasks.has_lease_room() {
            return Err(Error::new(ErrorKind::LimitReached, format!("at most {MAX_LEASES} leases may live at a time")));
        }
        let waits = matches!(kind, LeaseKind::Follow | LeaseKind::Wait);
        let open = self.tasks.find(task).is_some_and(|slot| self.tasks.get(slot).is_open());
        if waits
            && !open
            && let Some(outcome) = self.tasks.outcomes().get(task).cloned()
        {
            self.settle(lease, Settlement::Outcome(outcome));
            return Ok(());
        }
        if let Some(ending) = &mut self.ending {
            return ending.defer_lease(lease, task, kind);
        }
        self.take_lease(lease, task, kind);
        if self.state != State::Connected {
            self.dial_if_stopped("a task is to be followed");
        }
        Ok(())
    }

    /// Notes the lease and opens its subscription. Dials nothing.
    pub(super) fn take_lease(&mut self, lease: LeaseId, task: &str, kind: LeaseKind) {
        let slot = self.tasks.find_or_add(task);
        self.tasks.add_lease(lease, slot, kind);
        if kind == LeaseKind::Report {
            self.tasks.get_mut(slot).expires = None;
            self.tasks.rearm(slot);
        } else {
            self.want(slot);
        }
    }

    pub(super) fn unlease(&mut self, lease: LeaseId) {
        if let Some((task, kind)) = self.ending.as_mut().and_then(|ending| ending.withdraw(lease)) {
            self.settle_lost(lease, kind, &task, LostReason::Unsubscribed);
            return;
        }
        let Some((slot, kind)) = self.tasks.end_lease(lease) else { return };
        let task = self.tasks.get(slot).id.clone();
        self.settle_lost(lease, kind, &task, LostReason::Unsubscribed);
        self.after_unwanting(slot);
    }

    /// The lease ends without an outcome: a follow or wait is answered.
    pub(super) fn settle_lost(&mut self, lease: LeaseId, kind: LeaseKind, task: &str, reason: LostReason) {
        if matches!(kind, LeaseKind::Follow | LeaseKind::Wait) {
            let outcome = self.lost_outcome(task, reason);
            self.settle(lease, Settlement::Outcome(outcome));
        }
    }

    /// Opens the subscription unless it is open already.
    fn want(&mut self, slot: Slot) {
        let rank = self.tasks.next_order();
        let task = self.tasks.get_mut(slot);
        task.rank = rank;
        if !task.is_open() {
            self.open_subscription(slot);
        }
    }

    /// A new subscription: the server is asked anew, whatever was known.
    fn open_subscription(&mut self, slot: Slot) {
        self.reopen(slot);
        if self.link.is_open() {
            self.ask_for(slot);
        }
    }

    /// The subscription begins anew; nothing is sent.
    pub(super) fn reopen(&mut self, slot: Slot) {
        let opened = self.tasks.next_order();
        let now = self.mono();
        self.tasks.set_phase(slot, Phase::Pending);
        let task = self.tasks.get_mut(slot);
        task.opened = opened;
        task.asked_before = false;
        task.known = task.cursor.is_some();
        task.from_start = false;
        task.unknowns = 0;
        task.told_epoch = None;
        task.ended = None;
        task.hint = None;
        task.expires = None;
        task.heard_at = now;
        task.questions = 0;
        let id = task.id.clone();
        if let Some(seen) = self.tasks.outcomes().forget(&id) {
            self.tasks.get_mut(slot).ended_before = Some(seen);
        }
        self.tasks.rearm(slot);
    }

    /// Ends the subscription if nobody wants the task any more. No event tells of it.
    pub(super) fn after_unwanting(&mut self, slot: Slot) {
        let task = self.tasks.get(slot);
        if task.is_wanted() {
            return;
        }
        if task.phase != Phase::Idle {
            self.stop_asking(slot);
            self.tasks.set_phase(slot, Phase::Idle);
            let task = self.tasks.get_mut(slot);
            task.hint = None;
            task.question_due = None;
            task.recent = None;
            task.rank = 0;
        }
        let expires = self.mono() + CURSOR_KEPT_MS;
        let task = self.tasks.get_mut(slot);
        if task.leases.is_empty() {
            task.expires.get_or_insert(expires);
        }
        self.tasks.rearm(slot);
        let task = self.tasks.get(slot);
        if task.leases.is_empty() && task.cursor.is_none() {
            self.tasks.remove(slot);
        } else {
            self.tasks.trim_idle();
        }
    }

    pub(super) fn settle(&mut self, ticket: Ticket, settlement: Settlement) {
        if ticket != 0 {
            self.batch.settled(ticket, settlement);
        }
    }

    pub(super) fn lost_outcome(&self, task: &str, reason: LostReason) -> Outcome {
        Outcome {
            task_id: task.to_owned(),
            kind: OutcomeKind::Lost,
            data: "null".to_owned(),
            message: String::new(),
            code: String::new(),
            reason: Some(reason),
            timestamp: self.now.wall_ms,
            synthetic: false,
        }
    }

    pub(super) fn output(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    pub(super) fn flag(&mut self, task: &str) {
        let slot = self.tasks.find_or_add(task);
        self.tasks.get_mut(slot).flag = true;
        self.want(slot);
    }

    fn check_wanting(&self, task: &str) -> Result<(), Error> {
        check_task_id(task)?;
        let known = self.tasks.find(task).is_some_and(|slot| self.tasks.get(slot).phase != Phase::Idle);
        if known || self.tasks.has_room() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::LimitReached, format!("at most {MAX_TASKS} tasks may be followed at a time")))
    }
}

pub(super) fn check_task_id(task: &str) -> Result<(), Error> {
    if task.is_empty() || task.len() > MAX_TASK_ID {
        let text = format!("a task id has 1 to {MAX_TASK_ID} bytes, not {}", task.len());
        return Err(Error::new(ErrorKind::InvalidArgument, text));
    }
    Ok(())
}

pub(super) fn check_room(waiting: usize) -> Result<(), Error> {
    if waiting < MAX_WAITERS {
        return Ok(());
    }
    Err(Error::new(ErrorKind::LimitReached, format!("at most {MAX_WAITERS} calls of a kind may wait at a time")))
}
