//! One client as Python holds it: calls that begin something, and a batch of what came.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use steadywire::consumer::{Consumer, Question, Questions};
use steadywire::event::Batch;
use steadywire::session::limits::MAX_TASK_ID;
use steadywire::session::{Draft, DraftKind, LeaseKind};
use steadywire::{Credentials, CredentialsError, Disposition, ErrorKind, Level};

use crate::bell::Bell;
use crate::errors::{raise, raised};
use crate::events::python_word;
use crate::make::Names;

/// A client that is told by batches. One thread at a time may be in `take` and `wait_for_batch`; everything else may be
/// called on any thread, begins at once and does not block. In a forked child every call raises `ForkedError`.
#[pyclass(frozen, module = "steadywire._native")]
pub(crate) struct Native {
    consumer: Consumer,
    bell: Arc<Bell>,
    questions: Arc<Questions>,
    taking: Mutex<Taking>,
    closed: AtomicBool,
    process: u32,
}

#[derive(Default)]
struct Taking {
    batch: Batch,
    names: Names,
}

#[pymethods]
impl Native {
    /// `options` is a JSON object with the shared names. With `credentials` and `classify` the program is asked.
    #[new]
    fn new(options: &str, credentials: bool, classify: bool) -> PyResult<Self> {
        let bell = Arc::new(Bell::default());
        let asks = Arc::clone(&bell);
        let questions = Arc::new(Questions::new(Box::new(move || asks.ring())));
        let config = questions.config(options, credentials, classify).map_err(|error| raised(&error))?;
        let ring = Arc::clone(&bell);
        let consumer = Consumer::new(config, Box::new(move || ring.ring())).map_err(|error| raised(&error))?;
        let (taking, closed, process) = (Mutex::default(), AtomicBool::new(false), std::process::id());
        Ok(Self { consumer, bell, questions, taking, closed, process })
    }

    /// Raises `ForkedError` in a forked child and `ClosedError` after `close`.
    fn check(&self) -> PyResult<()> {
        self.check_process()?;
        if self.closed.load(Ordering::Acquire) {
            return Err(raise(ErrorKind::Closed, "the client has been closed; make a new one"));
        }
        Ok(())
    }

    /// Raises `ForkedError` in a forked child.
    fn check_fork(&self) -> PyResult<()> {
        self.check_process()
    }

    /// The next `max` items, at most: events, and a tuple (ticket, value) where a call is answered. Also how many such
    /// tuples there are, and whether more is left, for which nobody is woken.
    fn take<'py>(&self, py: Python<'py>, max: usize) -> PyResult<(Bound<'py, PyList>, usize, bool)> {
        self.check_process()?;
        let Ok(mut taking) = self.taking.try_lock() else {
            return Err(raise(ErrorKind::InvalidState, "another thread takes the events of this client already"));
        };
        let Taking { batch, names } = &mut *taking;
        let more = self.consumer.take(batch, max);
        let settled = (0..batch.len()).filter(|index| batch.kind(*index).is_none()).count();
        let items = batch.iter().map(|item| names.item(py, item)).collect::<PyResult<Vec<_>>>()?;
        batch.clear();
        Ok((PyList::new(py, items)?, settled, more))
    }

    /// Waits until there may be something to take or a question to answer, for `timeout_ms` at most, without the
    /// interpreter. Says whether there may.
    #[pyo3(signature = (timeout_ms=None))]
    fn wait_for_batch(&self, py: Python<'_>, timeout_ms: Option<u64>) -> PyResult<bool> {
        self.check_process()?;
        let bell = &self.bell;
        Ok(py.detach(|| bell.wait(timeout_ms.map(Duration::from_millis))))
    }

    /// Wakes whoever waits.
    fn wake(&self) -> PyResult<()> {
        self.check_process()?;
        self.bell.ring();
        Ok(())
    }

    /// As `wait_for_batch`, but does not wait.
    fn hush(&self) -> PyResult<bool> {
        self.check_process()?;
        Ok(self.bell.hush())
    }

    /// A file descriptor that is readable while there may be something to take; it lives as long as this object.
    #[cfg(unix)]
    fn wake_fd(&self) -> PyResult<i32> {
        self.check_process()?;
        Ok(self.bell.descriptor()?)
    }

    /// Which kinds of events are wanted: a sum of `KINDS`. States, outcomes and answers come in any case.
    fn want(&self, kinds: u32) {
        self.consumer.interest().set_kinds(kinds);
    }

    /// Every kind is wanted.
    fn want_all(&self) {
        self.consumer.interest().want_all();
    }

    /// A number that was not given before, for a ticket or a lease.
    fn number(&self) -> u64 {
        self.consumer.number()
    }

    /// Settles None or an exception.
    #[pyo3(signature = (ticket, task=None))]
    fn connect(&self, ticket: u64, task: Option<&str>) -> PyResult<()> {
        task.map_or(Ok(()), check_task)?;
        self.consumer.connect(ticket, task).map_err(|error| raised(&error))
    }

    /// Settles None or an exception.
    fn reconnect(&self, ticket: u64) -> PyResult<()> {
        self.consumer.reconnect(ticket).map_err(|error| raised(&error))
    }

    /// Settles None.
    fn disconnect(&self, ticket: u64) -> PyResult<()> {
        self.consumer.disconnect(ticket).map_err(|error| raised(&error))
    }

    /// Settles None.
    fn flush(&self, ticket: u64) -> PyResult<()> {
        self.consumer.flush(ticket).map_err(|error| raised(&error))
    }

    /// Wants a task.
    fn subscribe(&self, task: &str) -> PyResult<()> {
        check_task(task)?;
        self.consumer.subscribe(task).map_err(|error| raised(&error))
    }

    /// No longer wants a task.
    fn unsubscribe(&self, task: &str) -> PyResult<()> {
        check_task(task)?;
        self.consumer.unsubscribe(task).map_err(|error| raised(&error))
    }

    /// `kind` is `follow`, `wait` or `report`. The first two settle an `Outcome` under the lease's number.
    fn lease(&self, lease: u64, task: &str, kind: &str) -> PyResult<()> {
        check_task(task)?;
        let kind = match kind {
            "follow" => LeaseKind::Follow,
            "wait" => LeaseKind::Wait,
            "report" => LeaseKind::Report,
            _ => return Err(raise(ErrorKind::InvalidArgument, "a lease is `follow`, `wait` or `report`")),
        };
        self.consumer.lease(lease, task, kind).map_err(|error| raised(&error))
    }

    /// Ends a lease.
    fn unlease(&self, lease: u64) -> PyResult<()> {
        self.consumer.unlease(lease).map_err(|error| raised(&error))
    }

    /// Settles a `Receipt`, unless the ticket is 0. `word` is the stage, level or code; `data` is JSON text.
    #[pyo3(signature = (ticket, kind, task, *, timestamp=None, ack=false, progress=0.0, text="", word="", data=None))]
    #[allow(clippy::too_many_arguments, reason = "one call for every kind of message")]
    fn send(
        &self,
        ticket: u64,
        kind: &str,
        task: &str,
        timestamp: Option<i64>,
        ack: bool,
        progress: f64,
        text: &str,
        word: &str,
        data: Option<&str>,
    ) -> PyResult<()> {
        let kind = match kind {
            "progress" => DraftKind::Progress { stage: word, progress: progress.clamp(0.0, 100.0), message: text },
            "log" => {
                let takes = || raise(ErrorKind::InvalidArgument, "`level` takes debug, info, warn or error");
                let level = if word.is_empty() { Some(Level::Info) } else { Level::from_word(word) };
                DraftKind::Log { level: level.ok_or_else(takes)?, message: text, metadata: data }
            }
            "status" => DraftKind::Status { data: data.unwrap_or("null") },
            "complete" => DraftKind::Complete { data: data.unwrap_or("null") },
            "error" => DraftKind::Error { message: text, code: word, data },
            "heartbeat" => DraftKind::Heartbeat,
            kind => DraftKind::Other { kind, data },
        };
        let message = Draft { kind, task, timestamp, ack };
        self.consumer.send(ticket, message).map_err(|error| raised(&error))
    }

    /// The connection's state now.
    fn state(&self) -> PyResult<&'static str> {
        self.check_process()?;
        Ok(self.consumer.state().name())
    }

    /// The latest connected or subscribed task that is still wanted.
    fn current_task_id(&self) -> PyResult<Option<String>> {
        self.check_process()?;
        Ok(self.consumer.current_task_id())
    }

    /// The statistics as JSON text.
    fn stats_json(&self) -> PyResult<String> {
        self.check_process()?;
        Ok(self.consumer.stats().to_string())
    }

    /// The cursors of all tasks as JSON text, for the option `cursors`.
    fn cursors_json(&self) -> PyResult<String> {
        self.check_process()?;
        Ok(self.consumer.cursors().to_string())
    }

    /// Frees the client at once: the link is cut, what waits is settled. Later calls raise `ClosedError`.
    fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.consumer.close();
    }

    /// The next question: its number, `credentials` or `classify`, and what there is to know. None = there is none.
    fn question<'py>(&self, py: Python<'py>) -> PyResult<Option<(u64, &'static str, Bound<'py, PyDict>)>> {
        self.check_process()?;
        let Some((id, question)) = self.questions.fetch() else { return Ok(None) };
        let known = PyDict::new(py);
        let name = match question {
            Question::Credentials(request) => {
                known.set_item("attempt", request.attempt)?;
                known.set_item("reason", request.reason)?;
                known.set_item("last_close_code", request.last_close_code)?;
                known.set_item("http_status", request.http_status)?;
                known.set_item("force_refresh", request.force_refresh)?;
                "credentials"
            }
            Question::Meaning(ending) => {
                known.set_item("close_code", ending.close_code)?;
                known.set_item("http_status", ending.http_status)?;
                known.set_item("error", ending.kind.name())?;
                known.set_item("reason", ending.reason)?;
                known.set_item("disposition", python_word(ending.disposition.name()))?;
                "classify"
            }
        };
        Ok(Some((id, name, known)))
    }

    /// How many questions are not answered yet; at most `MAX_QUESTIONS`.
    fn questions(&self) -> PyResult<usize> {
        self.check_process()?;
        Ok(self.questions.len())
    }

    /// Answers a question for credentials; what is None is as configured.
    #[pyo3(signature = (id, url=None, token=None, headers=None, protocols=None))]
    fn answer_credentials(
        &self,
        id: u64,
        url: Option<String>,
        token: Option<String>,
        headers: Option<Vec<(String, String)>>,
        protocols: Option<Vec<String>>,
    ) {
        let mut answer = Credentials::new();
        (answer.url, answer.token, answer.headers, answer.protocols) = (url, token, headers, protocols);
        self.questions.answer_credentials(id, Ok(answer));
    }

    /// There are no credentials. With `fatal` asking again cannot help.
    fn refuse_credentials(&self, id: u64, message: String, fatal: bool) {
        let error = if fatal { CredentialsError::fatal(message) } else { CredentialsError::new(message) };
        self.questions.answer_credentials(id, Err(error));
    }

    /// Answers what an end means: the name of a disposition; None leaves it as proposed.
    #[pyo3(signature = (id, disposition=None))]
    fn answer_meaning(&self, id: u64, disposition: Option<&str>) -> PyResult<()> {
        let meaning = disposition.map(Disposition::from_name);
        self.questions.answer_meaning(id, meaning.flatten());
        if meaning == Some(None) {
            let names: Vec<_> = Disposition::ALL.iter().map(|one| one.name()).collect();
            let text = format!("`classify` answers with {} or None", names.join(", "));
            return Err(raise(ErrorKind::InvalidArgument, &text));
        }
        Ok(())
    }
}

impl Native {
    /// Before any lock is touched: a thread of the parent may have held it at the fork.
    fn check_process(&self) -> PyResult<()> {
        if self.process == std::process::id() {
            return Ok(());
        }
        let text = "the client was made before this process was forked off; make a new one in the child";
        Err(raise(ErrorKind::Forked, text))
    }
}

fn check_task(task: &str) -> PyResult<()> {
    if task.is_empty() {
        return Err(raise(ErrorKind::InvalidArgument, "a task id must not be empty"));
    }
    if task.len() > MAX_TASK_ID {
        let text = format!("a task id takes at most {MAX_TASK_ID} bytes, not {}", task.len());
        return Err(raise(ErrorKind::InvalidArgument, &text));
    }
    Ok(())
}
