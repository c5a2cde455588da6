//! What the program is asked: credentials before an attempt, and what the end of a link means.
//!
//! The I/O thread asks and gets a future. The question waits here until a thread of the program fetches it, and the
//! future is ready when the program has answered.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};
use tokio::sync::oneshot;

use crate::config::{Config, Credentials, CredentialsError, Provider};
use crate::error::{Error, ErrorKind};
use crate::session::{CredentialsRequest, Disposition, Ending};

/// How many questions wait, fetched or not. The core asks one at a time of each sort and gives up on the one before,
/// so at the bound the oldest is nobody's any more and is dropped.
pub const MAX_QUESTIONS: usize = 16;

/// What is asked.
#[derive(Clone, Debug)]
pub enum Question {
    /// Credentials for an attempt.
    Credentials(CredentialsRequest),
    /// What an end means.
    Meaning(Ending),
}

enum Reply {
    Credentials(oneshot::Sender<Result<Credentials, CredentialsError>>),
    Meaning(oneshot::Sender<Option<Disposition>>),
}

struct Asked {
    id: u64,
    /// None once it was fetched.
    question: Option<Question>,
    reply: Reply,
}

/// The questions of one client, for bindings that answer on a thread of the program's. All methods may be called on
/// any thread.
pub struct Questions {
    bell: Box<dyn Fn() + Send + Sync>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    asked: VecDeque<Asked>,
    next: u64,
}

impl Questions {
    /// No questions yet. `bell` is called on the I/O thread when there is one to fetch; it must return quickly.
    pub fn new(bell: Box<dyn Fn() + Send + Sync>) -> Self {
        Self { bell, state: Mutex::default() }
    }

    /// A configuration with the options in `text`, a JSON object with the shared names; where `credentials` or
    /// `classify` is set, the program is asked here.
    ///
    /// # Errors
    /// An unknown name, or a value that an option cannot take.
    pub fn config(self: &Arc<Self>, text: &str, credentials: bool, classify: bool) -> Result<Config, Error> {
        let refused = |_| Error::new(ErrorKind::InvalidArgument, "options are a JSON object");
        let options: Map<String, Value> = serde_json::from_str(text).map_err(refused)?;
        let mut config = Config::new("");
        for (name, value) in &options {
            config.set(name, value)?;
        }
        if credentials {
            let questions = Arc::clone(self);
            config.credentials = Some(Provider::later(move |request| questions.ask_credentials(request)));
        }
        if classify {
            let questions = Arc::clone(self);
            config.classify = Some(Provider::later(move |ending| questions.ask_meaning(ending)));
        }
        Ok(config)
    }

    /// Asks for credentials.
    fn ask_credentials(
        &self,
        request: CredentialsRequest,
    ) -> impl Future<Output = Result<Credentials, CredentialsError>> + Send + use<> {
        let (reply, answer) = oneshot::channel();
        self.ask(Question::Credentials(request), Reply::Credentials(reply));
        async { answer.await.unwrap_or_else(|_| Err(CredentialsError::new("nobody answers for the program any more"))) }
    }

    /// Asks what an end means.
    fn ask_meaning(&self, ending: Ending) -> impl Future<Output = Option<Disposition>> + Send + use<> {
        let (reply, answer) = oneshot::channel();
        self.ask(Question::Meaning(ending), Reply::Meaning(reply));
        async { answer.await.unwrap_or_default() }
    }

    /// How many are not answered yet; at most [`MAX_QUESTIONS`].
    pub fn len(&self) -> usize {
        self.lock().asked.len()
    }

    /// Whether all are answered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The oldest question that was not fetched yet.
    pub fn fetch(&self) -> Option<(u64, Question)> {
        self.lock().asked.iter_mut().find_map(|asked| Some((asked.id, asked.question.take()?)))
    }

    /// Answers a question about credentials. Too late is no error.
    pub fn answer_credentials(&self, id: u64, answer: Result<Credentials, CredentialsError>) {
        if let Some(Reply::Credentials(reply)) = self.remove(id) {
            // The core may have given up on it.
            let _ = reply.send(answer);
        }
    }

    /// Answers what an end means. Too late is no error.
    pub fn answer_meaning(&self, id: u64, meaning: Option<Disposition>) {
        if let Some(Reply::Meaning(reply)) = self.remove(id) {
            // The core may have given up on it.
            let _ = reply.send(meaning);
        }
    }

    fn ask(&self, question: Question, reply: Reply) {
        let mut state = self.lock();
        if state.asked.len() == MAX_QUESTIONS {
            state.asked.pop_front();
        }
        state.next += 1;
        let id = state.next;
        state.asked.push_back(Asked { id, question: Some(question), reply });
        drop(state);
        (self.bell)();
    }

    fn remove(&self, id: u64) -> Option<Reply> {
        let mut state = self.lock();
        let index = state.asked.iter().position(|asked| asked.id == id)?;
        state.asked.remove(index).map(|asked| asked.reply)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Questions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Questions").field("waiting", &self.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_the_bound_the_oldest_is_nobodys_any_more() {
        let questions = Questions::new(Box::new(|| {}));
        let ending = Ending {
            generation: 1,
            close_code: None,
            http_status: None,
            kind: ErrorKind::ConnectionLost,
            reason: String::new(),
            disposition: Disposition::Retry,
        };
        let asked: Vec<_> = (0..=MAX_QUESTIONS).map(|_| questions.ask_meaning(ending.clone())).collect();
        let fetched: Vec<_> = std::iter::from_fn(|| questions.fetch()).map(|(id, _)| id).collect();
        assert_eq!(fetched.len(), MAX_QUESTIONS);
        assert_eq!(fetched[0], 2);
        drop(asked);
    }
}
