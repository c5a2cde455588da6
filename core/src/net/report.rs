//! Tells operators what happens to links and messages.

use std::fmt::Write;
use std::sync::Mutex;

use super::shared::lock;
use crate::event::{DropReason, Event, EventKind, Item, Level, State};
use crate::log;
use crate::session::Session;

/// What is to be logged once no lock is held.
pub(super) type Lines = Vec<(Level, &'static str, String)>;

/// What has been told of one client.
#[derive(Default)]
pub(super) struct Report {
    /// How many messages were known to be dropped, by reason. Used under the session's lock only.
    dropped: Mutex<[u64; DropReason::ALL.len()]>,
}

impl Report {
    /// What the session has to tell and what it counted since the last call. Costs nothing while nobody listens.
    pub(super) fn look(&self, session: &mut Session) -> Lines {
        let mut lines = Lines::new();
        if !log::is_enabled(Level::Error) {
            return lines;
        }
        let dropped = session.dropped();
        let on_purpose = session.state() == State::Disconnected;
        let batch = session.batch();
        for index in 0..batch.len() {
            use EventKind as K;
            let Some(K::StateChange | K::Connected | K::Disconnected | K::Retry) = batch.kind(index) else { continue };
            let Item::Event(event) = batch.get(index) else { continue };
            lines.extend(describe(&event, on_purpose));
        }
        let mut known = lock(&self.dropped);
        for (reason, (known, now)) in DropReason::ALL.iter().zip(known.iter_mut().zip(dropped)) {
            let new = now - std::mem::replace(known, now);
            // A progress message that a newer one replaced is no loss.
            if new > 0 && *reason != DropReason::Superseded {
                let text = format!("{new} of the messages to be sent were dropped: {}", reason.name());
                lines.push((Level::Warn, "outbox", text));
            }
        }
        if !lines.is_empty() {
            let url = session.shown_url().into_owned();
            for (.., text) in &mut lines {
                text.insert_str(0, ": ");
                text.insert_str(0, &url);
            }
        }
        lines
    }
}

/// Logs what was to be told. No lock may be held.
pub(super) fn tell(lines: Lines) {
    for (level, target, text) in lines {
        log::line(level, target, format_args!("{text}"));
    }
}

/// `on_purpose`: nothing is to be restored, because the program or the server said so.
fn describe(event: &Event<'_>, on_purpose: bool) -> Option<(Level, &'static str, String)> {
    let (level, text) = match event {
        Event::Connected(event) => (Level::Info, format!("link {} is up", event.generation)),
        Event::Disconnected(event) => {
            let mut text = format!("link {} is gone: {}", event.generation, event.reason);
            if let Some(code) = event.close_code {
                let _ = write!(text, " (close code {code})");
            }
            (if on_purpose { Level::Info } else { Level::Warn }, text)
        }
        Event::Retry(event) => {
            (Level::Warn, format!("attempt {} follows in {} ms: {}", event.attempt, event.next_delay, event.cause))
        }
        Event::StateChange(event) if event.state == State::Error => {
            (Level::Error, format!("stopped for good, until the program connects again: {}", event.reason))
        }
        Event::StateChange(event) => {
            let text = format!("{} after {}: {}", event.state.name(), event.previous.name(), event.reason);
            (Level::Debug, text)
        }
        _ => return None,
    };
    Some((level, "link", text))
}
