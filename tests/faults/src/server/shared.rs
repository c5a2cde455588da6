//! What the connections of a server share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use tokio::sync::watch;

use super::PATIENCE;
use crate::script::Step;
use crate::told::{Tell, Told};
use crate::transcript::{Problem, Received, Recorded, Request, Transcript};

#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    changes: watch::Sender<u64>,
    /// Who is told what happens, instead of its being recorded.
    tell: Option<Tell>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) transcript: Transcript,
    /// Frames that steps remembered; the latest one that matched under the empty name.
    pub(super) named: BTreeMap<String, Value>,
    pub(super) gates: BTreeSet<String>,
    /// Scripted connections that have steps left.
    pub(super) to_do: usize,
    problems: Vec<String>,
    /// What each connection is doing.
    doing: Vec<String>,
}

impl Shared {
    pub(super) fn new(to_do: usize, tell: Option<Tell>) -> Self {
        Self { state: Mutex::new(State { to_do, ..State::default() }), changes: watch::Sender::new(0), tell }
    }

    pub(super) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn change<T>(&self, act: impl FnOnce(&mut State) -> T) {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changes.send_modify(|count| *count += 1);
    }

    pub(super) fn is_told(&self) -> bool {
        self.tell.is_some()
    }

    /// Tells who wants to know; whether there is anyone.
    pub(super) fn tell(&self, what: impl FnOnce() -> Told) -> bool {
        if let Some(tell) = &self.tell {
            tell.tell(what());
        }
        self.is_told()
    }

    pub(super) fn accepted(&self, index: usize) {
        if self.is_told() {
            return;
        }
        self.change(|state| {
            state.transcript.connections.resize(index + 1, Recorded::default());
            state.doing.resize(index + 1, String::new());
        });
    }

    pub(super) fn requested(&self, index: usize, request: Request) {
        if self.tell(|| Told::new("received", index, request.line.clone())) {
            return;
        }
        self.change(|state| state.transcript.connections[index].request = Some(request));
    }

    pub(super) fn received(&self, index: usize, received: Received) {
        if self.tell(|| Told::new("received", index, received.to_string())) {
            return;
        }
        self.change(|state| state.transcript.connections[index].frames.push(received));
    }

    pub(super) fn doing(&self, index: usize, number: usize, step: &Step) {
        if !self.tell(|| Told::new("step", index, step.to_string())) {
            self.change(|state| state.doing[index] = format!("step {number}, {step:?}"));
        }
    }

    pub(super) fn done(&self, index: usize) {
        if !self.tell(|| Told::new("done", index, "every step is done; it stays".to_owned())) {
            self.change(|state| state.doing[index] = "done".to_owned());
        }
    }

    pub(super) fn problem(&self, index: usize, text: String) {
        if !self.tell(|| Told::new("problem", index, text.clone())) {
            self.note(text);
        }
    }

    fn note(&self, text: String) {
        self.change(|state| state.problems.push(text));
    }

    /// Waits until something is so, however long other things happen. Where nothing happens any more that is a
    /// problem.
    pub(super) async fn until(&self, is_so: impl Fn(&State) -> bool) -> Result<(), Problem> {
        let mut seen = None;
        loop {
            match tokio::time::timeout(PATIENCE, self.watch(&is_so)).await {
                Ok(problem) => return problem.map_or(Ok(()), Err),
                Err(_) if seen == Some(*self.changes.borrow()) => self.note(self.read(State::standstill)),
                Err(_) => seen = Some(*self.changes.borrow()),
            }
        }
    }

    /// Waits until something is so, or there is a problem.
    pub(super) async fn watch(&self, is_so: impl Fn(&State) -> bool) -> Option<Problem> {
        let mut changes = self.changes.subscribe();
        loop {
            let problem = self.read(State::problem);
            if problem.is_some() || self.read(&is_so) {
                return problem;
            }
            // The sender is ours, so it is never gone.
            let _ = changes.changed().await;
        }
    }
}

impl State {
    fn problem(&self) -> Option<Problem> {
        let has = !self.problems.is_empty();
        has.then(|| Problem { text: self.problems.join("\n"), transcript: self.transcript.clone() })
    }

    fn standstill(&self) -> String {
        let number = |(index, what): (usize, &String)| format!("connection {}: {what}", index + 1);
        let doing: Vec<String> = self.doing.iter().enumerate().map(number).collect();
        format!("nothing happens any more; {}", doing.join("; "))
    }
}
