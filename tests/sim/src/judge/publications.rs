//! What a client must say of itself on a new connection: whose it is, and which tasks it still reports (rules PUB).

use std::collections::BTreeSet;

use steadywire::protocol::{self, Body, Control, Features, Frame, Request};
use steadywire::session::limits::{HELLO_WAIT_MS, LONG_HELLO_WAIT_MS, MAX_VAIN_WAITS};
use steadywire::session::{Draft, DraftKind};

use crate::server::marker_in;

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
    /// The server has said that it has the feature.
    greeted: bool,
    due: BTreeSet<String>,
    /// A `publish` was written.
    said: bool,
    opened_at: u64,
    /// What the server said on it, if anything.
    features: Option<Features>,
    last: Last,
    /// Connections in a row that were lost after a second without a word.
    vain: u8,
    /// The message sent last, its task, and whether that had ended before.
    sent: Option<(u64, String, bool)>,
}

/// What was known of the server at the end of the connection before.
#[derive(Clone, Copy, Debug, Default)]
enum Last {
    /// Nothing on any yet.
    #[default]
    Nothing,
    /// It had said this.
    Said(Features),
    /// It had said nothing within the time for it.
    Silent,
}

impl Judge {
    pub(super) fn publications_begin(&mut self, scene: &Scene<'_>) {
        let Publications { last, vain, .. } = self.publications;
        self.publications = Publications { last, vain, opened_at: scene.mono, ..Publications::default() };
    }

    /// The connection is gone. What is known of the server then is what the next one begins with.
    pub(super) fn publications_end(&mut self, scene: &Scene<'_>) {
        let (wait, ended) = (self.hello_wait(), &mut self.publications);
        let lived = scene.mono - ended.opened_at;
        match ended.features {
            Some(features) => (ended.last, ended.vain) = (Last::Said(features), 0),
            None if lived >= wait => (ended.last, ended.vain) = (Last::Silent, 0),
            None if lived >= HELLO_WAIT_MS => ended.vain += 1,
            None => {}
        }
    }

    /// How long a greeting is waited for.
    fn hello_wait(&self) -> u64 {
        match self.publications.last {
            Last::Said(_) if self.publications.vain < MAX_VAIN_WAITS && self.ending.is_none() => LONG_HELLO_WAIT_MS,
            _ => HELLO_WAIT_MS,
        }
    }

    /// The server says what it can do.
    pub(super) fn publications_are_wanted(&mut self, features: Features, scene: &Scene<'_>) {
        self.publications.features = Some(features);
        if !features.publish || std::mem::replace(&mut self.publications.greeted, true) {
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
            Body::Control(Control::Request(Request::Publish { link, tasks })) => {
                let named: BTreeSet<&str> = tasks.iter().map(|task| &**task).collect();
                assert_eq!(named, self.unpublished(scene.link), "what is still reported");
                let link = link.as_ref().expect("it says which connection this is");
                assert_eq!(Some(link.number), self.links.generation().map(u64::from), "which connection this is");
                assert!(link.client.ends_with(&format!("{:08x}", self.serial)), "{} is another client", link.client);
                assert!(!named.is_empty() || !self.publications.said, "nothing is to be said any more");
                scene.coverage.note(if named.is_empty() { "path introduced" } else { "path published again" });
                self.publications.due.clear();
                self.publications.said = true;
            }
            Body::Control(_) | Body::Heartbeat { .. } => {}
            _ => {
                self.may_be_written(&frame, text, scene);
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

    /// Whether the server can tell which connection a message came over, where that can be had.
    fn may_be_written(&self, frame: &Frame<'_>, text: &str, scene: &mut Scene<'_>) {
        let Publications { greeted, said, opened_at, features, last, .. } = &self.publications;
        assert!(*said || !greeted, "the server is not told which connection this is before {text}");
        let waits = match last {
            Last::Said(features) => features.publish,
            Last::Silent => false,
            Last::Nothing => marker_in(text).is_some_and(|(_, ticket)| self.is_reported(ticket)),
        };
        if features.is_none() && (waits || frame.id.is_some()) {
            let waited = scene.mono - opened_at;
            assert!(waited >= self.hello_wait(), "{text} is written {waited} ms after the link opened");
            scene.coverage.note("path greeting awaited in vain");
        }
    }
}
