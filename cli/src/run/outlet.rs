//! The client as the place where lines and progress go.

use steadywire::{Client, ErrorKind, Level, Message, State};

use super::child::Stream;
use super::collect::Entry;
use super::progress::Found;
use super::report::{Handed, Outlet, unsent_text};

/// The outlet of a real task.
pub(crate) struct TaskOutlet {
    /// The client.
    pub(crate) client: Client,
    /// The task's name.
    pub(crate) task: String,
}

impl TaskOutlet {
    fn hand(&self, message: Message) -> Handed {
        if self.client.state() == State::Error {
            // The hub has refused us; nothing will come of it.
            return Handed::Refused;
        }
        match self.client.send(message) {
            Ok(_) => Handed::Taken,
            Err(error) if error.kind() == ErrorKind::QueueFull => Handed::Full,
            Err(_) => Handed::Refused,
        }
    }
}

impl Outlet for TaskOutlet {
    fn progress(&self, progress: &Found) -> Handed {
        let message = Message::progress(&self.task, progress.percent);
        self.hand(message.stage(&progress.stage).text(&progress.message))
    }

    fn line(&self, entry: &Entry) -> Handed {
        let message = Message::log(&self.task, Level::Info, &entry.text).timestamp(entry.timestamp).ack(true);
        let message = match entry.stream {
            Stream::Out => Ok(message),
            Stream::Err => message.metadata_json(r#"{"stream":"stderr"}"#),
        };
        message.map_or(Handed::Refused, |message| self.hand(message))
    }

    fn unsent(&self, lines: u64) -> Handed {
        self.hand(Message::log(&self.task, Level::Warn, unsent_text(lines)).ack(true))
    }
}
