//! Which tasks a worker must say that it still reports, on a new connection (rules PUB).

use std::collections::BTreeSet;

use steadywire::protocol::{self, Body, Control, Request};
use steadywire::session::{Draft, DraftKind};

use super::{Judge, Scene};
use crate::LinkId;

/// What was said of a task since its first reporter began.
#[derive(Debug, Default)]
pub(super) struct Reported {
    /// The connection on which a message of it went out first.
    first: Option<LinkId>,
    ended: bool,
}

impl Reported {
    fn goes_on(&self, link: Option<LinkId>) -> bool {
        !self.ended && self.first.is_some() && self.first != link
    }
}

/// What is to be said on the current connection.
#[derive(Debug, Default)]
pub(super) struct Publications {
    greeted: bool,
    due: BTreeSet<String>,
    /// The message sent last, its task, and whether that had ended before.
    sent: Option<(u64, String, bool)>,
}

impl Judge {
    pub(super) fn publications_begin(&mut self) {
        self.publications = Publications::default();
    }

    /// The server says what it can do.
    pub(super) fn publications_are_wanted(&mut self, scene: &Scene<'_>) {
        if std::mem::replace(&mut self.publications.greeted, true) {
            return;
        }
        let reported = self.tasks.iter().filter_map(|(id, task)| Some((id, task.reported.as_ref()?)));
        self.publications.due =
            reported.filter(|(_, reported)| reported.goes_on(scene.link)).map(|(id, _)| id.clone()).collect();
    }

    /// Tasks that must be named before any other message is written.
    pub(super) fn unpublished(&self, link: Option<LinkId>) -> BTreeSet<&str> {
        let goes_on = |id: &&String| {
            self.tasks.get(*id).and_then(|task| task.reported.as_ref()).is_some_and(|it| it.goes_on(link))
        };
        self.publications.due.iter().filter(goes_on).map(String::as_str).collect()
    }

    /// A message is about to be sent.
    pub(super) fn sends_of(&mut self, ticket: u64, draft: &Draft<'_>) {
        let ended = match &draft.kind {
            DraftKind::Heartbeat | DraftKind::Other { .. } => return,
            DraftKind::Complete { .. } => true,
            DraftKind::Error { data, .. } => data.is_none_or(|data| !data.contains("\"fatal\":false")),
            _ => false,
        };
        if let Some(reported) = self.tasks.get_mut(draft.task).and_then(|task| task.reported.as_mut()) {
            let before = std::mem::replace(&mut reported.ended, ended);
            self.publications.sent = Some((ticket, draft.task.to_owned(), before));
        }
    }

    /// The outbox did not take it after all.
    pub(super) fn is_dropped_at_once(&mut self, ticket: u64) {
        if let Some((_, task, before)) = self.publications.sent.take_if(|(sent, ..)| *sent == ticket)
            && let Some(reported) = self.tasks.get_mut(&task).and_then(|task| task.reported.as_mut())
        {
            reported.ended = before;
        }
    }

    /// A frame is handed to the connection: is everything said that must be said before it, and is it true?
    pub(super) fn publishes(&mut self, text: &str, scene: &mut Scene<'_>) {
        let frame = protocol::parse(text).expect("what is written can be read");
        match &frame.body {
            Body::Control(Control::Request(Request::Publish { tasks })) => {
                let named: BTreeSet<&str> = tasks.iter().map(|task| &**task).collect();
                assert_eq!(named, self.unpublished(scene.link), "what is still reported");
                self.publications.due.clear();
                scene.coverage.note("path published again");
            }
            Body::Control(_) | Body::Heartbeat { .. } => {}
            _ => {
                let unsaid = self.unpublished(scene.link);
                assert!(unsaid.is_empty(), "{unsaid:?} are not named before {text}");
                // What had ended by now is not named on this connection, though it may run again.
                self.publications.due.clear();
                if let Some(reported) = self.tasks.get_mut(&*frame.task_id).and_then(|task| task.reported.as_mut()) {
                    reported.first = reported.first.or(scene.link);
                }
            }
        }
    }
}
