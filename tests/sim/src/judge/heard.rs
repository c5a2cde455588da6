//! The frame that a step brings in, and what may come out of it.

use std::hash::Hasher;

use rustc_hash::FxHasher;
use steadywire::event::{ErrorEvent, ErrorSource, Event};
use steadywire::protocol::{self, Body, Control, Frame, TaskState, TaskStatus};
use steadywire::session::Session;
use steadywire::{Config, ErrorKind, Terminal};

use super::coverage::Missing;
use super::tasks::{Phase, Task};
use super::{Judge, Scene};

/// A frame on its way through a session.
#[derive(Debug)]
pub struct Heard {
    text: String,
    /// The task it names.
    pub task: String,
    /// Its epoch.
    pub epoch: Option<String>,
    /// Its position.
    pub seq: Option<u64>,
    /// The first position it stands for.
    pub covers: Option<u64>,
    pub(super) mark: u64,
    /// Gaps that have to be told for it.
    pub(super) missing: Vec<Missing>,
    /// It was told before: it must not be told again.
    pub(super) seen: bool,
    /// An event has to be told of it.
    must: bool,
    pub(super) is_told: bool,
}

/// What a frame's type does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Message,
    End,
    Trouble,
    Untracked,
}

impl Heard {
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut hasher = FxHasher::default();
        hasher.write(text.as_bytes());
        let frame = protocol::parse(text).ok();
        let frame = frame.as_ref();
        Some(Self {
            text: text.to_owned(),
            task: frame.map(|frame| frame.task_id.to_string()).unwrap_or_default(),
            epoch: frame.and_then(|frame| frame.epoch.as_deref().map(str::to_owned)),
            seq: frame.and_then(|frame| frame.seq),
            covers: frame.and_then(|frame| frame.covers),
            mark: hasher.finish(),
            missing: Vec::new(),
            seen: false,
            must: false,
            is_told: false,
        })
    }

    fn frame(&self) -> Option<Frame<'_>> {
        protocol::parse(&self.text).ok()
    }

    pub(super) fn is_end_of(&self, task: &str, failed: bool, data: &str) -> bool {
        let Some(frame) = self.frame().filter(|frame| frame.task_id == task) else { return false };
        match frame.body {
            Body::Complete { data: said } => !failed && said == data,
            Body::Error { data: said, .. } => failed && said == data,
            _ => false,
        }
    }

    pub(super) fn refuses_subscription(&self, task: &str) -> bool {
        self.frame().is_some_and(|frame| {
            frame.task_id == task
                && matches!(&frame.body, Body::Error { action: Some(action), .. } if action == "subscribe")
        })
    }

    /// An answer to a heartbeat.
    pub(super) fn is_answer(&self) -> bool {
        self.frame().is_some_and(|frame| matches!(frame.body, Body::Heartbeat { received: true }))
    }

    /// The id of the message that it acknowledges or refuses.
    pub(super) fn speaks_of(&self) -> Option<String> {
        match self.frame()?.body {
            Body::Control(Control::Ack { id }) => Some(id.into_owned()),
            Body::Error { refused_id: Some(id), .. } => Some(id.into_owned()),
            _ => None,
        }
    }

    /// What the server says it can do.
    pub(super) fn features(&self) -> Option<protocol::Features> {
        match self.frame()?.body {
            Body::Control(Control::Hello { features, .. }) => Some(features),
            _ => None,
        }
    }

    fn says(&self, event: &Event<'_>) -> bool {
        let Some(frame) = self.frame() else { return false };
        if event.task_id().unwrap_or_default() != frame.task_id {
            return false;
        }
        match (&frame.body, event) {
            (Body::Progress { stage, progress, message }, Event::Progress(e)) => {
                (stage, *progress, message) == (&e.stage, e.progress, &e.message)
            }
            (Body::Log { level, message, metadata }, Event::Log(e)) => {
                (*level, message, *metadata) == (e.level, &e.message, e.metadata.as_deref())
            }
            (Body::Status { data, .. }, Event::Status(e)) => *data == e.data,
            (Body::Error { message, data, .. }, Event::Error(e)) => {
                *message == e.message && Some(*data) == e.data.as_deref()
            }
            (Body::Heartbeat { received }, Event::Heartbeat(_)) => !received,
            (Body::Other { kind }, Event::Message(e)) => *kind == e.kind && e.raw == self.text,
            _ => false,
        }
    }
}

impl Judge {
    /// Before anything of it is told: what the frame is to us, and what has to come out of it.
    pub(super) fn begin_heard(&mut self, session: &Session, scene: &mut Scene<'_>) {
        let Some(mut heard) = self.heard.take() else { return };
        let text = heard.text.clone();
        match protocol::parse(&text) {
            Err(_) => heard.must = true,
            Ok(frame) => self.weigh(&mut heard, &frame, session, scene),
        }
        self.heard = Some(heard);
    }

    /// Everything has been told.
    pub(super) fn end_heard(&mut self, scene: &mut Scene<'_>) {
        let Some(heard) = &self.heard else { return };
        assert!(heard.is_told || !heard.must, "not told: {heard:?}");
        assert!(heard.missing.is_empty(), "a gap that was not told: {heard:?}");
        if heard.seen {
            scene.coverage.note("path replay dropped");
        }
    }

    /// An event that passes on what the server said.
    pub(super) fn told(&mut self, event: &Event<'_>, scene: &mut Scene<'_>) {
        let heard = self.heard.as_mut().filter(|heard| heard.says(event));
        let heard = heard.unwrap_or_else(|| panic!("nobody said {event:?}"));
        assert!(!std::mem::replace(&mut heard.is_told, true), "told twice: {event:?}");
        let bookkept = !matches!(event, Event::Heartbeat(_) | Event::Message(_));
        let task = heard.task.clone();
        if bookkept && self.tasks.get(&task).is_some_and(Task::is_open) {
            self.covers_heard(&task, scene);
        } else if bookkept {
            scene.coverage.note("path passed on");
        }
    }

    /// Trouble that is no task's.
    pub(super) fn told_trouble(&mut self, error: &ErrorEvent<'_>) {
        if error.source != ErrorSource::Protocol {
            return;
        }
        let Some(heard) = &mut self.heard else { return };
        let rejected = error.code == ErrorKind::InvalidMessage.name();
        let fits = if rejected { heard.frame().is_none() } else { heard.says(&Event::Error(error.clone())) };
        assert!(fits, "nobody said {error:?}");
        heard.is_told = true;
    }

    fn weigh(&mut self, heard: &mut Heard, frame: &Frame<'_>, session: &Session, scene: &mut Scene<'_>) {
        let id = heard.task.clone();
        let sort = match &frame.body {
            Body::Progress { .. } | Body::Log { .. } | Body::Status { .. } => Sort::Message,
            Body::Complete { .. } => Sort::End,
            Body::Error { fatal, action, refused_id, .. } => {
                let answers = action.is_some() || refused_id.is_some();
                let task = self.tasks.get(&id);
                let held = task.is_some_and(|task| !matches!(task.phase, Phase::Idle | Phase::Lost));
                let followed = held || task.is_some_and(|task| task.ended.is_some());
                match (answers, followed, fatal) {
                    (false, true, Some(false)) => Sort::Message,
                    (false, true, _) => Sort::End,
                    _ => Sort::Trouble,
                }
            }
            Body::Heartbeat { received: true } => return,
            Body::Control(Control::Subscribed(state) | Control::State(state)) => {
                return self.weigh_state(heard, state, scene);
            }
            Body::Control(_) => return,
            Body::Heartbeat { .. } | Body::Other { .. } => Sort::Untracked,
        };
        heard.must = true;
        if matches!(sort, Sort::Trouble | Sort::Untracked) {
            return;
        }
        let Some(task) = self.tasks.get_mut(&id) else { return };
        let other_run = |task: &Task| {
            let ended = task.ended.as_ref().and_then(|(_, at)| at.as_ref()).map(|(epoch, _)| epoch);
            heard.epoch.is_some() && ended.is_some() && heard.epoch.as_ref() != ended
        };
        let repeats_end = match task.phase {
            Phase::Idle | Phase::Ended => task.ended.is_some() && !other_run(task),
            Phase::Lost => true,
            Phase::Open => false,
        };
        if sort == Sort::End && repeats_end {
            heard.must = false;
            heard.seen = true;
            return;
        }
        let of_left = task.left.as_ref().is_some_and(|(epoch, told)| {
            heard.epoch.as_ref() == Some(epoch) && heard.seq.is_some_and(|seq| seq <= *told)
        });
        if task.phase != Phase::Idle && of_left {
            scene.coverage.note("path repeat of a former run");
        }
        if task.phase == Phase::Ended && other_run(task) && of_left {
            (heard.must, heard.seen) = (false, true);
            return;
        }
        if task.phase == Phase::Ended && other_run(task) {
            scene.coverage.note("path run again");
            self.open(&id, session, scene);
            self.tasks.get_mut(&id).expect("it is open").from_start = true;
        }
        let task = self.tasks.get_mut(&id).expect("it was found");
        if !task.is_open() {
            return;
        }
        (task.known, task.unknowns) = (true, 0);
        match heard.seq {
            Some(seq) => {
                let missing = task.missing_before(heard.epoch.as_deref(), heard.covers.unwrap_or(seq), seq);
                heard.seen = missing.is_none();
                heard.missing = missing.unwrap_or_default();
                heard.must = !heard.seen;
            }
            None => heard.must = !task.told.contains(&heard.mark),
        }
        if let Body::Status { word: Some(word), data } = &frame.body
            && !heard.seen
            && let Some(failed) = ends(&self.config, word)
        {
            task.hints.push((scene.mono, failed, Some((*data).to_owned())));
        }
    }

    fn weigh_state(&mut self, heard: &mut Heard, state: &TaskState<'_>, scene: &mut Scene<'_>) {
        let Some(task) = self.tasks.get_mut(&heard.task).filter(|task| task.is_open()) else { return };
        if state.status == Some(TaskStatus::Unknown) {
            scene.coverage.note("path unknown to the server");
            task.unknowns += 1;
            task.from_start = !task.known;
            return;
        }
        if let Some(epoch) = state.epoch.as_deref() {
            heard.missing.extend(task.speaks_of(epoch));
            task.told_epoch = Some(epoch.to_owned());
        }
        if let Some(status) = state.status {
            (task.known, task.unknowns) = (true, 0);
            if status != TaskStatus::Running {
                task.hints.push((scene.mono, status == TaskStatus::Error, state.data.map(str::to_owned)));
            }
        }
        if state.recovered == Some(true) {
            scene.coverage.note("path resumed with replay");
        }
    }
}

/// Whether a status word ends a task for this client, and then whether in an error.
fn ends(config: &Config, word: &str) -> Option<bool> {
    let word = word.to_lowercase();
    if let Some(set) = config.terminal_status.get(&word) {
        return set.map(|end| end == Terminal::Error);
    }
    protocol::terminal_word(&word).map(|status| status == TaskStatus::Error)
}
