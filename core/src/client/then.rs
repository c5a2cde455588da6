//! The calls that are answered later, for programs that want to be called instead of waiting.

use super::{Client, Read, read_connected, read_disconnected, read_flushed, read_outcome, read_receipt};
use crate::consumer::Consumer;
use crate::error::Error;
use crate::event::{Outcome, Receipt, Settlement};
use crate::message::{Message, check_task};
use crate::pending::{Owner, mismatch};
use crate::session::{LeaseKind, Ticket};

/// What is called with an answer.
type Answer = Box<dyn FnOnce(Settlement) + Send>;

/// # Calls that call back
///
/// As those without `_then`, but nothing is to be waited for: `answer` is called as a listener is, see
/// [Callbacks](Client#callbacks), in order with the events. It does not keep the client alive: when the last handle
/// goes first it is dropped uncalled, as it is where the call fails at once.
impl Client {
    /// As [`connect`](Self::connect).
    ///
    /// # Errors
    /// Misuse, such as a task id that cannot be one; nothing has begun then. So with the others.
    pub fn connect_then(
        &self,
        task: Option<&str>,
        answer: impl FnOnce(Result<(), Error>) + Send + 'static,
    ) -> Result<(), Error> {
        task.map_or(Ok(()), check_task)?;
        let begin = self.connecting(|consumer, ticket| consumer.connect(ticket, task));
        self.call_then(begin, reading(read_connected, answer))
    }

    /// As [`reconnect`](Self::reconnect).
    ///
    /// # Errors
    /// Misuse.
    pub fn reconnect_then(&self, answer: impl FnOnce(Result<(), Error>) + Send + 'static) -> Result<(), Error> {
        self.call_then(self.connecting(Consumer::reconnect), reading(read_connected, answer))
    }

    /// As [`disconnect`](Self::disconnect). The answer is the last callback until the next connect.
    ///
    /// # Errors
    /// Misuse.
    pub fn disconnect_then(&self, answer: impl FnOnce(Result<(), Error>) + Send + 'static) -> Result<(), Error> {
        self.call_then(Consumer::disconnect, reading(read_disconnected, answer))
    }

    /// As [`flush`](Self::flush).
    ///
    /// # Errors
    /// Misuse.
    pub fn flush_then(&self, answer: impl FnOnce(Result<(), Error>) + Send + 'static) -> Result<(), Error> {
        self.call_then(Consumer::flush, reading(read_flushed, answer))
    }

    /// As [`send`](Self::send).
    ///
    /// # Errors
    /// As with `send`.
    #[allow(clippy::needless_pass_by_value, reason = "a message is built to be sent")]
    pub fn send_then(
        &self,
        message: Message,
        answer: impl FnOnce(Result<Receipt, Error>) + Send + 'static,
    ) -> Result<(), Error> {
        self.call_then(|consumer, ticket| consumer.send(ticket, message.draft()?), reading(read_receipt, answer))
    }

    /// As [`send`](Self::send), for those who do not ask for the receipt.
    ///
    /// # Errors
    /// As with `send`.
    #[allow(clippy::needless_pass_by_value, reason = "a message is built to be sent")]
    pub fn post(&self, message: Message) -> Result<(), Error> {
        self.consumer().send(0, message.draft()?)
    }

    /// As [`wait`](Self::wait). The task is wanted until the answer.
    ///
    /// # Errors
    /// As with `subscribe`.
    pub fn wait_then(
        &self,
        task: &str,
        answer: impl FnOnce(Result<Outcome, Error>) + Send + 'static,
    ) -> Result<(), Error> {
        check_task(task)?;
        let begin = |consumer: &Consumer, lease| consumer.lease(lease, task, LeaseKind::Wait);
        self.call_then(begin, reading(read_outcome, answer))
    }

    fn call_then(
        &self,
        begin: impl FnOnce(&Consumer, Ticket) -> Result<(), Error>,
        answer: Answer,
    ) -> Result<(), Error> {
        let ticket = self.consumer().number();
        // Before the call begins: its answer may come before it returns.
        self.inner.waiters().call(ticket, answer);
        begin(self.consumer(), ticket).inspect_err(|_| self.inner.waiters().forget(ticket))
    }
}

fn reading<T: 'static>(read: Read<T>, answer: impl FnOnce(Result<T, Error>) + Send + 'static) -> Answer {
    Box::new(move |settlement| answer(read(settlement).unwrap_or_else(|| Err(mismatch()))))
}
