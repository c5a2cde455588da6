//! The worker's side of a task.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::event::Receipt;
use crate::message::{Message, json};
use crate::pending::Pending;
use crate::protocol::Level;
use crate::session::LeaseId;

/// Reports one task: how far it is, what it says, and exactly one end.
///
/// Made by [`Client::report`]. While it lives the link is kept up and brought back without limit, and a server that
/// asks is told on each new one that the task is still reported, so that its silence is not taken for its end. The end,
/// [`complete`](Self::complete) or [`fail`](Self::fail), is sent again on every new link until the server has
/// acknowledged it. A reporter that is dropped without one, as by a panic, reports an `error` with code `abandoned`.
///
/// ```no_run
/// # use steadywire::{Client, Config};
/// # let client = Client::new(Config::new("ws://127.0.0.1:8080/ws"))?;
/// let reporter = client.report("build-7")?;
/// for step in 0..10 {
///     reporter.progress(f64::from(step) * 10.0, "compile", "")?;
/// }
/// reporter.complete(r#"{"artifact":"app.tar"}"#).wait()?;
/// # Ok::<(), steadywire::Error>(())
/// ```
pub struct Reporter {
    client: Client,
    task: String,
    lease: LeaseId,
    ended: AtomicBool,
}

impl Reporter {
    pub(crate) fn new(client: Client, task: String, lease: LeaseId) -> Self {
        Self { client, task, lease, ended: AtomicBool::new(false) }
    }

    /// The task.
    pub fn task_id(&self) -> &str {
        &self.task
    }

    /// Reports how far the task is, 0 to 100. While there is no link the latest one waits.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub fn progress(&self, progress: f64, stage: &str, message: &str) -> Result<(), Error> {
        self.post(&Message::progress(&*self.task, progress).stage(stage).text(message))
    }

    /// Reports a log line.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub fn log(&self, level: Level, line: &str) -> Result<(), Error> {
        self.post(&Message::log(&*self.task, level, line))
    }

    /// Reports what the task says of itself: any JSON, as text. A word the server takes for an end, such as
    /// `{"status":"completed"}`, is better left to [`complete`](Self::complete).
    ///
    /// # Errors
    /// As [`Client::send`], and where `data` is not JSON.
    pub fn status(&self, data: &str) -> Result<(), Error> {
        self.post(&Message::status(&*self.task, data)?)
    }

    /// The task ended well, with `data`: any JSON, as text. What is not JSON ends the task with an `error`, code
    /// `invalid_result`, and the answer says so.
    pub fn complete(self, data: &str) -> Pending<Receipt> {
        match json("data", data.to_owned()).and_then(|data| Message::complete(&*self.task, data)) {
            Ok(message) => self.end(message),
            Err(error) => {
                drop(self.fail("the task ended, but its result was not JSON", "invalid_result"));
                Pending::failed(error)
            }
        }
    }

    /// The task failed. `code` is in words of your own, or empty.
    pub fn fail(self, message: &str, code: &str) -> Pending<Receipt> {
        let message = Message::error(&*self.task, message).code(code);
        self.end(message)
    }

    /// As [`complete`](Self::complete), for those who keep the reporter: where this fails it goes on.
    ///
    /// # Errors
    /// As [`Client::send`], where `data` is not JSON, and [`ErrorKind::InvalidState`] after an end.
    pub fn try_complete(&self, data: &str) -> Result<Pending<Receipt>, Error> {
        let message = Message::complete(&*self.task, data)?;
        self.try_end(|client| client.send(message.ack(true)))
    }

    /// As [`try_complete`](Self::try_complete), and `answer` is called with the receipt; see
    /// [Calls that call back](Client#calls-that-call-back).
    ///
    /// # Errors
    /// As with `try_complete`.
    pub fn complete_then(
        &self,
        data: &str,
        answer: impl FnOnce(Result<Receipt, Error>) + Send + 'static,
    ) -> Result<(), Error> {
        let message = Message::complete(&*self.task, data)?;
        self.try_end(|client| client.send_then(message.ack(true), answer))
    }

    /// As [`fail`](Self::fail), for those who keep the reporter: where this fails it goes on.
    ///
    /// # Errors
    /// As with `try_complete`.
    pub fn try_fail(&self, message: &str, code: &str) -> Result<Pending<Receipt>, Error> {
        let message = Message::error(&*self.task, message).code(code);
        self.try_end(|client| client.send(message.ack(true)))
    }

    /// As [`try_fail`](Self::try_fail), and `answer` is called with the receipt; see
    /// [Calls that call back](Client#calls-that-call-back).
    ///
    /// # Errors
    /// As with `try_complete`.
    pub fn fail_then(
        &self,
        message: &str,
        code: &str,
        answer: impl FnOnce(Result<Receipt, Error>) + Send + 'static,
    ) -> Result<(), Error> {
        let message = Message::error(&*self.task, message).code(code);
        self.try_end(|client| client.send_then(message.ack(true), answer))
    }

    /// Whether its end was reported.
    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    fn try_end<R>(&self, send: impl FnOnce(&Client) -> Result<R, Error>) -> Result<R, Error> {
        if self.ended.swap(true, Ordering::AcqRel) {
            return Err(self.has_ended_already());
        }
        send(&self.client).inspect_err(|_| self.ended.store(false, Ordering::Release))
    }

    fn has_ended_already(&self) -> Error {
        Error::new(ErrorKind::InvalidState, format!("the end of task {} has been reported already", self.task))
    }

    /// Progress and the like: nobody waits for a receipt.
    fn post(&self, message: &Message) -> Result<(), Error> {
        if self.has_ended() {
            return Err(self.has_ended_already());
        }
        self.client.consumer().send(0, message.draft()?)
    }

    fn end(self, message: Message) -> Pending<Receipt> {
        // Where that fails, the drop tries once more to report an end.
        self.try_end(|client| client.send(message.ack(true))).unwrap_or_else(Pending::failed)
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        if !self.has_ended() {
            let abandoned =
                Message::error(&*self.task, "the worker stopped without reporting an end").code("abandoned");
            // A client that is closed, or whose outbox is full even for this, has told the program so before.
            let _ = self.post(&abandoned.ack(true));
        }
        let _ = self.client.consumer().unlease(self.lease);
    }
}

impl fmt::Debug for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reporter").field("task", &self.task).finish_non_exhaustive()
    }
}
