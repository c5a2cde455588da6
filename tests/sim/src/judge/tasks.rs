//! One task as a session's user sees it, and the end of its subscription.

use steadywire::event::{Event, Lost, LostReason, Outcome, OutcomeKind};
use steadywire::session::LeaseKind;

use super::coverage::Position;
use super::publications::Reported;
use super::{Cause, Judge, Scene};

/// What a session should know of a task.
#[derive(Debug, Default)]
pub(super) struct Task {
    pub flag: bool,
    /// Leases that follow it.
    pub following: usize,
    /// Leases of its reporters.
    pub reporting: usize,
    /// What they have said, while there are any.
    pub reported: Option<Reported>,
    pub phase: Phase,
    pub position: Position,
    /// Since when nobody holds it.
    pub idle_since: u64,
    /// The server has shown in this subscription that it knows the task.
    pub known: bool,
    /// The run began after the subscription.
    pub from_start: bool,
    /// The epoch the server named last.
    pub told_epoch: Option<String>,
    /// The outcome that was told, while it must not be told again; and where.
    pub ended: Option<(Outcome, Option<(String, u64)>)>,
    /// Where the outcome before this subscription was told, until the server names an epoch.
    pub ended_before: Option<(String, u64)>,
    /// Where the epoch was left that was left last.
    pub left: Option<(String, u64)>,
    /// Ends that a status or a state has announced in this subscription, with the time.
    pub hints: Vec<(u64, bool, Option<String>)>,
    /// Texts without seq that were told in this subscription.
    pub told: Vec<u64>,
    /// How often in a row the server said that it does not know the task.
    pub unknowns: u32,
}

/// How far the subscription is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nobody wants the task.
    #[default]
    Idle,
    Open,
    Ended,
    /// Lost, and wanted by a tracker.
    Lost,
}

impl Task {
    pub(super) fn with_cursor(epoch: String, seq: u64) -> Self {
        Self { position: Position::At(epoch, seq), ..Self::default() }
    }

    pub(super) fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.phase != Phase::Idle
    }

    pub(super) fn position(&self) -> Option<(&str, u64)> {
        match &self.position {
            Position::At(epoch, seq) => Some((epoch, *seq)),
            Position::None => None,
        }
    }

    /// Nobody holds the task, and nothing is kept of it.
    pub(super) fn forget_runs(&mut self) {
        (self.left, self.ended_before) = (None, None);
    }

    /// The subscription begins anew.
    pub(super) fn opens(&mut self) {
        self.phase = Phase::Open;
        self.known = matches!(self.position, Position::At(..));
        self.from_start = false;
        self.told_epoch = None;
        self.ended_before = self.ended.take().and_then(|(_, at)| at).or(self.ended_before.take());
        self.hints.clear();
        self.told.clear();
        self.unknowns = 0;
    }
}

impl Judge {
    /// An end that the session tells.
    pub(super) fn told_end(&mut self, event: &Event<'_>, scene: &mut Scene<'_>) {
        let (task, failed, data, message, code, synthetic) = match event {
            Event::Complete(e) => (&e.task_id, false, e.data.as_ref(), "", "", e.synthetic),
            Event::Error(e) => {
                let task = e.task_id.as_ref().expect("a task's error names it");
                (task, true, e.data.as_deref().unwrap_or_default(), &*e.message, &*e.code, e.synthetic)
            }
            _ => unreachable!("only ends are ends"),
        };
        let id = task.to_string();
        let is_open = self.tasks.get(&id).is_some_and(Task::is_open);
        if synthetic {
            assert!(is_open, "an outcome of {id} is made up though nobody waits for it");
            let task = &self.tasks[&id];
            // What was announced first may be said in the words of what was announced last.
            let announced = |(_, of, with): &(u64, bool, Option<String>)| {
                *of == failed && with.as_deref().unwrap_or("null") == data
            };
            assert!(task.hints.iter().any(announced), "nobody announced {event:?}: {:?}", task.hints);
            let (first, ..) = task.hints[0];
            let waited = scene.mono - first;
            assert!(waited >= steadywire::session::limits::HINT_MS, "{event:?} is made up after {waited} ms");
            scene.coverage.note("path synthetic outcome");
        } else {
            let heard = self.heard.as_mut().filter(|heard| heard.is_end_of(&id, failed, data));
            let heard = heard.unwrap_or_else(|| panic!("nobody said {event:?}"));
            heard.is_told = true;
            assert!(scene.ledger.has_end(&id, failed, data), "no run of {id} ended so: {event:?}");
        }
        if !is_open {
            let task = self.tasks.get(&id);
            let epoch = self.heard.as_ref().and_then(|heard| heard.epoch.clone());
            let repeated = task
                .and_then(|task| task.ended.as_ref())
                .is_some_and(|(_, at)| epoch.is_none() || at.as_ref().is_none_or(|(of, _)| epoch.as_ref() == Some(of)));
            assert!(!repeated, "the outcome of {id} is told twice");
            scene.coverage.note("path outcome passed on");
            return;
        }
        if !synthetic {
            self.covers_heard(&id, scene);
        }
        let kind = if failed { OutcomeKind::Error } else { OutcomeKind::Complete };
        let outcome = Outcome {
            task_id: id.clone(),
            kind,
            data: data.to_owned(),
            message: message.to_owned(),
            code: code.to_owned(),
            reason: None,
            timestamp: 0,
            synthetic,
        };
        scene.coverage.note(if failed { "path outcome error" } else { "path outcome complete" });
        let task = self.tasks.get_mut(&id).expect("it is open");
        let told = task.told_epoch.take().map(|epoch| (epoch, 0));
        let at = task.position().map(|(epoch, seq)| (epoch.to_owned(), seq)).or(told);
        task.position = Position::None;
        task.ended = Some((outcome.clone(), at));
        task.phase = Phase::Ended;
        self.answers_due(&id, &outcome);
        self.unwanted(&id, scene);
    }

    /// A subscription that ends without an outcome.
    pub(super) fn told_lost(&mut self, lost: &Lost, scene: &mut Scene<'_>) {
        let id = lost.task_id.clone();
        assert!(self.tasks.get(&id).is_some_and(Task::is_open), "{id} is lost, and not open");
        let fits = match lost.reason {
            LostReason::Disconnected => self.ending.is_some(),
            LostReason::Closed => self.cause == Cause::Close,
            LostReason::GivenUp | LostReason::Refused if self.heard.is_none() => self.links.stops(&self.cause),
            LostReason::Refused => self.heard.as_ref().is_some_and(|heard| heard.refuses_subscription(&id)),
            LostReason::Forgotten => self.tasks[&id].unknowns >= steadywire::session::limits::MAX_UNKNOWNS.into(),
            LostReason::GivenUp | LostReason::Unsubscribed => false,
        };
        assert!(fits, "{id} is lost, {:?}, in a step that is {:?}", lost.reason, self.cause);
        scene.coverage.note(match lost.reason {
            LostReason::Disconnected => "path lost disconnected",
            LostReason::GivenUp => "path lost given up",
            LostReason::Refused => "path lost refused",
            LostReason::Forgotten => "path lost forgotten",
            LostReason::Unsubscribed => "path lost unsubscribed",
            LostReason::Closed => "path lost closed",
        });
        let task = self.tasks.get_mut(&id).expect("it is open");
        task.flag = false;
        task.phase = Phase::Lost;
        self.answers_due(&id, &lost_outcome(&id, lost.reason));
        self.unwanted(&id, scene);
    }

    /// Follows and waits of the task are to be answered next, oldest first.
    fn answers_due(&mut self, id: &str, outcome: &Outcome) {
        let waits = |kind: &LeaseKind| matches!(kind, LeaseKind::Follow | LeaseKind::Wait);
        for (lease, (task, kind)) in &self.leases {
            if task == id && waits(kind) {
                self.owed.push_back((*lease, outcome.clone()));
            }
        }
        let task = self.tasks.get_mut(id).expect("it ends");
        task.following -= self.leases.values().filter(|(of, kind)| of == id && waits(kind)).count();
    }

    /// Looks whether anybody still wants the task.
    pub(super) fn unwanted(&mut self, id: &str, scene: &Scene<'_>) {
        let Some(task) = self.tasks.get_mut(id) else { return };
        if task.flag || task.following > 0 {
            return;
        }
        let held = task.phase != Phase::Idle;
        task.phase = Phase::Idle;
        if held && task.reporting == 0 {
            task.idle_since = scene.mono;
        }
        if task.reporting == 0 && task.position == Position::None {
            task.forget_runs();
        }
    }
}

pub(super) fn lost_outcome(id: &str, reason: LostReason) -> Outcome {
    Outcome {
        task_id: id.to_owned(),
        kind: OutcomeKind::Lost,
        data: "null".to_owned(),
        message: String::new(),
        code: String::new(),
        reason: Some(reason),
        timestamp: 0,
        synthetic: false,
    }
}
