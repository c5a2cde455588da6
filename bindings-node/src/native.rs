//! One client as JavaScript holds it: calls that begin something, and a drain for what came.

#![allow(clippy::needless_pass_by_value, reason = "napi hands texts over as values")]

use std::cell::RefCell;
use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::{Float64ArraySlice, Function, Int32ArraySlice, Uint8ArraySlice, Unknown};
use napi_derive::napi;
use serde_json::json;
use steadywire::consumer::{Consumer, Question, Questions};
use steadywire::event::Batch;
use steadywire::session::limits::MAX_TASK_ID;
use steadywire::session::{Draft, DraftKind, LeaseKind};
use steadywire::{Credentials, CredentialsError, Disposition, ErrorKind, Level};

use crate::bell::Bell;
use crate::drain::{self, Target};
use crate::errors::{Result, refused, thrown};
use crate::names::Names;

/// A client that is told by drains. Belongs to the environment that made it. Calls begin something and return; where
/// one is refused it throws, and the error's `code` is the name of its kind. Tickets and leases are numbers from 1,
/// given once, by the caller.
///
/// An object that is collected, or whose environment ends, ends its client in the background: what waits to be
/// written is written for at most 3 s.
#[napi]
pub struct Native {
    consumer: Consumer,
    bell: Arc<Bell>,
    questions: Arc<Questions>,
    taking: RefCell<Taking>,
}

#[derive(Default)]
struct Taking {
    batch: Batch,
    at: usize,
    more: bool,
    names: Names,
}

#[napi]
impl Native {
    /// `options` is a JSON object with the shared names. With `credentials` and `classify` the program is asked.
    /// `wake` is called when there may be something to drain or to answer.
    #[napi(constructor)]
    pub fn new(
        options: String,
        credentials: bool,
        classify: bool,
        wake: Function<'_, (), Unknown<'static>>,
    ) -> Result<Self> {
        let bell = Bell::new(&wake).map_err(|error| refused(ErrorKind::Internal, error.reason))?;
        let asks = Arc::clone(&bell);
        let questions = Arc::new(Questions::new(Box::new(move || asks.ring())));
        let config = questions.config(&options, credentials, classify).map_err(thrown)?;
        let rings = Arc::clone(&bell);
        let consumer = Consumer::new(config, Box::new(move || rings.ring())).map_err(thrown)?;
        consumer.interest().set_kinds(0);
        Ok(Self { consumer, bell, questions, taking: RefCell::default() })
    }

    /// Writes what came, `max` entries at most, as the module `drain` says. Gives how many records there are; the
    /// floats' last two places say whether more is left, for which nobody is woken, and how many bytes the buffer for
    /// texts has to have before anything can be written (0 = it has).
    #[napi]
    pub fn drain(
        &self,
        max: u32,
        mut ints: Int32ArraySlice<'_>,
        mut floats: Float64ArraySlice<'_>,
        mut text: Uint8ArraySlice<'_>,
    ) -> u32 {
        let Taking { batch, at, more, names } = &mut *self.taking.borrow_mut();
        let takes = *at == batch.len();
        if takes {
            *at = 0;
            *more = self.consumer.take(batch, max as usize);
        }
        // SAFETY: JavaScript does not run before this returns, so nothing else reads or writes these arrays; the three
        // are made by the caller over buffers of their own.
        #[allow(unsafe_code, reason = "arrays of JavaScript are written in place")]
        let (ints, floats, text) = unsafe { (ints.as_mut(), floats.as_mut(), text.as_mut()) };
        let Some((floats, [left, needed])) = floats.split_last_chunk_mut::<2>() else { return 0 };
        let written = drain::write(batch, *at, names, Target { ints, floats, text });
        *at += written.entries;
        // After a rest of an earlier take nobody knows: the bell may have rung since, and been heard for that rest.
        *left = f64::from(u8::from(*more || *at < batch.len() || !takes));
        // A buffer is below the 4 GiB of text that a batch may hold.
        *needed = u32::try_from(written.needed).map_or(f64::MAX, f64::from);
        if *at == batch.len() {
            batch.clear();
            *at = 0;
        }
        u32::try_from(written.records).unwrap_or(u32::MAX)
    }

    /// Which kinds of events are wanted: a sum of bits, `1 << kind`. States, outcomes and answers come in any case.
    #[napi]
    pub fn want(&self, kinds: u32) {
        self.consumer.interest().set_kinds(kinds);
    }

    /// Every kind is wanted.
    #[napi]
    pub fn want_all(&self) {
        self.consumer.interest().want_all();
    }

    /// Whether the event loop goes on while there is nothing else to do. At first it does not.
    #[napi]
    pub fn hold(&self, env: Env, on: bool) {
        self.bell.hold(env, on);
    }

    /// Answered by `connected`.
    #[napi]
    pub fn connect(&self, ticket: i64, task: Option<String>) -> Result<()> {
        task.as_deref().map_or(Ok(()), check_task)?;
        self.consumer.connect(number(ticket), task.as_deref()).map_err(thrown)
    }

    /// Answered by `connected`.
    #[napi]
    pub fn reconnect(&self, ticket: i64) -> Result<()> {
        self.consumer.reconnect(number(ticket)).map_err(thrown)
    }

    /// Answered by `disconnected`.
    #[napi]
    pub fn disconnect(&self, ticket: i64) -> Result<()> {
        self.consumer.disconnect(number(ticket)).map_err(thrown)
    }

    /// Answered by `flushed`.
    #[napi]
    pub fn flush(&self, ticket: i64) -> Result<()> {
        self.consumer.flush(number(ticket)).map_err(thrown)
    }

    /// Wants a task.
    #[napi]
    pub fn subscribe(&self, task: String) -> Result<()> {
        check_task(&task)?;
        self.consumer.subscribe(&task).map_err(thrown)
    }

    /// No longer wants a task.
    #[napi]
    pub fn unsubscribe(&self, task: String) -> Result<()> {
        check_task(&task)?;
        self.consumer.unsubscribe(&task).map_err(thrown)
    }

    /// Frees the client: the link is cut at once. Later calls are refused.
    #[napi]
    pub fn close(&self) {
        self.consumer.close();
    }

    /// `kind` is `follow`, `wait`, `track` or `report`. The first two are answered by `outcome`, under the lease's
    /// number.
    #[napi]
    pub fn lease(&self, lease: i64, task: String, kind: String) -> Result<()> {
        check_task(&task)?;
        let kind = match &*kind {
            "follow" => LeaseKind::Follow,
            "wait" => LeaseKind::Wait,
            "track" => LeaseKind::Track,
            "report" => LeaseKind::Report,
            _ => return Err(refused(ErrorKind::InvalidArgument, "a lease is `follow`, `wait`, `track` or `report`")),
        };
        self.consumer.lease(number(lease), &task, kind).map_err(thrown)
    }

    /// Ends a lease.
    #[napi]
    pub fn unlease(&self, lease: i64) -> Result<()> {
        self.consumer.unlease(number(lease)).map_err(thrown)
    }

    /// Answered by `receipt`, unless the ticket is 0. `word` is the stage, level or code; `data` is JSON text.
    #[napi]
    #[allow(clippy::too_many_arguments, reason = "one call for every kind of message")]
    pub fn send(
        &self,
        ticket: i64,
        kind: String,
        task: String,
        ack: bool,
        timestamp: Option<i64>,
        progress: f64,
        text: String,
        word: String,
        data: Option<String>,
    ) -> Result<()> {
        let kind = match &*kind {
            "progress" => DraftKind::Progress { stage: &word, progress: progress.clamp(0.0, 100.0), message: &text },
            "log" => {
                let takes = || refused(ErrorKind::InvalidArgument, "`level` takes debug, info, warn or error");
                let level = if word.is_empty() { Some(Level::Info) } else { Level::from_word(&word) };
                DraftKind::Log { level: level.ok_or_else(takes)?, message: &text, metadata: data.as_deref() }
            }
            "status" => DraftKind::Status { data: data.as_deref().unwrap_or("null") },
            "complete" => DraftKind::Complete { data: data.as_deref().unwrap_or("null") },
            "error" => DraftKind::Error { message: &text, code: &word, data: data.as_deref() },
            "heartbeat" => DraftKind::Heartbeat,
            kind => DraftKind::Other { kind, data: data.as_deref() },
        };
        let message = Draft { kind, task: &task, timestamp, ack };
        self.consumer.send(number(ticket), message).map_err(thrown)
    }

    /// The connection's state now.
    #[napi]
    pub fn state(&self) -> &'static str {
        self.consumer.state().name()
    }

    /// The latest connected or subscribed task that is still wanted.
    #[napi]
    pub fn current_task_id(&self) -> Option<String> {
        self.consumer.current_task_id()
    }

    /// The statistics as JSON.
    #[napi]
    pub fn stats(&self) -> String {
        self.consumer.stats().to_string()
    }

    /// The cursors of all tasks as JSON.
    #[napi]
    pub fn cursors(&self) -> String {
        self.consumer.cursors().to_string()
    }

    /// The next question as JSON: its number, what is asked and what there is to know. None = there is none.
    #[napi]
    pub fn question(&self) -> Option<String> {
        let (id, question) = self.questions.fetch()?;
        let question = match question {
            Question::Credentials(request) => json!({
                "id": id, "asks": "credentials", "attempt": request.attempt, "reason": request.reason,
                "lastCloseCode": request.last_close_code, "httpStatus": request.http_status,
                "forceRefresh": request.force_refresh,
            }),
            Question::Meaning(ending) => json!({
                "id": id, "asks": "classify", "closeCode": ending.close_code, "httpStatus": ending.http_status,
                "kind": ending.kind.name(), "reason": ending.reason, "disposition": ending.disposition.name(),
            }),
        };
        Some(question.to_string())
    }

    /// Answers a question for credentials; what is not given is as configured.
    #[napi]
    pub fn answer_credentials(
        &self,
        id: i64,
        url: Option<String>,
        token: Option<String>,
        headers: Option<Vec<Vec<String>>>,
        protocols: Option<Vec<String>>,
    ) {
        let mut answer = Credentials::new();
        let pair = |pair: Vec<String>| <[String; 2]>::try_from(pair).ok().map(<(String, String)>::from);
        (answer.url, answer.token, answer.protocols) = (url, token, protocols);
        answer.headers = headers.map(|headers| headers.into_iter().filter_map(pair).collect());
        self.questions.answer_credentials(number(id), Ok(answer));
    }

    /// There are no credentials. With `fatal` asking again cannot help.
    #[napi]
    pub fn refuse_credentials(&self, id: i64, message: String, fatal: bool) {
        let error = if fatal { CredentialsError::fatal(message) } else { CredentialsError::new(message) };
        self.questions.answer_credentials(number(id), Err(error));
    }

    /// Answers what an end means: the name of a disposition; without one it means what was proposed.
    #[napi]
    pub fn answer_meaning(&self, id: i64, disposition: Option<String>) -> Result<()> {
        let meaning = disposition.as_deref().map(Disposition::from_name);
        self.questions.answer_meaning(number(id), meaning.flatten());
        if meaning == Some(None) {
            let names: Vec<_> = Disposition::ALL.iter().map(|one| one.name()).collect();
            let text = format!("`classify` answers with {} or nothing", names.join(", "));
            return Err(refused(ErrorKind::InvalidArgument, text));
        }
        Ok(())
    }
}

fn check_task(task: &str) -> Result<()> {
    if task.is_empty() {
        return Err(refused(ErrorKind::InvalidArgument, "a task id must not be empty"));
    }
    if task.len() > MAX_TASK_ID {
        let text = format!("a task id takes at most {MAX_TASK_ID} bytes, not {}", task.len());
        return Err(refused(ErrorKind::InvalidArgument, text));
    }
    Ok(())
}

/// The binding counts from 1; a negative number is none of its own.
fn number(ticket: i64) -> u64 {
    u64::try_from(ticket).unwrap_or_default()
}
