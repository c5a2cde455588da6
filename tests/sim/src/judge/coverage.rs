//! Nothing twice, no false gap, no silent hole: where each open subscription is in the history of its task (rules RES).

use steadywire::event::Gap;

use super::tasks::Task;
use super::{Judge, Scene};

/// The last message of a task that was told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Position {
    /// None was, or nobody can know what lies between it and the next.
    #[default]
    None,
    /// This epoch and position.
    At(String, u64),
}

/// A gap that must be told before the message heard: first, last, epoch.
pub(super) type Missing = (u64, Option<u64>, String);

impl Task {
    /// Whether the message at this position was told, or seen to be told.
    pub(super) fn has_seen(&self, epoch: &str, seq: u64) -> bool {
        let ended = self.ended.as_ref().and_then(|(_, at)| at.as_ref());
        let known = [&self.left, &self.ended_before].into_iter().flatten().chain(ended);
        let known = known.map(|(of, told)| (of.as_str(), *told)).chain(self.position());
        known.into_iter().any(|(of, told)| of == epoch && seq <= told)
    }

    /// What is missing between what was told and a message that stands for `first` to `seq`; `None` = it was seen.
    pub(super) fn missing_before(&mut self, epoch: Option<&str>, first: u64, seq: u64) -> Option<Vec<Missing>> {
        let own = |epoch: Option<&str>| epoch.unwrap_or_default().to_owned();
        if let Some((left, told)) = &self.left
            && epoch == Some(left)
            && seq <= *told
        {
            return None;
        }
        let other = epoch.and_then(|epoch| self.speaks_of(epoch));
        let missing = match &self.position {
            Position::None if self.from_start && first > 1 => vec![(1, Some(first - 1), own(epoch))],
            Position::None => Vec::new(),
            Position::At(_, told) if seq <= *told => return None,
            Position::At(at, told) if first > told + 1 => vec![(told + 1, Some(first - 1), at.clone())],
            Position::At(..) => Vec::new(),
        };
        Some(other.into_iter().chain(missing).collect())
    }

    /// The server speaks of this epoch. What is missing of another that was told.
    pub(super) fn speaks_of(&mut self, epoch: &str) -> Option<Missing> {
        if let Some(ended) = self.ended_before.take().filter(|(of, _)| of != epoch) {
            self.left = Some(ended);
        }
        let back = self.left.take_if(|(of, _)| of == epoch).map(|(of, seq)| Position::At(of, seq));
        match std::mem::take(&mut self.position) {
            Position::At(at, told) if at != epoch => {
                self.position = back.unwrap_or_default();
                self.left = Some((at.clone(), told));
                Some((told + 1, None, at))
            }
            Position::None => {
                self.position = back.unwrap_or_default();
                None
            }
            same => {
                self.position = same;
                None
            }
        }
    }
}

impl Judge {
    /// A gap is told: it must be the one that the frame heard makes known.
    pub(super) fn told_gap(&mut self, gap: &Gap, scene: &mut Scene<'_>) {
        let heard = self.heard.as_mut().unwrap_or_else(|| panic!("{gap:?} though nothing was heard"));
        let told = (gap.from, gap.to, gap.epoch.clone());
        assert!(heard.task == gap.task_id, "{gap:?} for a message of {}", heard.task);
        assert!(heard.missing.first() == Some(&told), "{gap:?} is none; missing are {:?}", heard.missing);
        assert!(!heard.is_told, "a gap is told after the message behind it");
        heard.missing.remove(0);
        if gap.to.is_none() {
            assert!(scene.ledger.has_later(&gap.task_id, &gap.epoch), "{gap:?}, and that epoch goes on");
        }
        scene.coverage.note(if gap.to.is_some() { "path gap" } else { "path epoch change" });
    }

    /// The message heard is told: its positions are covered.
    pub(super) fn covers_heard(&mut self, id: &str, scene: &mut Scene<'_>) {
        let heard = self.heard.as_mut().expect("it was heard");
        assert!(heard.missing.is_empty(), "missing before {heard:?}, and not told");
        assert!(!heard.seen, "told twice: {heard:?}");
        let task = self.tasks.get_mut(id).expect("it is open");
        if let Some(seq) = heard.seq {
            let epoch = match (&heard.epoch, &task.position) {
                (Some(epoch), _) => epoch.clone(),
                (None, Position::At(epoch, _)) => epoch.clone(),
                (None, Position::None) => String::new(),
            };
            if heard.covers.is_some_and(|covers| covers < seq) {
                scene.coverage.note("path conflated by the server");
            }
            task.from_start = false;
            task.position = Position::At(epoch, seq);
        } else {
            task.told.push(heard.mark);
        }
        task.known = true;
    }
}
