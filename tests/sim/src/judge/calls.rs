//! What calls change: who wants which task, and what waits for the end of a disconnect (rules CALL, SUB and END).

use steadywire::event::LostReason;
use steadywire::session::limits::CURSOR_KEPT_MS;
use steadywire::session::{Input, LeaseKind, Session};

use super::coverage::Position;
use super::tasks::{Phase, lost_outcome};
use super::{Judge, Scene};

/// A disconnect under way.
#[derive(Debug, Default)]
pub(super) struct Ending {
    /// Who waits for it.
    waiting: usize,
    deferred: Vec<Deferred>,
}

#[derive(Debug)]
enum Deferred {
    Flag(String),
    Lease(u64, String, LeaseKind),
}

impl Ending {
    fn withdraw(&mut self, lease: u64) -> Option<(String, LeaseKind)> {
        let is_it = |one: &Deferred| matches!(one, Deferred::Lease(of, ..) if *of == lease);
        let at = self.deferred.iter().position(is_it)?;
        match self.deferred.remove(at) {
            Deferred::Lease(_, task, kind) => Some((task, kind)),
            Deferred::Flag(_) => None,
        }
    }

    /// Leases that are taken when it is over.
    pub(super) fn leases(&self) -> impl Iterator<Item = (u64, &str, LeaseKind)> + '_ {
        self.deferred.iter().filter_map(|one| match one {
            Deferred::Lease(lease, task, kind) => Some((*lease, task.as_str(), *kind)),
            Deferred::Flag(_) => None,
        })
    }
}

impl Judge {
    /// A call that was not refused, or an input of the driver.
    pub(super) fn call(&mut self, input: &Input<'_>, session: &Session, scene: &mut Scene<'_>) {
        match input {
            Input::Connect { task: Some(task), .. } => self.flag_or_defer(task, session, scene),
            Input::Subscribe { task } => self.flag_or_defer(task, session, scene),
            Input::Unsubscribe { task } => {
                if let Some(ending) = &mut self.ending {
                    ending.deferred.retain(|one| !matches!(one, Deferred::Flag(of) if of == task));
                }
                if let Some(known) = self.tasks.get_mut(*task) {
                    known.flag = false;
                    self.unwanted(task, scene);
                }
            }
            Input::Lease { lease, task, kind } => {
                let remembered = self.remembered(task, *kind).is_some();
                match &mut self.ending {
                    Some(ending) if !remembered => {
                        ending.deferred.push(Deferred::Lease(*lease, (*task).to_owned(), *kind));
                    }
                    _ => self.lease(*lease, task, *kind, session, scene),
                }
            }
            Input::Unlease { lease } => self.unlease(*lease, scene),
            Input::Send { ticket, message } => self.sends(*ticket, message),
            Input::Disconnect { .. } => match &mut self.ending {
                Some(ending) => {
                    ending.waiting += 1;
                    self.take_back(session, scene);
                }
                None => self.ending = Some(Ending { waiting: 1, deferred: Vec::new() }),
            },
            Input::Close => self.take_back(session, scene),
            Input::Opened { .. } => {
                self.links.opens();
                self.publications_begin(scene);
                self.new_link();
                let lost: Vec<String> =
                    self.tasks.iter().filter(|(_, t)| t.phase == Phase::Lost).map(|(id, _)| id.clone()).collect();
                for id in lost {
                    self.open(&id, session, scene);
                }
            }
            Input::Online(online) => self.links.reachable(Some(*online), None),
            Input::Visible(visible) => self.links.reachable(None, Some(*visible)),
            _ => {}
        }
    }

    /// Everybody who waited for the end of a disconnect is answered: what was called meanwhile is carried out.
    pub(super) fn disconnect_answered(&mut self, session: &Session, scene: &mut Scene<'_>) {
        let ending = self.ending.as_mut().expect("nobody disconnects");
        ending.waiting -= 1;
        if ending.waiting > 0 {
            return;
        }
        for one in self.ending.take().expect("it was there").deferred {
            scene.coverage.note("path call during a disconnect");
            match one {
                Deferred::Flag(task) => self.flag(&task, session, scene),
                Deferred::Lease(lease, task, kind) => self.lease(lease, &task, kind, session, scene),
            }
        }
    }

    fn flag_or_defer(&mut self, task: &str, session: &Session, scene: &mut Scene<'_>) {
        match &mut self.ending {
            Some(ending) => ending.deferred.push(Deferred::Flag(task.to_owned())),
            None => self.flag(task, session, scene),
        }
    }

    fn flag(&mut self, task: &str, session: &Session, scene: &mut Scene<'_>) {
        self.tasks.entry(task.to_owned()).or_default().flag = true;
        self.want(task, session, scene);
    }

    fn lease(&mut self, lease: u64, id: &str, kind: LeaseKind, session: &Session, scene: &mut Scene<'_>) {
        self.leases.insert(lease, (id.to_owned(), kind));
        if let Some(outcome) = self.remembered(id, kind) {
            scene.coverage.note("path outcome remembered");
            self.owed.push_back((lease, outcome));
            return;
        }
        self.take_lease(id, kind, session, scene);
    }

    fn take_lease(&mut self, id: &str, kind: LeaseKind, session: &Session, scene: &mut Scene<'_>) {
        let task = self.tasks.entry(id.to_owned()).or_default();
        if kind == LeaseKind::Report {
            task.reporting += 1;
            task.reported.get_or_insert_default();
            // From here on the cursor is kept, if it still is.
            self.may_be_forgotten(id, session, scene);
        } else {
            task.following += 1;
            self.want(id, session, scene);
        }
    }

    fn unlease(&mut self, lease: u64, scene: &mut Scene<'_>) {
        let deferred = self.ending.as_mut().and_then(|ending| ending.withdraw(lease));
        let was_deferred = deferred.is_some();
        let Some((id, kind)) = deferred.or_else(|| self.leases.remove(&lease)) else { return };
        if matches!(kind, LeaseKind::Follow | LeaseKind::Wait) {
            scene.coverage.note("path lost unsubscribed");
            self.owed.push_back((lease, lost_outcome(&id, LostReason::Unsubscribed)));
        }
        if was_deferred {
            return;
        }
        let Some(task) = self.tasks.get_mut(&id) else { return };
        if kind == LeaseKind::Report {
            task.reporting -= 1;
            task.reported.take_if(|_| task.reporting == 0);
            if task.reporting == 0 && task.phase == Phase::Idle {
                task.idle_since = scene.mono;
            }
        } else {
            task.following -= 1;
        }
        self.unwanted(&id, scene);
    }

    /// The outcome that answers a new follow or wait at once.
    fn remembered(&self, id: &str, kind: LeaseKind) -> Option<steadywire::Outcome> {
        let task = self.tasks.get(id).filter(|task| !task.is_open())?;
        let waits = matches!(kind, LeaseKind::Follow | LeaseKind::Wait);
        task.ended.as_ref().filter(|_| waits).map(|(outcome, _)| outcome.clone())
    }

    fn want(&mut self, id: &str, session: &Session, scene: &mut Scene<'_>) {
        if !self.tasks[id].is_open() {
            self.open(id, session, scene);
        }
    }

    pub(super) fn open(&mut self, id: &str, session: &Session, scene: &mut Scene<'_>) {
        self.may_be_forgotten(id, session, scene);
        self.tasks.get_mut(id).expect("it is wanted").opens();
    }

    /// The cursor may have gone since the task was last held, but not before its time.
    fn may_be_forgotten(&mut self, id: &str, session: &Session, scene: &mut Scene<'_>) {
        let cursor = session.cursors().into_iter().find(|(task, ..)| task == id);
        let task = self.tasks.get_mut(id).expect("it is held");
        match (&task.position, cursor) {
            // The session may have learned more in this very step.
            (Position::At(epoch, seq), Some((_, of, now))) => {
                assert!(*epoch != of || now >= *seq, "the cursor of {id} is {of} {now}, not {epoch} {seq}");
            }
            (Position::At(..), None) => {
                let idle = scene.mono - task.idle_since;
                let open_before = task.phase != Phase::Idle;
                assert!(open_before || idle >= CURSOR_KEPT_MS, "the cursor of {id} is forgotten after {idle} ms");
                task.position = Position::None;
                if !open_before {
                    task.forget_runs();
                }
                scene.coverage.note("path cursor forgotten");
            }
            (Position::None, _) => {}
        }
    }

    /// What was called during a disconnect is there to be ended by another.
    fn take_back(&mut self, session: &Session, scene: &mut Scene<'_>) {
        let Some(ending) = &mut self.ending else { return };
        for one in std::mem::take(&mut ending.deferred) {
            match one {
                Deferred::Flag(task) => self.flag(&task, session, scene),
                Deferred::Lease(lease, task, kind) => {
                    self.leases.insert(lease, (task.clone(), kind));
                    self.take_lease(&task, kind, session, scene);
                }
            }
        }
    }
}
