//! What the program is asked: credentials before an attempt, and what the end of a link means.
//!
//! The core asks on its I/O thread and gets a future. The question waits here until a thread of Python fetches it,
//! and the future is ready when that thread has answered.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use steadywire::{Credentials, CredentialsError, CredentialsRequest, Disposition, Ending};
use tokio::sync::oneshot;

use crate::bell::Bell;

/// How many questions wait, fetched or not. The core asks one at a time of each sort and gives up on the one before,
/// so at the bound the oldest is nobody's any more and is dropped.
pub(crate) const MAX_QUESTIONS: usize = 16;

/// What is asked.
#[derive(Clone)]
pub(crate) enum Question {
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

/// The questions of one client.
pub(crate) struct Questions {
    bell: Arc<Bell>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    asked: VecDeque<Asked>,
    next: u64,
}

impl Questions {
    pub(crate) fn new(bell: Arc<Bell>) -> Self {
        Self { bell, state: Mutex::default() }
    }

    /// Asks for credentials.
    pub(crate) fn ask_credentials(
        &self,
        request: CredentialsRequest,
    ) -> impl Future<Output = Result<Credentials, CredentialsError>> + Send + use<> {
        let (reply, answer) = oneshot::channel();
        self.ask(Question::Credentials(request), Reply::Credentials(reply));
        async { answer.await.unwrap_or_else(|_| Err(CredentialsError::new("nobody answers for the program any more"))) }
    }

    /// Asks what an end means.
    pub(crate) fn ask_meaning(&self, ending: Ending) -> impl Future<Output = Option<Disposition>> + Send + use<> {
        let (reply, answer) = oneshot::channel();
        self.ask(Question::Meaning(ending), Reply::Meaning(reply));
        async { answer.await.unwrap_or_default() }
    }

    /// How many are not answered yet.
    pub(crate) fn len(&self) -> usize {
        self.lock().asked.len()
    }

    /// The oldest question that was not fetched yet.
    pub(crate) fn fetch(&self) -> Option<(u64, Question)> {
        self.lock().asked.iter_mut().find_map(|asked| Some((asked.id, asked.question.take()?)))
    }

    /// Answers a question about credentials. Too late is no error.
    pub(crate) fn answer_credentials(&self, id: u64, answer: Result<Credentials, CredentialsError>) {
        if let Some(Reply::Credentials(reply)) = self.remove(id) {
            // The core may have given up on it.
            let _ = reply.send(answer);
        }
    }

    /// Answers what an end means. Too late is no error.
    pub(crate) fn answer_meaning(&self, id: u64, meaning: Option<Disposition>) {
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
        self.bell.ring();
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
